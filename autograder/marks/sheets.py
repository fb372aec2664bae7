"""What people gave in the formgrader, kept beside the verdicts: marks, extra credit, comments.

Each stands for the answer it was given for, and for no other. The gradebook is the verdicts and
these sheets, and can be made again from them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.files import write_whole


@dataclass(frozen=True)
class Entry:
    """What a person gave for one task. `answer`: hash of the answer that it was given for."""

    score: float | None = None
    extra: float | None = None
    comment: str | None = None
    waits: bool = False  # as the gradebook had it
    answer: str = ""

    @property
    def given(self) -> bool:
        """Whether points were given; a comment alone is no mark."""
        return self.score is not None or self.extra is not None

    def __str__(self) -> str:
        score = [] if self.score is None else [f"{self.score:g}"]
        return " and ".join([*score, *([] if self.extra is None else [f"{self.extra:g} extra"])]) or "a comment"


@dataclass(frozen=True)
class Sheet:
    """All that people gave one student.

    heard: the hashes of the answers that the gradebook knew when this was written.
    earlier: marks that people took back or gave anew, oldest first.
    """

    marks: Mapping[str, Entry] = field(default_factory=dict)
    heard: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[tuple[str, Entry], ...] = ()


def sheet_file(course: Course, assignment: str, student: str) -> Path:
    """Where a student's sheet is kept."""
    return course.state / "marks" / assignment / f"{student}.json"


def load_sheet(course: Course, assignment: str, student: str) -> Sheet | None:
    """The kept sheet, or None where there is none that can be read."""
    try:
        data = json.loads(sheet_file(course, assignment, student).read_text(encoding="utf-8"))
        marks = {task: Entry(**mark) for task, mark in data["marks"].items()}
        return Sheet(marks, data["heard"], tuple((task, Entry(**mark)) for task, mark in data["earlier"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_sheet(course: Course, assignment: str, student: str, sheet: Sheet) -> None:
    """Write a student's sheet."""
    data: dict[str, Any] = {
        "marks": {task: asdict(mark) for task, mark in sheet.marks.items()},
        "heard": dict(sheet.heard),
        "earlier": [[task, asdict(mark)] for task, mark in sheet.earlier],
    }
    write_whole(sheet_file(course, assignment, student), json.dumps(data, ensure_ascii=False).encode(), 0o600)


def taken_up(sheet: Sheet | None, found: Mapping[str, Entry], current: Mapping[str, str]) -> Sheet:
    """The sheet with what people did in the gradebook since.

    found: what the gradebook has. current: hashes of the answers of the kept result; without a sheet
    the gradebook has heard of no other.
    """
    known = sheet or Sheet(heard=current)
    marks = {}
    for task, mark in found.items():
        old = known.marks.get(task)
        points = old is not None and (old.score, old.extra) == (mark.score, mark.extra)
        if old is not None and points and (mark.waits or not old.waits):
            marks[task] = replace(mark, answer=old.answer)  # nobody marked anew; a comment may be another
        elif mark.waits and mark.given:
            marks[task] = mark  # of an answer that nobody knows any more
        else:
            marks[task] = replace(mark, answer=known.heard.get(task, ""))
    gone = [
        (task, old) for task, old in known.marks.items()
        if task not in marks or (old.score, old.extra, old.comment) != (
            marks[task].score, marks[task].extra, marks[task].comment)
    ]  # fmt: skip
    return Sheet(marks, known.heard, (*known.earlier, *gone))
