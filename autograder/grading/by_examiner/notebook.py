"""A notebook's own tests: the student's cells run in their box, and when the last one has ended, copies are asked.

Each copy is as the process stood where its test stands, and is asked by that test alone.
"""

import contextlib
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.grading.by_examiner import pure_code
from autograder.grading.notebook_run import NotebookRun
from autograder.judging.by_examiner.cells import ExamCell
from autograder.sandbox import relay
from autograder.sandbox.answers import Error, Lost
from autograder.sandbox.channel import Channel
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.relay import ENDED, PASSED, Outcome
from autograder.submissions.merge import Merged

MAX_RUNS = 2  # of a notebook for one test: to note its moments, and to hold those that have passed at the end


@dataclass(frozen=True)
class Examined:
    """How the tests of a notebook ended, by the name of their cell, and the errors of the student's cells.

    apart: no test could learn from what was asked by another one, as none can of pure functions.
    """

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    errors: Mapping[str, Error] = field(default_factory=dict)
    apart: bool = False


def examine(
    guest: Guest,
    examiner: Guest,
    book: Merged,
    cells: Sequence[ExamCell],
    files: Mapping[str, bytes],
    finish: float,
    plain: Collection[str] = (),
) -> Examined:
    """Run a notebook and its tests. cells: those of its source that the examiner runs. finish: when all must end.

    plain: tests that the reference passes with plain values alone, where an object of an own class decides nothing.
    """
    copies = _Copies(guest, book, [cell.moment for cell in cells if cell.asks], files, finish)
    outcomes: dict[str, Outcome] = {}
    with contextlib.ExitStack() as open_channels, guest.submission(), examiner.submission():
        channel = examiner.open()
        open_channels.callback(lambda: channel.close())
        open_channels.callback(copies.close)
        for number, cell in enumerate(cells):
            copy = copies.of(cell.moment) if cell.asks else None
            until = min(finish, time.monotonic() + examiner.limits.cell_seconds * examiner.limits.patience)
            outcome = _examined(channel, copy, cell, examiner, finish, cell.name in plain)
            while outcome.left:  # a part has ended its copy: the others are asked of another one
                rest = replace(cell, source="", parts=outcome.left)
                after = _examined(channel, copies.of(cell.moment), rest, examiner, until, cell.name in plain)
                outcome = _joined(outcome, after)
            if outcome.lost is not None:
                channel.close()
                limit, _ = examiner.end(lost=True)
                outcome = replace(outcome, lost=limit or outcome.lost)  # a limit was met by what a student gave
                channel = examiner.open()
                for before in cells[: number + 1]:
                    if not before.asks:
                        _examined(channel, None, before, examiner, finish)
            if cell.is_test:
                outcomes[cell.name] = outcome
    return Examined(outcomes, copies.errors, copies.is_pure)


class _Copies:
    """Copies of a notebook's process, one after the other, each as it stood before a cell.

    They are made of the process at its end, with what stood then put back. Where that is not enough, the cells run anew
    in an emptied box, and a copy is held in its place; and so they do where a copy has ended the process. Where the
    student's functions are pure, one does for all, as long as it lives.
    """

    def __init__(
        self, guest: Guest, book: Merged, cells: Sequence[str], files: Mapping[str, bytes], finish: float
    ) -> None:
        """cells: those that will be asked about, in order."""
        self.errors: dict[str, Error] = {}
        self._guest, self._book, self._files, self._finish = guest, book, files, finish
        self._left = list(cells)
        self._pure = None if files else pure_code.read(book.cells)
        self._apart: frozenset[str] = frozenset()
        self._run: NotebookRun | None = None
        self._runs = 0

    def of(self, cell: str) -> socket.socket | None:
        """The copy for the next cell; None where there is none."""
        self._left = self._left[self._left.index(cell) :]
        copy = self._run.copy(cell) if self._run else None
        for _ in range(MAX_RUNS):
            if copy is not None or time.monotonic() >= self._finish:
                break
            run = self._anew()
            copy = run.copy(cell)
        return copy

    @property
    def is_pure(self) -> bool:
        """Whether no copy can tell another one anything."""
        return self._pure is not None

    def _anew(self) -> NotebookRun:
        limits = self._guest.limits
        if self._run is not None:
            self._apart |= self._run.passed
            self._run.close()
        self._run = NotebookRun(self._guest, self._book, [], self._files, self._finish, stays=True)
        in_place = self._pure is not None and self._runs == 0
        self._runs += 1
        asked = {"seconds": limits.question_seconds, "patience": limits.patience, "in_place": in_place}
        in_vain = self._pure.in_vain(self._book.cells) if in_place and self._pure else ()
        self._run.noted(self._left, self._apart, asked, in_vain)
        self.errors.update(self._run.errors)
        return self._run

    def close(self) -> None:
        if self._run is not None:
            self._run.close()


def _joined(first: Outcome, after: Outcome) -> Outcome:
    """A cell's outcome, and that of the parts that were left."""
    failed = after.failed or (() if after.how == PASSED else first.left)
    return replace(first, failed=(*first.failed, *failed), left=after.left, lost=after.lost)


def _examined(
    channel: Channel, copy: socket.socket | None, cell: ExamCell, examiner: Guest, finish: float, plain: bool = False
) -> Outcome:
    with contextlib.closing(copy) if copy is not None else contextlib.nullcontext():
        return _asked(channel, copy, cell, examiner, finish, plain)


def _asked(
    channel: Channel, copy: socket.socket | None, cell: ExamCell, examiner: Guest, finish: float, plain: bool
) -> Outcome:
    limits = examiner.limits
    left = finish - time.monotonic()
    seconds = min(limits.cell_seconds, left / limits.patience)
    if left <= 0:
        return Outcome(ENDED, why=Lost.TOTAL.value)
    if cell.asks and copy is None:
        return Outcome(ENDED, why=Lost.DIED.value)
    asked = {
        "name": cell.name,
        "source": cell.source,
        "test": cell.is_test,
        "asks": cell.asks,
        "names": cell.names,
        "words": cell.words,
        "gives": cell.gives,
        "plain": plain,
        "parts": cell.parts,
        "last": bool(cell.last),
        "seconds": seconds,
        "patience": limits.patience,
    }
    return relay.examine(channel, copy, asked, seconds * limits.patience)
