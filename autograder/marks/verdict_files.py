"""The kept results of submissions: verdict files, and the answers beside them. No numpy: quick to load."""

import json
from collections.abc import Sequence
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.course.roster import UNSAFE
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.verdicts import Result, result_from
from autograder.marks.manual_marks import Sheet, UnreadableSheet, keep_sheet, load_sheet


def students(course: Course, assignment: Assignment, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the students with a submission; CourseError for a wanted one without."""
    folder = course.root / "submitted"
    found = sorted(p.parent.name for p in folder.glob(f"*/{assignment.name}") if p.is_dir())
    for name in wanted:
        if name not in found:
            raise CourseError(f"{course.submitted(assignment.name, name)}: no such submission of {name!r}")
    if not found:
        raise CourseError(
            f"{folder}: no submissions of {assignment.name}; put them in submitted/STUDENT/{assignment.name}/"
        )
    names = list(dict.fromkeys(wanted)) or found
    for name in names:
        if UNSAFE.search(name):
            raise CourseError(f"{folder}/{name}: a name with any of < > \" \\ would run in nbgrader's pages; rename it")
    return names


def verdict_file(course: Course, assignment: str, student: str) -> Path:
    """Where a submission's result is kept."""
    return course.state / "verdicts" / assignment / f"{student}.json"


def load_result(course: Course, assignment: str, student: str) -> Result | None:
    """The kept result, or None where there is none that can be read."""
    path = verdict_file(course, assignment, student)
    try:
        return result_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def answers_file(course: Course, assignment: str, student: str) -> Path:
    """Where the answers of a submission are kept."""
    return course.state / "answers" / assignment / f"{student}.frame"


def kept_answers(course: Course, assignment: str, student: str) -> bytes:
    """The kept answers of a submission, or b""."""
    try:
        return answers_file(course, assignment, student).read_bytes()
    except OSError:
        return b""


def keep(course: Course, result: Result) -> None:
    """Write a result's verdict file, and the answers beside it."""
    before = load_result(course, result.assignment, result.student)
    if before is not None and before.by_person != result.by_person:
        _remember(course, before)
    if result.answers:
        write_whole(answers_file(course, result.assignment, result.student), result.answers, 0o600)
    path = verdict_file(course, result.assignment, result.student)
    write_whole(path, json.dumps(result.as_json(), ensure_ascii=False).encode())


def _remember(course: Course, before: Result) -> None:
    """Note which answers the gradebook knows, before it hears of others: its marks are for those."""
    try:
        if load_sheet(course, before.assignment, before.student) is None:
            keep_sheet(course, before.assignment, before.student, Sheet(heard=before.by_person))
    except UnreadableSheet:
        pass  # it is never written over; whoever writes the gradebook says so
