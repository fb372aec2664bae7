"""What people gave: manual marks, extra credit and comments, each for one answer and for no other.

The gradebook has them as a person wrote them there; the sheet of a student, kept beside the verdicts,
knows which answer each was given for. The gradebook can be made again from verdicts and sheets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from autograder.course import Course, shown
from autograder.course.records import BONUS, USUAL
from autograder.errors import CourseError
from autograder.files import write_whole

UNSAID = (USUAL, BONUS * USUAL)  # all that a task could be worth before a course could say it


@dataclass(frozen=True)
class ManualMark:
    """What a person gave for one task. `answer`: what it was given for, as by_hand.answer_hash has it."""

    score: float | None = None
    extra: float | None = None
    comment: str | None = None
    waits: bool = False  # as the gradebook has it: to be marked, or to be marked again
    answer: str = ""

    @property
    def given(self) -> bool:
        """Whether points were given: a comment alone is no mark, an extra credit of 0 is none."""
        return self.score is not None or bool(self.extra)

    @property
    def points(self) -> float:
        """What it is worth in place of a verdict's score."""
        return (self.score or 0.0) + (self.extra or 0.0)

    def __str__(self) -> str:
        score = [] if self.score is None else [shown(self.score)]
        return " and ".join([*score, *([f"{shown(self.extra)} extra"] if self.extra else [])]) or "a comment"

    def holds(self, now: str | None) -> bool:
        """Whether it was given for the answer that is there now, and out of the points that it is worth now.

        Extra credit alone is out of nothing: it holds whatever the task is worth.
        """
        if now is None:
            return False
        (old, then), (new, points) = _parts(self.answer), _parts(now)
        same = self.score is None or then == points or points is None or (then is None and points in UNSAID)
        return old == new and same

    def points_then(self, now: str | None, usual: float) -> float | None:
        """What the answer was worth when the mark was given, where that alone has changed; else None.

        usual: what it was worth where nobody wrote that down.
        """
        (old, then), (new, points) = _parts(self.answer), _parts(now or "")
        return then or usual if old and old == new and points is not None and not self.holds(now) else None

    def rescaled(self, factor: float, now: str) -> "ManualMark":
        """The same share of other points; extra credit stays as it is."""
        score = None if self.score is None else round(self.score * factor, 6)
        return replace(self, score=score, answer=now, waits=False)


def _parts(answer: str) -> tuple[str, float | None]:
    """(its hash, its points): version 0.5 and older wrote down no points."""
    digest, _, points = answer.partition(" of ")
    return digest, float(points) if points else None


Given = Mapping[str, Mapping[str, ManualMark]]  # student -> task -> what a person gave


def manual_mark(score: float | None, extra: float | None, comment: str | None, waits: object) -> ManualMark:
    """What a person gave, from the columns of the gradebook."""
    return ManualMark(finite(score), finite(extra), (comment or "").strip() or None, bool(waits))


def finite(value: float | None) -> float | None:
    """A number of the gradebook, or None where it is none."""
    return None if value is None or not math.isfinite(value) else float(value)


@dataclass(frozen=True)
class Sheet:
    """All that people gave one student.

    heard: the hashes of the answers that the gradebook knew when this was written.
    earlier: marks that people took back or gave anew, oldest first.
    """

    marks: Mapping[str, ManualMark] = field(default_factory=dict)
    heard: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[tuple[str, ManualMark], ...] = ()


@dataclass(frozen=True)
class _File:
    """A sheet as it is kept: what is not whole cannot be read."""

    marks: Mapping[str, ManualMark]
    heard: Mapping[str, str]
    earlier: tuple[tuple[str, ManualMark], ...]


class UnreadableSheet(CourseError):
    """A sheet that is there and cannot be read. It is never written over."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: what people gave cannot be read ({why}); restore the file from a backup, then grade again; "
            "without it, the gradebook's marks would stand for the answers that are there now"
        )


def sheet_file(course: Course, assignment: str, student: str) -> Path:
    """Where a student's sheet is kept."""
    return course.state / "marks" / assignment / f"{student}.json"


def load_sheet(course: Course, assignment: str, student: str) -> Sheet | None:
    """The kept sheet, or None where there is none; UnreadableSheet where it cannot be read."""
    path = sheet_file(course, assignment, student)
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableSheet(path, error.strerror or "error") from error
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UnreadableSheet(path, str(error)[:120]) from error
    return Sheet(kept.marks, kept.heard, kept.earlier)


def keep_sheet(course: Course, assignment: str, student: str, sheet: Sheet) -> None:
    """Write a student's sheet."""
    write_whole(sheet_file(course, assignment, student), msgspec.json.encode(sheet), 0o600)


def hears(sheet: Sheet, points: Mapping[str, float]) -> Sheet:
    """The sheet where the gradebook shows these points from now on: what people give next is out of them."""
    digests = {task: _parts(answer)[0] for task, answer in sheet.heard.items()}
    heard = {task: f"{digests[task]} of {float(points[task])!r}" for task in digests if task in points}
    return replace(sheet, heard={**sheet.heard, **heard})


def taken_up(sheet: Sheet | None, found: Mapping[str, ManualMark], current: Mapping[str, str]) -> Sheet:
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
