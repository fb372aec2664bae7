"""One grading session of the coordinator: what changed, what moved, and the writing of all files."""

from collections.abc import Sequence
from types import TracebackType

from autograder import classroom, grade, gradebook, graded, notebook, submission
from autograder.course import Assignment, Course
from autograder.submission import Submission
from autograder.verdicts import Result, keep, load_result

BATCH = 25  # results to a transaction of the gradebook


class Session:
    """Takes results one by one: keeps the verdict file, lays the graded notebooks, fills the gradebook."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course, self.assignment = course, assignment
        self._book = gradebook.connect(course)
        gradebook.register(self._book, course, assignment)
        self._ledger = gradebook.Ledger(self._book, assignment)
        self._bases = notebook.released(course.release(assignment.name), assignment)
        self._waiting: list[Result] = []
        self._before: dict[str, Result] = {}

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self._flush()
        self._book.close()

    def changed(self, students: Sequence[str], force: bool) -> list[str]:
        """The students whose submission, kit or dataset is not that of their kept result."""
        kit = grade.kit_hash(self.course, self.assignment)
        todo = []
        for student in students:
            kept = load_result(self.course, self.assignment.name, student)
            done = self.course.root / "autograded" / student / self.assignment.name
            if force or kept is None or kept.kit != kit or not done.is_dir():
                todo.append(student)
                continue
            handed_in = submission.read(self.course.submitted(self.assignment.name, student), student)
            if not classroom.still_holds(kept, handed_in, kit, self.assignment):
                todo.append(student)
        return todo

    def take(self, handed_in: Submission, result: Result) -> list[str]:
        """Write one result of a submission -> lines about marks that moved."""
        before = load_result(self.course, self.assignment.name, result.student)
        if before is not None:
            self._before[result.student] = before
        merged = notebook.merge_all(handed_in, self._bases, self.assignment)
        files = {**graded.other_files(handed_in), **graded.notebooks(merged, result, handed_in)}
        gradebook.write_autograded(self.course, self.assignment, result.student, files, result.timestamp)
        self._waiting.append(result)
        if len(self._waiting) >= BATCH:
            self._flush()
        return moved(before, result)

    def _flush(self) -> None:
        """The gradebook first, then the verdict files: a result without its marks is graded again."""
        if self._waiting:
            self._ledger.save(self._waiting, self._before)
            for result in self._waiting:
                keep(self.course, result)
            self._waiting, self._before = [], {}


def moved(before: Result | None, after: Result) -> list[str]:
    """Lines about the marks that are not what they were."""
    lines = []
    for task, verdict in after.verdicts.items():
        old = before.verdicts.get(task) if before is not None else None
        if old is not None and old.score != verdict.score:
            was, now = ("-" if s is None else f"{s:g}" for s in (old.score, verdict.score))
            lines.append(f"{after.student}: {task}: {was} -> {now}")
    return lines
