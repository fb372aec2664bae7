"""The student's end: a copy of the notebook's process, held where a test stands, that does what an examiner asks.

A question is (what, arguments, named arguments, state of the drawing of random numbers or None, names of the
student's that the test has deleted or put a function of its own in place of), the answer one of

    value    result, changes of the arguments, what was printed
    error    class, arguments and attributes of the exception, changes, what was printed
    ended    why: SystemExit, TimeLimit, or what does not travel
    callback its number, arguments, named arguments: the test's own function, whose answer is (True, what it gave)
             or (False, class and text of its exception); it may ask in its turn before it answers

What is short goes in letters of its own (short.py). Nothing that it says is believed: the examiner takes values from
it, and decides about them alone. It is long, so that all that a copy does when it is asked stands in one place.
"""

import contextlib
import functools
import inspect
import io
import linecache
import os
import socket
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from travel import draws, letters, short
from travel.kinds import BadValue, CannotTravel
from travel.letters import IDENTITY, LIBRARY, SPECIAL
from travel.wire import Wire

MOST_FOLLOWED = 1 << 16  # bytes of a value that a name stands for
MAX_PRINTED = 1 << 20  # characters that were printed in one call
VARIOUS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, np.ufunc, functools.partial)


def _next(one: Any) -> tuple[Any, ...]:
    """The next item in a tuple, or an empty one at the end."""
    try:
        return (next(one),)
    except StopIteration:
        return ()


def _special(name: str, one: Any, *args: Any, **named: Any) -> Any:
    return getattr(type(one), name)(one, *args, **named)


def _drawn(name: str, *args: Any, **named: Any) -> Any:
    """pyplot's current figure or axes, where it has one; what changes them is done, and gives nothing."""
    drawing = sys.modules.get("matplotlib.pyplot")
    if drawing is None:
        return None
    if name in ("gca", "gcf"):
        return getattr(drawing, name)() if drawing.get_fignums() else None
    getattr(drawing, name)(*args, **named)
    return None


def source_of(one: Any) -> str:
    """The text of a function or class as its cell has it."""
    if isinstance(one, type):
        for file in list(linecache.cache):
            lines = linecache.getlines(file) if file.startswith("cell ") else []
            for number, line in enumerate(lines):
                if line.startswith(f"class {one.__name__}"):
                    return "".join(inspect.getblock(lines[number:]))
        raise OSError("could not get source code")
    code = inspect.unwrap(one).__code__
    return "".join(inspect.getblock(linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]))


class StudentEnd:
    """What is asked of the names that a notebook has left, on one socket, until it closes.

    limit: makes the context that a question must end within. classes: those of the notebook's own given cells.
    """

    def __init__(
        self,
        sock: socket.socket,
        names: dict[str, Any],
        classes: Mapping[str, type],
        limit: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._sock, self._names, self._limit = sock, names, limit
        self._objects: list[Any] = []  # that the examiner has heard of, by number
        self._numbers: dict[int, int] = {}
        self._told: dict[str, bytes] = {}  # values of names, as they were told last
        self._wire = Wire(self._hand_over, self._meet, classes)
        self._asks: dict[str, Callable[..., Any]] = {
            "names": self._found,
            "call": lambda one, *args, **named: one(*args, **named),
            "get": getattr,
            "set": setattr,
            "delete": delattr,
            "iterate": iter,
            "next": _next,
            "special": _special,
            "source": source_of,
            "pyplot": _drawn,
        }

    def serve(self) -> None:
        """Answer every question."""
        while (letter := letters.turn(self._sock)) is not None:
            letters.send(self._sock, *self.answer(*letter))

    def answer(self, kind: bytes, question: bytes) -> tuple[bytes, bytes]:
        """Do what is asked -> the kind of the answer, and the answer."""
        if kind == letters.CALL:
            return self._called(*short.called(question))
        return letters.REPLY, self._do(*self._wire.read(question))

    def _called(self, number: int, args: Sequence[Any]) -> tuple[bytes, bytes]:
        """Do what came in a short letter -> the kind of the answer, and the answer."""
        if asks_names := number == short.NAMES:
            does, known = self._found, []
        else:
            does, known = self._objects[number], short.known(args)
        before = [short.held(one) for one in known]
        told, printed = self._ran(does, args, {})
        changes: list[tuple[Any, Any]] = [
            (at, self._wire.copy(one)) for at, one in enumerate(known) if short.held(one) != before[at]
        ]
        changes += self._of_names()
        data = None
        if told[0] == "value" and not (changes or printed or any(told[1] is one for one in known)):
            data = self._functions(told[1]) if asks_names else short.answer(told[1])
        if data is not None:
            return letters.GIVEN, data
        return letters.REPLY, self._told_of(told, tuple(changes), printed, known)

    def _ran(
        self, does: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], str]:
        """Do what is asked within its limit -> the beginning of the answer, and what was printed."""
        printed, told = io.StringIO(), tuple[Any, ...]()
        try:
            with self._limit(), contextlib.redirect_stdout(printed):
                told = "value", does(*args, **named)
        except Exception as error:
            told = "error", type(error), error.args, vars(error)
        except BaseException as error:
            told = "ended", type(error).__name__
        if told[0] == "error":  # its frames, and all memory that they held, are free by now
            told = *told[:2], *map(self._travelling, told[2:])
        return told, printed.getvalue()[:MAX_PRINTED]

    def _told_of(
        self, told: tuple[Any, ...], changes: tuple[tuple[Any, Any], ...], printed: str, known: Sequence[Any] = ()
    ) -> bytes:
        """The answer."""
        try:
            return self._wire.write(told if told[0] == "ended" else (*told, changes, printed), known)[0]
        except CannotTravel as error:
            return self._wire.write(("ended", str(error)[:400]))[0]

    def _do(self, question: tuple[Any, ...], known: Sequence[Any]) -> bytes:
        what, args, named, state, rebound = question
        draws.put(state)
        for name, value in rebound.items():
            if value is None:
                self._names.pop(name, None)
            else:
                self._names[name] = value
        ours = (named, rebound)  # which hold what was asked, and are nobody's
        looked_at = [(n, one) for n, one in enumerate(known) if not any(one is own for own in ours)]
        before = [self._shallow(one, known) for _, one in looked_at]
        told, printed = self._ran(self._asks[what], args, named)
        changes: tuple[tuple[Any, Any], ...] = tuple(
            (number, self._wire.copy(one))
            for (number, one), held in zip(looked_at, before, strict=True)
            if self._shallow(one, known) != held
        )
        return self._told_of(told, (*changes, *self._of_names()), printed, known)

    def _shallow(self, one: Any, known: Sequence[Any]) -> bytes:
        """What an object holds, as bytes that tell whether it is the same later."""
        try:
            return self._wire.write(self._wire.copy(one), known)[0]
        except CannotTravel:
            return b""

    def _travelling(self, value: Any) -> Any:
        """The value, or its text where it does not travel."""
        try:
            self._wire.write(value)
            return value
        except Exception:
            return tuple(map(str, value)) if isinstance(value, tuple) else {}

    def _found(self, *names: str) -> dict[str, Any]:
        found = {name: self._names[name] for name in names if name in self._names}
        self._told = {name: self._as_value(one) for name, one in found.items() if not callable(one)}
        return found

    def _functions(self, found: Mapping[str, Any]) -> bytes | None:
        """What tells of names in a short letter; None where one stands for anything but a function as most are."""
        told = []
        for name, one in found.items():
            if not _is_usual(one):
                return None
            number, _, own_name, doc, *parameters = self._hand_over(one)
            told.append([name, number, own_name, doc, *(parameter for parameter, *_ in parameters)])
        return short.names(told)

    def _of_names(self) -> Iterator[tuple[str, Any]]:
        """The names whose values have changed since they were told."""
        for name, before in self._told.items():
            now = self._names.get(name)
            if (data := self._as_value(now)) != before:
                self._told[name] = data
                if data:
                    yield name, now

    def _as_value(self, one: Any) -> bytes:
        """A value as bytes; none where it is an object, or large: that is followed by asking."""
        try:
            return Wire(most=MOST_FOLLOWED).write(one)[0]
        except CannotTravel:
            return b""

    def _hand_over(self, one: Any) -> Sequence[Any]:
        """What tells the examiner of an object that is no value: its number, its kind, and how it is called."""
        number = self._numbers.get(id(one))
        if number is None:
            number = self._numbers[id(one)] = len(self._objects)
            self._objects.append(one)
        if isinstance(one, FUNCTIONS) or type(one).__name__ == "_lru_cache_wrapper":
            name = getattr(one, "__name__", type(one).__name__)
            return [number, "function", str(name), _text(getattr(one, "__doc__", None)), *_signature(one)]
        if isinstance(one, type):
            has = sorted(name for name in SPECIAL if any(name in vars(base) for base in one.__mro__))
            has += _of_library(one)
            return [number, "class", one.__name__, _text(one.__doc__), tuple(has), *one.__bases__]
        return [number, "object", type(one)]

    def _meet(self, parts: Sequence[Any]) -> Any:
        what, number, *rest = parts
        if what == "yours":
            return self._objects[number]

        def callback(*args: Any, **named: Any) -> Any:
            return self._called_back(number, args, named)

        callback.__name__ = callback.__qualname__ = str(rest[0])
        return callback

    def _called_back(self, number: int, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Have the test's function called, and wait for what it gives."""
        letters.send(self._sock, letters.REPLY, self._wire.write(("callback", number, args, named))[0])
        while (letter := letters.turn(self._sock)) is not None:
            message, known = self._wire.read(letter[1])
            if len(message) == 2:
                well, result = message
                if well:
                    return result
                raise result[0](result[1])
            letters.send(self._sock, letters.REPLY, self._do(message, known))
        os._exit(0)


def rehearse(end: StudentEnd) -> None:
    """Ask what each is asked. names: they have a function `f` of two numbers."""
    named, call = short.call(short.NAMES, ["f"]), short.call(0, [1, 2])
    assert named is not None and call is not None
    end.answer(letters.CALL, named)
    end.answer(letters.CALL, call)
    added = Wire().write(("special", ("__add__", np.arange(3.0), 1), {}, None, {}))[0]
    Wire().read(end.answer(letters.ASK, added)[1])


def _of_library(cls: type) -> list[str]:
    """The module of a class of matplotlib's, and whether its objects are equal to nothing but themselves."""
    module = str(cls.__module__)
    if not module.startswith(LIBRARY) or getattr(sys.modules.get(module), cls.__name__, None) is not cls:
        return []
    compares = any("__eq__" in vars(base) for base in cls.__mro__[:-1])
    return [module] if compares else [module, IDENTITY]


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _is_usual(one: Any) -> bool:
    """Whether it is a function as most are: all its parameters may be given by place or by name, and have to be."""
    if type(one) is not types.FunctionType or one.__dict__ or one.__defaults__ or one.__kwdefaults__:
        return False
    code = one.__code__
    return not (one.__annotations__ or code.co_posonlyargcount or code.co_kwonlyargcount or code.co_flags & VARIOUS)


def _signature(one: Any) -> Iterator[tuple[Any, ...]]:
    """Its parameters: name, kind, annotation as text, and the default in a tuple, where there is one that travels."""
    if _is_usual(one):
        yield from ((name, *short.USUAL) for name in one.__code__.co_varnames[: one.__code__.co_argcount])
        return  # inspect would take much longer
    try:
        parameters = inspect.signature(one).parameters.values()
    except (ValueError, TypeError):
        return
    for parameter in parameters:
        default: tuple[Any, ...] = ()
        if parameter.default is not parameter.empty:
            try:
                Wire().write(parameter.default)
                default = (parameter.default,)
            except (CannotTravel, BadValue):
                default = ("...",)
        named = None if parameter.annotation is parameter.empty else inspect.formatannotation(parameter.annotation)
        yield (parameter.name, int(parameter.kind), named, default)
