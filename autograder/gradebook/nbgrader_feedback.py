"""nbgrader's own `generate_feedback`, command and button: our pages in place of its own."""

from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook.reader import read_rows
from autograder.marks import final_marks
from autograder.marks.verdict_files import load_result
from autograder.pages import feedback


class FeedbackExporter(Exporter):
    """Gives `nbgrader generate_feedback` our page; beside the last notebook's page, the whole one."""

    file_extension = ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        about = resources["nbgrader"]
        course = load_course(Path(self.config.CourseDirectory.root))
        assignment = course.assignment(about["assignment"])
        result = load_result(course, assignment.name, about["student"])
        if result is None:
            raise CourseError(f"no verdict is kept for {about['student']}; run `autograder grade {assignment.name}`")
        writer = feedback.Writer(course, assignment)
        pages = writer.pages(final_marks.final_mark(course, assignment, result, read_rows(course, assignment)))
        write_whole(writer.folder(result.student) / feedback.WHOLE, pages[feedback.WHOLE].encode())
        resources["output_extension"] = ".html"
        return pages[f"{about['notebook']}.html"], resources
