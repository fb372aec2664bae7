"""A class of results as the numbers that the class report shows."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course import Assignment, Task
from autograder.course.messages import Messages
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result
from autograder.marks.final_marks import StudentMark

PARTLY = "partly"
OUTCOMES = (PASSED, PARTLY, FAILED, NOT_CHECKED, NEEDS_GRADING)


@dataclass(frozen=True)
class PartRate:
    """How many have a part in full, of all that were judged."""

    name: str
    full: int
    of: int


@dataclass(frozen=True)
class TaskRate:
    """How a task came out: students by outcome."""

    task: str
    counts: Mapping[str, int]
    parts: tuple[PartRate, ...]

    @property
    def students(self) -> int:
        return sum(self.counts.values())

    @property
    def rate(self) -> float:
        """Share of full marks among those who have a mark."""
        marked = self.students - self.counts[NEEDS_GRADING]
        return self.counts[PASSED] / marked if marked else 0.0


@dataclass(frozen=True)
class Named:
    """Something with a name that happened to some students."""

    task: str
    name: str
    text: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """The class in numbers."""

    totals: tuple[float, ...]
    best: float
    rates: tuple[TaskRate, ...]
    mistakes: tuple[Named, ...]
    unchecked: tuple[Named, ...]
    flagged: tuple[Named, ...]
    accuracies: Mapping[str, tuple[float, ...]]
    waiting: int


def outcome(status: str, score: float | None) -> str:
    """The status, with what is partly right told from what is wrong."""
    return PARTLY if status == FAILED and score else status


def summary(assignment: Assignment, marks: Sequence[StudentMark], words: Messages) -> Summary:
    """Add a class up."""
    results = [mark.result for mark in marks]
    return Summary(
        totals=tuple(mark.so_far for mark in marks),
        best=assignment.points,
        rates=tuple(_rate(task, results, words) for task in assignment.tasks),
        mistakes=_mistakes(results, words),
        unchecked=_unchecked(results),
        flagged=_flagged(results, words),
        accuracies=_accuracies(results),
        waiting=sum(mark.waiting for mark in marks),
    )


def _rate(task: Task, results: Sequence[Result], words: Messages) -> TaskRate:
    found = [result.verdicts[task.name] for result in results if task.name in result.verdicts]
    counts = Counter(outcome(v.status, v.score) for v in found)
    parts: dict[str, list[bool]] = defaultdict(list)
    for verdict in found:
        for part in verdict.parts:
            parts[part.name].append(part.score >= part.max_score)
    rates = tuple(PartRate(words.part(task.name, name), sum(full), len(full)) for name, full in parts.items())
    return TaskRate(task.name, {name: counts[name] for name in OUTCOMES}, rates if len(rates) > 1 else ())


def _mistakes(results: Sequence[Result], words: Messages) -> tuple[Named, ...]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for task, verdict in result.verdicts.items():
            if verdict.mistake:
                found[task, verdict.mistake].append(result.student)
    named = [Named(t, name, words.mistake(t, name), tuple(who)) for (t, name), who in found.items()]
    return tuple(sorted(named, key=lambda named: -len(named.students)))


def _unchecked(results: Sequence[Result]) -> tuple[Named, ...]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for task, verdict in result.verdicts.items():
            if verdict.status == NOT_CHECKED:
                found[task, verdict.message.splitlines()[0] if verdict.message else ""].append(result.student)
    named = [Named(task, "", text, tuple(who)) for (task, text), who in found.items()]
    return tuple(sorted(named, key=lambda named: -len(named.students)))


def _flagged(results: Sequence[Result], words: Messages) -> tuple[Named, ...]:
    """What a check noted for a person to look at."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for task, verdict in result.verdicts.items():
            if flag := verdict.flag:
                found[task, flag].append(result.student)
    return tuple(Named(task, flag, words.flag(task, flag), tuple(who)) for (task, flag), who in found.items())


def _accuracies(results: Sequence[Result]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for verdict in result.verdicts.values():
            for name, value in verdict.measured.items():
                found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}
