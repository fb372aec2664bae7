"""The class report: one page that says how the class did, and leads to every student's feedback.

It is long, so that all that stands on the page is seen in one place.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console

from autograder import deadline
from autograder.course import PERSON, Assignment, Course, messages, roster, shown, stamps
from autograder.course.roster import NOBODY, Person, Roster
from autograder.errors import CourseError
from autograder.files import of_the_machine, write_whole
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.marks.final_marks import Rows, StudentMark
from autograder.pages import charts, feedback, html_page, report_tables, similarity
from autograder.pages import statistics as summary_module
from autograder.pages.similarity import Alike
from autograder.pages.statistics import PARTLY, Summary
from autograder.progress import Progress
from autograder.sandbox.answers import printable

OUTCOMES = {
    PASSED: "right",
    PARTLY: "partly right",
    FAILED: "wrong",
    NOT_CHECKED: "not checked",
    NEEDS_GRADING: "waits for a person",
}
CELLS = {PASSED: "", FAILED: "f", NOT_CHECKED: "n", NEEDS_GRADING: "g"}
MOST_GROUPS = 40


@dataclass(frozen=True)
class Likenesses:
    """What is alike in a class."""

    weights: Sequence[Sequence[str]] = ()
    answers: Sequence[Alike] = ()


@dataclass(frozen=True)
class Row:
    """A student in the report's table."""

    student: str
    name: str
    section: str
    link: str
    cells: Sequence[tuple[str, str]]  # CSS class, text
    late: str  # what lateness takes, and why
    reason: str
    total: str


@dataclass(frozen=True)
class Made:
    """What was written: the class report, each student's folder of feedback; lines on those who have none, or an old
    one."""

    page: Path
    folders: Mapping[str, Path]
    failed: Mapping[str, str]


def make(course: Course, assignment: Assignment, rows: Rows, out: Console, quiet: bool = False) -> Made:
    """Write feedback and class report. rows: what the gradebook knows."""
    found, ungraded = class_of(course, assignment, rows)
    if not quiet:
        out.print(f"writing feedback for {len(found)} students of {assignment.name}, language {course.language!r}")
    failed = verdict_files.misnamed(course, assignment)
    with Progress(len(found), out, quiet) as progress:
        failed |= write_feedback(course, assignment, found, progress.step)
    if not quiet:
        out.print("comparing answers and models, drawing the class report")
    people = roster.load_roster(course)
    page = write(course, assignment, found, ungraded, likenesses(course, assignment, found), people)
    if ungraded:
        out.print(f"not graded yet: {', '.join(ungraded)}; run `autograder grade {assignment.name}`", markup=False)
    for line in verdict_files.told_again(course, assignment, [mark.student for mark in found]):
        out.print(line, markup=False)
    if not quiet:
        out.print(f"feedback: {course.root}/feedback/STUDENT/{assignment.name}/feedback.html", markup=False)
        out.print(f"report:   {page}", markup=False)
    for line in failed.values():
        out.print(line, markup=False)
    writer = feedback.Writer(course, assignment)
    folders = {mark.student: writer.folder(mark.student) for mark in found if mark.student not in failed}
    return Made(page, folders, failed)


def class_of(course: Course, assignment: Assignment, rows: Rows) -> tuple[list[StudentMark], list[str]]:
    """(the marks of the class, the students who are not graded yet)."""
    names = verdict_files.students(course, assignment)
    marks = final_marks.class_marks(course, assignment, names, rows)
    if not marks:
        raise CourseError(f"no submission of {assignment.name} is graded yet; run `autograder grade {assignment.name}`")
    return list(marks.values()), [name for name in names if name not in marks]


def likenesses(course: Course, assignment: Assignment, found: Sequence[StudentMark]) -> Likenesses:
    """Compare the class's answers and models."""
    names = [mark.student for mark in found]
    answers = similarity.answers(course, assignment, names)
    prose = [task.name for task in assignment.tasks if task.graded_by == PERSON]
    return Likenesses(similarity.same_weights(course, assignment, names), similarity.alike(answers, names, prose))


def path(course: Course, assignment: Assignment) -> Path:
    """Where the class report stands."""
    return course.root / "reports" / assignment.name / "index.html"


def write(
    course: Course,
    assignment: Assignment,
    found: Sequence[StudentMark],
    ungraded: Sequence[str],
    alike: Likenesses,
    people: Roster = NOBODY,
) -> Path:
    """Write the class report, and what it shows as tables beside it."""
    target = path(course, assignment)
    summary = summary_of(course, assignment, found)
    for name, text in report_tables.tables(assignment, found, summary, people).items():
        write_whole(target.with_name(name), text.encode())
    write_whole(target, page(course, assignment, found, summary, ungraded, alike, people).encode())
    return target


def summary_of(course: Course, assignment: Assignment, found: Sequence[StudentMark]) -> Summary:
    """The class in numbers, in the course's words."""
    words = messages.load_messages(course.part("messages", assignment.name), course.language)
    return summary_module.summary(assignment, found, words)


def write_feedback(
    course: Course, assignment: Assignment, found: Sequence[StudentMark], step: Callable[[], None]
) -> dict[str, str]:
    """Write every student's feedback -> lines on those whose feedback could not be, by student."""
    writer = feedback.Writer(course, assignment)
    failed = {}
    for mark in found:
        try:
            with deadline.within(assignment.limits.total_seconds):
                writer.write(mark)
        except Exception as error:  # what stands in it is one student's, and so is what it brings about
            if of_the_machine(error):
                raise
            why = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
            failed[mark.student] = printable(f"{mark.student}: feedback not written: {why}")
        step()
    return failed


def page(
    course: Course,
    assignment: Assignment,
    found: Sequence[StudentMark],
    summary: Summary,
    ungraded: Sequence[str],
    alike: Likenesses,
    people: Roster = NOBODY,
) -> str:
    """The class report as HTML."""
    by_id = {person.id: person for person in people.people}
    sections = {
        "look": "For you to look at",
        "marks": "Marks",
        "tasks": "Tasks",
        "checks": "How hard each check is, and what it tells",
        "mistakes": "Mistakes by name",
        "models": "Accuracy of the models",
        "unchecked": "What was not checked, and why",
        "students": "Students",
    }
    if not summary.accuracies:
        del sections["models"]
    values: dict[str, Any] = {
        "course": course,
        "assignment": assignment,
        "sections": sections,
        "summary": summary,
        "outcomes": OUTCOMES,
        "graded": _graded(course, assignment, found),
        "facts": _facts(summary, found),
        "warnings": [*_warnings(found), *final_marks.of_other_points(assignment, found)],
        "notes": [(mark.student, note) for mark in found for note in mark.result.notes],
        "weights": alike.weights,
        "alike": alike.answers,
        "most_groups": MOST_GROUPS,
        "late": any(mark.penalty for mark in found),
        "waiting": _waiting(found),
        "unchecked": _unchecked(summary),
        "late_ones": final_marks.by_reason(found),
        "absent": sorted(set(by_id) - {mark.student for mark in found} - set(ungraded)),
        "ungraded": ungraded,
        "doubted": [item for item in summary.items if item.doubt],
        "named": any(person.first_name or person.last_name for person in people.people),
        "in_sections": any(person.ids.get("section") for person in people.people),
        "tables": report_tables.NAMES,
        "rows": [_row(assignment, mark, by_id) for mark in sorted(found, key=lambda mark: mark.student)],
    }
    style = (html_page.TEMPLATES / "report.css").read_text(encoding="utf-8")
    return html_page.render("report.html", style, **values, **_figures(assignment, summary))


def _figures(assignment: Assignment, summary: Summary) -> dict[str, Any]:
    middle, mean = statistics.median(summary.totals), statistics.fmean(summary.totals)
    marks_words = (
        f"Marks of {len(summary.totals)} students: from {shown(min(summary.totals))} to {shown(max(summary.totals))} "
        f"of {shown(summary.best)} points, half of them at {shown(middle)} or more, mean {mean:.2f}."
    )
    rates = ", ".join(f"{rate.task} {100 * rate.rate:.0f} %" for rate in summary.rates if rate.marked)
    bounds = _bounds(assignment, summary)
    lines = [
        f"{name}: {len(values)} models, from {100 * min(values):.2f} % to {100 * max(values):.2f} %"
        + (f"; {sum(v > bounds[name] for v in values)} above {100 * bounds[name]:g} %" if name in bounds else "")
        for name, values in summary.accuracies.items()
    ]
    accuracies_words = ". ".join(lines) + "." if lines else ""
    return {
        "marks_words": marks_words,
        "marks_figure": charts.marks(summary.totals, summary.best, marks_words),
        "tasks_figure": charts.tasks(summary.rates, OUTCOMES, f"Share of students with full marks: {rates}."),
        "accuracies_words": accuracies_words,
        "accuracies_figure": charts.accuracies(summary.accuracies, bounds, accuracies_words) if lines else "",
    }


def _bounds(assignment: Assignment, summary: Summary) -> Mapping[str, float]:
    """The thresholds by the names of what was measured: validation first, then test."""
    return dict(zip(summary.accuracies, assignment.thresholds.get(assignment.dataset, ()), strict=False))


def _graded(course: Course, assignment: Assignment, found: Sequence[StudentMark]) -> str:
    times = []
    for mark in found:
        file = verdict_files.verdict_file(course, assignment.name, mark.student)
        if file.is_file():
            times.append(datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None))
    span = [stamps.shown(time, course.timezone) for time in (min(times), max(times))] if times else ["?"]
    counts = Counter(mark.result.fingerprint for mark in found).most_common()
    fingerprints = ", ".join(f"{fingerprint} ({count})" for fingerprint, count in counts)
    sets = ", ".join(sorted({mark.result.dataset for mark in found if mark.result.dataset})) or "none"
    return f"Graded {' to '.join(dict.fromkeys(span))}. Grader (submissions): {fingerprints}. Dataset: {sets}."


def _facts(summary: Summary, found: Sequence[StudentMark]) -> dict[str, str]:
    return {
        "students graded": f"{len(found)}",
        "mean": f"{statistics.fmean(summary.totals):.2f} of {shown(summary.best)}",
        "median": f"{shown(statistics.median(summary.totals))}",
        "answers waiting for a person": f"{summary.waiting}",
        "tasks not checked": f"{sum(rate.counts[NOT_CHECKED] for rate in summary.rates)}",
    }


def _warnings(found: Sequence[StudentMark]) -> list[str]:
    lines = []
    if len({mark.result.fingerprint for mark in found}) > 1:
        lines.append("Not all were graded with the same grader: run `autograder grade` again.")
    if unsafe := [mark.student for mark in found if mark.result.unsafe]:
        lines.append(f"Graded without the sandbox: {', '.join(unsafe)}.")
    return lines


def _waiting(found: Sequence[StudentMark]) -> dict[str, list[str]]:
    """The tasks that wait for a person, and whose they are."""
    waiting: dict[str, list[str]] = {}
    for mark in found:
        for task, verdict in mark.result.verdicts.items():
            if verdict.score is None:
                waiting.setdefault(task, []).append(mark.student)
    return waiting


def _unchecked(summary: Summary) -> dict[tuple[str, ...], list[str]]:
    """The tasks that were not checked, by whose they are."""
    tasks: dict[tuple[str, ...], list[str]] = {}
    of_tasks: dict[str, set[str]] = {}
    for row in summary.unchecked:
        of_tasks.setdefault(row.task, set()).update(row.students)
    for rate in summary.rates:
        if students := of_tasks.get(rate.task):
            tasks.setdefault(tuple(sorted(students)), []).append(rate.task)
    return tasks


def _row(assignment: Assignment, mark: StudentMark, people: Mapping[str, Person]) -> Row:
    who = people.get(mark.student, Person(mark.student))
    cells = [_cell(mark.result.verdicts[task.name]) for task in assignment.tasks]
    link = f"../../feedback/{quote(mark.student)}/{quote(assignment.name)}/{feedback.WHOLE}"
    late = f"-{shown(mark.penalty)}" if mark.penalty else ""
    section = who.ids.get("section", "")
    return Row(mark.student, who.name, section, link, cells, late, mark.reason, shown(mark.so_far))


def _cell(verdict: Verdict) -> tuple[str, str]:
    if verdict.score is None:
        return CELLS[verdict.status], "…"
    return CELLS[verdict.status], shown(verdict.score) + ("?" if verdict.status == NOT_CHECKED else "")
