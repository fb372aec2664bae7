"""One grading session of the coordinator: what changed, what moved, and the writing of all files.

The order of writes makes every end of a session one that the next repairs: the verdict file first,
then the graded notebooks, then the gradebook. Both follow from the verdict file, so nobody's code
runs again for them.
"""

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from types import TracebackType

from autograder import deadline, files
from autograder.course import Assignment, Course, few, roster, shown
from autograder.course.fingerprint import grader_fingerprint
from autograder.errors import CourseError
from autograder.gradebook import database, faults, locks, registration, repair, standings
from autograder.gradebook.writer import GradebookWriter, Saved
from autograder.grading import workers
from autograder.judging.verdicts import Result
from autograder.marks.manual_marks import load_sheet
from autograder.marks.verdict_files import keep, load_result, verdict_file
from autograder.pages import graded_folder, graded_notebook
from autograder.sandbox.answers import printable
from autograder.submissions import merge, submission
from autograder.submissions.submission import Submission

BATCH = 25  # results to a transaction of the gradebook
MANY = 200  # kept results to a transaction


@dataclass
class Review:
    """What a session found at its start: who is to be graded, and lines about what it mended."""

    todo: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)  # in another grader's hands now, where several work at once
    said: list[str] = field(default_factory=list)


class GradingSession:
    """Takes results one by one: keeps the verdict file, lays the graded notebooks, fills the gradebook."""

    def __init__(self, course: Course, assignment: Assignment, rebuild: bool = False, rescale: bool = False) -> None:
        """rebuild: a gradebook that is broken is laid aside, and made again from the kept verdicts.

        rescale: marks that people gave out of other points keep their share of them.
        """
        self.course, self.assignment = course, assignment
        self.mended: list[str] = []
        self.unreadable: list[str] = []  # lines about sheets of what people gave
        self.unwritten: dict[str, str] = {}  # student -> why not all of the result is written; tried again next time
        self._open = contextlib.ExitStack()
        self._waiting: list[Result] = []
        self._trouble: CourseError | None = None
        try:
            self._locks = self._open.enter_context(locks.held(course, assignment))
            if rebuild and not course.db_url:
                self.mended = repair.mend(course, assignment)
            self._book = self._open.enter_context(database.connect(course))
            registration.register(self._book, course, assignment)
            self._people = roster.load_roster(course)
            standings.enrol(self._book, assignment, self._people)
            self._writer = GradebookWriter(self._book, course, assignment, rescale)
            self._bases = merge.released(course.release(assignment.name), assignment)
            self._ours = merge.release_files(course.release(assignment.name))
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> "GradingSession":
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        try:
            with contextlib.suppress(CourseError) if kind else contextlib.nullcontext():
                self._flush()
                if self._trouble is not None:
                    raise self._trouble
        finally:
            self._open.close()

    def review(self, students: Sequence[str], force: bool) -> Review:
        """Who is to be graded; and what an ended session left undone is done, without running student code."""
        fingerprint = grader_fingerprint(self.course, self.assignment)
        found = Review()
        found.elsewhere += [student for student in students if not self._locks.take(student)]
        students = [student for student in students if student not in found.elsewhere]
        zeros = {student: self._people.without_zeros(student) for student in students}
        found.said += [f"{student}: not in {self.course.roster}{why}" for student, why in zeros.items() if why]
        kept = {s: r for s in students if (r := self._kept(s)) is not None}
        self._sweep(students)
        found.said += self._enter(list(kept.values()))
        again = []
        for student in students:
            result = kept.get(student)
            if result is None and verdict_file(self.course, self.assignment.name, student).exists():
                found.said.append(f"{student}: the kept verdict cannot be read; graded again")
            if force or result is None or result.fingerprint != fingerprint:
                found.todo.append(student)
                continue
            try:
                handed_in = submission.read_submission(self.course.submitted(self.assignment.name, student), student)
            except Exception:  # whoever grades it tells why
                found.todo.append(student)
                continue
            if not workers.still_holds(result, handed_in, fingerprint, self.assignment):
                found.todo.append(student)
            elif not self._is_laid(handed_in, result):
                told = self._lay(handed_in, result)
                again += [] if told else [student]
                found.said += told
        if again:
            found.said.append(f"graded notebooks written again from kept verdicts: {few(again, 5)}")
        return found

    def rebuild(self, students: Sequence[str]) -> list[str]:
        """The gradebook from the kept verdicts and sheets, and nobody's code run -> lines about it."""
        kept = {s: r for s in students if (r := self._kept(s)) is not None}
        said = [*self.mended, *self._enter(list(kept.values()))]
        kept_sheets = [load_sheet(self.course, self.assignment.name, student) for student in kept]
        given = sum(len(sheet.marks) for sheet in kept_sheets if sheet is not None)
        said.append(f"the gradebook holds the kept verdicts of {len(kept)} students, and {given} entries of people")
        if left := [student for student in students if student not in kept]:
            said.append(f"no kept verdict: {few(left, 5)}; `autograder grade {self.assignment.name}` grades them")
        return said

    def take(self, handed_in: Submission, result: Result) -> list[str]:
        """Write one result of a submission -> lines about marks that moved, and of people's that no longer hold."""
        before = load_result(self.course, self.assignment.name, result.student)
        try:
            keep(self.course, result)
        except CourseError:  # of the disk or the folder
            raise
        except Exception as error:
            return [self._left(result.student, "verdict", error)]
        told = self._lay(handed_in, result)
        self._waiting.append(replace(result, answers=b"", notebooks={}))  # the writer has no use for them
        waiting = self._flush().waiting if len(self._waiting) >= BATCH else ()
        return [*told, *moved(before, result), *waiting]

    def finish(self) -> list[str]:
        """Write what waits, and the penalties for lateness -> lines about both."""
        waiting = self._flush().waiting
        if self._writer.other_points:
            again = f"`autograder grade {self.assignment.name} --rescale` gives each its share of the new points"
            waiting = (*waiting, f"marks that people gave out of other points wait: {again}; or mark them again")
        with faults.telling(self.course.gradebook_name):
            return [*waiting, *standings.settle_late(self._book, self.course, self.assignment)]

    def _kept(self, student: str) -> Result | None:
        """The kept result where it has all the tasks that the course has now."""
        result = load_result(self.course, self.assignment.name, student)
        whole = result is not None and {task.name for task in self.assignment.tasks} <= set(result.verdicts)
        return result if whole else None

    def _sweep(self, students: Sequence[str]) -> None:
        """Remove what ended sessions left half-written."""
        kept = [self.course.state / kind / self.assignment.name for kind in ("verdicts", "answers", "marks")]
        folders = [self.course.root / kind / student for kind in ("autograded", "feedback") for student in students]
        files.sweep([self.course.root, self.course.state, self.course.state / "data", *kept, *folders])

    def _enter(self, kept: Sequence[Result]) -> list[str]:
        """Bring the gradebook to the kept results -> lines about what that changed."""
        said: list[str] = []
        entered: list[str] = []
        for at in range(0, len(kept), MANY):
            saved = self._save(kept[at : at + MANY])
            entered += saved.entered
            said += [f"{line} (gradebook mended from the kept verdict)" for line in saved.moved]
            said += saved.waiting
            self.unreadable += saved.unreadable
        if entered:
            said.insert(0, f"kept verdicts entered into the gradebook: {few(entered, 5)}")
        return said

    def _is_laid(self, handed_in: Submission, result: Result) -> bool:
        names = [f"{name}.ipynb" for name in self._bases] + list(graded_notebook.other_files(handed_in, self._ours))
        return graded_folder.is_laid(
            self.course, self.assignment, result.student, names, result.stamp, handed_in.receipt
        )

    def _lay(self, handed_in: Submission, result: Result) -> list[str]:
        """Lay the graded notebooks -> a line where that fails: what one student handed in stops nobody else."""
        try:
            with deadline.within(self.assignment.limits.total_seconds):
                books = graded_notebook.of_result(handed_in, self._bases, self.assignment, result, self._ours)
                written = {**graded_notebook.other_files(handed_in, self._ours), **books, **handed_in.receipt}
                graded_folder.lay(self.course, self.assignment, result.student, written)
        except Exception as error:
            if files.of_the_machine(error):
                raise
            return [self._left(result.student, "graded notebooks", error)]
        return []

    def _left(self, student: str, what: str, error: Exception) -> str:
        """Note what could not be written of one student's result -> the line about it."""
        why = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        line = printable(f"{student}: {what} not written: {why}")
        self.unwritten.setdefault(student, line)
        return line

    def _flush(self) -> Saved:
        """Save the waiting results. A gradebook in trouble stops nobody's grading: the next session enters them."""
        batch, self._waiting = self._waiting, []
        try:
            saved = self._save(batch)
            self.unreadable += saved.unreadable
            return saved
        except CourseError as error:
            self._trouble = error
            return Saved()

    def _save(self, batch: Sequence[Result]) -> Saved:
        """Save results together; where one of them cannot be, each alone, and that one is left."""
        try:
            return self._writer.save(batch) if batch else Saved()
        except CourseError:
            raise
        except Exception as error:
            if len(batch) == 1:
                line = self._left(batch[0].student, "marks in the gradebook", error)
                return Saved(waiting=(line,))
        each = [self._save([result]) for result in batch]
        return Saved(*(tuple(itertools.chain.from_iterable(lines)) for lines in zip(*map(astuple, each), strict=True)))


def rebuild(course: Course, assignment: Assignment, students: Sequence[str]) -> list[str]:
    """Make the gradebook again, from the kept verdicts and sheets -> lines about it.

    Where a sheet cannot be read, nothing is touched: a person's marks would be gone.
    """
    for student in students:
        load_sheet(course, assignment.name, student)
    with GradingSession(course, assignment, rebuild=True) as work:
        return work.rebuild(students)


def moved(before: Result | None, after: Result) -> list[str]:
    """Lines about the marks that are not what they were."""
    lines = []
    for task, verdict in after.verdicts.items():
        old = before.verdicts.get(task) if before is not None else None
        if old is not None and (old.score, old.max_score) != (verdict.score, verdict.max_score):
            points = old.max_score != verdict.max_score
            was, now = (
                f"{shown(v.score)} of {shown(v.max_score)}" if points else shown(v.score) for v in (old, verdict)
            )
            lines.append(f"{after.student}: {task}: {was} -> {now}")
    return lines
