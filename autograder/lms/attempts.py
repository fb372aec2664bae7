"""Several attempts of one student: which one counts, and where the others are kept."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder import files
from autograder.course import Assignment, Course
from autograder.lms import layouts
from autograder.lms.layouts import STAMP
from autograder.submissions import submission

EARLIER = "submitted-earlier"


@dataclass(frozen=True)
class Attempt:
    """One submission, laid in a scratch folder."""

    student: str
    folder: Path
    digest: str
    time: datetime | None


def settle(course: Course, assignment: Assignment, student: str, attempts: list[Attempt]) -> bool:
    """Lay the last attempt in time, and keep the others -> whether what stands there is new.

    Where a time is not known, the one that was given last counts.
    """
    target = course.submitted(assignment.name, student)
    _recover(target)
    present = _present(target, student)
    last = last_of(attempts, present)
    candidates = attempts if present is None else [present, *attempts]
    for attempt in candidates:
        if attempt.digest != last.digest and attempt is not present:
            _keep_earlier(course, assignment, attempt)
    if present is not None and (present.digest, present.time) == (last.digest, last.time):
        return False
    source = last.folder
    part = files.temporary_sibling(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, part, symlinks=True)
    (part / STAMP).unlink(missing_ok=True)
    if last.time is not None:
        (part / STAMP).write_text(f"{last.time:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")
    if present is not None and present.digest != last.digest:
        _keep_earlier(course, assignment, present)
    if target.exists():
        old = target.with_name(f".{assignment.name}.old")
        target.rename(old)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        part.rename(target)
    return True


def _recover(target: Path) -> None:
    """Put right what a killed collect left between its two renames."""
    files.sweep([target.parent])
    old = target.with_name(f".{target.name}.old")
    if old.is_dir() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def last_of(attempts: Sequence[Attempt], present: Attempt | None = None) -> Attempt:
    """The attempt that counts: the last in time; one without a time as if it came when it was given."""
    known = attempts if present is None else [present, *attempts]
    timed = sorted((a for a in known if a.time is not None), key=lambda a: a.time or datetime.min)
    untimed = [a for a in attempts if a.time is None and a.digest not in {t.digest for t in timed}]
    before = [present] if present is not None and present.time is None else []
    return [*before, *timed, *untimed][-1]


def _present(target: Path, student: str) -> Attempt | None:
    """The submission that stands there now."""
    if not target.is_dir():
        return None
    now = submission.read_submission(target, student)
    return Attempt(student, target, now.digest, layouts.parsed(now.timestamp, "UTC"))


def _keep_earlier(course: Course, assignment: Assignment, attempt: Attempt) -> None:
    """Copy an attempt that does not count to submitted-earlier/STUDENT/ASSIGNMENT/TIME-DIGEST/."""
    stamp = f"{attempt.time:%Y%m%d-%H%M%S}" if attempt.time else "no-time"
    folder = course.root / EARLIER / attempt.student / assignment.name
    target = folder / f"{stamp}-{attempt.digest[:8]}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        files.sweep([folder])
        part = files.temporary_sibling(target)
        shutil.copytree(attempt.folder, part, symlinks=True)
        part.rename(target)
