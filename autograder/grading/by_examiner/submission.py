"""One submission of an assignment whose tests are its notebooks' own: run, examined, and recorded as any other."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course import PERSON, Assignment, Course, Task, secret
from autograder.course.fingerprint import grader_fingerprint, versions
from autograder.course.messages import Messages, load_messages
from autograder.errors import CourseError
from autograder.grading.by_examiner import counterexamples, kept, notebook
from autograder.grading.by_examiner.counterexamples import Trial
from autograder.grading.by_examiner.kept import Ran
from autograder.grading.by_examiner.notebook import Examined
from autograder.judging import wording
from autograder.judging.by_examiner import outcomes
from autograder.judging.by_examiner.cells import ExamCell, exam_cells, imported, needed_by
from autograder.judging.by_examiner.examples import Example, examples_of
from autograder.judging.by_examiner.outcomes import CellOutcomes
from autograder.judging.by_examiner.prepared import prepared, without_hidden
from autograder.judging.checking import Kind
from autograder.judging.verdicts import Result, Verdict
from autograder.pages import graded_notebook
from autograder.sandbox import environments, guest_process
from autograder.sandbox.answers import printable
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.relay import LATER, PASSED, UNDECIDABLE, Outcome
from autograder.sandbox.trace import Trace
from autograder.sandbox.walls import Inside
from autograder.source_notebooks import cells_of
from autograder.submissions import by_hand, merge, own_files, problems
from autograder.submissions.align import ANSWER, EXTRA, FREE
from autograder.submissions.by_hand import answer_hash
from autograder.submissions.cells import joined
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

SCORE = (
    "nbgrader would take the value of this last line as the score, and the student's code has a hand in it; "
    "write what it is to be as an assert, or `pass` below it where the asserts above it decide"
)


@dataclass(frozen=True)
class ExaminerContext:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    course: Course
    assignment: Assignment
    messages: Messages
    bases: Mapping[str, Base]
    release_files: Collection[str]
    fingerprint: str
    guest: Guest
    examiner: Guest
    cells: Mapping[str, Sequence[ExamCell]]  # by notebook
    examples: Mapping[str, Sequence[Example]]  # by notebook
    run: str  # hash of what every run hangs on
    # by notebook, when the reference has been tried: tests that need no objects, and examples with what is right
    plain: dict[str, frozenset[str]] = field(default_factory=dict)
    trials: dict[str, Sequence[Trial]] = field(default_factory=dict)

    def close(self) -> None:
        """Take guest and examiner down."""
        self.guest.close()
        self.examiner.close()


def open_examination(
    course: Course, assignment: Assignment, unsafe: bool = False, trace: Trace | None = None
) -> ExaminerContext:
    """Read the tests, and make a guest and an examiner, which start at the first submission."""
    helpers = course.beside_notebooks(assignment.name)
    files = course.data_files(assignment.name)
    limits, release = assignment.limits, course.release(assignment.name)
    lock, place = course.root / assignment.environment, course.state / environments.FOLDER
    packages = environments.packages_of(lock, place) if assignment.environment else None
    books = {name: course.source(assignment.name) / f"{name}.ipynb" for name in assignment.notebooks}
    cells = {name: exam_cells(path) for name, path in books.items()}
    modules = tuple(dict.fromkeys(name for path in books.values() for name in imported(path)))
    return ExaminerContext(
        course=course,
        assignment=assignment,
        messages=load_messages(course, assignment),
        bases=merge.released(release, assignment),
        release_files=merge.release_files(release),
        fingerprint=grader_fingerprint(course, assignment),
        guest=Guest(Inside(helpers=helpers, files=files, modules=modules, packages=packages), limits, unsafe, trace),
        examiner=Guest(
            Inside(helpers=helpers, files=files, modules=modules, packages=packages, examiner=True), limits, unsafe
        ),
        run=kept.run_hash(
            [*sorted(release.glob("*.ipynb")), *helpers, *files.values(), *([lock] if packages else [])],
            *(repr(limits), str(unsafe), repr(modules), *files, *versions(name.split(".")[0] for name in modules)),
            repr([_answers(path) for path in books.values()]),  # which objects a test takes is the reference's
        ),
        cells=cells,
        examples={name: examples_of(path, cells[name]) for name, path in books.items()},
    )


def grade_submission(
    context: ExaminerContext, handed_in: Submission, earlier: bytes = b"", replayed: Mapping[str, int] | None = None
) -> Result:
    """Run one submission, and its notebooks' tests.

    earlier: outcomes kept from an earlier grading. replayed: seeds of a kept verdict, for an appeal.
    """
    started = time.monotonic()
    assignment, words = context.assignment, context.messages
    merged = merge.merge_all(handed_in, context.bases, assignment)
    seeds = replayed or {}
    examined = [task for task in assignment.tasks if task.graded_by != PERSON]
    # one for all: fresh() may be called in a cell that belongs to no task
    seed = next((seeds[task.name] for task in examined if task.name in seeds), None)
    if seed is None:
        seed = secret.seed(secret.load_secret(context.course), handed_in.student, handed_in.digest, "fresh")
    files = {name: own_files.beside(handed_in, merged, name, context.release_files).files for name in merged}
    keys = {name: kept.key(context.run, book, files[name], seed, context.cells[name]) for name, book in merged.items()}
    known = kept.unpack(earlier, keys)
    if known.keys() != merged.keys():
        try_reference(context)
    finish = time.monotonic() + context.guest.limits.total_seconds
    found = {name: known.get(name) or _ran(context, book, files[name], finish, seed) for name, book in merged.items()}
    verdicts: dict[str, Verdict] = {}
    for task in assignment.tasks:
        if task.graded_by == PERSON:
            written = by_hand.answered(merged, task, handed_in, context.release_files)
            verdicts[task.name] = wording.needs_person(words, task, written)
        else:
            ran, blank = found[task.notebook], _is_blank(merged[task.notebook], task)
            tests = CellOutcomes(context.cells[task.notebook], ran.tests.outcomes, ran.shown, ran.tests.apart)
            verdict = outcomes.verdict_of_task(words, task, tests, blank)
            example = None if verdict.cause == Kind.BLANK else ran.examples.get(task.name)
            verdicts[task.name] = replace(verdict, counterexample=example)
    told = problems.tell(verdicts, _of_files(context, handed_in, merged), words, assignment)
    errors = {name: error for ran in found.values() for name, error in ran.tests.errors.items()}
    result = Result(
        student=handed_in.student,
        assignment=assignment.name,
        digest=handed_in.digest,
        fingerprint=context.fingerprint,
        verdicts={task.name: told.verdicts[task.name] for task in assignment.tasks},
        seeds={task.name: seed for task in examined},
        notes=tuple(printable(note) for note in _notes(context, told)),
        told=told.lines,
        cell_errors={n: {"type": e.type, "text": e.text, "line": e.line, "cell": e.cell} for n, e in errors.items()},
        by_person={t.name: answer_hash(merged, t, handed_in, context.release_files) for t in assignment.tasks},
        seconds=round(time.monotonic() - started, 3),
        timestamp=handed_in.timestamp,
        answers=kept.pack(found, keys),
        unsafe=context.guest.unsafe,
        stretch=context.guest.stretched,
    )
    return replace(result, notebooks=graded_notebook.notebooks(merged, result, handed_in, context.release_files))


def _ran(context: ExaminerContext, book: Merged, files: Mapping[str, bytes], finish: float, seed: int) -> Ran:
    """The tests of one notebook; once more without hidden lines, where the values of one that students see are told.

    And its examples, where tests fail.
    """
    cells, plain = context.cells[book.name], context.plain[book.name]

    def run(which: Sequence[ExamCell]) -> Examined:
        ready = prepared(which, seed)
        return notebook.examine(context.guest, context.examiner, book, ready, files, finish, plain)

    found = run(cells)
    wanted = CellOutcomes(cells, found.outcomes, apart=found.apart).want_shown
    shown = run(needed_by(wanted, without_hidden(cells))).outcomes if wanted else {}
    tasks = [task for task in context.assignment.tasks if task.notebook == book.name]
    asked = counterexamples.wanted(context.trials[book.name], tasks, found.outcomes)
    wrong, tried = counterexamples.shown(context.guest, context.examiner, book, asked, files, finish)
    return Ran(found, shown, wrong, tried)


def _is_blank(book: Merged, task: Task) -> bool:
    """Whether a student has left a task's answers as they were, and has no code in cells of their own."""
    theirs = [cell for cell in book.cells if cell.task == task.name and cell.role == ANSWER]
    own = any(cell.role in (EXTRA, FREE) and cell.kind == "code" and cell.written for cell in book.cells)
    return not own and not any(cell.written for cell in theirs)


def _of_files(
    context: ExaminerContext, handed_in: Submission, merged: Mapping[str, Merged]
) -> list[problems.FileProblem]:
    of_books = [problem for book in merged.values() for problem in book.problems]
    by_person = by_hand.problems(merged, context.assignment, handed_in, context.release_files)
    return [*handed_in.problems, *of_books, *by_person]


def _notes(context: ExaminerContext, told: problems.Told) -> Iterator[str]:
    """Lines for the instructor."""
    yield from told.notes
    for verdict in told.verdicts.values():
        if verdict.fault:
            yield f"{verdict.task}: not judged, {verdict.fault}; mark it by hand"
    if context.guest.unsafe:
        yield guest_process.UNSAFE


def try_reference(context: ExaminerContext) -> None:
    """Run the source's own answers through its tests, once; CourseError names the first test that they do not pass."""
    for name, cells in context.cells.items():
        if name in context.plain:
            continue
        path = context.course.source(context.assignment.name) / f"{name}.ipynb"
        finish = time.monotonic() + context.guest.limits.total_seconds
        ready = prepared(cells, 0)
        right = reference(context, name)
        found = notebook.examine(context.guest, context.examiner, right, ready, {}, finish)
        last = {cell.name: cell.last for cell in cells}
        for cell, outcome in found.outcomes.items():
            if outcome.how != PASSED:
                raise CourseError(f"{path}: {_refusal(cell, outcome)}")
            if last[cell] and outcome.value:
                raise CourseError(f"{path}: cell {cell}, line {last[cell]}: {SCORE}")
        asked = context.examples[name]
        context.trials[name] = (
            counterexamples.trials_of(context.guest, context.examiner, right, asked, finish, str(path)) if asked else ()
        )
        context.plain[name] = frozenset(cell for cell, outcome in found.outcomes.items() if not outcome.objects)


def reference(context: ExaminerContext, name: str) -> Merged:
    """The source's notebook as a submission: its answers, and of its tests the lines that students see."""
    answers = _answers(context.course.source(context.assignment.name) / f"{name}.ipynb")
    cells = tuple(replace(cell, source=answers.get(cell.name, cell.source)) for cell in context.bases[name].cells)
    return Merged(name, cells, context.bases[name].raw)


def _answers(path: Path) -> dict[str, str]:
    """The answer cells of a source notebook, by their IDs."""
    return {
        grade_id: joined(cell["source"])
        for cell in cells_of(path)
        if (grade_id := cell["metadata"].get("nbgrader", {}).get("grade_id"))
        and cell["metadata"]["nbgrader"]["solution"]
    }


def way_out(undecidable: Outcome) -> str:
    """What an author may write in place of a test that cannot be decided."""
    if undecidable.why == LATER:
        return "write what is decorated into the answer cell, and test what it gives"
    return "compare plain values there, as its attributes"


def _refusal(cell: str, outcome: Outcome) -> str:
    """Why an assignment cannot be graded: the source's own answers do not pass a test."""
    error = outcome.error
    line = f", line {error.line}" if error is not None and error.line else ""
    if outcome.how == UNDECIDABLE:
        return f"cell {cell}{line} cannot be decided ({outcome.why}); {way_out(outcome)}"
    why = error.what if error is not None else outcome.lost or outcome.why
    return f"cell {cell}{line}: the source's own answers do not pass it ({why}); mend the test or the answer"
