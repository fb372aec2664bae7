"""What the judge found, as records, and the files that they are kept in. No numpy: quick to load."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder import sheets
from autograder.course import Assignment, Course, CourseError
from autograder.files import write_whole

UNSAFE = re.compile(r'[<>"\\\x00-\x1f\x7f]')  # nbgrader writes names into its pages as they are
PASSED, FAILED, NOT_CHECKED, NEEDS_GRADING = "passed", "failed", "not checked", "needs grading"


@dataclass(frozen=True)
class Part:
    """A part of a task and its score."""

    name: str
    score: float
    max_score: float


@dataclass(frozen=True)
class Verdict:
    """What the judge found about one task. `score` is None where a person grades it.

    flag: name of what a person should look at before the mark is believed, or ""; the mark stands.
    """

    task: str
    status: str
    score: float | None
    max_score: float
    parts: tuple[Part, ...] = ()
    mistake: str = ""
    message: str = ""
    measured: Mapping[str, float] = field(default_factory=dict)  # by part: the accuracy of a model, say
    flag: str = ""

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {**vars(self), "parts": [vars(part).copy() for part in self.parts], "measured": dict(self.measured)}


def verdict_from(data: Mapping[str, Any]) -> Verdict:
    """The verdict that as_json gave."""
    return Verdict(**{**data, "parts": tuple(Part(**part) for part in data["parts"])})


@dataclass(frozen=True)
class Result:
    """What grading one submission gave. `seeds` make the hidden inputs again."""

    student: str
    assignment: str
    digest: str
    kit: str
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
    kept = {name: value for name, value in data.items() if name in known}
    return Result(**{**kept, "verdicts": found, "notes": tuple(data["notes"]), "told": tuple(data.get("told", ()))})


def students(course: Course, assignment: Assignment, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the students with a submission; CourseError for a wanted one without."""
    folder = course.root / "submitted"
    found = sorted(p.parent.name for p in folder.glob(f"*/{assignment.name}") if p.is_dir())
    for name in wanted:
        if name not in found:
            raise CourseError(f"{course.submitted(assignment.name, name)}: no such submission of {name!r}")
    if not found:
        raise CourseError(
            f"{folder}: no submissions of {assignment.name}; put them in submitted/STUDENT/{assignment.name}/"
        )
    names = list(dict.fromkeys(wanted)) or found
    for name in names:
        if UNSAFE.search(name):
            raise CourseError(f"{folder}/{name}: a name with any of < > \" \\ would run in nbgrader's pages; rename it")
    return names


def verdict_file(course: Course, assignment: str, student: str) -> Path:
    """Where a submission's result is kept."""
    return course.state / "verdicts" / assignment / f"{student}.json"


def load_result(course: Course, assignment: str, student: str) -> Result | None:
    """The kept result, or None where there is none that can be read."""
    path = verdict_file(course, assignment, student)
    try:
        return result_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def answers_file(course: Course, assignment: str, student: str) -> Path:
    """Where the answers of a submission are kept."""
    return course.state / "answers" / assignment / f"{student}.frame"


def kept_answers(course: Course, assignment: str, student: str) -> bytes:
    """The kept answers of a submission, or b""."""
    try:
        return answers_file(course, assignment, student).read_bytes()
    except OSError:
        return b""


def keep(course: Course, result: Result) -> None:
    """Write a result's verdict file, and the answers beside it."""
    before = load_result(course, result.assignment, result.student)
    if before is not None and before.by_person != result.by_person:
        _remember(course, before)
    if result.answers:
        write_whole(answers_file(course, result.assignment, result.student), result.answers, 0o600)
    path = verdict_file(course, result.assignment, result.student)
    write_whole(path, json.dumps(result.as_json(), ensure_ascii=False).encode())


def _remember(course: Course, before: Result) -> None:
    """Note which answers the gradebook knows, before it hears of others: its marks are for those."""
    if sheets.load(course, before.assignment, before.student) is None:
        sheets.keep(course, before.assignment, before.student, sheets.Sheet(heard=before.by_person))
