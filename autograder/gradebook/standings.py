"""What stands in the gradebook beside the verdicts: the class, penalties for lateness, and the marks to hand on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import bindparam, select, update

from autograder.course import Assignment, Course, roster
from autograder.course.roster import Roster
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook import database as books
from autograder.gradebook import registration, writer
from autograder.lms.export import SYSTEMS, Class, Exported, Standing

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


def settle_late(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> list[str]:
    """Bring all penalties to what the due date and the policy are now -> lines on those that moved."""
    session = gradebook.db
    registration.set_terms(gradebook, course, assignment)
    due = gradebook.find_assignment(assignment.name).duedate
    writer.begin(session, assignment)
    changed, moved = [], []
    for row in session.execute(_papers(assignment)).mappings().all():
        late = due is not None and row["timestamp"] is not None
        seconds = (row["timestamp"] - due).total_seconds() if late else 0.0
        if row["extension"] is not None:
            seconds -= row["extension"].total_seconds()
        total = sum(score for _, score in _grades(session, row["id"]))
        penalty = assignment.late.penalty(row["student_id"], total, max(0.0, seconds))
        if penalty != row["late_submission_penalty"]:
            changed.append({"row": row["id"], "late_submission_penalty": penalty})
            was, now = (f"{value or 0:g}" for value in (row["late_submission_penalty"], penalty))
            moved.append(f"{row['student_id']}: {row['name']}: late penalty {was} -> {now}")
    if changed:
        table = api.SubmittedNotebook.__table__
        session.execute(update(table).where(table.c.id == bindparam("row")), changed)
    session.commit()
    return moved


def _papers(assignment: Assignment) -> Any:
    """Every submitted notebook of an assignment, with whose it is and when it came."""
    handed, paper = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
    book, task = api.Notebook.__table__, api.Assignment.__table__
    columns = (paper.c.id, paper.c.late_submission_penalty, handed.c.student_id, handed.c.timestamp)
    return (
        select(*columns, handed.c.extension, book.c.name)
        .join(handed, paper.c.assignment_id == handed.c.id)
        .join(book, paper.c.notebook_id == book.c.id)
        .join(task, handed.c.assignment_id == task.c.id)
        .where(task.c.name == assignment.name)
        .order_by(handed.c.student_id, book.c.name)
    )


def _grades(session: Any, paper: str) -> list[tuple[Row, float]]:
    """The grades of a submitted notebook, each with its score as nbgrader counts it."""
    grade, cell = api.Grade.__table__, api.BaseCell.__table__
    query = select(grade, cell.c.name).join(cell, grade.c.cell_id == cell.c.id).where(grade.c.notebook_id == paper)
    return [(row, _score(row)) for row in session.execute(query).mappings().all()]


def _score(row: Row) -> float:
    given = row["auto_score"] if row["manual_score"] is None else row["manual_score"]
    return 0.0 if given is None else float(given) + float(row["extra_credit"] or 0.0)


def standings(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> dict[str, Standing]:
    """The marks of all who handed in, by student, with penalties as they are now."""
    settle_late(gradebook, course, assignment)
    session = gradebook.db
    answers = {task.answer_cell: task.name for task in assignment.tasks}
    tasks: dict[str, dict[str, float | None]] = {}
    comments: dict[str, dict[str, str]] = {}
    penalties: dict[str, float] = {}
    for row in session.execute(_papers(assignment)).mappings().all():
        student = row["student_id"]
        penalties[student] = penalties.get(student, 0.0) + (row["late_submission_penalty"] or 0.0)
        for grade, score in _grades(session, row["id"]):
            waits = grade["needs_manual_grade"] or (grade["auto_score"] is None and grade["manual_score"] is None)
            tasks.setdefault(student, {})[grade["name"]] = None if waits else score
        comments.setdefault(student, {}).update(_comments(session, row["id"], answers))
    return {
        student: Standing(student, found, penalties[student], comments.get(student, {}))
        for student, found in sorted(tasks.items())
    }


def _comments(session: Any, paper: str, answers: Mapping[str, str]) -> dict[str, str]:
    """What is said to the student about each task: a person's words before ours."""
    comment, cell = api.Comment.__table__, api.BaseCell.__table__
    query = select(comment.c.auto_comment, comment.c.manual_comment, cell.c.name)
    query = query.join(cell, comment.c.cell_id == cell.c.id).where(comment.c.notebook_id == paper)
    return {
        answers[row["name"]]: str(row["manual_comment"] or row["auto_comment"] or "")
        for row in session.execute(query).mappings().all()
        if row["name"] in answers
    }


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
    path = output or course.root / "exports" / f"{assignment.name}-{to}.csv"
    made = SYSTEMS[to](Class(course, assignment, roster.load_roster(course), found, partial), sheet)
    write_whole(path, made.text.encode())
    return path, made
