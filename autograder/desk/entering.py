"""What people gave at the desk -> the rows of nbgrader's gradebook and the sheets, and back."""

import contextlib
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import false, or_, select, text, update

from autograder.course import Assignment, Course
from autograder.desk.journal import Member
from autograder.errors import CourseError
from autograder.gradebook import writer
from autograder.gradebook.database import api
from autograder.gradebook.faults import telling
from autograder.marks.manual_marks import ManualMark, Sheet, UnreadableSheet, keep_sheet, load_sheet, manual_mark
from autograder.marks.verdict_files import load_result

Key = tuple[str, str]  # student, task


@dataclass(frozen=True)
class Row:
    """One task of one student in the gradebook: the ids of its two rows, and what a person gave."""

    grade: str
    comment: str
    mark: ManualMark


def same(one: ManualMark, other: ManualMark) -> bool:
    """Whether the gradebook says the same; which answer it was for, it does not know."""
    return replace(one, answer="") == replace(other, answer="")


def read(
    session: Any,
    assignment: Assignment,
    tasks: Collection[str],
    students: Sequence[str] = (),
    hold: bool = False,
    or_waiting: bool = False,
) -> dict[Key, Row]:
    """What the gradebook has of these tasks; of all students where none is named.

    hold: nobody writes it meanwhile; or_waiting: and of all other tasks that wait for a person.
    """
    grade, comment, cell = (model.__table__ for model in (api.Grade, api.Comment, api.BaseCell))
    book, handed = api.SubmittedNotebook.__table__, api.SubmittedAssignment.__table__
    whole, said_in = api.Assignment.__table__, cell.alias("said_in")
    names = {task.name for task in assignment.tasks}  # the gradebook may know others, of an earlier course
    waits = grade.c.needs_manual_grade.is_(True) if or_waiting else false()
    query = (
        select(
            handed.c.student_id, cell.c.name, grade.c.id, comment.c.id, grade.c.manual_score, grade.c.extra_credit,
            comment.c.manual_comment, grade.c.needs_manual_grade,
        )
        .select_from(grade)
        .join(cell, cell.c.id == grade.c.cell_id)
        .join(book, book.c.id == grade.c.notebook_id)
        .join(handed, handed.c.id == book.c.assignment_id)
        .join(whole, whole.c.id == handed.c.assignment_id)
        .join(comment, comment.c.notebook_id == grade.c.notebook_id)
        .join(said_in, said_in.c.id == comment.c.cell_id)
        .where(whole.c.name == assignment.name, or_(cell.c.name.in_(tasks), waits))
        .where(or_(said_in.c.name == cell.c.name, said_in.c.name == cell.c.name + "-answer"))
    )  # fmt: skip
    if students:
        query = query.where(handed.c.student_id.in_(students))
    if hold:
        query = query.with_for_update(of=[grade, comment])
    return {(student, task): _row(*row) for student, task, *row in session.execute(query) if task in names}


@functools.lru_cache(maxsize=20_000)  # most rows are as they were at the last look
def _row(grade: str, comment: str, *given: Any) -> Row:
    return Row(grade, comment, manual_mark(*given))


def version(session: Any) -> object:
    """What stays equal for as long as nobody else writes the gradebook; None where only reading it can tell."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    connection = session.connection().connection.driver_connection  # kept with it: of another one it says nothing
    return connection, session.execute(text("PRAGMA data_version")).scalar_one()


@contextlib.contextmanager
def writing(session: Any, course: Course, assignment: Assignment) -> Iterator[None]:
    """One transaction: nobody writes this assignment's marks meanwhile; written whole, or not at all."""
    with telling(course.gradebook_name):
        try:
            writer.begin(session, assignment)
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


def write(session: Any, rows: Mapping[Key, Row], members: Sequence[Member]) -> None:
    """Put the marks of these members into their rows, as the formgrader would."""
    grade, comment = api.Grade.__table__, api.Comment.__table__
    for member in members:
        row = rows.get((member.student, member.task))
        if row is None:
            raise CourseError(f"{member.student}: {member.task}: not in the gradebook; grade the assignment first")
        values = {
            "manual_score": member.now.score,
            "extra_credit": member.now.extra,
            "needs_manual_grade": member.now.waits,
        }
        session.execute(update(grade).where(grade.c.id == row.grade).values(**values))
        session.execute(update(comment).where(comment.c.id == row.comment).values(manual_comment=member.now.comment))


def keep(course: Course, assignment: Assignment, members: Sequence[Member]) -> None:
    """Note in the students' sheets which answers these marks are for. After the gradebook: they follow from it."""
    for member in members:
        try:
            sheet = load_sheet(course, assignment.name, member.student)
        except UnreadableSheet:  # it is never written over; whoever grades next says so
            continue
        if sheet is None:
            result = load_result(course, assignment.name, member.student)
            sheet = Sheet(heard=result.by_person if result is not None else {})
        old = sheet.marks.get(member.task)
        marks = {task: mark for task, mark in sheet.marks.items() if task != member.task}
        if member.now.given or member.now.comment:
            marks[member.task] = replace(member.now, answer=member.answer)
        earlier = sheet.earlier if old is None or same(old, member.now) else (*sheet.earlier, (member.task, old))
        keep_sheet(course, assignment.name, member.student, replace(sheet, marks=marks, earlier=earlier))
