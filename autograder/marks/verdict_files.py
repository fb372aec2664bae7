"""The kept results of submissions: verdict files, and the answers beside them. No numpy: quick to load."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from autograder import archive
from autograder.course import Assignment, Course, few
from autograder.course.roster import MAX_ID, UNSAFE
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.verdicts import Result, result_from
from autograder.marks.manual_marks import Sheet, UnreadableSheet, keep_sheet, load_sheet

WHILE_GRADED = 600.0  # seconds between the reading of a submission and its verdict, at most


def students(course: Course, assignment: Assignment, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the students with a submission, without the misnamed; CourseError for a wanted one without."""
    folder = course.root / "submitted"
    everybody = _folders(course, assignment)
    found = [name for name in everybody if not wrong_name(name)]
    for name in wanted:
        if name in everybody and wrong_name(name):
            raise CourseError(f"{folder}/{_shown(name)}: {wrong_name(name)}; rename it")
        if name not in found:
            raise CourseError(f"{course.submitted(assignment.name, name)}: no such submission of {name!r}")
    if not found:
        raise CourseError(
            "; ".join(misnamed(course, assignment).values())
            or f"{folder}: no submissions of {assignment.name}; put them in submitted/STUDENT/{assignment.name}/"
        )
    return list(dict.fromkeys(wanted)) or found


def misnamed(course: Course, assignment: Assignment) -> dict[str, str]:
    """Folders in submitted/ that cannot be a student's, each with a line: it is left out, and the others are not."""
    return {
        _shown(name): f"{course.root}/submitted/{_shown(name)}: left out: {wrong_name(name)}; rename it"
        for name in _folders(course, assignment)
        if wrong_name(name)
    }


def _folders(course: Course, assignment: Assignment) -> list[str]:
    found = (path.parent.name for path in (course.root / "submitted").glob(f"*/{assignment.name}") if path.is_dir())
    return sorted(name for name in found if not archive.IGNORED.fullmatch(name))


def wrong_name(name: str) -> str:
    """Why a folder's name cannot be a student's; "" where it can."""
    if not name.isprintable():
        return "a name that is not UTF-8, or has characters that do not print"
    if UNSAFE.search(name):
        return "a name with any of < > \" \\ would run in nbgrader's pages"
    return f"a name of more than {MAX_ID} bytes" if len(name.encode()) > MAX_ID else ""


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(os.fsencode(name).decode("utf-8", "backslashreplace"))[1:-1]


def verdict_file(course: Course, assignment: str, student: str) -> Path:
    """Where a submission's result is kept."""
    return course.state / "verdicts" / assignment / f"{student}.json"


def graded(course: Course, assignment: Assignment) -> bool:
    """Whether any result is kept."""
    return any(verdict_file(course, assignment.name, "x").parent.glob("*.json"))


def load_result(course: Course, assignment: str, student: str) -> Result | None:
    """The kept result, or None where there is none that can be read."""
    path = verdict_file(course, assignment, student)
    try:
        return result_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def told_again(course: Course, assignment: Assignment, names: Sequence[str]) -> list[str]:
    """A line on those of whom other work lies in submitted/ than the one that was graded; [] where there is nobody.

    Only work that changed while it was graded, or later, is read: by the time of the change, which nobody sets.
    """
    from autograder.submissions.submission import read_submission  # numpy comes with it

    again = []
    for name in names:
        folder, kept = course.submitted(assignment.name, name), verdict_file(course, assignment.name, name)
        if not kept.is_file():
            continue
        changed = max(path.stat(follow_symlinks=False).st_ctime for path in (folder, *folder.rglob("*")))
        result = load_result(course, assignment.name, name)
        if result is None or changed < kept.stat().st_mtime - WHILE_GRADED:
            continue
        now = read_submission(folder, name)
        if (now.digest, now.timestamp) != (result.digest, result.timestamp):
            again.append(name)
    who = f"handed in again since the grading, with the marks of before: {few(again)}"
    return [f"{who}; run `autograder grade {assignment.name}`"] if again else []


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
    write_whole(path, json.dumps(result.as_json(), ensure_ascii=False).encode(), 0o600)


def _remember(course: Course, before: Result) -> None:
    """Note which answers the gradebook knows, before it hears of others: its marks are for those."""
    try:
        if load_sheet(course, before.assignment, before.student) is None:
            keep_sheet(course, before.assignment, before.student, Sheet(heard=before.by_person))
    except UnreadableSheet:
        pass  # it is never written over; whoever writes the gradebook says so
