"""The pipeline in order: submission -> sandboxed run -> answers -> judge -> verdicts."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder import __version__, judge, kept, notebook, sandbox, secret, submission
from autograder.answers import Answers, Array, Error, answers_from, error_from
from autograder.checking import Exam, Problem
from autograder.course import JUDGE, Assignment, Course, Task
from autograder.judge import Bench
from autograder.notebook import ANSWER, LOCKED, TEST, Cell, Merged
from autograder.sandbox import Channel, Guest, GuestLost
from autograder.submission import Submission
from autograder.verdicts import Result, Verdict

MAX_RESTARTS = 12
LOST_IN_CELL = {"time": "TimeLimit", "died": "ProcessEnded", "noise": "BadAnswer", "memory": "MemoryLimit"}
ENGINE = Path(__file__).parent


def kit_hash(course: Course, assignment: Assignment) -> str:
    """Hash of all that decides about a mark: the engine, the assignment's files, the course, its secret."""
    total = hashlib.sha256(__version__.encode() + hashlib.sha256(secret.load(course)).digest())
    files = [p for p in sorted(ENGINE.rglob("*.py")) if p.parent.parent != ENGINE or p.parent.name == "guest"]
    files += [course.part(kind, assignment.name) for kind in ("probes", "checks", "bugs", "messages")]
    files += [course.solution(assignment.name), course.root / "course_config.py", ENGINE / "messages" / "engine.toml"]
    files += sorted(course.release(assignment.name).glob("*.ipynb"))
    for path in files:
        if path.is_file():
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


# ---- one submission -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    bench: Bench
    bases: Mapping[str, Mapping[str, Any]]
    helpers: Sequence[Path]
    secret: bytes
    kit: str
    guest: Guest
    run: str  # hash of what every run hangs on
    probes: Mapping[str, str]  # text of each task's probe

    @property
    def assignment(self) -> Assignment:
        return self.bench.assignment


def open_desk(course: Course, assignment: Assignment, unsafe: bool = False) -> Desk:
    """Load the judge's things and make a guest, which starts at the first submission."""
    bench = judge.bench(course, assignment)
    probes = course.part("probes", assignment.name)
    helpers = sorted(course.release(assignment.name).glob("*.py"))
    return Desk(
        bench=bench,
        bases=notebook.released(course.release(assignment.name), assignment),
        helpers=helpers,
        secret=secret.load(course),
        kit=kit_hash(course, assignment),
        guest=Guest(probes, helpers, bench.dataset.images, assignment.limits, unsafe),
        run=kept.run_hash(
            [
                *sorted((ENGINE / "guest").glob("*.py")),
                *sorted(course.release(assignment.name).glob("*.ipynb")),
                *helpers,
            ],
            repr(assignment.limits),
            bench.dataset.name,
            str(unsafe),
        ),
        probes=kept.probe_texts(probes, [task.name for task in assignment.tasks]),
    )


def grade_submission(desk: Desk, handed_in: Submission, earlier: bytes = b"") -> Result:
    """Run and judge one submission. Its code only ever runs in the sandbox.

    earlier: answers kept from an earlier grading; where a question is still the same, so is its answer.
    """
    started = time.monotonic()
    assignment, bench = desk.assignment, desk.bench
    merged = notebook.merge_all(handed_in, desk.bases, assignment)
    model = submission.saved_model(handed_in.files)
    tasks = judge.judged_tasks(assignment)
    seeds = {t.name: secret.seed(desk.secret, handed_in.student, handed_in.digest, t.name) for t in tasks}
    exams = {t.name: judge.exam(bench, t.name, seeds[t.name], Answers(), model) for t in tasks}
    asking = desk.run, handed_in.digest
    keys = {name: kept.question_key(*asking, desk.probes[name], exam.cases) for name, exam in exams.items()}
    before = kept.unpack(earlier)
    answers = {name: found for name, found in before.answers.items() if before.keys[name] == keys.get(name)}
    errors: dict[str, Mapping[str, Error]] = {}
    files = _own_modules(handed_in, desk.helpers)
    for name, book in merged.items():
        open_tasks = [t for t in tasks if t.notebook == name and t.name not in answers]
        asked = [t for t in open_tasks if judge.asks(bench, exams[t.name])]
        run = Run(desk, book, asked, seeds, exams, model, files, started)
        answers.update(run.answers())
        errors[name] = run.errors if asked else before.cell_errors.get(name, {})
    exams = {name: replace(exam, answers=answers.get(name, Answers())) for name, exam in exams.items()}
    found = judge.verdicts(bench, exams)
    verdicts = {t.name: found[t.name] if t.graded_by == JUDGE else _by_person(desk, t, merged, handed_in)
                for t in assignment.tasks}  # fmt: skip
    notes = [*handed_in.problems, *(problem for book in merged.values() for problem in book.problems)]
    if desk.guest.unsafe:
        notes.append(sandbox.UNSAFE)
    return Result(
        student=handed_in.student,
        assignment=assignment.name,
        digest=handed_in.digest,
        kit=desk.kit,
        verdicts=verdicts,
        seeds=seeds,
        notes=tuple(notes),
        cell_errors={name: vars(error) for found in errors.values() for name, error in found.items()},
        by_person={
            t.name: notebook.answer_hash(merged[t.notebook], t, handed_in)
            for t in assignment.tasks
            if t.graded_by != JUDGE
        },
        seconds=round(time.monotonic() - started, 3),
        dataset=bench.dataset.name,
        timestamp=handed_in.timestamp,
        unsafe=desk.guest.unsafe,
        # what a limit ended is asked again next time: the machine may have been slow
        answers=kept.pack(kept.Kept({n: a for n, a in answers.items() if not a.limited}, keys, errors)),
    )


def _by_person(desk: Desk, task: Task, merged: Mapping[str, Merged], handed_in: Submission) -> Verdict:
    written = notebook.answered(merged[task.notebook], task) or handed_in.has_picture()
    return judge.needs_person(desk.bench, task, written)


def _own_modules(handed_in: Submission, given: Sequence[Path]) -> dict[str, str]:
    """Small Python files of the student's own beside the notebooks: the cells may import them."""
    ours = {path.name for path in given}
    return {
        name: submission.text_of(data)
        for name, data in handed_in.files.items()
        if name.endswith(".py") and "/" not in name and name not in ours and len(data) < 1 << 20
    }


class Run:
    """The run of one notebook, started anew without what killed it, until every task was asked."""

    def __init__(
        self,
        desk: Desk,
        book: Merged,
        tasks: Sequence[Task],
        seeds: Mapping[str, int],
        exams: Mapping[str, Exam],
        model: tuple[str, Mapping[str, Array]] | Problem,
        files: Mapping[str, str],
        started: float,
    ) -> None:
        self.desk, self.book, self.tasks = desk, book, tasks
        self.seeds, self.exams, self.model, self.files = seeds, exams, model, files
        self.errors: dict[str, Error] = {}
        self._finish = started + desk.assignment.limits.total_seconds
        self._left_out: set[str] = set()
        self._found: dict[str, Answers] = {}

    def answers(self) -> dict[str, Answers]:
        """Ask every task once -> its answers, or why there are none."""
        for _ in range(MAX_RESTARTS):
            if all(task.name in self._found for task in self.tasks) or time.monotonic() >= self._finish:
                break
            self._attempt()
        limit = f"{self.desk.assignment.limits.total_seconds:g}"
        lost = Answers(lost="total", facts={"seconds": limit})
        return {task.name: self._found.get(task.name, lost) for task in self.tasks}

    def _attempt(self) -> None:
        channel = self.desk.guest.open()
        self._at: Cell | Task | None = None
        lost = ""
        try:
            self._start(channel)
            for cell in self.book.cells:
                if cell.runs and cell.name not in self._left_out and time.monotonic() < self._finish:
                    self._run(channel, cell)
            for task in self.tasks:
                if task.name not in self._found and time.monotonic() < self._finish:
                    self._ask(channel, task)
        except GuestLost as error:
            lost = error.reason
        finally:
            channel.close()
            lost = self.desk.guest.end() or lost
        if lost:
            self._leave_out(lost)

    def _leave_out(self, reason: str) -> None:
        """Note what the run was lost at; the next attempt leaves it out."""
        if isinstance(self._at, Cell):
            self._left_out.add(self._at.name)
            self.errors[self._at.name] = Error(LOST_IN_CELL[reason], "")
        elif isinstance(self._at, Task) and self._at.name not in self._found:
            limits = self.desk.assignment.limits
            facts = {"seconds": f"{limits.probe_seconds:g}", "megabytes": str(limits.memory_mb)}
            self._found[self._at.name] = Answers(lost=reason, facts=facts)

    def _seconds(self, limit: float) -> float:
        return max(0.1, min(limit, self._finish - time.monotonic()))

    def _start(self, channel: Channel) -> None:
        channel.ask({"do": "files", "files": dict(self.files)}, {}, 10)
        if isinstance(self.model, tuple) and self.tasks:
            channel.ask({"do": "model", "class_name": self.model[0]}, self.model[1], 10)

    def _run(self, channel: Channel, cell: Cell) -> None:
        limits = self.desk.assignment.limits
        seconds = self._seconds(limits.check_seconds if cell.role == TEST else limits.cell_seconds)
        header = {
            "do": "cell",
            "name": cell.name,
            "source": cell.source,
            "seconds": seconds,
            "given": cell.role == LOCKED,
            "definitions_only": cell.skip and cell.role == ANSWER,
            "snapshot": cell.task if cell.role == TEST else "",
        }
        self._at = cell
        reply, _ = channel.ask(header, {}, seconds)
        if (error := error_from(reply.get("error"))) is not None and cell.role != TEST:
            self.errors[cell.name] = error

    def _ask(self, channel: Channel, task: Task) -> None:
        seconds = self._seconds(self.desk.assignment.limits.probe_seconds)
        exam = self.exams[task.name]
        header = {
            "do": "probe",
            "probe": task.name,
            "seed": self.seeds[task.name] % 2**32,
            "seconds": seconds,
            "cases": len(exam.cases),
        }
        inputs = {name: np.asarray(value) for name, value in sandbox.sequence_of(exam.cases).items()}
        self._at = task
        reply, arrays = channel.ask(header, inputs, seconds)
        self._found[task.name] = answers_from(reply, arrays)
