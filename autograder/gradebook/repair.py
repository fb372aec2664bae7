"""A broken gradebook: what people gave is read from it where that is possible, then it is laid aside."""

import contextlib
import sqlite3
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.files import unwritable
from autograder.gradebook.reader import MARKS
from autograder.marks.manual_marks import ManualMark, Sheet, keep_sheet, load_sheet, manual_mark, taken_up
from autograder.marks.verdict_files import load_result

LOST = "names and e-mail addresses of students, due dates, and other assignments: those are not in the verdicts"


def mend(course: Course, assignment: Assignment) -> list[str]:
    """Lay a broken gradebook aside, so that a new one is made -> lines about what could be saved."""
    path = course.gradebook
    if not path.exists():
        return [f"{path}: was not there; made again. Not restored: {LOST}"]
    if not (why := _broken(path)):
        return []
    read, whole = _given(path, assignment.name)
    for student, found in read.items():
        _keep(course, assignment.name, student, found)
    aside = _aside(path)
    saved = f"marks of people read from it: {sum(map(len, read.values()))}"
    missing = "" if whole else "; not all of it could be read: what people gave since the last grading may be lost"
    return [
        f"{path}: broken ({why}); laid aside as {aside.name}, and made again",
        saved + missing,
        f"not restored: {LOST}",
    ]


def _broken(path: Path) -> str:
    """Why the gradebook cannot be used, or ""."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            said = str(database.execute("PRAGMA integrity_check").fetchone()[0])
            database.execute("SELECT count(*) FROM alembic_version").fetchone()
            database.execute(f"{MARKS} LIMIT 1", ("",)).fetchone()
            return "" if said == "ok" else said.splitlines()[0]
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise CourseError(
                f"{path}: {error}; another program holds it (the formgrader, a database viewer): close that, "
                "then run the same command again"
            ) from error
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def _given(path: Path, assignment: str) -> tuple[dict[str, dict[str, ManualMark]], bool]:
    """What people gave, as far as it can be read -> (by student and task, whether all was read)."""
    found: dict[str, dict[str, ManualMark]] = {}
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            for student, task, _, score, extra, waits, comment in database.execute(MARKS, (assignment,)):
                mark = manual_mark(score, extra, comment, waits)
                if mark.given or mark.comment:
                    found.setdefault(student, {})[task] = mark
    except sqlite3.DatabaseError:
        return found, False
    return found, True


def _keep(course: Course, assignment: str, student: str, found: dict[str, ManualMark]) -> None:
    """Take up what was read; what could not be read stays as the sheet has it."""
    result = load_result(course, assignment, student)
    sheet = load_sheet(course, assignment, student)
    known = dict(sheet.marks) if sheet else {}
    if result is not None:
        taken: Sheet = taken_up(sheet, {**known, **found}, result.by_person)
        if taken != sheet:
            keep_sheet(course, assignment, student, taken)


def _aside(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.stem}-broken-{number}{path.suffix}")).exists():
        number += 1
    try:
        path.rename(other)
        journal = path.with_name(f"{path.name}-journal")
        if journal.exists():
            journal.rename(other.with_name(f"{other.name}-journal"))
    except OSError as error:
        raise unwritable(path, error) from error
    return other
