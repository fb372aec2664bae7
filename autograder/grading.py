"""`autograder grade` from its first line to its last: a session fed by the workers, and what it says on the way."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder import classroom, session
from autograder.course import Assignment, Course, CourseError
from autograder.progress import Progress


@dataclass(frozen=True)
class How:
    """Where and how a class is graded. force: what has not changed too; cluster: a scheduler's address."""

    jobs: int
    force: bool = False
    unsafe: bool = False
    cluster: str = ""

    def place(self, count: int) -> contextlib.AbstractContextManager[classroom.Workers]:
        """The workers for that many submissions."""
        if self.cluster:
            return classroom.cluster(self.cluster)
        return contextlib.nullcontext(classroom.local(min(self.jobs, count)))


def grade_class(
    course: Course, assignment: Assignment, names: Sequence[str], how: How, out: Console, quiet: bool = False
) -> tuple[list[str], list[str]]:
    """Grade what changed -> (names graded now, names that our side failed on)."""
    with session.Session(course, assignment) as work:
        review = work.review(names, how.force)
        todo = review.todo
        kept = len(names) - len(todo) - len(review.elsewhere)
        dataset = f", dataset {assignment.dataset}" if assignment.dataset else ""
        out.print(f"grading {len(todo)} of {len(names)} submissions of {assignment.name}{dataset}")
        if review.elsewhere:
            out.print(f"{len(review.elsewhere)} are in another grader's hands now, and left to it")
        if kept:
            out.print(f"{kept} unchanged since they were graded; --force grades them too")
        _say(out, review.said)
        failed: list[str] = []
        if todo:
            with how.place(len(todo)) as workers, Progress(len(todo), out, quiet) as progress:
                for outcome in classroom.grade_all(course, assignment, todo, workers, how.unsafe, how.force):
                    if not _taken(work, outcome, progress):
                        failed.append(outcome[0].student)
        _say(out, work.finish())
    return todo, failed


def _taken(work: session.Session, outcome: classroom.Outcome, progress: Progress) -> bool:
    """Take one outcome -> whether it is graded, and whole."""
    handed_in, result = outcome
    name = handed_in.student
    if isinstance(result, CourseError):
        raise result
    if isinstance(result, Exception):
        progress.say(f"{name}: not graded: {type(result).__name__}: {result}")
        progress.step(ok=False)
        return False
    if progress.slowest < result.stretch:
        progress.slowest = result.stretch
        progress.say(_pace_line(work.assignment, result.stretch))
    for line in (*work.take(handed_in, result), *(f"{name}: {note}" for note in result.notes)):
        progress.say(line)
    progress.step()
    return not any(note.endswith("mark it by hand") for note in result.notes)


def _pace_line(assignment: Assignment, factor: float) -> str:
    times = assignment.limits.reference_times
    return f"slow machine: time limits are {factor:g} times as long, {times:g} times what the reference needs here"


def _say(out: Console, lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False)
