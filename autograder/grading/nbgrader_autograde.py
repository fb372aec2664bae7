"""nbgrader's own `autograde`, command and button: our graded notebooks and verdicts in place of its own."""

import contextlib
import copy
import fnmatch
import functools
import glob
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader import api
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder import archive
from autograder.course import Assignment, Course, load_course, stamps
from autograder.course.fingerprint import grader_fingerprint
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook import standings
from autograder.gradebook.registration import set_terms
from autograder.gradebook.writer import GradebookWriter
from autograder.grading import workers
from autograder.judging import dataset
from autograder.marks.verdict_files import load_result, wrong_name
from autograder.pages import graded_notebook
from autograder.submissions import merge, submission


class GradedExporter(NotebookExporter):
    """Gives `nbgrader autograde` our graded notebook in place of the submitted file."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        root = Path(self.config.CourseDirectory.root)
        # not resolved: a submitted notebook may be a link to anywhere, the source notebooks included
        if not Path(os.path.abspath(filename)).is_relative_to(root / "submitted"):
            return super().from_filename(filename, resources=resources, **kw)
        about = resources["nbgrader"]
        course = load_course(root)
        assignment = course.assignment(about["assignment"])
        folder = course.submitted(assignment.name, about["student"])
        handed_in = submission.read_submission(folder, about["student"])
        result = workers.result_of(course, assignment, handed_in)
        bases = merge.released(course.release(assignment.name), assignment)
        ours = merge.release_files(course.release(assignment.name))
        books = graded_notebook.of_result(handed_in, bases, assignment, result, ours)
        resources["output_extension"] = ".ipynb"
        if about["notebook"] == assignment.notebooks[0]:
            for note in result.notes:
                self.log.warning("%s: %s", about["student"], note)
        target = root / "autograded" / about["student"] / assignment.name
        beside = {name: data for name, data in books.items() if not name.endswith(".ipynb")}
        for name, data in {**graded_notebook.other_files(handed_in, ours), **beside, **handed_in.receipt}.items():
            write_whole(target / name, data)
        return books[f"{about['notebook']}.ipynb"].decode("utf-8"), resources


_own_notebooks = Autograde.init_notebooks


def _every_folder(converter: Autograde) -> None:
    """Let nbgrader grade every submission as we do, whatever files are in it.

    It would pass over folders without a notebook of the right name, as those with a zip alone, and copy what links
    point to, or stumble over it. So each folder gets all notebooks of the assignment (from_filename makes them of
    what is there), and we lay the other files ourselves.
    """
    # a copy: the formgrader has one CourseDirectory for everything that it does
    there = converter.coursedir = copy.copy(converter.coursedir)
    course = load_course(Path(there.root))
    there.ignore = [*there.ignore, "*"]
    # nbgrader's own ends the command at one student's bad time, and takes +07 for seven seconds
    there.get_existing_timestamp = functools.partial(_time, course)
    pattern = there.format_path(there.submitted_directory, there.student_id, there.assignment_id)
    inside = os.path.relpath(pattern, there.root)  # the course's own path may have brackets
    found = [Path(there.root, path) for path in glob.glob(inside, root_dir=there.root)]
    theirs = [path for path in found if path.is_dir() and not archive.IGNORED.fullmatch(path.parent.name)]
    folders = [str(path) for path in theirs if not wrong_name(path.parent.name)]
    for path in theirs:  # at which nbgrader would end
        if str(path) not in folders:
            converter.log.warning("%a: left out: %s; rename it", path.parent.name, wrong_name(path.parent.name))
    if not folders:
        _own_notebooks(converter)  # says what it did not find
        return
    assignment = course.assignment(there.assignment_id)
    try:  # once: each student would ask in vain, and nbgrader goes on to the next
        dataset.have(course, assignment, converter.log.warning, lambda: _has_work(course, assignment, folders))
    except CourseError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from error
    names = assignment.notebooks
    wanted = [f"{name}.ipynb" for name in names if fnmatch.fnmatchcase(name, there.notebook_id)]
    converter.notebooks = []
    converter.assignments = {folder: [os.path.join(folder, name) for name in wanted] for folder in folders}


# nbgrader has no setting for this. It loads this module for the exporter, so in our courses alone, and before it looks
Autograde.init_notebooks = _every_folder


def _has_work(course: Course, assignment: Assignment, folders: Sequence[str]) -> bool:
    """Whether any of these submissions has no verdict that still holds."""
    fingerprint = grader_fingerprint(course, assignment)
    for folder in map(Path, folders):
        with contextlib.suppress(Exception):  # it is told when its turn comes
            handed_in = submission.read_submission(folder, folder.parent.name)
            if workers.kept_result(course, assignment, handed_in, fingerprint) is None:
                return True
    return False


def _time(course: Course, folder: str) -> datetime | None:
    """The time in a folder's timestamp.txt, read as we do."""
    try:
        return stamps.moment(submission.read_receipt(Path(folder))[0], course.timezone)
    except stamps.Unreadable:
        return None


class SaveVerdicts(NbGraderPreprocessor):  # type: ignore[misc]
    """Writes the verdicts into the gradebook, in place of nbgrader's SaveAutoGrades."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        course = load_course(Path(self.config.CourseDirectory.root))
        assignment = course.assignment(about["assignment"])
        result = load_result(course, assignment.name, about["student"])
        if result is None:
            raise CourseError(f"no verdict is kept for {about['student']}; run `autograder grade {assignment.name}`")
        with api.Gradebook(about["db_url"]) as gradebook:
            set_terms(gradebook, course, assignment)
            saved = GradebookWriter(gradebook, course, assignment).save([result])
            standings.settle_late(gradebook, course, assignment, [result.student])
        for line in (*saved.unreadable, *saved.waiting):
            self.log.warning(line)
        return nb, resources
