"""Verdicts -> nbgrader's gradebook and autograded notebooks; and the same for nbgrader's own command."""

import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbgrader import api
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from autograder import classroom, feedback, graded, marks, notebook, submission
from autograder import course as course_module
from autograder.course import Assignment, Course, CourseError
from autograder.files import write_folder, write_whole
from autograder.verdicts import NEEDS_GRADING, Result, keep, load_result

Row = Mapping[str, Any]
Key = tuple[str, ...]


def connect(course: Course) -> api.Gradebook:
    """Open the course's gradebook, made now where there is none."""
    # nbgrader runs the command `alembic` when it makes a gradebook
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
    path = course.root / "gradebook.db"
    try:
        return api.Gradebook(f"sqlite:///{path}")
    except OperationalError as error:
        raise CourseError(
            f"{path}: {error.orig}; close what holds it, or mend its permissions, and grade again"
        ) from error
    except DatabaseError as error:
        raise CourseError(
            f"{path}: not a gradebook ({error.orig}); move it away and run `autograder grade` again"
        ) from error


def register(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the assignment's notebooks and cells into the gradebook, as generate_assignment does."""
    gradebook.update_or_create_assignment(assignment.name)
    for name, base in notebook.released(course.release(assignment.name), assignment).items():
        gradebook.update_or_create_notebook(name, assignment.name)
        for cell in base["cells"]:
            info = cell["metadata"].get("nbgrader")
            if not info:
                continue
            where = (info["grade_id"], name, assignment.name)
            kind = cell["cell_type"]
            if info["grade"]:
                gradebook.update_or_create_grade_cell(*where, max_score=float(info["points"]), cell_type=kind)
            if info["solution"]:
                gradebook.update_or_create_solution_cell(*where)
            gradebook.update_or_create_source_cell(
                *where,
                cell_type=kind,
                locked=bool(info["locked"]),
                source="".join(cell["source"]),
                checksum=info.get("checksum"),
            )


class Ledger:
    """Writes results into the gradebook in bulk: one transaction for a batch of submissions."""

    def __init__(self, gradebook: api.Gradebook, assignment: Assignment) -> None:
        self.gradebook, self.assignment = gradebook, assignment
        found = gradebook.find_assignment(assignment.name)
        self._assignment_id = found.id
        self._notebooks = {book.name: book.id for book in found.notebooks}
        self._grade_cells = {(c.notebook.name, c.name): c.id for b in found.notebooks for c in b.grade_cells}
        self._comment_cells = {(c.notebook.name, c.name): c.id for b in found.notebooks for c in b.solution_cells}

    def save(self, results: Sequence[Result], before: Mapping[str, Result] | None = None) -> None:
        """Write scores and comments. What a person gave (manual scores, comments) stays.

        before: the students' results until now, by which a changed answer to a person's task is known.
        """
        session = self.gradebook.db
        try:
            self._save(session, results, before or {})
            session.commit()
        except BaseException:
            session.rollback()
            raise

    def _save(self, session: Any, results: Sequence[Result], before: Mapping[str, Result]) -> None:
        names = [result.student for result in results]
        self._put(session, api.Student, ("id",), {(name,): {} for name in names}, api.Student.id.in_(names))
        times: dict[Key, Row] = {
            (self._assignment_id, result.student): {"timestamp": parse_timestamp(result.timestamp)}
            for result in results
        }
        mine = api.SubmittedAssignment.student_id.in_(names)
        submitted = self._put(session, api.SubmittedAssignment, ("assignment_id", "student_id"), times, mine)
        papers: dict[Key, Row] = {(row, book): {} for row in submitted.values() for book in self._notebooks.values()}
        mine = api.SubmittedNotebook.assignment_id.in_(submitted.values())
        books = self._put(session, api.SubmittedNotebook, ("assignment_id", "notebook_id"), papers, mine)
        mine = api.Grade.notebook_id.in_(books.values())
        columns = (api.Grade.notebook_id, api.Grade.cell_id, api.Grade.manual_score, api.Grade.needs_manual_grade)
        marked = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(select(*columns).where(mine))}
        grades: dict[Key, Row] = {}
        comments: dict[Key, Row] = {}
        for result in results:
            paper = submitted[self._assignment_id, result.student]
            old = before[result.student].by_person if result.student in before else result.before or result.by_person
            for task in self.assignment.tasks:
                verdict = result.verdicts[task.name]
                book = books[paper, self._notebooks[task.notebook]]
                grade_cell = book, self._grade_cells[task.notebook, task.name]
                score, waiting = marked.get(grade_cell, (None, True))
                # a manual mark stands for the answer it was given for, and for no other
                same = old.get(task.name) == result.by_person.get(task.name)
                settled = score is not None and not waiting and same
                waits = verdict.status == NEEDS_GRADING and not settled
                grades[grade_cell] = {"auto_score": verdict.score, "needs_manual_grade": waits}
                comment_cell = book, self._comment_cells[task.notebook, task.answer_cell]
                comments[comment_cell] = {"auto_comment": graded.plain_markdown(verdict.message)}
        self._put(session, api.Grade, ("notebook_id", "cell_id"), grades, mine)
        mine = api.Comment.notebook_id.in_(books.values())
        self._put(session, api.Comment, ("notebook_id", "cell_id"), comments, mine)

    @staticmethod
    def _put(session: Any, model: Any, key: tuple[str, ...], rows: Mapping[Key, Row], mine: Any) -> dict[Key, str]:
        """Insert the rows that are not there, update those that differ -> the ids by key.

        mine: which rows to look among. A row without values is only made, never changed.
        """
        table = model.__table__
        known = {tuple(f[k] for k in key): f for f in session.execute(select(table).where(mine)).mappings()}
        ids = {k: str(found["id"]) for k, found in known.items()}
        missing = [k for k in rows if k not in known]
        for k in missing:
            ids[k] = k[0] if key == ("id",) else uuid.uuid4().hex
        if missing:
            session.execute(
                insert(table), [{"id": ids[k], **dict(zip(key, k, strict=True)), **rows[k]} for k in missing]
            )
        changed = [
            {"row": ids[k], **values}
            for k, values in rows.items()
            if k in known and any(known[k][name] != value for name, value in values.items())
        ]
        if changed:
            session.execute(update(table).where(table.c.id == bindparam("row")), changed)
        return {k: ids[k] for k in rows}


def parse_timestamp(text: str) -> datetime | None:
    """nbgrader's timestamp.txt -> a naive UTC time, or None where it cannot be read."""
    from nbgrader.utils import parse_utc  # here, since it is rarely needed

    try:
        found: datetime = parse_utc(text)
        return found
    except (ValueError, OverflowError):
        return None


def write_autograded(
    course: Course, assignment: Assignment, student: str, files: Mapping[str, bytes], stamp: str
) -> None:
    """Lay the graded notebooks under autograded/STUDENT/ASSIGNMENT/, whole or not at all."""
    target = course.root / "autograded" / student / assignment.name
    write_folder(target, {**files, "timestamp.txt": stamp.encode()} if stamp else files, 0o444)


# ---- nbgrader autograde -------------------------------------------------------------------------


class GradedExporter(NotebookExporter):
    """Gives `nbgrader autograde` our graded notebook in place of the submitted file."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        root = Path(self.config.CourseDirectory.root)
        if not Path(filename).resolve().is_relative_to((root / "submitted").resolve()):
            return super().from_filename(filename, resources=resources, **kw)
        about = resources["nbgrader"]
        course = course_module.load(root)
        assignment = course.assignment(about["assignment"])
        folder = course.submitted(assignment.name, about["student"])
        handed_in = submission.read(folder, about["student"])
        result = classroom.result_of(course, assignment, handed_in)
        bases = notebook.released(course.release(assignment.name), assignment)
        books = graded.notebooks(notebook.merge_all(handed_in, bases, assignment), result, handed_in)
        resources["output_extension"] = ".ipynb"
        return books[f"{about['notebook']}.ipynb"].decode("utf-8"), resources


class SaveVerdicts(NbGraderPreprocessor):  # type: ignore[misc]
    """Writes the verdicts into the gradebook, in place of nbgrader's SaveAutoGrades."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        course = course_module.load(Path(self.config.CourseDirectory.root))
        assignment = course.assignment(about["assignment"])
        result = load_result(course, assignment.name, about["student"])
        if result is None:
            raise CourseError(f"no verdict is kept for {about['student']}; run `autograder grade {assignment.name}`")
        with api.Gradebook(about["db_url"]) as gradebook:
            Ledger(gradebook, assignment).save([result])
        keep(course, replace(result, before={}))
        return nb, resources


# ---- nbgrader generate_feedback -----------------------------------------------------------------


class FeedbackExporter(Exporter):
    """Gives `nbgrader generate_feedback` our page; beside the last notebook's page, the whole one."""

    file_extension = ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        about = resources["nbgrader"]
        course = course_module.load(Path(self.config.CourseDirectory.root))
        assignment = course.assignment(about["assignment"])
        result = load_result(course, assignment.name, about["student"])
        if result is None:
            raise CourseError(f"no verdict is kept for {about['student']}; run `autograder grade {assignment.name}`")
        given = marks.read(course, assignment).get(result.student, {})
        writer = feedback.Writer(course, assignment)
        pages = writer.pages(marks.applied(course, assignment, result, given))
        write_whole(writer.folder(result.student) / feedback.WHOLE, pages[feedback.WHOLE].encode())
        resources["output_extension"] = ".html"
        return pages[f"{about['notebook']}.html"], resources
