"""How even the marks are: two graders on the same answers, and each grader over time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.desk.journal import Marked

BLOCK = 20  # marks to a step of a grader's way


@dataclass(frozen=True)
class Agreement:
    """Of pairs of marks: how many there are, the share that is the same, and Cohen's kappa; None: none can be told."""

    pairs: int
    same: float | None
    kappa: float | None


@dataclass(frozen=True)
class Step:
    """Some marks of one grader in a row: the first and the last of them, counted from 1, and their mean."""

    by: str
    first: int
    last: int
    mean: float


def agreement(pairs: Sequence[tuple[float, float]]) -> Agreement:
    """Of (first mark, second mark) of the same answers. Marks are kinds here: near ones agree no more than others."""
    if not pairs:
        return Agreement(0, None, None)
    size = len(pairs)
    same = sum(one == other for one, other in pairs) / size
    firsts, seconds = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(firsts[mark] * seconds[mark] for mark in firsts) / size**2
    return Agreement(size, same, None if by_chance == 1 else (same - by_chance) / (1 - by_chance))


def drift(marks: Iterable[Marked], task: str) -> list[Step]:
    """The way of each grader through a task, in steps. A group is one mark: it was looked at once."""
    given: dict[str, list[float]] = defaultdict(list)
    for event in marks:
        scores = [member.now.score for member in event.members if member.task == task and member.now.score is not None]
        if scores:
            given[event.by].append(scores[0])
    return [
        Step(by, at + 1, at + len(some), sum(some) / len(some))
        for by, scores in sorted(given.items())
        for at in range(0, len(scores), BLOCK)
        if (some := scores[at : at + BLOCK])
    ]
