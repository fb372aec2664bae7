"""What the judge found, as records. No numpy: quick to load."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any


class Status(StrEnum):
    """How a task ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"  # nothing came back that could be judged
    NEEDS_GRADING = "needs grading"  # a person marks it


PASSED, FAILED = Status.PASSED, Status.FAILED
NOT_CHECKED, NEEDS_GRADING = Status.NOT_CHECKED, Status.NEEDS_GRADING


@dataclass(frozen=True)
class Part:
    """A part of a task and its score."""

    name: str
    score: float
    max_score: float


@dataclass(frozen=True)
class Counterexample:
    """A public input on which this submission is wrong: to be tried in the notebook."""

    cell: str  # Python to paste into a cell: whole numbers, `np` and the student's own names
    gives: str  # what the student's code gives there: the numbers, or the error
    right: str  # what is right there


@dataclass(frozen=True)
class Verdict:
    """What the judge found about one task. `score` is None where a person grades it, or has to: see `fault`.

    flag: name of what a person should look at before the mark is believed, or ""; the mark stands.
    """

    task: str
    status: Status
    score: float | None
    max_score: float
    parts: tuple[Part, ...] = ()
    mistake: str = ""
    message: str = ""
    measured: Mapping[str, float] = field(default_factory=dict)  # by part: the accuracy of a model, say
    flag: str = ""
    cause: str = ""  # why nothing could be judged: the kind of the problem, or how the answer was lost
    fault: str = ""  # ours or the author's: why there is no mark, and where
    rule: str = ""  # by what it was decided, in words for the instructor
    snapshot: int = 0  # it was earned by the notebook as it stood before its cell of this number; 0: at its end
    counterexample: Counterexample | None = None  # where a mark was lost, and a public input shows why

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        example = None if self.counterexample is None else vars(self.counterexample).copy()
        parts = [vars(part).copy() for part in self.parts]
        return {**vars(self), "parts": parts, "measured": dict(self.measured), "counterexample": example}


KNOWN = frozenset(item.name for item in fields(Verdict))  # a file of another version may hold more


def verdict_from(data: Mapping[str, Any]) -> Verdict:
    """The verdict that as_json gave."""
    parts = tuple(Part(**part) for part in data["parts"])
    kept = {name: value for name, value in data.items() if name in KNOWN}
    example = data.get("counterexample")
    kept["counterexample"] = None if example is None else Counterexample(**example)
    return Verdict(**{**kept, "status": Status(data["status"]), "parts": parts})


@dataclass(frozen=True)
class Result:
    """What grading one submission gave. `seeds` make the hidden inputs again."""

    student: str
    assignment: str
    digest: str
    fingerprint: str
    verdicts: Mapping[str, Verdict]
    seeds: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # for the instructor
    told: tuple[str, ...] = ()  # about the files, for the student
    cell_errors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    by_person: Mapping[str, str] = field(default_factory=dict)  # hashes of the answers: a person's mark is for one
    seconds: float = 0.0
    dataset: str = ""
    timestamp: str = ""
    unsafe: bool = False
    stretch: float = 1.0  # how many times as long the time limits were, on a slow machine
    answers: bytes = b""  # what came back from the sandbox, kept so that a changed check can judge it again
    notebooks: Mapping[str, bytes] = field(default_factory=dict)  # the graded ones, as files; {} in a kept result

    def as_json(self) -> dict[str, Any]:
        """The result as plain data: a verdict file. Answers and graded notebooks are files of their own."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        del data["answers"], data["notebooks"]
        return {**data, "verdicts": {name: v.as_json() for name, v in self.verdicts.items()}}

    @cached_property
    def stamp(self) -> str:
        """Hash of all but the time it took: graded notebooks carry it, to show whose they are."""
        data = {name: value for name, value in self.as_json().items() if name != "seconds"}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def result_from(data: Mapping[str, Any]) -> Result:
    """The result that as_json gave."""
    found = {name: verdict_from(v) for name, v in data["verdicts"].items()}
    known = {item.name for item in fields(Result)}  # a file of another version may hold more
    data = {"fingerprint": data.get("kit", ""), **data}  # as version 0.1 called it
    kept = {name: value for name, value in data.items() if name in known}
    return Result(**{**kept, "verdicts": found, "notes": tuple(data["notes"]), "told": tuple(data.get("told", ()))})
