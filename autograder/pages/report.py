"""The class report: one page that says how the class did, and leads to every student's feedback.

It is long, so that all that stands on the page is seen in one place.
"""

import functools
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
from autograder.course import PERSON, Assignment, Course, few, messages, roster, shown, stamps
from autograder.course.messages import Messages
from autograder.course.roster import NOBODY, Person, Roster
from autograder.errors import CourseError
from autograder.files import of_the_machine, write_whole
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.marks.final_marks import Rows, StudentMark
from autograder.pages import charts, feedback, html_page, report_tables, similarity
from autograder.pages import statistics as summary_module
from autograder.pages.similarity import Alike
from autograder.pages.statistics import OUTCOMES, Summary
from autograder.progress import Progress
from autograder.sandbox.answers import printable

SECTIONS = ("look", "marks", "tasks", "checks", "mistakes", "models", "unchecked", "students")
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
    tables = report_tables.tables(assignment, found, summary, people, words_of(course.language))
    for name, text in tables.items():
        write_whole(target.with_name(name), text.encode())
    write_whole(target, page(course, assignment, found, summary, ungraded, alike, people).encode())
    return target


def summary_of(course: Course, assignment: Assignment, found: Sequence[StudentMark]) -> Summary:
    """The class in numbers, in the course's words."""
    words = messages.load_messages(course, assignment)
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
    texts = words_of(course.language)
    values: dict[str, Any] = {
        "course": course,
        "assignment": assignment,
        "say": texts.say,
        "sections": [name for name in SECTIONS if summary.accuracies or name != "models"],
        "summary": summary,
        "outcomes": OUTCOMES,
        "graded": _graded(course, assignment, found, texts),
        "facts": _facts(summary, found, texts),
        "warnings": _warnings(assignment, found, texts),
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
    return html_page.render("report.html", style, **values, **_figures(assignment, summary, texts))


@functools.cache
def words_of(language: str) -> Messages:
    """The report's own words."""
    return messages.plain_messages(Path(__file__).parent / "messages.toml", language)


def _figures(assignment: Assignment, summary: Summary, texts: Messages) -> dict[str, Any]:
    marks_words = texts.say(
        "figure",
        "marks",
        count=str(len(summary.totals)),
        least=shown(min(summary.totals)),
        most=shown(max(summary.totals)),
        best=shown(summary.best),
        middle=shown(statistics.median(summary.totals)),
        mean=f"{statistics.fmean(summary.totals):.2f}",
    )
    rates = ", ".join(f"{rate.task} {100 * rate.rate:.0f} %" for rate in summary.rates if rate.marked)
    tasks_words = texts.say("figure", "tasks", rates=rates)
    bounds = _bounds(assignment, summary)
    lines = [_models(name, values, bounds.get(name), texts) for name, values in summary.accuracies.items()]
    models_words = ". ".join(lines) + "." if lines else ""
    return {
        "marks_words": marks_words,
        "marks_figure": charts.marks(summary.totals, summary.best, marks_words, texts),
        "tasks_figure": charts.tasks(summary.rates, tasks_words, texts),
        "accuracies_words": models_words,
        "accuracies_figure": charts.accuracies(summary.accuracies, bounds, models_words, texts) if lines else "",
    }


def _models(name: str, values: Sequence[float], bound: float | None, texts: Messages) -> str:
    """The accuracies of one set in words, with how many are above its threshold."""
    least, most = f"{100 * min(values):.2f}", f"{100 * max(values):.2f}"
    words = texts.say("figure", "models", name=name, count=str(len(values)), least=least, most=most)
    if bound is not None:
        above = str(sum(value > bound for value in values))
        words += texts.say("figure", "above", count=above, bound=f"{100 * bound:g}")
    return words


def _bounds(assignment: Assignment, summary: Summary) -> Mapping[str, float]:
    """The thresholds by the names of what was measured: validation first, then test."""
    return dict(zip(summary.accuracies, assignment.thresholds.get(assignment.dataset, ()), strict=False))


def _graded(course: Course, assignment: Assignment, found: Sequence[StudentMark], texts: Messages) -> str:
    times = []
    for mark in found:
        file = verdict_files.verdict_file(course, assignment.name, mark.student)
        if file.is_file():
            times.append(datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None))
    ends = [stamps.shown(time, course.timezone) for time in (min(times), max(times))] if times else ["?"]
    span = ends[0] if len({*ends}) == 1 else texts.say("report", "span", first=ends[0], last=ends[1])
    counts = Counter(mark.result.fingerprint for mark in found).most_common()
    fingerprints = ", ".join(f"{fingerprint} ({count})" for fingerprint, count in counts)
    sets = ", ".join(sorted({mark.result.dataset for mark in found if mark.result.dataset}))
    sets = sets or texts.say("report", "no-dataset")
    return texts.say("report", "graded", span=span, graders=fingerprints, datasets=sets)


def _facts(summary: Summary, found: Sequence[StudentMark], texts: Messages) -> dict[str, str]:
    mean = texts.say("fact", "of", value=f"{statistics.fmean(summary.totals):.2f}", best=shown(summary.best))
    facts = {
        "students": f"{len(found)}",
        "mean": mean,
        "median": shown(statistics.median(summary.totals)),
        "waiting": f"{summary.waiting}",
        "unchecked": f"{sum(rate.counts[NOT_CHECKED] for rate in summary.rates)}",
    }
    return {texts.say("fact", name): value for name, value in facts.items()}


def _warnings(assignment: Assignment, found: Sequence[StudentMark], texts: Messages) -> list[str]:
    lines = []
    if len({mark.result.fingerprint for mark in found}) > 1:
        lines.append(texts.say("report", "other-graders"))
    if unsafe := [mark.student for mark in found if mark.result.unsafe]:
        lines.append(texts.say("report", "unsafe", who=", ".join(unsafe)))
    if outdated := [mark.student for mark in found if mark.outdated]:
        count, who = str(len(outdated)), few(outdated)
        lines.append(texts.say("report", "other-points", count=count, who=who, assignment=assignment.name))
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
