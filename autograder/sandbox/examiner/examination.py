"""The examiner's process: runs the author's own cells and the tests of a notebook, and asks copies of the student's.

A letter of the grader's is a cell; the answer tells how it ended. Where the cell asks, a socket comes behind it:
at its other end is the copy that belongs to the cell. Nobody else sees what goes through it.
"""

import _signal  # type: ignore[import-not-found]  # not Python's own signal, which takes ten times as long
import ast
import builtins
import inspect
import json
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import figures
import link
import notebook_process
import numpy as np
import stand_ins
from box import Status
from link import Link
from notebook_cells.shell import GradingShell
from stand_ins import RemoteClass
from travel import letters, moments, student_end
from undecidable import Ended, Undecidable

LATE, GONE, NOISE = "time", "died", "noise"  # what ends a copy, as the grader calls it
LIMITS = (signal.SIGALRM, signal.SIGPROF)
LAST = "__value_of_the_last_line__"
SOURCE, LINES = inspect.getsource, inspect.getsourcelines


class Examination:
    """The names of the author's cells and tests, and the classes that these cells define."""

    def __init__(self, sock: socket.socket, shell: GradingShell) -> None:
        self._sock, self._shell = sock, shell
        self._copy: socket.socket | None = None  # whom the cell asks
        self._finish = 0.0  # when the cell has to end
        self._names: dict[str, Any] = shell.user_ns
        self._classes: dict[str, type] = {}
        self._given: dict[str, Any] = {}  # functions of the author's cells, which the student's notebook has as well
        self._link: Link | None = None
        self._asks = False  # the cell that runs
        self._is_seeded = False
        self._value: Any = None  # of the last line of a cell, where it is an expression
        shell.transform_ast = _last_kept  # type: ignore[method-assign]
        setattr(builtins, LAST, self._note_value)
        link.seeds_noted(self._seeded)
        inspect.getsource = self._source  # type: ignore[assignment]
        inspect.getsourcelines = self._source_lines  # type: ignore[assignment]

    def _note_value(self, value: Any) -> None:
        self._value = value

    def _seeded(self) -> None:
        self._is_seeded = True

    def _ask(self) -> Callable[..., Any] | None:
        return self._link.ask if self._link is not None and self._asks else None

    def _source(self, one: Any) -> str:
        """inspect.getsource, of the student's functions and classes too."""
        if self._link is not None and self._link.stands_for(one):
            return str(self._link.ask("source", one))
        return SOURCE(one)

    def _source_lines(self, one: Any) -> tuple[list[str], int]:
        """inspect.getsourcelines, of the same. The number of the first line is within its cell, and not known here."""
        if self._link is not None and self._link.stands_for(one):
            return self._source(one).splitlines(keepends=True), 0
        return LINES(one)

    def cell(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        """Run a cell, and its parts -> how it ended, and which parts failed."""
        self._is_seeded, self._value = False, None
        self._finish = time.monotonic() + cell["seconds"] * cell["patience"]
        self._asks, asks = cell["asks"], None
        figures.follow(self._names, self._ask)
        moments.close_figures()  # which parts of the cell before have left
        failed: list[str] = []
        left: list[str] = []
        error: BaseException | None
        try:
            if cell["asks"]:
                asks = self._bind(cell["names"], cell["words"], cell["plain"])
                asks.give(cell["gives"])
            error = self._run(cell, failed, left)
        except (Undecidable, Ended) as stopped:
            error = stopped
        if not cell["test"]:
            self._given.update({n: v for n, v in self._names.items() if _is_function(v)})
            own = {n: v for n, v in self._names.items() if isinstance(v, type) and v.__module__ == "__main__"}
            self._classes.update({n: v for n, v in own.items() if not isinstance(v, RemoteClass)})
        how, why = _how(error, asks)
        return {
            "how": how,
            "error": None if error is None else notebook_process.describe(error, {}),
            "why": why,
            "objects": asks is not None and asks.met_objects,
            "value": self._value is not None,
            "failed": failed,
            "left": left,
        }

    def _bind(self, names: list[str], words: list[str], plain: bool) -> Link:
        """Bind the student's names as this cell's copy has them, and names for objects of a copy that is gone.

        words: of these names, those that the cell may use. The others would be in vain: they stand for nothing now.
        """
        before, self._link = self._link, Link(self._exchange, self._classes, lambda: self._is_seeded, plain)
        if before is not None:
            before.follow_up(self._link)
        used = set(words).difference(names)
        stale = [name for name, one in self._names.items() if name in used and stand_ins.stands_for_something(one)]
        found = self._link.ask("names", *names, *stale)
        for name in (*names, *stale):
            self._names.pop(name, None)
        if type(found) is dict:
            self._names.update({name: found[name] for name in (*names, *stale) if name in found})
            given = {name: one for name, one in self._given.items() if self._names.get(name) is one}
            self._link.watch(self._names, given | {name: found[name] for name in names if name in found})
        return self._link

    def _run(self, cell: Mapping[str, Any], failed: list[str], left: list[str]) -> BaseException | None:
        """Run a cell's text, then call its parts -> the first error."""
        self._shell.at_once = not cell["last"]
        self._shell.compile.get_code_name = lambda *args: f"cell {cell['name']}"  # type: ignore[method-assign]
        error: BaseException | None
        try:
            with notebook_process.time_limit(cell["seconds"], cell["patience"]):
                result = self._shell.run_cell(cell["source"], store_history=False, silent=True)
                error = result.error_before_exec or result.error_in_exec
                return error or self._called(cell["parts"], failed, left)
        except BaseException as caught:
            return caught

    def _called(self, parts: Sequence[str], failed: list[str], left: list[str]) -> BaseException | None:
        """Call a cell's test functions, each whatever the others do -> the first error.

        failed takes the names of those that failed; left, where one has ended its copy, of those that need another one.
        One that ends at what cannot be decided has failed as any other. One that has caught it and gone on may have
        left anything behind: then those after it cannot be decided either.
        """
        first: BaseException | None = None
        for number, part in enumerate(parts):
            error: BaseException | None = None
            try:
                with self._shell.builtin_trap:
                    self._named(part)()
            except BaseException as caught:
                error = caught
            stopped = self._link is not None and self._link.stopped
            if error is None and not stopped:
                continue
            failed.append(part)
            first = first or error
            if isinstance(error, Undecidable) and self._link is not None and self._link.resume():
                continue
            if stopped or not isinstance(error, Exception):
                ended = isinstance(error, Ended) and self._link is not None and not self._link.caught
                (left if ended else failed).extend(parts[number + 1 :])
                return error or first  # a limit, say: it is told, since nothing of it is kept
        return first

    def _named(self, name: str) -> Any:
        if name not in self._names:
            raise NameError(f"name {name!r} is not defined")
        return self._names[name]

    def _exchange(self, kind: bytes, question: bytes) -> tuple[bytes, bytes]:
        """Ask, and wait: a time limit that is reached meanwhile is heard when the answer is whole."""
        before = _signal.pthread_sigmask(signal.SIG_BLOCK, LIMITS)
        try:
            return self._asked(kind, question)
        finally:
            _signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _asked(self, kind: bytes, question: bytes) -> tuple[bytes, bytes]:
        assert self._copy is not None
        try:
            self._copy.settimeout(max(letters.LEAST, self._finish - time.monotonic()))
            letters.send(self._copy, kind, question)
            letter = letters.turn(self._copy, self._finish)
        except TimeoutError:
            raise Ended(LATE) from None
        except ValueError:
            raise Ended(NOISE) from None
        except OSError:
            letter = None
        if letter is None:
            raise Ended(GONE)
        return letter

    def cell_with(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        """The same for a cell as it comes: where it asks, a socket stands behind it."""
        if not cell["asks"]:
            return self.cell(cell)
        _, (fd, *_), _, _ = socket.recv_fds(self._sock, 1, 1)
        with socket.socket(fileno=fd) as self._copy:
            return self.cell(cell)


def _last_kept(node: ast.Module) -> ast.Module:
    """Has the value of a cell's last expression noted."""
    if node.body and isinstance(last := node.body[-1], ast.Expr):
        call = ast.Call(ast.Name(LAST, ast.Load()), [last.value], [])
        node.body[-1] = ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.copy_location(call, last)), last))
    return node


def _how(error: BaseException | None, asks: Link | None) -> tuple[str, str]:
    """How a cell ended, and why where the student's process ended it."""
    if asks is not None and asks.stopped:
        return ("undecidable", asks.undecidable) if asks.undecidable else ("ended", asks.ended)
    if isinstance(error, Undecidable | Ended):
        return ("undecidable" if isinstance(error, Undecidable) else "ended"), str(error)
    return ("passed" if error is None else "failed"), ""


def _is_function(one: Any) -> bool:
    return inspect.isfunction(one) and one.__module__ == "__main__"


def rehearse(end: student_end.StudentEnd) -> None:
    """Ask what each is asked of an end whose notebook has a function `f` of two numbers."""
    ask = Link(end.answer, {}, bool, False).ask
    function = ask("names", "f")["f"]
    for argument in (1, np.arange(3.0)):
        function(argument, 2)


def serve(sock: socket.socket, status: Status, shell: GradingShell) -> None:
    """Run the cells that come, until the socket closes."""
    examination = Examination(sock, shell)
    while (letter := letters.receive(sock)) is not None:
        letters.send(sock, letters.DONE, json.dumps(examination.cell_with(json.loads(letter[1]))).encode())
