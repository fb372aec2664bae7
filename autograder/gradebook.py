"""Verdicts -> nbgrader's gradebook and autograded notebooks; and the same for nbgrader's own command."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbgrader import api
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder import classroom, feedback, graded, marks, notebook, submission
from autograder import course as course_module
from autograder.course import Assignment, Course, CourseError
from autograder.faults import telling
from autograder.files import beside, write_whole
from autograder.ledger import Ledger
from autograder.verdicts import load_result

Key = tuple[str, ...]


def connect(course: Course) -> api.Gradebook:
    """Open the course's gradebook, made now where there is none."""
    path = course.gradebook
    # nbgrader runs the command `alembic` when it makes a gradebook
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
    with telling(path):
        if not path.exists():  # it takes seconds: under its name only when it is whole
            part = beside(path)
            api.Gradebook(f"sqlite:///{part}").close()
            part.replace(path)
        return api.Gradebook(f"sqlite:///{path}")


def register(gradebook: api.Gradebook, course: Course, assignment: Assignment) -> None:
    """Put the assignment's notebooks and cells into the gradebook, as generate_assignment does."""
    points = {task.name: task.points for task in assignment.tasks}  # the release may be older than the course
    with telling(course.gradebook):
        gradebook.update_or_create_assignment(assignment.name)
        for name, base in notebook.released(course.release(assignment.name), assignment).items():
            gradebook.update_or_create_notebook(name, assignment.name)
            for cell in base["cells"]:
                info = cell["metadata"].get("nbgrader")
                if info:
                    worth = points.get(info["grade_id"], float(info.get("points") or 0))
                    _register_cell(gradebook, (info["grade_id"], name, assignment.name), cell, worth)


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
