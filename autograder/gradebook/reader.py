"""The gradebook's tables, read as they are: `scores` must not wait for nbgrader's imports."""

import contextlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.marks.final_marks import HandedIn, Rows
from autograder.marks.manual_marks import ManualMark, finite, manual_mark

MARKS = """
SELECT handed.student_id, cell.name, grade.auto_score, grade.manual_score, grade.extra_credit,
       grade.needs_manual_grade
FROM grade
JOIN base_cell AS cell ON cell.id = grade.cell_id
JOIN submitted_notebook AS book ON book.id = grade.notebook_id
JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
JOIN assignment ON assignment.id = handed.assignment_id
WHERE assignment.name = ?
"""
COMMENTS = """
SELECT handed.student_id, cell.name, comment.manual_comment
FROM comment
JOIN base_cell AS cell ON cell.id = comment.cell_id
JOIN submitted_notebook AS book ON book.id = comment.notebook_id
JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
JOIN assignment ON assignment.id = handed.assignment_id
WHERE comment.manual_comment <> '' AND assignment.name = ?
"""
TIMES = """
SELECT handed.student_id, handed.timestamp, handed.extension
FROM submitted_assignment AS handed JOIN assignment ON assignment.id = handed.assignment_id
WHERE assignment.name = ?
"""
DUE = "SELECT duedate FROM assignment WHERE name = ?"
QUERIES = (MARKS, COMMENTS, TIMES, DUE)
EPOCH = datetime(1970, 1, 1)  # SQLite has no intervals: SQLAlchemy writes them as times after this one


def read_rows(course: Course, assignment: Assignment) -> Rows:
    """All that the gradebook knows of an assignment; nothing where there is no gradebook."""
    if not course.db_url and not course.gradebook.is_file():
        return Rows()
    try:
        read = _in_postgresql(course, assignment) if course.db_url else in_sqlite(course.gradebook, assignment.name)
    except sqlite3.Error as error:
        raise CourseError(
            f"{course.gradebook}: people's marks cannot be read ({error}); `autograder doctor` looks closer"
        ) from error
    return rows_of(assignment, *read)


Table = list[tuple[Any, ...]]


def rows_of(assignment: Assignment, marks: Table, comments: Table, times: Table, due: Table) -> Rows:
    """What was read, as records. A comment may stand at any cell of a task's; its mark at one."""
    tasks = {task.grade_cell: task.name for task in assignment.tasks}
    of_cell = {cell: task.name for task in assignment.tasks for cell in (*task.test_cells, *task.answer_cells)}
    said = {(student, of_cell.get(cell, cell)): comment for student, cell, comment in comments}
    students: dict[str, dict[str, ManualMark]] = {student: {} for student, _, _ in times}
    auto: dict[str, dict[str, float | None]] = {student: {} for student in students}
    for student, cell, score, manual, extra, waits in marks:
        if cell not in tasks and cell in of_cell:
            continue  # another test of a task: it has no points of its own
        task = str(tasks.get(cell, cell))
        auto[student][task] = finite(score)
        mark = manual_mark(manual, extra, said.get((student, task)), waits)
        if mark.given or mark.comment or mark.extra is not None:
            students[student][task] = mark
    handed = {
        student: HandedIn(students[student], _time(time), _interval(extension), auto[student])
        for student, time, extension in times
    }
    return Rows(handed, _time(due[0][0]) if due else None)


def in_sqlite(path: Path, assignment: str) -> tuple[Table, ...]:
    """The tables of a gradebook in a file."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as base:
        return tuple(base.execute(query, (assignment,)).fetchall() for query in QUERIES)


def _in_postgresql(course: Course, assignment: Assignment) -> tuple[Table, ...]:
    import psycopg  # only where it is used

    address = course.db_url.replace("postgresql+psycopg:", "postgresql:", 1)
    try:
        with psycopg.connect(address, connect_timeout=10) as base:
            return tuple(base.execute(query.replace("?", "%s"), (assignment.name,)).fetchall() for query in QUERIES)
    except psycopg.errors.UndefinedTable:
        return tuple([] for _ in QUERIES)  # nothing is graded yet
    except psycopg.Error as error:
        why = (str(error).strip().splitlines() or ["no answer"])[0]
        raise CourseError(
            f"{course.gradebook_name}: people's marks cannot be read ({why}); start the server or mend db_url"
        ) from error


def _time(value: Any) -> datetime | None:
    """A time of the gradebook: SQLite has it as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _interval(value: Any) -> timedelta | None:
    found: timedelta | None = datetime.fromisoformat(value) - EPOCH if isinstance(value, str) else value
    return found
