"""What the mark is: one function from the verdicts, what people gave and the lateness to a student's mark.

Gradebook, `scores`, feedback, class report, export, `--explain` and nbgrader's own pages show this mark
and no other (docs/architecture.md has the table). The rows of the gradebook come in as an argument.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from autograder.course import PERSON, Assignment, Course, Task, few, shown, stamps
from autograder.course.late import due_time
from autograder.course.messages import Messages, of_engine
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result, Verdict
from autograder.marks.manual_marks import ManualMark, UnreadableSheet, load_sheet
from autograder.marks.verdict_files import load_result


@dataclass(frozen=True)
class HandedIn:
    """What the gradebook knows of one student's submission, beside the verdicts."""

    marks: Mapping[str, ManualMark] = field(default_factory=dict)
    time: datetime | None = None  # UTC, without a zone
    extension: timedelta | None = None  # as nbgrader has it
    auto: Mapping[str, float | None] = field(default_factory=dict)  # scores that the gradebook holds


@dataclass(frozen=True)
class Rows:
    """What the gradebook knows of an assignment. due: UTC, without a zone."""

    students: Mapping[str, HandedIn] = field(default_factory=dict)
    due: datetime | None = None


@dataclass(frozen=True)
class StudentMark:
    """One student's mark.

    result: the verdicts with what people gave put over them; a score is None where it waits for a person.
    share: what lateness takes of the scores, from 0 to 1; penalty: in points; reason: why, in words.
    total: None where a required task waits; so_far: the same with what waits counted as nothing.
    outdated: tasks that were worth other points when they were graded; they wait for the next grading.
    """

    result: Result
    by_person: Mapping[str, ManualMark]
    share: float
    penalty: float
    reason: str
    total: float | None
    so_far: float
    outdated: tuple[str, ...] = ()

    @property
    def student(self) -> str:
        return self.result.student

    def score(self, task: str) -> float | None:
        """A task's score; None where it waits for a person, or is not known."""
        verdict = self.result.verdicts.get(task)
        return None if verdict is None else verdict.score

    def comment(self, task: str) -> str:
        """What is said to the student about a task: a person's words before ours."""
        mark, verdict = self.by_person.get(task), self.result.verdicts.get(task)
        return (mark.comment if mark is not None else "") or (verdict.message if verdict is not None else "")

    @property
    def waiting(self) -> int:
        """How many tasks wait for a person."""
        found = self.result.verdicts.items()
        return sum(verdict.score is None for task, verdict in found if task not in self.outdated)


def final_mark(course: Course, assignment: Assignment, result: Result, rows: Rows) -> StudentMark:
    """The mark of one student."""
    row = rows.students.get(result.student, HandedIn())
    words = of_engine(course.language)
    known = [task for task in assignment.tasks if task.name in result.verdicts]  # those that the course has now
    verdicts = {t.name: _now(course, t, result, row.marks.get(t.name), words) for t in known}
    scores = [verdict.score for verdict in verdicts.values()]
    required = [task.name for task in assignment.tasks if not task.optional]
    days = days_late(course, assignment, result.student, row, rows.due)
    share = assignment.late.share(result.student, days)
    penalty = sum(penalty_of(share, [verdicts.get(t) for t in book]) for book in _by_notebook(assignment).values())
    so_far = max(0.0, sum(score or 0.0 for score in scores) - penalty)
    whole = all(task in verdicts and verdicts[task].score is not None for task in required)
    return StudentMark(
        result=replace(result, verdicts=verdicts),
        by_person={task: mark for task, mark in row.marks.items() if mark.given or mark.comment},
        share=share,
        penalty=penalty,
        reason=_reason(assignment, result.student, days, words),
        total=so_far if whole else None,
        so_far=so_far,
        outdated=tuple(task.name for task in known if result.verdicts[task.name].max_score != task.points),
    )


def _by_notebook(assignment: Assignment) -> dict[str, list[str]]:
    """The tasks of each notebook: nbgrader keeps a penalty for each."""
    return {book: [task.name for task in assignment.tasks if task.notebook == book] for book in assignment.notebooks}


def penalty_of(share: float, verdicts: Sequence[Verdict | None]) -> float:
    """What lateness takes of some tasks; what waits counts as nothing."""
    return share * max(0.0, sum(verdict.score or 0.0 for verdict in verdicts if verdict is not None))


def days_late(course: Course, assignment: Assignment, student: str, row: HandedIn, due: datetime | None) -> int:
    """Days after the due date that cost something; 0 where a submission came in time, or nobody knows when."""
    due = due_time(assignment.due, course.timezone) or due
    if due is None or row.time is None:
        return 0
    due = stamps.later(due, row.extension or timedelta(), course.timezone)
    return assignment.late.days(student, row.time, due, course.timezone)


def _reason(assignment: Assignment, student: str, days: int, words: Messages) -> str:
    late = assignment.late
    if not days or late.policy == "none":
        return ""
    begun = _days(words, days, "begun-")
    if student in late.forgiven:
        return words.say("late", "forgiven", days=begun)
    said = words.say("late", late.policy, days=begun, percent=f"{late.percent_a_day:g}")
    if late.grace_days:
        said = f"{words.say('late', 'free', days=_days(words, late.grace_days))}{said}"
    if more := late.extensions.get(student):
        said = f"{words.say('late', 'longer', days=_days(words, more))}{said}"
    return said


def _days(words: Messages, days: float, kind: str = "") -> str:
    return words.say("late", f"{kind}day" if days == 1 else f"{kind}days", days=f"{days:g}")


def _now(course: Course, task: Task, result: Result, mark: ManualMark | None, words: Messages) -> Verdict:
    """A task's verdict with what a person gave put over it. One of other points than the course's now waits."""
    verdict = result.verdicts[task.name]
    if verdict.max_score != task.points:
        old = f"{shown(verdict.score)} / {shown(verdict.max_score)}"
        message = words.say("status", "other-points", old=old, points=shown(task.points))
        verdict = replace(verdict, score=None, max_score=task.points, status=NEEDS_GRADING, parts=(), message=message)
        mark = None if mark is None else replace(mark, score=None, extra=None)
    if mark is None:
        return verdict
    if mark.given and mark.waits and (mark.score is not None or verdict.score is not None):
        message = f"{verdict.message}\n{_stale(course, task, result, mark, words)}"
        verdict = replace(verdict, score=None, status=NEEDS_GRADING, parts=(), message=message)
    elif mark.score is not None:
        verdict = _overridden(verdict, mark.points, task.graded_by == PERSON, words)
    elif mark.extra and verdict.score is not None:
        verdict = replace(verdict, score=verdict.score + mark.extra)
    if mark.comment:
        verdict = replace(verdict, message=f"{verdict.message}\n{words.say('status', 'comment', text=mark.comment)}")
    return verdict


def _stale(course: Course, task: Task, result: Result, mark: ManualMark, words: Messages) -> str:
    """Why a person's mark waits: the answer has changed since, or what it is worth."""
    old = shown(mark.score or 0) + (f" + {shown(mark.extra)}" if mark.extra else "")
    try:
        sheet = load_sheet(course, result.assignment, result.student)
    except UnreadableSheet:
        sheet = None
    kept = sheet.marks.get(task.name) if sheet is not None else None
    then = kept.points_then(result.by_person.get(task.name), task.usual_points) if kept is not None else None
    if then is None:
        return words.say("status", "stale", mark=old)
    return words.say("status", "stale-points", mark=f"{old} / {shown(then)}", points=shown(task.points))


def _overridden(verdict: Verdict, score: float, by_person: bool, words: Messages) -> Verdict:
    """The verdict of a task that a person marked; the old message is shown as overruled."""
    right = score >= verdict.max_score
    message = words.say("status", "graded")
    if not by_person:
        message = words.say("status", "overridden")
        if verdict.status != PASSED or not right:
            message = f"{message}\n{words.say('status', 'overruled', text=verdict.message)}"
    return replace(
        verdict,
        score=score,
        status=PASSED if right else FAILED,
        parts=(),
        mistake="" if right else verdict.mistake,
        counterexample=None if right else verdict.counterexample,
        message=message,
    )


def of_other_points(assignment: Assignment, marks: Iterable[StudentMark]) -> list[str]:
    """A line on those whose tasks were worth other points when they were graded; [] where there are none."""
    names = [mark.student for mark in marks if mark.outdated]
    why = f"{len(names)} ({few(names)}) were graded when tasks were worth other points, and have no mark for those"
    return [f"{why}: run `autograder grade {assignment.name}`"] if names else []


def class_marks(
    course: Course, assignment: Assignment, students: Iterable[str], rows: Rows, lost_too: bool = False
) -> dict[str, StudentMark]:
    """The marks of those students who have a verdict, by name.

    lost_too: and of those whose verdicts are gone, as the gradebook still has their scores.
    """
    marks = {}
    for student in sorted(set(students)):
        result = load_result(course, assignment.name, student)
        if result is None and lost_too and student in rows.students:
            result = of_row(assignment, student, rows.students[student])
        if result is not None:
            marks[student] = final_mark(course, assignment, result, rows)
    return marks


def by_reason(marks: Iterable[StudentMark]) -> dict[str, list[str]]:
    """Why lateness takes what it takes, and of whom."""
    found: dict[str, list[str]] = {}
    for mark in marks:
        if mark.penalty:
            found.setdefault(mark.reason, []).append(f"{mark.student} (-{shown(mark.penalty)})")
    return found


def as_data(mark: StudentMark) -> dict[str, dict[str, Any]]:
    """A student's tasks as `scores --json` has them."""
    hidden = ("task", "measured", "flag", "fault", "rule", "snapshot", "cause", "counterexample")
    return {
        task: {name: value for name, value in verdict.as_json().items() if name not in hidden}
        for task, verdict in mark.result.verdicts.items()
    }


def of_row(assignment: Assignment, student: str, row: HandedIn) -> Result:
    """A result of a student whose verdicts are gone: the scores that the gradebook still has."""
    verdicts = {}
    for task in assignment.tasks:
        score = row.auto.get(task.name)
        status = (
            NEEDS_GRADING if score is None else PASSED if score >= task.points else FAILED if score else NOT_CHECKED
        )
        verdicts[task.name] = Verdict(task.name, status, score, task.points)
    return Result(student, assignment.name, "", "", verdicts)
