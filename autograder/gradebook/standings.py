"""What stands in the gradebook beside the verdicts: the class, penalties for lateness, and the marks to hand on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update

from autograder.course import Assignment, Course, roster, shown
from autograder.course.roster import Roster
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook import database as books
from autograder.gradebook import registration, writer
from autograder.gradebook.database import api
from autograder.lms.export import SYSTEMS, Class, Exported
from autograder.marks import final_marks, verdict_files
from autograder.marks.final_marks import StudentMark

Row = Mapping[str, Any]


def enrol(gradebook: api.Gradebook, assignment: Assignment, people: Roster) -> None:
    """Put the roster's people into the gradebook; nobody is taken out."""
    rows: dict[tuple[str, ...], Row] = {
        (person.id,): {
            "first_name": person.first_name or None,
            "last_name": person.last_name or None,
            "email": person.ids.get("email"),
            "lms_user_id": person.ids.get("canvas_id") or person.ids.get("moodle_id"),
        }
        for person in people.people
    }
    if rows:
        writer.begin(gradebook.db, assignment)
        writer.put(gradebook.db, api.Student, ("id",), rows, api.Student.id.in_([key[0] for key in rows]))
        gradebook.db.commit()


def settle_late(
    gradebook: api.Gradebook, course: Course, assignment: Assignment, students: Sequence[str] = ()
) -> list[str]:
    """Bring the penalties to what the due date and the policy are now -> lines on those that moved.

    students: only theirs; all by default.
    """
    session = gradebook.db
    registration.set_terms(gradebook, course, assignment)
    writer.begin(session, assignment)
    notebooks = list(session.execute(_submitted_notebooks(assignment)).mappings())
    wanted = {row["student_id"] for row in notebooks if not students or row["student_id"] in students}
    marks = final_marks.class_marks(
        course, assignment, wanted, registration.rows_in(session, assignment), lost_too=True
    )
    changed, moved = [], []
    for row in notebooks:
        if row["student_id"] not in marks:
            continue
        mark = marks[row["student_id"]]
        tasks = [mark.result.verdicts.get(t.name) for t in assignment.tasks if t.notebook == row["name"]]
        penalty = final_marks.penalty_of(mark.share, tasks) if mark.share else None
        if penalty != row["late_submission_penalty"]:
            changed.append({"row": row["id"], "late_submission_penalty": penalty})
            was, now = (shown(value or 0) for value in (row["late_submission_penalty"], penalty))
            moved.append(f"{row['student_id']}: {row['name']}: late penalty {was} -> {now}")
    if changed:
        table = api.SubmittedNotebook.__table__
        session.execute(update(table).where(table.c.id == bindparam("row")), changed)
    session.commit()
    return moved


def _submitted_notebooks(assignment: Assignment) -> Any:
    """Every submitted notebook of an assignment, with whose it is."""
    handed, notebook = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
    book, task = api.Notebook.__table__, api.Assignment.__table__
    columns = (notebook.c.id, notebook.c.late_submission_penalty, handed.c.student_id, book.c.name)
    return (
        select(*columns)
        .join(handed, notebook.c.assignment_id == handed.c.id)
        .join(book, notebook.c.notebook_id == book.c.id)
        .join(task, handed.c.assignment_id == task.c.id)
        .where(task.c.name == assignment.name)
        .order_by(handed.c.student_id, book.c.name)
    )


def standings(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> dict[str, StudentMark]:
    """The marks of all who handed in, by student, with penalties as they are now."""
    settle_late(gradebook, course, assignment)
    rows = registration.rows_in(gradebook.db, assignment)
    return final_marks.class_marks(course, assignment, rows.students, rows, lost_too=True)


def export_file(
    course: Course, assignment: Assignment, to: str, sheet: Path | None, output: Path | None, partial: bool
) -> tuple[Path, Exported]:
    """Write the marks for a learning system -> the file, and what is to be said about it."""
    if to not in SYSTEMS:
        raise CourseError(f"--to {to}: not one of {', '.join(SYSTEMS)}")
    with books.connect(course) as gradebook:
        registration.register(gradebook, course, assignment)
        found = standings(gradebook, course, assignment)
    if not found:
        raise CourseError(f"no marks of {assignment.name} in the gradebook; run `autograder grade {assignment.name}`")
    handed_in = [name for name in found if course.submitted(assignment.name, name).is_dir()]
    notes = verdict_files.told_again(course, assignment, handed_in)
    path = output or course.root / "exports" / f"{assignment.name}-{to}.csv"
    made = SYSTEMS[to](Class(course, assignment, roster.load_roster(course), found, partial), sheet)
    write_whole(path, made.text.encode())
    return path, replace(made, notes=(*notes, *made.notes))
