"""`autograder grade`: a session fed by the workers, and what it says on the way."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from autograder.commands.console import CORES, CourseDir, Jobs, Name, err, load, out, say, tell
from autograder.commands.scores import show_marks
from autograder.course import Assignment, Course, few
from autograder.errors import CourseError
from autograder.gradebook.reader import read_rows
from autograder.marks import verdict_files
from autograder.progress import Progress

if TYPE_CHECKING:  # nbgrader takes seconds to import
    from autograder.grading.session import GradingSession
    from autograder.grading.workers import Outcome, Workers


def command(
    assignment: Name,
    student: Annotated[list[str] | None, typer.Argument(help="Only these students.")] = None,
    course: CourseDir = Path(),
    jobs: Jobs = CORES,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="ADDRESS", help="A dask scheduler, for example tcp://host:8786.")
    ] = "",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Only make the gradebook again, from the kept verdicts.")
    ] = False,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Marks that people gave out of other points keep their share of them.")
    ] = False,
    explain: Annotated[
        str, typer.Option("--explain", metavar="TASK", help="Only replay one student's verdict on TASK, for an appeal.")
    ] = "",
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="DIR", help="Grade one student, and write all that happens into DIR."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="Run code without walls. Only for code you trust.")
    ] = False,
) -> None:
    """Grade submitted/*/ASSIGNMENT/ into nbgrader's gradebook."""
    from autograder.releasing import drift  # numpy

    loaded, wanted = load(course, assignment)
    apart = drift.told(loaded, wanted)
    try:
        names = verdict_files.students(loaded, wanted, student or [])
    except CourseError:
        say(apart)
        raise
    misnamed = {} if student else verdict_files.misnamed(loaded, wanted)
    if explain:
        from autograder.grading import appeals  # numpy and the judge

        return say(appeals.explain(loaded, wanted, student or [], explain, read_rows(loaded, wanted), tell))
    if rebuild:
        from autograder.grading import session  # nbgrader takes seconds to import

        return say(session.rebuild(loaded, wanted, names))
    if unsafe:
        err.print("[bold red]warning:[/] --unsafe-no-sandbox: submitted code can do what you can do")
    if trace is not None and (len(student or []) != 1 or cluster):
        again = f"`autograder grade {wanted.name} STUDENT --trace {trace}`"
        raise CourseError(f"--trace {trace}: it takes one student, and this machine: {again}")
    how = How(jobs, force or trace is not None, unsafe, cluster, trace, rescale)
    graded, failed = grade_class(loaded, wanted, names, how, out, quiet)
    if trace is not None:
        out.print(f"trace: {trace}/timeline.txt and more (hidden inputs are in it: not for students)")
    if not quiet and graded:
        show_marks(loaded, wanted, graded)
    if not quiet:
        out.print(f"next: `autograder report {wanted.name}` writes the feedback and the class report")
    say([*apart, *misnamed.values()])
    failed += misnamed
    if failed:
        raise CourseError(f"{len(failed)} not graded, or not whole ({few(failed)}): told above; the others are safe")


@dataclass(frozen=True)
class How:
    """Where and how a class is graded. force: what has not changed too; cluster: a scheduler's address."""

    jobs: int
    force: bool = False
    unsafe: bool = False
    cluster: str = ""
    trace: Path | None = None  # a folder for all that happens to the one submission
    rescale: bool = False

    def place(self, count: int) -> "contextlib.AbstractContextManager[Workers]":
        """The workers for that many submissions."""
        from autograder.grading import workers  # numpy and more

        if self.cluster:
            return workers.cluster(self.cluster)
        return contextlib.nullcontext(workers.local(min(self.jobs, count)))


def grade_class(
    course: Course, assignment: Assignment, names: Sequence[str], how: How, out: Console, quiet: bool = False
) -> tuple[list[str], list[str]]:
    """Grade what changed -> (names graded now, names that our side failed on)."""
    # nbgrader takes seconds to import
    from autograder.grading import workers
    from autograder.grading.session import GradingSession
    from autograder.grading.workers import grade_all
    from autograder.judging import dataset

    with GradingSession(course, assignment, rescale=how.rescale) as work:
        review = work.review(names, how.force)
        todo = review.todo
        kept = len(names) - len(todo) - len(review.elsewhere)
        on = f", dataset {assignment.dataset}" if assignment.dataset else ""
        out.print(f"grading {len(todo)} of {len(names)} submissions of {assignment.name}{on}")
        if review.elsewhere:
            out.print(f"{len(review.elsewhere)} are in another grader's hands now, and left to it")
        if kept:
            out.print(f"{kept} unchanged since they were graded; --force grades them too")
        say(review.said)
        failed: list[str] = []
        if todo:
            dataset.have(course, assignment, tell)  # once, before each worker needs it
            with how.place(len(todo)) as place, Progress(len(todo), out, quiet) as progress:
                if how.trace is not None:
                    outcome = workers.traced(course, assignment, todo[0], how.unsafe, how.trace)
                    outcomes: Generator[Outcome, None, None] = (one for one in [outcome])
                else:
                    outcomes = grade_all(course, assignment, todo, place, how.unsafe, how.force)
                with contextlib.closing(outcomes):  # a refusal on the way takes the workers down, here and now
                    for outcome in outcomes:
                        if not _taken(work, outcome, progress):
                            failed.append(outcome[0].student)
        say(work.finish())
    failed += [name for name in work.unwritten if name not in failed]
    if work.unreadable:
        raise CourseError("; ".join(dict.fromkeys(work.unreadable)))
    return todo, failed


def _taken(work: "GradingSession", outcome: "Outcome", progress: Progress) -> bool:
    """Take one outcome -> whether it is graded, and whole."""
    handed_in, result = outcome
    name = handed_in.student
    if isinstance(result, CourseError):
        raise result
    if isinstance(result, Exception):
        progress.say(f"{name}: not graded: {type(result).__name__}: {result}", always=True)
        progress.step(ok=False)
        return False
    if progress.slowest < result.stretch:
        progress.slowest = result.stretch
        progress.say(_pace_line(work.assignment, result.stretch))
    for line in work.take(handed_in, result):
        progress.say(line, always=True)
    for note in result.notes:
        progress.say(f"{name}: {note}")
    progress.step(ok=name not in work.unwritten)
    return not any(verdict.fault for verdict in result.verdicts.values())


def _pace_line(assignment: Assignment, factor: float) -> str:
    times = assignment.limits.reference_times
    return f"slow machine: time limits are {factor:g} times as long, {times:g} times what the reference needs here"
