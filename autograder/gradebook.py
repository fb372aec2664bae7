"""Verdicts -> nbgrader's gradebook and autograded notebooks; and the same for nbgrader's own command."""

import contextlib
import copy
import fnmatch
import glob
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbgrader import api
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

from autograder import classroom, feedback, graded, marks, notebook, submission
from autograder import course as course_module
from autograder.course import Assignment, Course, CourseError
from autograder.faults import telling
from autograder.files import beside, write_whole
from autograder.late import moment
from autograder.ledger import Ledger
from autograder.verdicts import load_result

Key = tuple[str, ...]
MAKING = 0x6772616465  # key of an advisory lock


def connect(course: Course) -> api.Gradebook:
    """Open the course's gradebook, made now where there is none."""
    path = course.gradebook
    # nbgrader runs the command `alembic` when it makes a gradebook
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
    if course.db_url:
        with telling(course.gradebook_name), one_at_a_time(course.db_url):
            return api.Gradebook(course.db_url)
    with telling(path):
        if not path.exists():  # it takes seconds: under its name only when it is whole
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of one that was deleted
            part = beside(path)
            api.Gradebook(f"sqlite:///{part}").close()
            part.replace(path)
        return api.Gradebook(f"sqlite:///{path}")


@contextlib.contextmanager
def one_at_a_time(url: str) -> Iterator[None]:
    """Only one process makes tables and cells of a PostgreSQL gradebook at a time. SQLite has one grader alone."""
    if make_url(url).get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:  # the lock ends with the connection
        connection.execute(select(func.pg_advisory_lock(MAKING)))
        yield


def register(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the assignment's notebooks and cells into the gradebook, as generate_assignment does."""
    # the release may be older than the course; what an optional task gives counts on top of the whole
    points = {task.name: 0.0 if task.optional else task.points for task in assignment.tasks}
    with telling(course.gradebook_name), one_at_a_time(course.gradebook_url):
        gradebook.update_or_create_assignment(assignment.name)
        for name, base in notebook.released(course.release(assignment.name), assignment).items():
            gradebook.update_or_create_notebook(name, assignment.name)
            for cell in base.raw["cells"]:
                info = cell["metadata"].get("nbgrader")
                if info:
                    worth = points.get(info["grade_id"], float(info.get("points") or 0))
                    _register_cell(gradebook, (info["grade_id"], name, assignment.name), cell, worth)

        set_terms(gradebook, course, assignment)


def set_terms(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the due date and the weight of optional tasks into the gradebook, as course_config.py has them now."""
    found = gradebook.find_assignment(assignment.name)
    due = moment(assignment.due, course.timezone)
    if due is not None and found.duedate != due:
        found.duedate = due
    optional = {task.name for task in assignment.tasks if task.optional}
    for cell in (cell for book in found.notebooks for cell in book.grade_cells if cell.name in optional):
        cell.max_score = 0.0
    gradebook.db.commit()


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


# ---- nbgrader autograde -------------------------------------------------------------------------


class GradedExporter(NotebookExporter):
    """Gives `nbgrader autograde` our graded notebook in place of the submitted file."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        if isinstance(self.parent, Autograde):
            _take_every_folder(self.parent, Path(self.config.CourseDirectory.root))

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        root = Path(self.config.CourseDirectory.root)
        # not resolved: a submitted notebook may be a link to anywhere, the source notebooks included
        if not Path(os.path.abspath(filename)).is_relative_to(root / "submitted"):
            return super().from_filename(filename, resources=resources, **kw)
        about = resources["nbgrader"]
        course = course_module.load(root)
        assignment = course.assignment(about["assignment"])
        folder = course.submitted(assignment.name, about["student"])
        handed_in = submission.read(folder, about["student"])
        result = classroom.result_of(course, assignment, handed_in)
        bases = notebook.released(course.release(assignment.name), assignment)
        books = graded.of_result(handed_in, bases, assignment, result)
        resources["output_extension"] = ".ipynb"
        if about["notebook"] == assignment.notebooks[0]:
            for note in result.notes:
                self.log.warning("%s: %s", about["student"], note)
        target = root / "autograded" / about["student"] / assignment.name
        stamp = {"timestamp.txt": handed_in.timestamp.encode()} if handed_in.timestamp else {}
        for name, data in {**graded.other_files(handed_in), **stamp}.items():
            write_whole(target / name, data)
        return books[f"{about['notebook']}.ipynb"].decode("utf-8"), resources


def _take_every_folder(converter: Autograde, root: Path) -> None:
    """Let nbgrader grade every submission as we do, whatever files are in it.

    It would pass over folders without a notebook of the right name, and copy what links point to, or
    stumble over it. So each folder gets all notebooks of the assignment (from_filename makes them of
    what is there), and we lay the other files ourselves.
    """
    # a copy: the formgrader has one CourseDirectory for everything that it does
    there = converter.coursedir = copy.copy(converter.coursedir)
    there.ignore = [*there.ignore, "*"]
    names = course_module.load(root).assignment(there.assignment_id).notebooks
    wanted = [name for name in names if fnmatch.fnmatchcase(name, there.notebook_id)]
    for folder in glob.glob(there.format_path(there.submitted_directory, there.student_id, there.assignment_id)):
        if os.path.isdir(folder):
            converter.assignments[folder] = [os.path.join(folder, f"{name}.ipynb") for name in wanted]


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
            set_terms(gradebook, course, assignment)
            Ledger(gradebook, course, assignment).save([result])
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
