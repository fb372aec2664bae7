"""The examiner's end of the conversation with one held copy of a student's process."""

import builtins
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import stand_ins
from travel import draws, letters, short
from travel.kinds import ERRORS, BadValue, CannotTravel
from travel.wire import Wire
from undecidable import Ended, Undecidable

INPUT, STDIN = builtins.input, sys.stdin
# a question's kind and its bytes -> the answer's; Ended where none comes
Exchange = Callable[[bytes, bytes], tuple[bytes, bytes]]


# an answer's parts (student_end.py); None: whatever it is
TYPES: dict[str, tuple[type | None, ...]] = {
    "value": (None, tuple, str),
    "error": (None, None, None, tuple, str),
    "ended": (str,),
    "callback": (int, tuple, dict),
}


def _is_of(part: Any, wanted: type | None) -> bool:
    return wanted is None or type(part) is wanted


class Link:
    """Asks one copy, and remembers what ended the asking: then nothing can be asked any more.

    A function of the test's own that goes along may be called until the call that it went with has returned.
    """

    def __init__(
        self, exchange: Exchange, classes: Mapping[str, type], seeded: Callable[[], bool], plain: bool
    ) -> None:
        self.undecidable, self.ended = "", ""
        self._exchange, self._seeded = exchange, seeded
        self._stand_ins = stand_ins.StandIns(self.ask, plain)
        self._wire = Wire(self._hand_over, self._stand_ins.meet, classes)
        self._after: Link | None = None
        self._count = 0  # of functions of the test's that went along
        self._callbacks: dict[int, Any] = {}  # those that may be called now
        self._lasting: dict[int, int] = {}  # by id: those that stand in place of a name, with their numbers
        self._depth = 0
        self._open = 0  # questions at which the student's code may wait for a function of the test's
        self.caught = False  # the test has caught what has stopped it, and asked again
        self._drawn: Any = None
        self._given: dict[str, bytes] = {}  # names that the other side knows, and as what
        self._input: Any = None  # what a test has put in place of input()
        self._received: dict[str, Any] = {}  # values of the student's names
        self._bound: dict[str, Any] = {}
        self._names: dict[str, Any] = {}

    @property
    def met_objects(self) -> bool:
        """Whether an object of a class of the student's own came over, or missing values that equal everything."""
        return self._stand_ins.met_objects or self._wire.read_gaps

    @property
    def stopped(self) -> bool:
        """Whether nothing can be asked any more."""
        return bool(self.undecidable or self.ended)

    def resume(self) -> bool:
        """Ask on for another part of a cell, when one has ended at what cannot be decided -> whether that is possible.

        Not where that part had caught it, nor where the student's code still waits for a function of the test's.
        """
        if self.ended or self.caught or self._open:
            return False
        self.undecidable, self._wire.read_gaps = "", False
        return True

    def stands_for(self, one: Any) -> bool:
        """Whether an object stands for one of this copy."""
        return self._stand_ins.number(one) is not None

    def follow_up(self, after: "Link") -> None:
        """Another copy is asked from now on; what stands for objects of this one's is not asked any more."""
        self._after = after

    def watch(self, names: dict[str, Any], bound: Mapping[str, Any]) -> None:
        """Tell the other side when the test deletes one of these names, or puts a function of its own there.

        Not when it puts another value there: that may be what it expects.
        """
        self._names, self._bound = names, dict(bound)
        self._received = {name: one for name, one in bound.items() if not callable(one)}

    def give(self, names: Sequence[str]) -> None:
        """Have the other side know what the test binds to these names, as values: its reference reads them as well."""
        self._given = dict.fromkeys(names, b"")

    def _rebound(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, before in self._given.items():
            with contextlib.suppress(CannotTravel):
                if (data := Wire().write(self._names.get(name))[0]) != before:
                    found[name], self._given[name] = self._names.get(name), data
        entered = builtins.input if builtins.input is not INPUT or sys.stdin is not STDIN else None
        if entered is not self._input:
            found["input"] = self._input = entered
            if entered is not None:
                self._lasting[id(entered)] = self._new(entered)
        for name, value in self._bound.items():
            now = self._names.get(name)
            if now is not value and (now is None or callable(now)):
                found[name] = self._bound[name] = now
                if now is not None and not self.stands_for(now):
                    self._lasting[id(now)] = self._new(now)
        return found

    def ask(self, what: str, *args: Any, **named: Any) -> Any:
        """Ask, and take the value: or raise the student's exception."""
        if self._after is not None:
            self._after.gone()
        if self.ended:
            self.caught = True
            raise Ended(self.ended)
        if self.undecidable or what == "undecidable":
            self._stop(self.undecidable or args[0])
        self._depth += 1
        try:
            state, rebound = self._state(), self._rebound()
            kind, known = letters.CALL, short.known(args)
            brief = None if named or state or rebound or self._callbacks else self._brief(what, args)
            if (data := brief) is None:
                kind, (data, known) = letters.ASK, self._wire.write((what, args, named, state, rebound))
            may_wait = bool(self._callbacks)  # also for one that goes along just now
            self._open += may_wait
            while True:
                kind, data = self._exchange(kind, data)
                message = self._given_in(what, data) if kind == letters.GIVEN else self._told(data, known)
                if message[0] != "callback":
                    self._open -= may_wait
                    return self._taken(message, known)
                kind, data = letters.ASK, self._called_back(*message[1:])
        except CannotTravel as error:
            self._stop(f"{error}, and the test would have to give it to the student's code")
        except BadValue as error:
            self._stop(f"what came back is no value: {error}")
        except Ended as error:
            self.ended = str(error)
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._callbacks = {number: self._callbacks[number] for number in self._lasting.values()}

    def _brief(self, what: str, args: Sequence[Any]) -> bytes | None:
        """A question as a short letter; None where it is none."""
        if what == "names":
            return short.call(short.NAMES, args)
        number = self._stand_ins.number(args[0]) if what == "call" else None
        return None if number is None else short.call(number, args[1:])

    def _given_in(self, what: str, data: bytes) -> tuple[Any, ...]:
        """An answer that is in a short letter."""
        if what != "names":
            return "value", short.answered(data), (), ""
        names = {
            name: self._stand_ins.meet((number, "function", own, doc, *((one, *short.USUAL) for one in parameters)))
            for name, (number, own, doc, *parameters) in short.named(data).items()
        }
        return "value", names, (), ""

    def gone(self) -> Any:
        """An object of another copy was met."""
        if self._after is not None:
            self._after.gone()
        self._stop("an object of an earlier test, whose copy of the student's process is gone")

    def _stop(self, why: str) -> Any:
        self.caught = bool(self.undecidable)
        self.undecidable = why
        raise Undecidable(why)

    def _state(self) -> Any:
        """The state of drawing, where the test has seeded it and it has moved since it was told last."""
        if not self._seeded():
            return None
        found = draws.state()
        if (key := draws.key(found)) == self._drawn:
            return None
        self._drawn = key
        return found

    def _told(self, data: bytes, known: Sequence[Any]) -> tuple[Any, ...]:
        message: tuple[Any, ...] = self._wire.read(data, known)[0]
        if self._stand_ins.plain and self._wire.read_gaps:
            self._stop(stand_ins.WHOLE_NEEDED)
        types = TYPES.get(message[0]) if type(message) is tuple and message and type(message[0]) is str else None
        if types is None or len(message) != 1 + len(types) or not all(map(_is_of, message[1:], types)):
            raise BadValue("an answer of no kind")
        return message

    def _taken(self, message: tuple[Any, ...], known: Sequence[Any]) -> Any:
        """What an answer holds, when the changes of arguments have been made."""
        if message[0] == "ended":
            raise Ended(message[1])
        changes, printed = message[-2:]
        try:
            for which, fresh in changes:
                if type(which) is str:
                    self._follow(which, fresh)
                else:
                    self._wire.change(known[which], fresh)
        except (TypeError, ValueError, IndexError) as error:
            raise BadValue(str(error)) from None
        if printed:
            stream = sys.stdout  # what a test has put in its place
            stream.write(printed)
        if message[0] == "error":
            raise stand_ins.error_of(*message[1:4])
        return message[1]

    def _follow(self, name: str, fresh: Any) -> None:
        """A call has changed what a name of the student's stands for. Not where the test has bound it itself."""
        now = self._names.get(name)
        if name not in self._received or now is not self._received[name]:
            return
        try:
            self._wire.change(now, fresh)
        except BadValue:
            self._names[name] = self._received[name] = fresh

    def _called_back(self, number: Any, args: Any, named: Any) -> bytes:
        """Call the test's own function, and have its answer as bytes."""
        if number not in self._callbacks:
            self._open += 1
            self._stop("the student's code calls a function of the test's when the call that it went with has returned")
        try:
            return self._wire.write((True, self._callbacks[number](*args, **named)))[0]
        except Exception as error:
            kind = next(one for one in type(error).__mro__ if one in ERRORS)
            return self._wire.write((False, (kind, str(error))))[0]

    def _hand_over(self, one: Any) -> Sequence[Any]:
        number = self._stand_ins.number(one)
        if number is not None:
            return ["yours", number]
        if isinstance(type(one), stand_ins.RemoteClass) or isinstance(one, stand_ins.RemoteClass):
            self.gone()
        if not callable(one):
            raise CannotTravel(f"an object of class {type(one).__name__} does not travel")
        if (number := self._lasting.get(id(one))) is None:
            number = self._new(one)
        return ["callback", number, str(getattr(one, "__name__", type(one).__name__))]

    def _new(self, function: Any) -> int:
        self._count += 1
        self._callbacks[self._count] = function
        return self._count


def seeds_noted(note: Callable[[], None]) -> None:
    """Have a function called whenever Python's or numpy's generator is seeded."""
    import random

    def noting(seed: Any) -> Callable[..., None]:
        def seeded(*args: Any, **named: Any) -> None:
            note()
            seed(*args, **named)

        return seeded

    np.random.seed, random.seed = noting(np.random.seed), noting(random.seed)
