"""A class of results as the numbers that the class report shows."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import correlation, fmean

from autograder.course import Assignment, Task
from autograder.course.messages import Messages
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result
from autograder.marks.final_marks import StudentMark

PARTLY = "partly"
OUTCOMES = (PASSED, PARTLY, FAILED, NOT_CHECKED, NEEDS_GRADING)
FEW = 5  # students: fewer say nothing about a check
TELLING = ((0.4, "very-well"), (0.2, "well"), (0.0, "hardly"), (-1.0, "wrong-way"))


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
        return self.counts[PASSED] / self.marked if self.marked else 0.0

    @property
    def marked(self) -> int:
        """How many have a mark. As long as answers wait for a person, a blank one says nothing of the task."""
        waiting = self.counts[NEEDS_GRADING]
        return self.students - waiting - (self.counts[NOT_CHECKED] if waiting else 0)


@dataclass(frozen=True)
class Item:
    """A task, or one check of it (`check`), as test theory looks at a question.

    difficulty: the mean share of its points, 0 to 1 (easy ones are near 1). discrimination: how far this share goes
    along with what the same students have in their other tasks, from -1 to 1: the corrected item-total correlation
    (Henrysson 1963, Psychometrika 28); None where all have the same, or too few are judged.
    """

    task: str
    check: str
    students: int
    difficulty: float
    elsewhere: float  # the mean share that the same students have in their other tasks
    discrimination: float | None

    @property
    def doubt(self) -> str:
        """What speaks against the item rather than against the class, a key of the texts; "" where nothing does."""
        if self.students < FEW:
            return ""
        if self.difficulty == 0 and self.elsewhere >= 0.5:
            return "nobody"
        if self.discrimination is not None and self.discrimination < -self.chance:
            return "against"
        return ""

    @property
    def chance(self) -> float:
        """The discrimination that chance alone reaches in one of ten checks, either way, of so many students."""
        return float(1.64 / self.students**0.5)

    @property
    def telling(self) -> str:
        """How well it tells strong from weak, a key of the texts; the bounds are Ebel's (1972, Essentials of
        Educational Measurement)."""
        if self.discrimination is None:
            return "nothing"
        if abs(self.discrimination) < self.chance:
            return "few"
        return next(key for bound, key in TELLING if round(self.discrimination, 6) >= bound)


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
    items: tuple[Item, ...]
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
        items=_items(assignment, results, words),
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


def _items(assignment: Assignment, results: Sequence[Result], words: Messages) -> tuple[Item, ...]:
    """Every task and every check of it: those with a doubt first, then as they tell strong from weak."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for result in results:
        judged = [v for v in result.verdicts.values() if v.score is not None and v.status != NOT_CHECKED]
        for verdict in judged:
            others = [(other.score or 0.0) / other.max_score for other in judged if other is not verdict]
            if not others:
                continue
            elsewhere = round(fmean(others), 9)  # the dust of binary fractions is no difference between students
            found[verdict.task, ""].append(((verdict.score or 0.0) / verdict.max_score, elsewhere))
            for part in verdict.parts if len(verdict.parts) > 1 else ():
                check = words.part(verdict.task, part.name)
                found[verdict.task, check].append((part.score / part.max_score, elsewhere))
    items = [_item(task, check, pairs) for (task, check), pairs in found.items()]
    order = {task.name: number for number, task in enumerate(assignment.tasks)}
    return tuple(sorted(items, key=lambda i: (not i.doubt, _or(i.discrimination, 2.0), order[i.task], i.check)))


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _item(task: str, check: str, pairs: Sequence[tuple[float, float]]) -> Item:
    shares, elsewhere = zip(*pairs, strict=True)
    varies = len(pairs) >= FEW and len(set(shares)) > 1 and len(set(elsewhere)) > 1
    r = correlation(shares, elsewhere) if varies else None
    return Item(task, check, len(pairs), fmean(shares), fmean(elsewhere), r)


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
