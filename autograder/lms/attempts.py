"""Several attempts of one student: which one counts, and where the others are kept."""

import contextlib
import functools
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder import archive, files
from autograder.archive import Bounds, Refused
from autograder.course import Assignment, Course, stamps
from autograder.submissions import notebook_file, submission
from autograder.submissions.cells import NoCells, SubmittedCell, cell, content_of, text_of
from autograder.submissions.submission import MAX_FILE, MAX_FILES, MAX_TOTAL, STAMP

EARLIER = "submitted-earlier"


@dataclass(frozen=True)
class Attempt:
    """One submission, laid in a scratch folder."""

    student: str
    folder: Path
    digest: str
    time: datetime | None
    doubted: bool = False  # its time was not to be believed, and is left open

    @functools.cached_property
    def work(self) -> str:
        """Hash of what counts in it: the same for the same answers, packed or saved again."""
        return _work(submission.read_submission(self.folder, self.student).files)


@dataclass(frozen=True)
class Settled:
    """What became of a student's attempts: whether what stands there is new, and lines for the instructor."""

    changed: bool
    notes: tuple[str, ...] = ()


def believable(time: datetime) -> bool:
    """Whether a time (naive UTC) is no more than a day ahead of this machine's clock."""
    return time <= datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


def settle(course: Course, assignment: Assignment, student: str, attempts: list[Attempt]) -> Settled:
    """Lay the last attempt in time, and keep the others.

    Where a time is not known, the one that was given last counts; where it is not believed, any other. The same work
    again keeps its earlier time.
    """
    target = course.submitted(assignment.name, student)
    _recover(target)
    present = _present(course, target, student)
    last = last_of(attempts, present)
    candidates = attempts if present is None else [present, *attempts]
    for attempt in candidates:
        if attempt is not last and attempt is not present and attempt.work != last.work:
            _keep_earlier(course, assignment, attempt)
    if present is last or (present is not None and (present.time, present.work) == (last.time, last.work)):
        return Settled(False)
    notes = _less(assignment, present, last) if present is not None else ()
    source = last.folder
    part = files.temporary_sibling(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, part, symlinks=True)
    (part / STAMP).unlink(missing_ok=True)
    if last.time is not None:
        (part / STAMP).write_text(stamps.of_nbgrader(last.time), encoding="utf-8")
    if present is not None and present.work != last.work:
        _keep_earlier(course, assignment, present)
    if target.exists():
        old = target.with_name(f".{assignment.name}.old")
        target.rename(old)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        part.rename(target)
    return Settled(True, notes)


def _less(assignment: Assignment, present: Attempt, last: Attempt) -> tuple[str, ...]:
    """A line where what is laid now has less in it than what stood there."""
    before, now = (_amounts(assignment, attempt) for attempt in (present, last))
    less = [
        f"no {name}" if name not in now else f"{name} with {now[name]} cells for {cells}"
        for name, cells in before.items()
        if now.get(name, -1) < cells
    ]
    if not less:
        return ()
    return (f"{present.student}: the later one has {', '.join(less)}; the earlier one is kept in {EARLIER}/",)


def _amounts(assignment: Assignment, attempt: Attempt) -> dict[str, int]:
    """How many cells each notebook of the assignment has in an attempt, by its name; 0 for a saved model."""
    files = submission.read_submission(attempt.folder, attempt.student).files
    wanted = {f"{name}.ipynb" for name in assignment.notebooks} | ({assignment.model_file} - {""})
    found: dict[str, int] = {}
    for path, data in files.items():
        if (name := path.rsplit("/", 1)[-1]) in wanted:
            cells = len(notebook_file.read(name, data).cells) if name.endswith(".ipynb") else 0
            found[name] = max(found.get(name, 0), cells)
    return found


def _recover(target: Path) -> None:
    """Put right what a killed collect left between its two renames."""
    files.sweep([target.parent])
    old = target.with_name(f".{target.name}.old")
    if old.is_dir() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def last_of(attempts: Sequence[Attempt], present: Attempt | None = None) -> Attempt:
    """The attempt that counts: the last in time; one without a time as if it came when it was given.

    Of the same work handed in again, with no other between, the first one counts.
    """
    known = attempts if present is None else [present, *attempts]
    doubted = [a for a in (*attempts, *([present] if present else [])) if a.doubted]  # never before other work
    known = [a for a in known if not a.doubted]
    timed = sorted((a for a in known if a.time is not None), key=lambda a: a.time or datetime.min)
    timed = [a for n, a in enumerate(timed) if n == 0 or a.work != timed[n - 1].work]
    untimed = [a for a in attempts if a.time is None and not a.doubted and all(a.work != t.work for t in timed)]
    before = [present] if present is not None and present.time is None and not present.doubted else []
    return [*doubted, *before, *timed, *untimed][-1]


def _work(handed_in: Mapping[str, bytes]) -> str:
    """Hash of all files, but for what a program writes anew each time it saves or packs the same."""
    total = hashlib.sha256()
    for name in sorted(handed_in):
        total.update(f"{name}\0".encode() + hashlib.sha256(_content(name, handed_in[name])).digest())
    return total.hexdigest()


def _content(name: str, data: bytes) -> bytes:
    """What counts in a file: a notebook's cells without ids, counts and most metadata, what is packed in an archive."""
    if name.endswith(submission.NOTEBOOK):
        with contextlib.suppress(NoCells, ValueError, RecursionError):  # then its bytes count
            found = [cell(raw) for raw in content_of(text_of(data))["cells"] if isinstance(raw, dict)]
            plain = [[c.kind, c.source, c.grade_id, _outputs(c), c.attachments] for c in found]
            return json.dumps(plain, sort_keys=True).encode()
    if name.lower().endswith((submission.ZIP, ".npz")):
        with contextlib.suppress(Refused):
            tree = archive.inside(data, f"x{submission.ZIP}", Bounds(MAX_FILES, MAX_FILE, MAX_TOTAL))
            if not tree.refused:
                packed = {inner: hashlib.sha256(read()).hexdigest() for inner, read in tree.files.items()}
                return json.dumps(packed, sort_keys=True).encode()
    return data


def _outputs(of: SubmittedCell) -> list[Mapping[str, object]]:
    return [
        {key: value for key, value in out.items() if key not in ("execution_count", "metadata")} for out in of.outputs
    ]


def _present(course: Course, target: Path, student: str) -> Attempt | None:
    """The submission that stands there now."""
    if not target.is_dir():
        return None
    now = submission.read_submission(target, student)
    time = None
    with contextlib.suppress(stamps.Unreadable):  # grading says so
        time = stamps.moment(now.timestamp, course.timezone)
    doubted = time is not None and not believable(time)
    return Attempt(student, target, now.digest, None if doubted else time, doubted)


def _keep_earlier(course: Course, assignment: Assignment, attempt: Attempt) -> None:
    """Copy an attempt that does not count to submitted-earlier/STUDENT/ASSIGNMENT/TIME-DIGEST/."""
    stamp = stamps.named(attempt.time, course.timezone) if attempt.time else "no-time"
    folder = course.root / EARLIER / attempt.student / assignment.name
    target = folder / f"{stamp}-{attempt.digest[:8]}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        files.sweep([folder])
        part = files.temporary_sibling(target)
        shutil.copytree(attempt.folder, part, symlinks=True)
        part.rename(target)
