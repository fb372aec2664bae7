"""A bench for the examiner: a notebook as its author writes it, what a student makes of it, and how its tests end."""

import json
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course import Limits
from autograder.grading.by_examiner import counterexamples
from autograder.grading.by_examiner import notebook as by_examiner
from autograder.grading.by_examiner.notebook import Examined
from autograder.grading.notebook_run import NotebookRun
from autograder.judging.by_examiner.cells import ExamCell, as_shown, exam_cells
from autograder.judging.by_examiner.examples import Example, examples_of
from autograder.judging.by_examiner.prepared import prepared
from autograder.judging.verdicts import Counterexample
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside
from autograder.submissions.align import ANSWER, EXTRA, LOCKED, TEST, Cell
from autograder.submissions.merge import Merged

SMALL = Limits(
    cell_seconds=2,
    question_seconds=1,
    check_seconds=1,
    total_seconds=240,  # no test hangs on how fast the machine is
    patience=2,
    memory_mb=700,
    processes=40,
    file_mb=16,
    open_files=128,
)
KINDS = {"given": {"locked": True}, "answer": {"solution": True}, "test": {"grade": True, "locked": True, "points": 1}}


@dataclass(frozen=True)
class Written:
    """A cell as its author writes it: given, answer or test. An answer's source is the reference."""

    kind: str
    name: str
    source: str

    @property
    def raw(self) -> dict[str, Any]:
        grading = {"grade": False, "solution": False, **KINDS[self.kind], "grade_id": self.name}
        return {"cell_type": "code", "source": self.source, "metadata": {"nbgrader": grading}, "outputs": []}


def given(source: str, name: str = "given") -> Written:
    return Written("given", name, source)


def answer(source: str, name: str = "answer") -> Written:
    return Written("answer", name, source)


def test(source: str, name: str = "T") -> Written:
    return Written("test", name, source)


test.__test__ = False  # type: ignore[attr-defined]


def notebook(cells: Sequence[Written]) -> bytes:
    return json.dumps(
        {"cells": [cell.raw for cell in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def read(cells: Sequence[Written]) -> tuple[list[ExamCell], tuple[Example, ...]]:
    """What the examiner runs of a notebook, and its examples."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.ipynb"
        path.write_bytes(notebook(cells))
        asked = exam_cells(path)
        return asked, examples_of(path, asked)


def book_of(cells: Sequence[Written], answers: Mapping[str, str] | None = None, extra: Sequence[str] = ()) -> Merged:
    """The notebook as it is handed in. answers: in place of the reference; extra: cells at the end."""
    roles = {"given": LOCKED, "answer": ANSWER, "test": TEST}
    theirs = [
        Cell(roles[c.kind], "code", as_shown((answers or {}).get(c.name, c.source)), c.name, c.name, raw=c.raw)
        for c in cells
    ]
    theirs += [Cell(EXTRA, "code", source, f"extra {number}") for number, source in enumerate(extra)]
    return Merged("book", tuple(theirs), {})


@dataclass
class Bench:
    """A warm guest and a warm examiner."""

    guest: Guest = field(default_factory=lambda: Guest(Inside(), SMALL))
    examiner: Guest = field(default_factory=lambda: Guest(Inside(examiner=True), SMALL))

    def close(self) -> None:
        self.guest.close()
        self.examiner.close()

    def examined(
        self,
        cells: Sequence[Written],
        answers: Mapping[str, str] | None = None,
        extra: Sequence[str] = (),
        files: Mapping[str, bytes] | None = None,
        plain: Collection[str] = (),
        seed: int | None = None,
    ) -> Examined:
        """How the tests end. answers: what the student has in place of the reference; extra: cells at the end.

        seed: has the tools of tests laid, as grading does.
        """
        finish = time.monotonic() + SMALL.total_seconds
        book = book_of(cells, answers, extra)
        asked = read(cells)[0] if seed is None else prepared(read(cells)[0], seed)
        return by_examiner.examine(self.guest, self.examiner, book, asked, files or {}, finish, plain)

    def shown(
        self, cells: Sequence[Written], answers: Mapping[str, str], extra: Sequence[str] = ()
    ) -> Counterexample | None:
        """The example that shows what is wrong with a student's answers."""
        finish = time.monotonic() + SMALL.total_seconds
        here = self.guest, self.examiner
        trials = counterexamples.trials_of(*here, book_of(cells), read(cells)[1], finish, "book.ipynb")
        asked = [("f", trial) for trial in trials]
        return counterexamples.shown(*here, book_of(cells, answers, extra), asked, {}, finish)[0].get("f")

    def in_process(self, cells: Sequence[Written], answers: Mapping[str, str] | None = None) -> str:
        """How the last test would end in the student's own process, as with plain nbgrader. In the sandbox as well."""
        roles = {"given": LOCKED, "answer": ANSWER, "test": TEST}
        theirs = [
            Cell(roles[c.kind], "code", c.source if c.kind == "test" else (answers or {}).get(c.name, c.source), c.name)
            for c in cells
        ]
        run = NotebookRun(self.guest, Merged("book", tuple(theirs), {}), [], {}, time.monotonic() + SMALL.total_seconds)
        with self.guest.submission():
            run.cells()
        return "failed" if cells[-1].name in run.check_errors else "passed"

    def how(self, *args: Any, **named: Any) -> str:
        """How the last test ends."""
        return str([one.how for one in self.examined(*args, **named).outcomes.values()][-1])
