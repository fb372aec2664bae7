"""The run of one notebook in the sandbox: its cells, then the questions; anew without what killed it.

It is long, so that all that a notebook's process is sent, and in which order, stands in one place.
"""

import contextlib
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.judging.checking import Case
from autograder.sandbox.answers import Answers, Array, Error, Lost, answers_from, error_from
from autograder.sandbox.channel import Channel, GuestLost
from autograder.sandbox.guest_process import Guest
from autograder.submissions.align import ANSWER, EXTRA, FREE, LOCKED, TEST, Cell
from autograder.submissions.merge import Merged

MAX_RESTARTS = 30
SPARED = 1  # times that the death of the sandbox itself is nobody's fault
MAX_TOLD = 3600.0  # CPU seconds of one question or cell
MAX_HELD = 24  # copies in one box, of the processes that it may have
QUICK = 1.0  # seconds that cells may take to be run once more for copies; else these are held at once
LATEST = 12  # snapshots that may be asked, beside the one after each visible check
END = "the end of the notebook"  # it can be noted, as a cell can
ERRORS = {
    Lost.TIME: "TimeLimit",
    Lost.DIED: "ProcessEnded",
    Lost.NOISE: "BadAnswer",
    Lost.MEMORY: "MemoryLimit",
}


@dataclass(frozen=True)
class Question:
    """What one task's probe is asked: its cases, the seed that the guest's own draws start from, the saved model.

    cells: public ones that are run in place of the probe.
    """

    task: str
    cases: Sequence[Case]
    seed: int
    slowness: float = 1.0
    model: tuple[str, Mapping[str, Array]] | None = None
    cells: Sequence[str] = ()


class NotebookRun:
    """The run of one notebook, started anew without what killed it, until every question was asked.

    before: the name of a cell; the notebook ends there, and the questions are about what stood before it.
    like: an earlier run of the notebook, which knows what kills it.
    stays: its process stays for more questions, until the next notebook runs, or close().
    new_box: it runs where no other notebook ran. In an emptied box the number of the next file, or process, tells how
    many there were.
    """

    def __init__(
        self,
        guest: Guest,
        book: Merged,
        questions: Sequence[Question],
        files: Mapping[str, bytes],
        finish: float,
        before: str = "",
        like: "NotebookRun | None" = None,
        stays: bool = False,
        new_box: bool = False,
    ) -> None:
        self.errors: dict[str, Error] = {}
        self.check_errors: dict[str, Error] = {}  # of visible checks, on which no mark hangs
        # CPU seconds of cells and of each task's slowest question, as the guest tells them: only to be believed
        # where no student's code ran
        self.cell_needs: list[float] = []
        self.question_needs: list[tuple[str, float]] = []
        self._guest, self._book, self._questions = guest, book, questions
        self._files, self._finish = files, finish
        names = [cell.name for cell in book.cells]
        self._cells = book.cells[: names.index(before)] if before else book.cells
        self._left_out: set[str] = set(like._left_out) if like else set()
        self._too_long: set[str] = set(like._too_long) if like else set()  # of these, only the definitions count
        self._took_away: list[str] = []  # cells that took something away from the code before them
        self._deadly: dict[str, dict[str, Error]] = {}  # by task, the names of questions that ended a process
        self._found: dict[str, Answers] = {}
        self._at: Cell | Question | None = None
        self._spared = 0
        self._ran: set[str] = set()  # cells that came back
        self._whole = False  # the last attempt ran to its end
        self._marks: Collection[str] = ()  # cells before which the notebook is noted
        self._apart: Collection[str] = ()  # of these, those before which a copy is held
        self._in_vain: Collection[str] = ()  # cells that need not run: they leave nothing
        self._to_note: list[str] = []  # of the marks, those that the next cell's frame tells
        self._limits_of_copies: Mapping[str, object] = {}
        self._began = 0.0  # when this attempt did
        self._copies: dict[str, socket.socket] = {}  # that are held
        self.passed: frozenset[str] = frozenset()  # of the marks, those of which the end is no copy
        self._stays, self._new_box = stays, new_box
        self._channel: Channel | None = None

    def answers(self) -> dict[str, Answers]:
        """Ask every question once -> the answers by task, or why there are none."""
        for _ in range(MAX_RESTARTS):
            if all(q.task in self._found for q in self._questions) or time.monotonic() >= self._finish:
                break
            self._attempt()
        lost = Answers(lost=Lost.TOTAL, facts={"seconds": f"{self._guest.limits.total_seconds:g}"})
        return {q.task: self._found.get(q.task, lost) for q in self._questions}

    def cells(self) -> bool:
        """Run the cells alone -> whether all of them ran, be it into an error."""
        self._attempt()
        return all(cell.name in self._ran for cell in self._cells if cell.runs)

    def noted(
        self,
        cells: Collection[str],
        apart: Collection[str],
        limits: Mapping[str, object],
        in_vain: Collection[str] = (),
    ) -> None:
        """Run the cells, and note the notebook before each of these; its process stays, to be asked by copies.

        apart: those before which a copy is held. limits: of what a copy will be asked. in_vain: cells that need not
        run, since they leave nothing.
        """
        self._marks, self._apart, self._limits_of_copies, self._in_vain = cells, apart, limits, in_vain
        for _ in range(MAX_RESTARTS):
            self._at = None
            self._attempt()
            if self._whole or time.monotonic() >= self._finish:
                break

    def copy(self, cell: str) -> socket.socket | None:
        """A copy of the process as it stood before a cell; None where it is gone, or has to be held in another run."""
        if cell in self._copies:
            return self._copies.pop(cell)
        if self._channel is None or cell in self.passed or cell not in self._marks:
            return None
        try:
            return self._channel.copy_of(cell, 10)
        except GuestLost:
            self.close()
            return None

    def snapshots(self) -> list[str]:
        """Cells before which the notebook was another one, the latest first.

        A cell that only adds names changes nothing for the code before it: what could be asked before such
        a cell can be asked after it. So the notebook as it stood after a visible check, before T12 and after
        each cell that binds a task's function is among these, or the same as one of these, or as the end.
        """
        latest = set(self._took_away[-LATEST:])
        checked = False
        for cell in self._book.cells:  # and the first one after each visible check
            checked = checked or cell.role == TEST
            if checked and cell.name in self._took_away:
                latest.add(cell.name)
                checked = False
        return [name for name in reversed(self._took_away) if name in latest]

    def _attempt(self) -> None:
        channel = self._channel = self._guest.open(self._new_box)
        lost: Lost | None = None
        self._at, name = None, ""
        self._let_go()
        self._to_note.clear()
        self._began = time.monotonic()
        self._took_away.clear()
        try:
            if self._files:
                channel.ask({"do": "files"}, {n: np.frombuffer(data, np.uint8) for n, data in self._files.items()}, 10)
            for cell in self._cells:
                if cell.name in self._marks:
                    self._note(channel, cell.name)
                runs = cell.runs and cell.name not in self._left_out and cell.name not in self._in_vain
                if runs and time.monotonic() < self._finish:
                    self._run(channel, cell)
            if END in self._marks:
                self._note(channel, END)
            if self._marks:
                asked = {"do": "passed", "noted": self._to_note, **self._limits_of_copies}
                told = channel.ask(asked, {}, 10)[0].get("names")
                self.passed = frozenset(name for name in self._marks if not isinstance(told, list) or name in told)
            for question in self._questions:
                if question.task not in self._found and time.monotonic() < self._finish:
                    self._ask(channel, question)
        except GuestLost as error:
            lost = error.reason
        finally:
            if lost or not self._stays or any(q.task not in self._found for q in self._questions):
                self.close()
        self._whole = lost is None
        if lost:
            reason, name = self._guest.end(lost=True)
            lost = reason or lost
        if lost and not self._guest.alive and self._spared < SPARED:
            self._spared += 1  # the sandbox as a whole is gone: the same again, before a cell is blamed
        elif lost:
            self._leave_out(lost, name)

    def ask_on(self, question: Question, apart: bool = False) -> Answers | None:
        """Ask the process that has answered everything else one thing more, or a copy of it; None where it is gone."""
        if self._channel is None or self._finish <= time.monotonic():
            return None
        try:
            if not apart:
                self._ask(self._channel, question)
            else:
                with contextlib.closing(self._channel.to_copy({"do": "copy"}, 10)) as copy:
                    self._ask(copy, question, first_error=False)
        except GuestLost:
            self.close()
            return None
        return self._found[question.task]

    def ask_apart(self, question: Question) -> Answers:
        """Ask a copy of a process in which the cells have run and nothing else; they run where there is none yet."""
        if self._channel is None:
            self.noted((), (), {})
        return self.ask_on(question, apart=True) or Answers(lost=Lost.DIED)

    @property
    def _in_place(self) -> bool:
        """Whether its moments are asked one after the other in one process: then they are names, and nothing else."""
        return self._limits_of_copies.get("in_place") is True

    def _note(self, channel: Channel, cell: str) -> None:
        """Have the notebook noted as it stands before a cell, or a copy held where that is not enough.

        In place that is said with the next cell.
        """
        if self._in_place:
            self._to_note.append(cell)
            return
        reply, _ = channel.ask({"do": "moment", "name": cell}, {}, 10)
        slow = time.monotonic() - self._began > QUICK
        if (slow or cell in self._apart or reply.get("noted") is not True) and len(self._copies) < MAX_HELD:
            self._copies[cell] = channel.copy({"do": "hold", **self._limits_of_copies}, 10)

    def _let_go(self) -> None:
        """Close what leads to copies that nobody will ask."""
        for copy in self._copies.values():
            copy.close()
        self._copies = {}

    def close(self) -> None:
        """End the conversation with the process that has answered everything."""
        self._let_go()
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _leave_out(self, reason: Lost, name: str) -> None:
        """Note the cell, or the name of the question, that the run was lost at; the next attempt leaves it out.

        Of a cell that took too long, the definitions are tried before it is left out as a whole.
        """
        if isinstance(self._at, Cell):
            tried = reason != Lost.TIME or self._at.role in (LOCKED, TEST) or self._at.name in self._too_long
            (self._left_out if tried else self._too_long).add(self._at.name)
            self.errors[self._at.name] = Error(ERRORS[reason], "")
        elif not isinstance(self._at, Question) or self._at.task in self._found:
            return
        elif name and name not in (deadly := self._deadly.setdefault(self._at.task, {})):
            deadly[name] = Error(ERRORS[reason], "")
        else:
            limits = self._guest.limits
            facts = {"seconds": f"{limits.probe_seconds:g}", "megabytes": str(limits.memory_mb)}
            self._found[self._at.task] = Answers(lost=reason, facts=facts)

    def _seconds(self, limit: float) -> float:
        return max(0.1, min(limit, self._finish - time.monotonic()))

    def _run(self, channel: Channel, cell: Cell) -> None:
        limits = self._guest.limits
        seconds = self._seconds(limits.check_seconds if cell.role == TEST else limits.cell_seconds)
        header = {
            "do": "cell",
            "name": cell.name,
            "source": cell.source,
            "seconds": seconds,
            "patience": limits.patience,
            "given": cell.role == LOCKED,
            "answer": cell.role == ANSWER,
            "definitions_only": (cell.skip and cell.role == ANSWER) or cell.name in self._too_long,
            "snapshot": cell.task if cell.role == TEST else "",
            "watched": cell.role in (ANSWER, EXTRA, FREE) and not self._marks,
            "noted": self._to_note,
        }
        self._at, self._to_note = cell, []
        reply, _ = channel.ask(header, {}, self._seconds(seconds * limits.patience))
        self._ran.add(cell.name)
        if reply.get("took_away") is True:
            self._took_away.append(cell.name)
        self.cell_needs.append(_seconds_of(reply))
        if (error := error_from(reply.get("error"))) is not None:
            (self.check_errors if cell.role == TEST else self.errors)[cell.name] = error

    def _ask(self, channel: Channel, question: Question, first_error: bool = True) -> None:
        limits = self._guest.limits
        seconds = self._seconds(limits.probe_seconds * question.slowness)
        header: dict[str, object] = {
            "seconds": limits.question_seconds * question.slowness,
            "patience": limits.patience,
        }
        if question.cells:
            header |= {"do": "public", "name": question.task, "cells": question.cells, "seed": question.seed}
            header["first_error"] = first_error
        else:
            header |= {
                "do": "probe",
                "probe": question.task,
                "seed": question.seed % 2**32,
                "cases": len(question.cases),
                "left_out": {name: vars(error) for name, error in self._deadly.get(question.task, {}).items()},
            }
        cases = enumerate(question.cases)
        inputs = {f"{n}/{name}": np.asarray(value) for n, case in cases for name, value in case.items()}
        self._at = question
        if question.model is not None:
            channel.ask({"do": "model", "class_name": question.model[0]}, question.model[1], 10)
        reply, arrays = channel.ask(header, inputs, seconds)
        self._found[question.task] = answers_from(reply, arrays)
        self.question_needs.append((question.task, _seconds_of(reply)))


def _seconds_of(reply: Mapping[str, object]) -> float:
    told = reply.get("needed")
    return told if isinstance(told, float) and 0 <= told < MAX_TOLD else 0.0
