"""The class report: one page that says how the class did, and leads to every student's feedback."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console

from autograder.course import PERSON, Assignment, Course, messages
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.marks.final_marks import Marks
from autograder.pages import charts, feedback, html_page, similarity
from autograder.pages import statistics as summary_module
from autograder.pages.similarity import Alike
from autograder.pages.statistics import PARTLY, Summary
from autograder.progress import Progress

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
    link: str
    cells: Sequence[tuple[str, str]]  # CSS class, text
    total: str


def make(course: Course, assignment: Assignment, given: Marks, out: Console, quiet: bool = False) -> Path:
    """Write feedback and class report -> where the report is. given: what people gave."""
    found, ungraded = results(course, assignment, given)
    if not quiet:
        out.print(f"writing feedback for {len(found)} students of {assignment.name}, language {course.language!r}")
    with Progress(len(found), out, quiet) as progress:
        write_feedback(course, assignment, found, progress.step)
    if not quiet:
        out.print("comparing answers and models, drawing the class report")
    page = write(course, assignment, found, ungraded, likenesses(course, assignment, found))
    if ungraded:
        out.print(f"not graded yet: {', '.join(ungraded)}; run `autograder grade {assignment.name}`", markup=False)
    if not quiet:
        out.print(f"feedback: {course.root}/feedback/STUDENT/{assignment.name}/feedback.html", markup=False)
        out.print(f"report:   {page}", markup=False)
    return page


def results(course: Course, assignment: Assignment, given: Marks) -> tuple[list[Result], list[str]]:
    """(the class's results with people's marks in them, the students who are not graded yet)."""
    names = verdict_files.students(course, assignment)
    found = {name: verdict_files.load_result(course, assignment.name, name) for name in names}
    graded = [
        final_marks.applied(course, assignment, result, given.get(name, {})) for name, result in found.items() if result
    ]
    if not graded:
        raise CourseError(f"no submission of {assignment.name} is graded yet; run `autograder grade {assignment.name}`")
    return graded, [name for name, result in found.items() if result is None]


def likenesses(course: Course, assignment: Assignment, found: Sequence[Result]) -> Likenesses:
    """Compare the class's answers and models."""
    names = [result.student for result in found]
    answers = similarity.answers(course, assignment, names)
    prose = [task.name for task in assignment.tasks if task.graded_by == PERSON]
    return Likenesses(similarity.same_weights(course, assignment, names), similarity.alike(answers, names, prose))


def path(course: Course, assignment: Assignment) -> Path:
    """Where the class report stands."""
    return course.root / "reports" / assignment.name / "index.html"


def write(
    course: Course, assignment: Assignment, found: Sequence[Result], ungraded: Sequence[str], alike: Likenesses
) -> Path:
    """Write the class report."""
    target = path(course, assignment)
    write_whole(target, page(course, assignment, found, ungraded, alike).encode())
    return target


def write_feedback(course: Course, assignment: Assignment, found: Sequence[Result], step: Callable[[], None]) -> None:
    """Write every student's feedback."""
    writer = feedback.Writer(course, assignment)
    for result in found:
        writer.write(result)
        step()


def page(
    course: Course, assignment: Assignment, found: Sequence[Result], ungraded: Sequence[str], alike: Likenesses
) -> str:
    """The class report as HTML."""
    words = messages.load_messages(course.part("messages", assignment.name), course.language)
    summary = summary_module.summary(assignment, found, words)
    sections = {
        "marks": "Marks",
        "tasks": "Tasks",
        "mistakes": "Mistakes by name",
        "models": "Accuracy of the models",
        "unchecked": "What was not checked, and why",
        "look": "For you to look at",
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
        "warnings": _warnings(found, ungraded),
        "notes": [(result.student, note) for result in found for note in result.notes],
        "weights": alike.weights,
        "alike": alike.answers,
        "most_groups": MOST_GROUPS,
        "rows": [_row(course, assignment, result) for result in sorted(found, key=lambda r: r.student)],
    }
    style = (html_page.TEMPLATES / "report.css").read_text(encoding="utf-8")
    return html_page.render("report.html", style, **values, **_figures(assignment, summary))


def _figures(assignment: Assignment, summary: Summary) -> dict[str, Any]:
    middle, mean = statistics.median(summary.totals), statistics.fmean(summary.totals)
    marks_words = (
        f"Marks of {len(summary.totals)} students: from {min(summary.totals):g} to {max(summary.totals):g} "
        f"of {summary.best:g} points, half of them at {middle:g} or more, mean {mean:.2f}."
    )
    rates = ", ".join(f"{rate.task} {100 * rate.rate:.0f} %" for rate in summary.rates)
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


def _graded(course: Course, assignment: Assignment, found: Sequence[Result]) -> str:
    times = []
    for result in found:
        file = verdict_files.verdict_file(course, assignment.name, result.student)
        if file.is_file():
            times.append(datetime.fromtimestamp(file.stat().st_mtime, UTC))
    span = sorted({f"{time:%Y-%m-%d %H:%M}" for time in (min(times), max(times))}) if times else ["?"]
    fingerprints = ", ".join(
        f"{fingerprint} ({count})" for fingerprint, count in Counter(r.fingerprint for r in found).most_common()
    )
    sets = ", ".join(sorted({r.dataset for r in found if r.dataset})) or "none"
    return f"Graded {' to '.join(span)} UTC. Kit (submissions): {fingerprints}. Dataset: {sets}."


def _facts(summary: Summary, found: Sequence[Result]) -> dict[str, str]:
    return {
        "students graded": f"{len(found)}",
        "mean": f"{statistics.fmean(summary.totals):.2f} of {summary.best:g}",
        "median": f"{statistics.median(summary.totals):g}",
        "answers waiting for a person": f"{summary.waiting}",
        "tasks not checked": f"{sum(rate.counts[NOT_CHECKED] for rate in summary.rates)}",
    }


def _warnings(found: Sequence[Result], ungraded: Sequence[str]) -> list[str]:
    lines = []
    if ungraded:
        lines.append(f"Not graded yet, and not in this report: {', '.join(ungraded)}.")
    if len({result.fingerprint for result in found}) > 1:
        lines.append("Not all were graded with the same grader: run `autograder grade` again.")
    if unsafe := [result.student for result in found if result.unsafe]:
        lines.append(f"Graded without the sandbox: {', '.join(unsafe)}.")
    return lines


def _row(course: Course, assignment: Assignment, result: Result) -> Row:
    cells = [_cell(result.verdicts[task.name]) for task in assignment.tasks]
    link = f"../../feedback/{quote(result.student)}/{quote(assignment.name)}/{feedback.WHOLE}"
    return Row(result.student, link, cells, feedback.total(assignment, result).score)


def _cell(verdict: Verdict) -> tuple[str, str]:
    if verdict.score is None:
        return CELLS[verdict.status], "…"
    return CELLS[verdict.status], f"{verdict.score:.3g}" + ("?" if verdict.status == NOT_CHECKED else "")
