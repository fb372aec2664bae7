"""An assignment in the gradebook: its notebooks, its cells with their points, its due date."""

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from autograder.course import Assignment, Course
from autograder.course.late import due_time
from autograder.gradebook import reader
from autograder.gradebook.database import api, one_at_a_time
from autograder.gradebook.faults import telling
from autograder.marks.final_marks import Rows
from autograder.marks.manual_marks import UnreadableSheet, hears, keep_sheet, load_sheet, taken_up
from autograder.marks.verdict_files import load_result
from autograder.submissions import merge

Key = tuple[str, ...]


def register(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the assignment's notebooks and cells into the gradebook, as generate_assignment does."""
    points = _points(assignment)
    with telling(course.gradebook_name), one_at_a_time(course.gradebook_url):
        gradebook.update_or_create_assignment(assignment.name)
        set_terms(gradebook, course, assignment)  # of the cells that are there, while their old points are
        for name, base in merge.released(course.release(assignment.name), assignment).items():
            gradebook.update_or_create_notebook(name, assignment.name)
            for cell in base.raw["cells"]:
                info = cell["metadata"].get("nbgrader")
                if info:
                    worth = points.get((name, info["grade_id"]), 0.0)
                    _register_cell(gradebook, (info["grade_id"], name, assignment.name), cell, worth)
        set_terms(gradebook, course, assignment)


def set_terms(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the due date and the points into the gradebook, as course_config.py has them now."""
    found = gradebook.find_assignment(assignment.name)
    due = due_time(assignment.due, course.timezone)
    if due is not None and found.duedate != due:
        found.duedate = due
    points = _points(assignment)
    cells = [cell for book in found.notebooks for cell in book.grade_cells]
    new = {cell: points.get((cell.notebook.name, cell.name), 0.0) for cell in cells}
    if any(cell.max_score != worth for cell, worth in new.items()):
        hear_points(course, assignment, rows_in(gradebook.db, assignment))
    for cell, worth in new.items():
        cell.max_score = worth
    gradebook.db.commit()


def hear_points(course: Course, assignment: Assignment, rows: Rows) -> None:
    """Before the gradebook shows the course's points: what people gave until now was out of those before.

    rows: what they gave. Without a note of it, what they give next would be taken for out of the old points.
    """
    points = {task.name: task.points for task in assignment.tasks}
    for student, row in rows.students.items():
        result = load_result(course, assignment.name, student)
        given = {task: mark for task, mark in row.marks.items() if mark.given or mark.comment}
        with contextlib.suppress(UnreadableSheet):  # it is never written over; whoever saves the marks says so
            if result is not None:
                sheet = load_sheet(course, assignment.name, student)
                keep_sheet(course, assignment.name, student, hears(taken_up(sheet, given, result.by_person), points))


def rows_in(session: Any, assignment: Assignment) -> Rows:
    """What a session of the gradebook knows of an assignment, its own unwritten changes too."""
    named = {"name": assignment.name}
    tables = [session.execute(text(query.replace("?", ":name")), named).fetchall() for query in reader.QUERIES]
    return reader.rows_of(assignment, *tables)


def _points(assignment: Assignment) -> dict[Key, float]:
    """What counts as the whole, by notebook and task: what an optional task gives comes on top of it.

    A cell of the release that is no task of the course counts nothing; nobody marks it.
    """
    return {(task.notebook, task.grade_cell): task.points for task in assignment.tasks if not task.optional}


def _register_cell(gradebook: api.Gradebook, where: Key, cell: Mapping[str, Any], points: float) -> None:
    info, kind = cell["metadata"]["nbgrader"], cell["cell_type"]
    if info["grade"]:
        gradebook.update_or_create_grade_cell(*where, max_score=points, cell_type=kind)
    if info["solution"]:
        gradebook.update_or_create_solution_cell(*where)
    gradebook.update_or_create_source_cell(
        *where,
        cell_type=kind,
        locked=bool(info["locked"]),
        source="".join(cell["source"]),
        checksum=info.get("checksum"),
    )
