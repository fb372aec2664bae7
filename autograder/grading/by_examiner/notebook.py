"""A notebook's own tests: the student's cells run in their box, a copy is held at each test, and asked at the end.

Each copy is asked by one test alone, when the last cell has ended. Where there are more than a box holds, the cells
run anew for the others, in an emptied box.
"""

import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.grading.notebook_run import NotebookRun
from autograder.judging.by_examiner.cells import ExamCell
from autograder.sandbox import relay
from autograder.sandbox.answers import Error, Lost
from autograder.sandbox.channel import Channel
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.relay import ENDED, Outcome
from autograder.submissions.merge import Merged

MAX_HELD = 24  # copies in one box, of the processes that it may have


@dataclass(frozen=True)
class Examined:
    """How the tests of a notebook ended, by the name of their cell, and the errors of the student's cells."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    errors: Mapping[str, Error] = field(default_factory=dict)


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
    limits = guest.limits
    question = {"seconds": limits.question_seconds, "patience": limits.patience}
    asking = [cell.name for cell in cells if cell.asks]
    outcomes: dict[str, Outcome] = {}
    errors: dict[str, Error] = {}
    with contextlib.ExitStack() as open_channels, guest.submission(), examiner.submission():
        channel = examiner.open()
        open_channels.callback(lambda: channel.close())
        copies: Mapping[str, Channel] = {}
        for number, cell in enumerate(cells):
            if cell.name in asking:
                batch, asking = asking[:MAX_HELD], asking[MAX_HELD:]
                run = NotebookRun(guest, book, [], files, finish)
                copies = run.held(batch, question)
                errors.update(run.errors)
            outcome = _examined(channel, copies.get(cell.name), cell, examiner, finish, cell.name in plain)
            if outcome.lost is not None:
                channel.close()
                examiner.end(lost=True)
                channel = examiner.open()
                for before in cells[: number + 1]:
                    if not before.asks:
                        _examined(channel, None, before, examiner, finish)
            if cell.is_test:
                outcomes[cell.name] = outcome
        for copy in copies.values():
            copy.close()
    return Examined(outcomes, errors)


def _examined(
    channel: Channel, copy: Channel | None, cell: ExamCell, examiner: Guest, finish: float, plain: bool = False
) -> Outcome:
    limits = examiner.limits
    left = finish - time.monotonic()
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
        "plain": plain,
        "seconds": limits.cell_seconds,
        "patience": limits.patience,
    }
    outcome = relay.examine(channel, copy, asked, min(left, limits.cell_seconds * limits.patience))
    if copy is not None:
        copy.close()
    return outcome
