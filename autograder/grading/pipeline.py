"""The pipeline in order: submission -> sandboxed run -> answers -> judge -> verdicts."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course import PERSON, Assignment, Course, Task, secret
from autograder.course.fingerprint import grader_fingerprint
from autograder.grading import answer_cache, calibration
from autograder.grading.answer_cache import CachedAnswers
from autograder.grading.notebook_run import NotebookRun, Question
from autograder.judging import judge
from autograder.judging.checking import CheckContext, Problem
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import Result, Verdict
from autograder.pages import graded_notebook
from autograder.sandbox import guest_process
from autograder.sandbox.answers import Answers, Array, Error, printable
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.trace import Trace
from autograder.sandbox.walls import GUEST, Inside
from autograder.submissions import cells, merge, problems, saved_model
from autograder.submissions.merge import Base, Merged
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import Submission

DEFINED = re.compile(r"^(?:class|def)\s+(\w+)", re.MULTILINE)
OWN_MODULES = 1 << 20  # bytes, of all Python files beside the notebooks together


@dataclass(frozen=True)
class GraderContext:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    judge_context: JudgeContext
    bases: Mapping[str, Base]
    helpers: Sequence[Path]
    secret: bytes
    fingerprint: str
    guest: Guest
    run: str  # hash of what every run hangs on
    probes: Mapping[str, str]  # text of each task's probe

    @property
    def assignment(self) -> Assignment:
        return self.judge_context.assignment


def open_grader(
    course: Course, assignment: Assignment, unsafe: bool = False, trace: Trace | None = None
) -> GraderContext:
    """Load the judge's things and make a guest, which starts at the first submission."""
    judge_context = judge.open_context(course, assignment)
    probes = course.part("probes", assignment.name)
    helpers = sorted(course.release(assignment.name).glob("*.py"))
    return GraderContext(
        judge_context=judge_context,
        bases=merge.released(course.release(assignment.name), assignment),
        helpers=helpers,
        secret=secret.load_secret(course),
        fingerprint=grader_fingerprint(course, assignment),
        guest=Guest(Inside(probes, tuple(helpers), judge_context.dataset.shown), assignment.limits, unsafe, trace),
        run=answer_cache.run_hash(
            [
                *sorted(GUEST.glob("*.py")),
                *sorted(course.release(assignment.name).glob("*.ipynb")),
                *helpers,
            ],
            repr(assignment.limits),
            judge_context.dataset.name,
            judge_context.dataset.digest,
            str(unsafe),
        ),
        probes=answer_cache.probe_texts(probes, [task.name for task in assignment.tasks]),
    )


@dataclass(frozen=True)
class Plan:
    """One submission before it runs: its notebooks on the release, its saved model, what each task is asked."""

    handed_in: Submission
    merged: Mapping[str, Merged]
    model: tuple[str, Mapping[str, Array]] | Problem
    replayed: Mapping[str, int]  # seeds of an earlier grading that is made again
    # by task, or `task@number` of a snapshot, which are added as they are asked
    seeds: dict[str, int] = field(default_factory=dict)
    contexts: dict[str, CheckContext] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # of the questions: the same key, the same answers


@dataclass
class Ran:
    """What came back. Snapshots add to it.

    answers: by task, or `task@number` of a snapshot; by notebook: errors of its cells, cells before which it
    was another one, and its run, where it had to run.
    """

    answers: dict[str, Answers] = field(default_factory=dict)
    errors: dict[str, Mapping[str, Error]] = field(default_factory=dict)
    snapshots: dict[str, Sequence[str]] = field(default_factory=dict)
    runs: dict[str, NotebookRun] = field(default_factory=dict)


def grade_submission(
    grader: GraderContext,
    handed_in: Submission,
    earlier: bytes = b"",
    replayed: Mapping[str, int] | None = None,
    look: Callable[[Mapping[str, CheckContext]], object] = bool,
) -> Result:
    """Run and judge one submission. Its code only ever runs in the sandbox.

    earlier: answers kept from an earlier grading; where a question is still the same, so is its answer.
    replayed: seeds of a kept verdict, for an appeal. look: is shown the contexts before they are judged.
    """
    started = time.monotonic()
    plan = _planned(grader, handed_in, replayed or {})
    kept = answer_cache.unpack(earlier)
    with grader.guest.submission():
        ran = _run(grader, plan, kept)
        undone = {name: _undone(book, ran.errors[name]) for name, book in plan.merged.items()}
        contexts = {
            name: replace(
                context,
                answers=ran.answers.get(name, Answers()),
                undone=undone[grader.assignment.task(name).notebook],
            )
            for name, context in plan.contexts.items()
        }
        verdicts = judge.verdicts(grader.judge_context, contexts)
        _look_back(grader, plan, ran, kept, contexts, verdicts)
    look(contexts)
    for task in grader.assignment.tasks:
        if task.graded_by == PERSON:
            verdicts[task.name] = _by_person(grader, task, plan)
    told = problems.tell(verdicts, _of_files(grader, plan), grader.judge_context.messages, grader.assignment)
    result = _recorded(grader, plan, ran, told, round(time.monotonic() - started, 3))
    return replace(result, notebooks=graded_notebook.notebooks(plan.merged, result, handed_in))


def _planned(grader: GraderContext, handed_in: Submission, replayed: Mapping[str, int]) -> Plan:
    assignment = grader.assignment
    merged = merge.merge_all(handed_in, grader.bases, assignment)
    model = saved_model.read_model(handed_in.files, assignment.model_file)
    plan = Plan(handed_in, merged, model, replayed)
    _add_questions(grader, plan, judge.judged_tasks(assignment))
    return plan


def _add_questions(grader: GraderContext, plan: Plan, tasks: Sequence[Task], number: int = 0) -> None:
    """Work out what tasks are asked, at the end of the notebook or at a snapshot: with inputs of its own each."""
    handed_in = plan.handed_in
    for task in tasks:
        name, parts = at_snapshot(task.name, number), (task.name, *([str(number)] if number else ()))
        seed = plan.replayed.get(name, secret.seed(grader.secret, handed_in.student, handed_in.digest, *parts))
        context = judge.planned_context(grader.judge_context, task.name, seed, plan.model)
        asking = grader.run, handed_in.digest, grader.probes[task.name] + (f"\n{number}" if number else "")
        plan.seeds[name], plan.contexts[name] = seed, context
        plan.keys[name] = answer_cache.question_key(*asking, context.cases)


def at_snapshot(task: str, number: int) -> str:
    """How a task is named at a snapshot: `task@number`, where the notebook ended before its cell of that number."""
    return f"{task}@{number}" if number else task


def _run(grader: GraderContext, plan: Plan, before: CachedAnswers) -> Ran:
    """Run the cells, and ask what no kept answer holds."""
    ran = Ran()
    tasks = [
        t for t in judge.judged_tasks(grader.assignment) if judge.asks(grader.judge_context, plan.contexts[t.name])
    ]
    to_ask = _not_kept(plan, tasks, 0, before, ran)
    if to_ask:
        calibration.fit(grader.guest, grader.judge_context, grader.bases)
    finish = time.monotonic() + grader.guest.limits.total_seconds
    for name, book in plan.merged.items():
        questions = [_question(plan, task) for task in to_ask if task.notebook == name]
        run = NotebookRun(grader.guest, book, questions, _own_modules(plan.handed_in, grader.helpers), finish)
        ran.answers.update(run.answers())
        if questions:
            ran.runs[name], ran.errors[name], ran.snapshots[name] = run, run.errors, run.snapshots()
        else:
            ran.errors[name] = before.cell_errors.get(name, {})
            ran.snapshots[name] = before.snapshots.get(name, ())
    return ran


def _not_kept(plan: Plan, tasks: Sequence[Task], number: int, before: CachedAnswers, ran: Ran) -> list[Task]:
    """Take the kept answers to the same questions; which tasks have none."""
    asked = {at_snapshot(task.name, number): task for task in tasks}
    for name in asked:
        if name in before.answers and before.keys[name] == plan.keys[name]:
            ran.answers[name] = before.answers[name]
    return [task for name, task in asked.items() if name not in ran.answers]


def _undone(book: Merged, errors: Mapping[str, Error]) -> dict[str, Error]:
    """Names that the student's cells define which came to no end: name -> the error of its cell."""
    return {
        name: errors[cell.name]
        for cell in reversed(book.cells)
        if cell.name in errors and errors[cell.name].type != "NotImplementedError"
        for name in DEFINED.findall(cell.source)
    }


def _question(plan: Plan, task: Task, number: int = 0) -> Question:
    model = plan.model if task.saved_model and isinstance(plan.model, tuple) else None
    name = at_snapshot(task.name, number)
    return Question(task.name, plan.contexts[name].cases, plan.seeds[name], task.slowness, model)


def _look_back(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    contexts: dict[str, CheckContext],
    verdicts: dict[str, Verdict],
) -> None:
    """A checked answer stays: where a mark is not full, the notebook as it stood earlier is asked as well.

    Each time its cells run anew, in an emptied box, and up to the one that took something away: so no cell can
    tell what was asked, and no snapshot knows of another. A verdict counts as a whole; of two equal ones the later.
    """
    judge_context = grader.judge_context
    finish = time.monotonic() + grader.guest.limits.total_seconds
    for name, book in plan.merged.items():
        numbers = {cell.name: number for number, cell in enumerate(book.cells, start=1)}
        for cell in ran.snapshots[name]:
            tasks = [
                task
                for task in judge.judged_tasks(grader.assignment)
                if task.notebook == name and judge.may_gain(judge_context, contexts[task.name], verdicts[task.name])
            ]
            if cell not in numbers or not tasks:
                continue
            number = numbers[cell]
            _add_questions(grader, plan, tasks, number)
            if to_ask := _not_kept(plan, tasks, number, kept, ran):
                questions = [_question(plan, task, number) for task in to_ask]
                files = _own_modules(plan.handed_in, grader.helpers)
                run = NotebookRun(grader.guest, book, questions, files, finish, cell, ran.runs.get(name))
                ran.answers.update({at_snapshot(task, number): found for task, found in run.answers().items()})
            at = {
                t.name: replace(
                    plan.contexts[at_snapshot(t.name, number)], answers=ran.answers[at_snapshot(t.name, number)]
                )
                for t in tasks
            }
            for task, verdict in judge.verdicts(judge_context, {**contexts, **at}).items():
                if task in at and (verdict.score or 0) > (verdicts[task].score or 0):
                    rule = f"{verdict.rule}; as the notebook stood before its cell {cell}, where it had more right"
                    verdicts[task] = replace(verdict, snapshot=number, rule=rule)
                    contexts[task] = at[task]


def _of_files(grader: GraderContext, plan: Plan) -> list[FileProblem]:
    """What was wrong with the submission's files."""
    of_books = [problem for book in plan.merged.values() for problem in book.problems]
    of_model = saved_model.problems_of(plan.handed_in.files, grader.assignment.model_file, plan.model)
    return [*plan.handed_in.problems, *of_books, *of_model]


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
        cell_errors={name: vars(error) for some in ran.errors.values() for name, error in some.items()},
        by_person={t.name: merge.answer_hash(plan.merged[t.notebook], t, handed_in) for t in assignment.tasks},
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
            words = grader.judge_context.messages.flag(verdict.task, verdict.flag)
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
    written = merge.answered(plan.merged[task.notebook], task) or plan.handed_in.has_picture()
    return judge.needs_person(grader.judge_context, task, written)


def _own_modules(handed_in: Submission, given: Sequence[Path]) -> dict[str, bytes]:
    """Small Python files of the student's own beside the notebooks: the cells may import them."""
    ours = {path.name for path in given}
    found: dict[str, bytes] = {}
    room = OWN_MODULES
    for name, data in handed_in.files.items():
        if name.endswith(".py") and "/" not in name and name not in ours and len(data) <= room:
            found[name] = cells.text_of(data).encode()
            room -= len(data)
    return found
