"""The words that checks are written in: what a check sees (CheckContext) and what it says (PartResult).

A check is a function of a CheckContext that returns one PartResult for each part of its task. Its docstring
is what it asks, in a sentence. Tolerances stand at the call.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, cast

import numpy as np

from autograder.judging import crashes
from autograder.sandbox.answers import Answers, Array, Error

Case = Mapping[str, Any]
Made = TypeVar("Made")


NAMED = re.compile(r"'(\w+)'")  # the name in the text of a NameError


class Kind(StrEnum):
    """The engine's own kinds of problems; an assignment has more, with its texts in messages.toml."""

    BLANK = "blank"
    MISSING = "missing"  # an answer of that name did not come
    ERROR = "error"  # the student's code raised
    TIME = "time"
    MEMORY = "memory"
    PROCESSES = "processes"
    LOST = "lost"  # nothing came back
    NO_MODEL = "no_model"
    BAD_MODEL = "bad_model"
    UNJUDGED = "unjudged"  # the check or the probe failed
    SHAPE = "shape"
    NONFINITE = "nonfinite"
    OFF = "off"
    OFF_ONE = "off_one"


# nothing came back that could be judged
UNCHECKED = frozenset(
    {
        *(Kind.BLANK, Kind.MISSING, Kind.ERROR, Kind.TIME, Kind.MEMORY, Kind.PROCESSES),
        *(Kind.LOST, Kind.NO_MODEL, Kind.BAD_MODEL, Kind.UNJUDGED),
    }
)
CRASHES = frozenset({Kind.ERROR, Kind.TIME, Kind.MEMORY, Kind.PROCESSES})
UNTOLD = UNCHECKED - {Kind.ERROR, Kind.PROCESSES}  # no known mistake explains these


@dataclass(frozen=True)
class Problem:
    """Why a value is not accepted. `kind` is a key of the engine's texts, `facts` fills them in."""

    kind: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def unchecked(self) -> bool:
        """True where nothing came back that could be judged."""
        return self.kind in UNCHECKED


@dataclass(frozen=True)
class PartResult:
    """What a check found about one part: `share` is the part's share of the task's points.

    flag: name of what a person should look at, whatever the mark; it changes none.
    """

    part: str
    share: float
    problem: Problem | None = None
    mistake: str = ""
    measured: float | None = None  # what the class report shows: an accuracy, say
    flag: str = ""
    fault: str = ""  # of the check or its author, where no verdict can be had: the place and the error

    @property
    def ok(self) -> bool:
        return self.problem is None


@dataclass(frozen=True, eq=False)
class Examples:
    """Cells that differ in their numbers. Only the first two are needed.

    cell: Python that ends in the expression whose value counts; `{name}` is what a case holds under that name
    cases: numbers, and lists of numbers, by name
    part: the part of the task that it is about; "": any
    of_class: it asks a class of the student's own, and not the task's function
    behind: tasks that it goes through: where one of them lost marks, it would show that one's mistake
    close: how far a value may be off, as a share of the largest entry
    same_shape: whether an answer of another shape is wrong
    """

    cell: str
    cases: Sequence[Mapping[str, Any]]
    part: str = ""
    of_class: bool = False
    behind: tuple[str, ...] = ()
    close: float = 1e-5
    same_shape: bool = False


@dataclass(frozen=True)
class CheckContext:
    """One task of one submission: the cases that were asked, the answers, the reference.

    reference: names of the reference solution; data: arrays of the dataset, labels included;
    model: (class name, params) of the saved model, or the Problem with it; seed: of the cases.
    """

    task: str
    cases: Sequence[Case]
    answers: Answers
    reference: Mapping[str, Any]
    data: Mapping[str, Array] = field(default_factory=dict)
    model: tuple[str, Mapping[str, Array]] | Problem | None = None
    thresholds: tuple[float, float] = (0.0, 0.0)
    sizes: Callable[[Case], str] = lambda case: ""  # the sizes of a case, said where a shape is wrong
    seed: int = 0
    undone: Mapping[str, Error] = field(default_factory=dict)  # name -> why the cell that binds it did not do so
    unwritten: Error | None = None  # why the task's own answer is not there, where its cell came to no end
    fault: str = ""  # of the author's code that makes the cases: the place and the error; there are none then
    memo: dict[Hashable, Any] = field(default_factory=dict, compare=False)  # what a check has worked out: see once()
    of_model: dict[Hashable, Any] = field(default_factory=dict, compare=False)  # the same: see once_a_model()

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, worked out at the first call with that key. It may hang on this context alone."""
        if key not in self.memo:
            self.memo[key] = make()
        return cast("Made", self.memo[key])

    def once_a_model(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The same, for all contexts of a submission. It may hang on the saved model and the dataset alone."""
        if key not in self.of_model:
            self.of_model[key] = make()
        return cast("Made", self.of_model[key])

    def value(self, case: int, name: str) -> Array | Problem:
        """The answer of that name, or why there is none."""
        if (array := self.answers.get(case, name)) is not None:
            return array
        error = self.answers.error(case, name) or self.answers.error(case, name.partition(".")[0])
        error = error or self.answers.error(case, "")  # of the whole case
        if error is None:
            if self.answers.lost:
                return Problem(Kind.LOST, {**self.answers.facts, "reason": self.answers.lost})
            return Problem(Kind.MISSING, {"name": name.rpartition(".")[2]})
        if (undone := self._undone(error)) is not None:
            return Problem(Kind.ERROR, {**crashes.facts_of(undone), "undone": "yes"})
        if error.type == "NotImplementedError":
            task = error.text if error.text.isalnum() else self.task
            return Problem(Kind.BLANK, {**error.facts, "task": task})
        if error.type == "TimeLimit":
            return Problem(Kind.TIME, crashes.facts_of(error))
        if error.type in ("MemoryError", "MemoryLimit"):
            return Problem(Kind.MEMORY, crashes.facts_of(error))
        if error.type == "BlockingIOError" or "can't start new thread" in error.text:
            return Problem(Kind.PROCESSES, crashes.facts_of(error))
        if error.type in ("ProcessEnded", "BadAnswer"):
            return Problem(Kind.LOST, {"reason": "died" if error.type == "ProcessEnded" else "noise"})
        return Problem(Kind.ERROR, crashes.facts_of(error))

    def _undone(self, error: Error) -> Error | None:
        """Why something is missing, where a cell that may define it came to no end."""
        if error.type == "NotImplementedError":
            return self.unwritten
        if error.type != "NameError":
            return None
        named = NAMED.search(error.text)
        return self.undone.get(error.facts.get("name") or (named[1] if named else ""))

    def compare(self, case: int, name: str, expected: Any, tolerance: float) -> Problem | None:
        """None where the answer is within `tolerance` of the largest expected entry."""
        value = self.value(case, name)
        if isinstance(value, Problem):
            return value
        problem = compare(value, np.asarray(expected, dtype=np.float64), tolerance)
        if problem is not None and problem.kind == Kind.SHAPE:
            return Problem(Kind.SHAPE, {**problem.facts, "sizes": self.sizes(self.cases[case])})
        return problem


def compare(value: Array, expected: Array, tolerance: float) -> Problem | None:
    """Entries raveled; only a wrong number of entries is a wrong shape."""
    if value.size != expected.size:
        return Problem(Kind.SHAPE, {"got": str(value.shape), "wanted": str(expected.shape), "sizes": ""})
    flat, wanted = value.ravel(), expected.ravel()
    finite = np.isfinite(flat)
    if not finite.all():
        what = "nan" if np.isnan(flat).any() else "inf"
        return Problem(Kind.NONFINITE, {"what": what, "count": str(int((~finite).sum())), "of": str(flat.size)})
    if not np.isfinite(wanted).all():  # of a student's own loss, say: no value is right
        return Problem(Kind.NONFINITE, {"what": "nan", "count": "1", "of": str(wanted.size)})
    scale = float(np.abs(wanted).max(initial=0.0)) or 1.0
    error = np.abs(flat - wanted)
    worst = int(error.argmax()) if error.size else 0
    if error.size and error[worst] > tolerance * scale:
        if value.ndim == expected.ndim and value.shape != expected.shape:  # transposed, say
            return Problem(Kind.SHAPE, {"got": str(value.shape), "wanted": str(expected.shape), "sizes": ""})
        where = "".join(str([int(i) for i in np.unravel_index(worst, expected.shape)])) if expected.ndim else ""
        percent = 100 * float(error[worst]) / scale
        wrong = int((error > tolerance * scale).sum())
        return Problem(
            Kind.OFF if error.size > 1 else Kind.OFF_ONE,
            {"percent": _percent(percent), "where": where, "wrong": str(wrong), "of": str(error.size)},
        )
    return None


def _percent(value: float) -> str:
    return ">1000" if value > 1000 else f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def first(problems: Iterable[Problem | None]) -> Problem | None:
    """The first problem of several cases, or None where all are right."""
    return next((problem for problem in problems if problem is not None), None)


def either(first_way: Problem | None, *other_ways: Problem | None) -> Problem | None:
    """None where one of the ways is right; else the last way's problem that could be judged."""
    ways = (first_way, *other_ways)
    if any(way is None for way in ways):
        return None
    judged = [way for way in ways if way is not None and not way.unchecked]
    return judged[-1] if judged else ways[-1]
