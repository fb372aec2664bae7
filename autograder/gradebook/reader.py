"""What people gave, read straight from the gradebook's tables: `scores` must not wait for nbgrader's imports."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.marks.final_marks import Mark, Marks

QUERY = """
SELECT handed.student_id, cell.name, grade.manual_score, grade.extra_credit, grade.needs_manual_grade,
       (SELECT comment.manual_comment FROM comment JOIN base_cell AS answer ON answer.id = comment.cell_id
        WHERE comment.notebook_id = grade.notebook_id AND comment.manual_comment <> ''
        AND answer.name IN (cell.name, cell.name || '-answer'))
FROM grade
JOIN base_cell AS cell ON cell.id = grade.cell_id
JOIN submitted_notebook AS book ON book.id = grade.notebook_id
JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
JOIN assignment ON assignment.id = handed.assignment_id
WHERE assignment.name = ?
"""


def read_manual_marks(course: Course, assignment: Assignment) -> Marks:
    """Student -> task -> mark, of all that a person gave; nothing where there is no gradebook."""
    path = course.gradebook
    if not course.db_url and not path.is_file():
        return {}
    found: dict[str, dict[str, Mark]] = {}
    try:
        rows = _in_postgresql(course, assignment) if course.db_url else _in_sqlite(path, assignment)
        for student, task, score, extra, waits, comment in rows:
            mark = Mark(score, extra or 0.0, bool(waits), (comment or "").strip())
            if mark.given:
                found.setdefault(student, {})[task] = mark
    except sqlite3.Error as error:
        raise CourseError(
            f"{path}: people's marks cannot be read ({error}); `autograder doctor` looks closer"
        ) from error
    return found


def _in_sqlite(path: Path, assignment: Assignment) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as base:
        return base.execute(QUERY, (assignment.name,)).fetchall()


def _in_postgresql(course: Course, assignment: Assignment) -> list[tuple[Any, ...]]:
    import psycopg  # only where it is used

    try:
        with psycopg.connect(
            course.db_url.replace("postgresql+psycopg:", "postgresql:", 1), connect_timeout=10
        ) as base:
            return base.execute(QUERY.replace("?", "%s"), (assignment.name,)).fetchall()
    except psycopg.errors.UndefinedTable:
        return []  # nothing is graded yet
    except psycopg.Error as error:
        why = (str(error).strip().splitlines() or ["no answer"])[0]
        raise CourseError(
            f"{course.gradebook_name}: people's marks cannot be read ({why}); start the server or mend db_url"
        ) from error
