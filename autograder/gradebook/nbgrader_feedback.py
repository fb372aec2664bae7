"""nbgrader's own `generate_feedback` and `release_feedback`, command and button: our pages in place of its own."""

import glob
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbgrader.exchange.default import ExchangeReleaseFeedback

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook.reader import read_rows
from autograder.marks import final_marks
from autograder.marks.verdict_files import load_result
from autograder.pages import feedback
from autograder.submissions.submission import SECRET, read_receipt


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


class ReleaseFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Gives `nbgrader release_feedback` one student after another: who came by another way stops nobody.

    nbgrader names a released page by a hash of the attempt's secret, and reads the secret of each page's folder.
    """

    src_path: str  # a pattern; set by nbgrader, which then looks for pages below it

    def copy_files(self) -> None:
        folders = [self.src_path] if Path(self.src_path).is_dir() else sorted(glob.glob(self.src_path))
        for folder in map(Path, folders):
            if not any(folder.glob("*.html")):
                continue
            student, name = folder.parent.name, self.coursedir.assignment_id
            ours = folder / SECRET
            submitted = self.coursedir.format_path(self.coursedir.submitted_directory, student, name)
            theirs = read_receipt(Path(submitted))[1]
            if theirs and theirs != read_receipt(folder)[1]:
                again = f"`autograder grade {name}`, `autograder report {name}`, and release once more"
                self.log.warning(f"{student}: the feedback is not of the attempt that is there now: {again}")
            elif not theirs and not ours.is_file():
                page = folder / feedback.WHOLE
                self.log.warning(f"{student}: not handed in through the exchange: not released; hand over {page}")
            if ours.is_file():
                self.src_path = glob.escape(str(folder))
                super().copy_files()
