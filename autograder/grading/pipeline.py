"""The pipeline in order: submission -> sandboxed run -> answers -> judge -> verdicts."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from autograder.course import PERSON, Assignment, Course, Task, secret
from autograder.course.fingerprint import grader_fingerprint, versions
from autograder.grading import answer_cache, asking
from autograder.grading.asking import GraderContext, Plan, Ran
from autograder.grading.by_examiner import submission as by_examiner
from autograder.grading.by_examiner.submission import ExaminerContext
from autograder.judging import judge, wording
from autograder.judging.checking import CheckContext
from autograder.judging.verdicts import Result, Verdict
from autograder.pages import graded_notebook
from autograder.sandbox import guest_process
from autograder.sandbox.answers import Answers, Error, printable
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.trace import Trace
from autograder.sandbox.walls import GUEST, Inside
from autograder.submissions import by_hand, merge, problems, saved_model
from autograder.submissions.align import ANSWER, LOCKED, Cell
from autograder.submissions.by_hand import answer_hash
from autograder.submissions.cells import joined
from autograder.submissions.merge import Merged
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import Submission

AnyContext = GraderContext | ExaminerContext
DEFINED = re.compile(r"^(?:class|def)\s+(\w+)", re.MULTILINE)
CLASS = re.compile(r"^class\s+(\w+)", re.MULTILINE)
ASSIGNED = re.compile(r"^(\w+)\s*=(?!=)", re.MULTILINE)
IMPORTED = re.compile(r"^(?:from\s+\S+\s+)?import\s+(.+)$", re.MULTILINE)


def open_grader(course: Course, assignment: Assignment, unsafe: bool = False, trace: Trace | None = None) -> AnyContext:
    """Load what decides about an assignment's marks and make a guest, which starts at the first submission."""
    if assignment.by_examiner:
        return by_examiner.open_examination(course, assignment, unsafe, trace)
    judge_context = judge.open_context(course, assignment)
    probes = course.part("probes", assignment.name)
    helpers = course.beside_notebooks(assignment.name)
    release = course.release(assignment.name)
    books = sorted(release.glob("*.ipynb"))
    inside = Inside(
        probes,
        helpers,
        judge_context.dataset.shown,
        plots=any(b"matplotlib" in path.read_bytes() for path in (*books, *helpers)),
        hidden=judge_context.dataset.folders,
    )
    return GraderContext(
        judge_context=judge_context,
        bases=merge.released(release, assignment),
        release_files=merge.release_files(release),
        secret=secret.load_secret(course),
        fingerprint=grader_fingerprint(course, assignment),
        guest=Guest(inside, assignment.limits, unsafe, trace),
        run=answer_cache.run_hash(
            [
                *sorted(GUEST.rglob("*.py")),
                *books,
                *helpers,
            ],
            repr(assignment.limits),
            judge_context.dataset.name,
            judge_context.dataset.digest,
            str(unsafe),
            *versions(),
        ),
        probes=answer_cache.probe_texts(probes, [task.name for task in assignment.tasks]),
    )


def grade_submission(
    grader: AnyContext,
    handed_in: Submission,
    earlier: bytes = b"",
    replayed: Mapping[str, int] | None = None,
    look: Callable[[Mapping[str, CheckContext]], object] = bool,
) -> Result:
    """Run and judge one submission. Its code only ever runs in the sandbox.

    earlier: answers kept from an earlier grading; where a question is still the same, so is its answer.
    replayed: seeds of a kept verdict, for an appeal. look: is shown the contexts before they are judged.
    """
    if isinstance(grader, ExaminerContext):
        return by_examiner.grade_submission(grader, handed_in, earlier, replayed)
    started = time.monotonic()
    plan = asking.planned(grader, handed_in, replayed or {})
    kept = answer_cache.unpack(earlier)
    with grader.guest.submission(), contextlib.closing(asking.run(grader, plan, kept)) as ran:
        contexts = {}
        for name, context in plan.contexts.items():
            task = grader.assignment.task(name)
            undone, unwritten = _undone(plan.merged[task.notebook], ran.errors[task.notebook], name)
            answers = asking.told(grader, plan, ran, task)
            contexts[name] = replace(context, answers=answers, undone=undone, unwritten=unwritten)
        decisions = judge.decisions(grader.judge_context, contexts)
        verdicts = judge.worded(grader.judge_context, decisions)
        heard = asking.hear_public_cells(grader, plan, ran, kept, decisions, contexts, verdicts)
        asking.look_back(grader, plan, ran, kept, contexts, verdicts)
        asking.show_counterexamples(grader, plan, ran, kept, heard, contexts, verdicts)
    look(contexts)
    for task in grader.assignment.tasks:
        if task.graded_by == PERSON:
            verdicts[task.name] = _by_person(grader, task, plan)
    told = problems.tell(verdicts, _of_files(grader, plan), grader.judge_context.messages, grader.assignment)
    result = _recorded(grader, plan, ran, told, round(time.monotonic() - started, 3))
    return replace(result, notebooks=graded_notebook.notebooks(plan.merged, result, handed_in, grader.release_files))


def _undone(book: Merged, errors: Mapping[str, Error], task: str) -> tuple[dict[str, Error], Error | None]:
    """What the student's cells that came to no end keep from a task.

    Names that they bind, or were to bind: name -> the error of its cell. And why the task's answer is not there: the
    error of its own cell, else of one that was to define the same function, or a given class.
    """
    stopped = [cell for cell in book.cells if cell.name in errors and errors[cell.name].type != "NotImplementedError"]
    if not stopped:
        return {}, None
    undone = {name: errors[cell.name] for cell in reversed(stopped) for name in _bound(f"{cell.source}\n{_stub(cell)}")}
    own = next((errors[cell.name] for cell in stopped if cell.role == ANSWER and cell.task == task), None)
    answer = "".join(_stub(cell) for cell in book.cells if cell.role == ANSWER and cell.task == task)
    given = [name for cell in book.cells if cell.role == LOCKED for name in CLASS.findall(cell.source)]
    instead = (undone[name] for name in (*DEFINED.findall(answer), *given) if name in undone)
    return undone, own or next(instead, None)


def _bound(source: str) -> list[str]:
    """Names that the lines of a cell bind at its top level: by `def`, `class`, `=` and imports."""
    imported = [name.split(" as ")[-1].split(".")[0] for line in IMPORTED.findall(source) for name in line.split(",")]
    return [*DEFINED.findall(source), *ASSIGNED.findall(source), *(name.strip(" ()") for name in imported)]


def _stub(cell: Cell) -> str:
    """What stood in an answer's cell before it was written; "" for any other cell."""
    return joined(cell.raw["source"]) if cell.role == ANSWER and cell.raw else ""


def _plain(error: Error) -> dict[str, str]:
    return {"type": error.type, "text": error.text, "line": error.line, "cell": error.cell}


def _of_files(grader: GraderContext, plan: Plan) -> list[FileProblem]:
    """What was wrong with the submission's files."""
    of_books = [problem for book in plan.merged.values() for problem in book.problems]
    of_model = saved_model.problems_of(plan.handed_in.files, grader.assignment.model_file, plan.model)
    by_person = by_hand.problems(plan.merged, grader.assignment, plan.handed_in, grader.release_files)
    return [*plan.handed_in.problems, *of_books, *by_person, *of_model]


def _recorded(grader: GraderContext, plan: Plan, ran: Ran, told: problems.Told, seconds: float) -> Result:
    assignment, handed_in = grader.assignment, plan.handed_in
    kept = answer_cache.CachedAnswers(_settled(assignment, ran), plan.keys, ran.errors, ran.snapshots)
    return Result(
        student=handed_in.student,
        assignment=assignment.name,
        digest=handed_in.digest,
        fingerprint=grader.fingerprint,
        verdicts={task.name: told.verdicts[task.name] for task in assignment.tasks},
        seeds=plan.seeds,
        notes=tuple(printable(note) for note in _notes(grader, told)),  # names are theirs
        told=told.lines,
        cell_errors={name: _plain(error) for some in ran.errors.values() for name, error in some.items()},
        by_person={t.name: answer_hash(plan.merged, t, handed_in, grader.release_files) for t in assignment.tasks},
        seconds=seconds,
        dataset=grader.judge_context.dataset.name,
        timestamp=handed_in.timestamp,
        unsafe=grader.guest.unsafe,
        stretch=grader.guest.stretched,
        answers=answer_cache.pack(kept),
    )


def _notes(grader: GraderContext, told: problems.Told) -> Iterator[str]:
    """Lines for the instructor."""
    yield from told.notes
    for verdict in told.verdicts.values():
        if verdict.fault:
            yield f"{verdict.task}: not judged, {verdict.fault}; mark it by hand"
    for verdict in told.verdicts.values():
        if verdict.flag:
            words = grader.judge_context.messages.flag(verdict.task, verdict.flag, "en")  # as all in a terminal
            yield f"{verdict.task}: flagged {verdict.flag!r}: {words}"
    if grader.guest.unsafe:
        yield guest_process.UNSAFE


def _settled(assignment: Assignment, ran: Ran) -> dict[str, Answers]:
    """The answers to keep. What a limit had a hand in is asked again next time: the machine may have been slow."""
    limited = {book for book, errors in ran.errors.items() if any(error.limit for error in errors.values())}
    return {
        name: found
        for name, found in ran.answers.items()
        if not (found.limited or found.fault) and assignment.task(name.partition("@")[0]).notebook not in limited
    }


def _by_person(grader: GraderContext, task: Task, plan: Plan) -> Verdict:
    written = by_hand.answered(plan.merged, task, plan.handed_in, grader.release_files)
    return wording.needs_person(grader.judge_context.messages, task, written)
