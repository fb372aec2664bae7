"""Results and what people gave -> the rows of nbgrader's gradebook."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from autograder.course import Assignment, Course, Task, shown, stamps
from autograder.errors import CourseError
from autograder.gradebook.database import api
from autograder.gradebook.faults import telling
from autograder.judging.verdicts import NEEDS_GRADING, Result
from autograder.marks.manual_marks import (
    ManualMark,
    Sheet,
    UnreadableSheet,
    keep_sheet,
    load_sheet,
    manual_mark,
    taken_up,
)
from autograder.pages.cleaned.text import plain_markdown
from autograder.submissions.submission import STAMP

Row = Mapping[str, Any]
Key = tuple[str, ...]
INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
There = Mapping[str, tuple[Row | None, Row | None]]  # task -> rows of its grade and its comment


@dataclass(frozen=True)
class Saved:
    """What saving did to the gradebook.

    entered: students that it had no marks of; moved: lines about marks that were not those of the
    result; waiting: lines about what waits for a person, marks that were given for another answer or out of other
    points, and times that cannot be read; unreadable: about sheets that cannot be read: there the gradebook's own
    marks stand, or the student was left out.
    """

    entered: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass
class _Batch:
    """The rows of a batch while they are gathered.

    usual: what a task was worth where nobody wrote that down. rescale: whether marks that people gave out of other
    points keep their share of them, or wait; other_points: of how many that is asked.
    """

    usual: Mapping[str, float]
    rescale: bool = False
    other_points: int = 0
    grades: dict[Key, Row] = field(default_factory=dict)
    comments: dict[Key, Row] = field(default_factory=dict)
    sheets: dict[str, Sheet] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def write(self, result: Result, cells: Mapping[str, tuple[Key, Key]], sheet: Sheet) -> dict[str, ManualMark]:
        """One result's rows -> what people gave, with what the gradebook will say of it."""
        given = {}
        for task, (cell, comment) in cells.items():
            verdict, mark = result.verdicts[task], sheet.marks.get(task, ManualMark())
            now = result.by_person.get(task)
            then = mark.points_then(now, self.usual[task]) if mark.given else None
            if then is not None and self.rescale and (mark.score or 0.0) <= then:  # else out of what, nobody knows
                old, mark = mark, mark.rescaled(verdict.max_score / then, now or "")
                change = f"{old} of {shown(then)} -> {mark} of {shown(verdict.max_score)}"
                self.waiting.append(f"{result.student}: {task}: what a person gave: {change}")
            stale = mark.given and not mark.holds(now)
            waits = stale or (verdict.score is None and mark.score is None)
            self.grades[cell] = {
                "auto_score": verdict.score,
                "needs_manual_grade": waits,
                "manual_score": mark.score,
                "extra_credit": mark.extra,
            }
            self.comments[comment] = {
                "auto_comment": plain_markdown(verdict.message),
                "manual_comment": mark.comment,
            }
            if stale:
                changed = "for an answer that has changed"
                if then is not None:
                    changed = f"of {shown(then)}, and the task is worth {shown(verdict.max_score)} now"
                    self.other_points += 1
                self.waiting.append(f"{result.student}: {task}: {NEEDS_GRADING}: a person gave {mark} {changed}")
            if task in sheet.marks:
                given[task] = replace(mark, waits=waits)
        return given


def _moved(result: Result, old: Mapping[str, float | None]) -> list[str]:
    """Lines about the automatic marks that the gradebook had otherwise."""
    return [
        f"{result.student}: {task}: {shown(score)} -> {shown(result.verdicts[task].score)}"
        for task, score in old.items()
        if score != result.verdicts[task].score
    ]


class GradebookWriter:
    """Writes results into the gradebook in bulk: one transaction for a batch of submissions.

    What the gradebook holds follows from the results and from the sheets of what people gave, so
    that saving again mends whatever an ended run has left.
    """

    def __init__(self, gradebook: api.Gradebook, course: Course, assignment: Assignment, rescale: bool = False) -> None:
        """rescale: marks that people gave out of other points keep their share, and do not wait."""
        self.gradebook, self.course, self.assignment, self.rescale = gradebook, course, assignment, rescale
        self.other_points = 0  # how many such marks wait
        found = gradebook.find_assignment(assignment.name)
        self._assignment_id = found.id
        self._notebooks = {book.name: book.id for book in found.notebooks}
        self._grade_cells = {(c.notebook.name, c.name): c.id for b in found.notebooks for c in b.grade_cells}
        self._comment_cells = {(c.notebook.name, c.name): c.id for b in found.notebooks for c in b.solution_cells}
        for task in assignment.tasks:
            if (task.notebook, task.grade_cell) not in self._grade_cells:
                raise CourseError(
                    f"release/{assignment.name}/{task.notebook}.ipynb: has no cell of {task.name}, which "
                    f"course_config.py names; run `autograder release {assignment.name}`, then grade again"
                )

    def save(self, results: Sequence[Result]) -> Saved:
        """Write scores, comments and what people gave. Their newest marks are taken up first."""
        session = self.gradebook.db
        with telling(self.course.gradebook_name):
            try:
                saved, newer = self._save(session, results)
                session.commit()
            except BaseException:
                session.rollback()
                raise
        for student, sheet in newer.items():  # after the commit: they say what the gradebook has heard
            if sheet != load_sheet(self.course, self.assignment.name, student):
                keep_sheet(self.course, self.assignment.name, student, sheet)
        return saved

    def _save(self, session: Any, results: Sequence[Result]) -> tuple[Saved, dict[str, Sheet]]:
        begin(session, self.assignment)
        page = _Batch({task.name: task.usual_points for task in self.assignment.tasks}, self.rescale)
        books = self._books(session, results, page)
        mine = api.Grade.notebook_id.in_(books.values()), api.Comment.notebook_id.in_(books.values())
        were: dict[Key, Row] = {(g["notebook_id"], g["cell_id"]): g for g in _rows(session, api.Grade, mine[0])}
        said: dict[Key, Row] = {(c["notebook_id"], c["cell_id"]): c for c in _rows(session, api.Comment, mine[1])}
        for result in results:
            cells = {task.name: self._cells(books, result.student, task) for task in self.assignment.tasks}
            there = {task: (were.get(cell), said.get(comment)) for task, (cell, comment) in cells.items()}
            known = any(row is not None and _heard(row) for row, _ in there.values())
            try:
                sheet = self._sheet(result, there, known)
            except UnreadableSheet as error:
                page.unreadable.append(str(error))
                if known:  # what the gradebook has stands; whose answer it was for, nobody knows
                    page.write(result, cells, Sheet(_as_it_stands(_given(there), result)))
                continue
            given = page.write(result, cells, sheet)
            if known:
                old = {task: row["auto_score"] for task, (row, _) in there.items() if row is not None}
                page.moved += _moved(result, old)
            else:
                page.entered.append(result.student)
            if given or load_sheet(self.course, self.assignment.name, result.student) is not None:
                before = [
                    (t, m) for t, m in sheet.marks.items() if (m.score, m.extra) != (given[t].score, given[t].extra)
                ]
                earlier = (*sheet.earlier, *before)
                page.sheets[result.student] = Sheet(given, dict(result.by_person), earlier)
        self.other_points += page.other_points
        put(session, api.Grade, ("notebook_id", "cell_id"), page.grades, mine[0])
        put(session, api.Comment, ("notebook_id", "cell_id"), page.comments, mine[1])
        return (
            Saved(tuple(page.entered), tuple(page.moved), tuple(page.waiting), tuple(page.unreadable)),
            page.sheets,
        )

    def _books(self, session: Any, results: Sequence[Result], page: _Batch) -> dict[Key, str]:
        """Rows of the students, their submissions and notebooks -> ids of the notebooks by (student, notebook)."""
        names = [result.student for result in results]
        put(session, api.Student, ("id",), {(name,): {} for name in names}, api.Student.id.in_(names))
        times: dict[Key, Row] = {
            (self._assignment_id, result.student): {"timestamp": self._time(result, page)} for result in results
        }
        mine = api.SubmittedAssignment.student_id.in_(names)
        submitted = put(session, api.SubmittedAssignment, ("assignment_id", "student_id"), times, mine)
        notebook_files: dict[Key, Row] = {
            (row, book): {} for row in submitted.values() for book in self._notebooks.values()
        }
        mine = api.SubmittedNotebook.assignment_id.in_(submitted.values())
        found = put(session, api.SubmittedNotebook, ("assignment_id", "notebook_id"), notebook_files, mine)
        return {
            (student, name): found[row, book]
            for (_, student), row in submitted.items()
            for name, book in self._notebooks.items()
        }

    def _time(self, result: Result, page: _Batch) -> datetime | None:
        """When it was handed in; None, and a line about it, where that cannot be read."""
        try:
            return stamps.moment(result.timestamp, self.course.timezone) if result.timestamp else None
        except stamps.Unreadable as why:
            file = self.course.submitted(self.assignment.name, result.student) / STAMP
            again = f"mend it, then `autograder grade {self.assignment.name}`: until then it counts as in time"
            page.waiting.append(f"{result.student}: {file}: {result.timestamp!r} {why}; {again}")
            return None

    def _cells(self, books: Mapping[Key, str], student: str, task: Task) -> tuple[Key, Key]:
        """Keys of a task's grade and of its comment."""
        book = books[student, task.notebook]
        comment = self._comment_cells[task.notebook, task.answer_cell]
        return (book, self._grade_cells[task.notebook, task.grade_cell]), (book, comment)

    def _sheet(self, result: Result, there: There, known: bool) -> Sheet:
        """What people gave. known: whether the gradebook knows this student's marks at all.

        Where it does not (made anew, or rows that nbgrader has just made), the kept sheet holds.
        """
        kept = load_sheet(self.course, self.assignment.name, result.student)
        return taken_up(kept, _given(there), result.by_person) if known else kept or Sheet()


def _given(there: There) -> dict[str, ManualMark]:
    """What people gave, as the gradebook has it."""
    found = {}
    for task, (grade, comment) in there.items():
        columns = ("manual_score", "extra_credit", "needs_manual_grade")
        score, extra, waits = (grade[name] if grade is not None else None for name in columns)
        mark = manual_mark(score, extra, (comment or {}).get("manual_comment"), waits)
        if mark.given or mark.comment:
            found[task] = mark
    return found


def _as_it_stands(given: Mapping[str, ManualMark], result: Result) -> dict[str, ManualMark]:
    """Marks whose answers are not known: what the gradebook lets stand is for the answer that is there."""
    return {t: mark if mark.waits else replace(mark, answer=result.by_person.get(t, "")) for t, mark in given.items()}


def begin(session: Any, assignment: Assignment) -> None:
    """A write first: nobody writes the assignment's marks between our reading and our writing."""
    table = api.Assignment.__table__
    session.execute(update(table).where(table.c.name == assignment.name).values(name=assignment.name))


def put(session: Any, model: Any, key: tuple[str, ...], rows: Mapping[Key, Row], mine: Any) -> dict[Key, str]:
    """Insert the rows that are not there, update the others -> the ids by key.

    mine: which rows to look among. A row without values is only made, never changed.
    """
    table = model.__table__
    if rows:
        ids = {k: k[0] if key == ("id",) else uuid.uuid4().hex for k in rows}
        values = [{"id": ids[k], **dict(zip(key, k, strict=True)), **row} for k, row in rows.items()]
        statement = INSERTS[session.get_bind().dialect.name](table)
        names = [name for name in next(iter(rows.values())) if name not in key]
        if names:
            changed = {name: statement.excluded[name] for name in names}
            statement = statement.on_conflict_do_update(index_elements=key, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=key)
        session.execute(statement, values)
    columns = [table.c.id, *(table.c[name] for name in key)]
    found = {tuple(row[1:]): str(row[0]) for row in session.execute(select(*columns).where(mine))}
    return {k: found[k] for k in rows}


def _rows(session: Any, model: Any, mine: Any) -> list[Row]:
    # PostgreSQL: and the formgrader waits with these rows until we are done; SQLite needs no word for it
    return list(session.execute(select(model.__table__).where(mine).with_for_update()).mappings())


def _heard(grade: Row) -> bool:
    """Whether a grade was ever given; one that nbgrader has just made holds nothing."""
    return any(grade[name] is not None for name in ("auto_score", "manual_score", "extra_credit"))
