"""nbgrader's plug-ins, as course_config.py sets them: zip_collect, late penalties, exports."""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nbgrader.plugins import ExportPlugin, ExtractorPlugin, FileNameCollectorPlugin, LateSubmissionPlugin

from autograder.course import Assignment, Course, load_course, roster, stamps
from autograder.course.late import due_time
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.gradebook import standings
from autograder.lms import attempts, collect, export
from autograder.submissions.submission import STAMP

NO_TIME = "no-time"
DAY_ONE = datetime(2026, 1, 1)


def _given(plugin: Any, name: str = "") -> tuple[Course, Assignment]:
    """The course and the assignment that nbgrader works on."""
    course = load_course(Path(plugin.config.CourseDirectory.root))
    wanted = name or plugin.parent.coursedir.assignment_id
    return course, course.assignment(wanted) if wanted else course.assignments[0]


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """The policy of course_config.py, for AssignLatePenalties."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        course, assignment = _given(self, self.parent.assignment_id)
        due = due_time(assignment.due, course.timezone)  # without one nbgrader says how late, and not after what
        zone = course.timezone if due else "UTC"
        handed_in = (due or DAY_ONE) + timedelta(seconds=total_seconds_late)
        return assignment.late.penalty(
            student_id, score, assignment.late.days(student_id, handed_in, due or DAY_ONE, zone)
        )


class BoundedExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Reads archives as `autograder collect` does: nothing leads outside, sizes are bounded, people are matched."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        course, assignment = _given(self)
        done = collect.Collected()
        with tempfile.TemporaryDirectory() as scratch:
            archives = sorted(Path(archive_path).iterdir())
            found = collect.attempts(course, assignment, archives, Path(scratch), done)
            for student in sorted({attempt.student for attempt in found}):
                last = attempts.last_of([attempt for attempt in found if attempt.student == student])
                stamp = f"{last.time:%Y-%m-%dT%H:%M:%S}" if last.time else NO_TIME
                folder = shutil.copytree(last.folder, Path(extracted_path, student, stamp))
                if last.time:  # nbgrader would write it without its zone
                    (folder / STAMP).write_text(stamps.of_nbgrader(last.time), encoding="utf-8")
        for line in (*done.strangers, *done.notes):
            self.log.warning(line)


class RosterCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Hands on what BoundedExtractor laid out: STUDENT/TIME/FILE."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        extracted = Path(self.parent._format_collect_path(self.parent.extracted_directory))
        student, stamp, *rest = Path(submitted_file).relative_to(extracted).parts
        found = {"student_id": student, "file_id": "/".join(rest)}
        return found if stamp == NO_TIME else {**found, "timestamp": f"{stamp.replace('T', ' ')} UTC"}


class _Export(ExportPlugin):  # type: ignore[misc]
    """One of our exports as nbgrader's: `--exporter=autograder.gradebook.nbgrader_plugins.CanvasExport --to FILE`."""

    system = ""

    def export(self, gradebook: Any) -> None:
        if len(self.assignment) > 1:
            raise CourseError(f"one assignment at a time, not {', '.join(self.assignment)}")
        course, assignment = _given(self, self.assignment[0] if self.assignment else "")
        people = roster.load_roster(course)
        marks = standings.standings(gradebook, course, assignment)
        if self.student:
            people = roster.Roster(tuple(p for p in people.people if p.id in self.student), people.path)
            marks = {name: found for name, found in marks.items() if name in self.student}
        made = export.SYSTEMS[self.system](export.Class(course, assignment, people, marks), None)
        write_whole(Path(self.to or f"{assignment.name}-{self.system}.csv"), made.text.encode())
        for line in (*made.missing, *made.notes):
            self.log.warning(line)


class CanvasExport(_Export):
    """Canvas's gradebook."""

    system = "canvas"


class MoodleExport(_Export):
    """Moodle's offline grading worksheet."""

    system = "moodle"


class TableExport(_Export):
    """A column a task."""

    system = "csv"
