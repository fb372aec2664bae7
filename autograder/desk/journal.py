"""The journal of the desk: every key that decides something, a line each, written and synced before it counts.

A `Record` is folded from its events, one after another, and from nothing else.

What stands in a line is done: the gradebook follows from it. A process that is killed leaves at most half a line, which
is cut off, or a line that the gradebook has not heard of, which the next who holds the journal enters (marking.py).
"""

import contextlib
import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from autograder.course import Course
from autograder.desk.rubric import Chosen, Rubric
from autograder.errors import CourseError
from autograder.files import unwritable
from autograder.marks.manual_marks import ManualMark


class Member(msgspec.Struct, frozen=True):
    """One student's mark in an event: what the gradebook had, and what it has from now on."""

    student: str
    task: str
    answer: str  # its hash, as by_hand.answer_hash has it
    was: ManualMark
    now: ManualMark


class Event(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True):
    """at: UTC in ISO's form; by: the grader's name."""

    at: str
    by: str


class Marked(Event, frozen=True, tag="mark", kw_only=True):
    """A person marked a group, or one answer. seconds: that it was looked at; undoes: the number of an event."""

    unit: str
    chosen: Chosen
    members: tuple[Member, ...]
    seconds: float = 0.0
    undoes: int | None = None


class Reworded(Event, frozen=True, tag="rubric", kw_only=True):
    """The rubric of a task is another one, and so are the marks of these."""

    task: str
    rubric: Rubric
    members: tuple[Member, ...] = ()


class Draft(Event, frozen=True, tag="draft", kw_only=True):
    """What is chosen so far and not given yet."""

    unit: str
    chosen: Chosen


class Apart(Event, frozen=True, tag="apart", kw_only=True):
    """A group was taken apart: each of its answers is looked at alone."""

    unit: str


class Second(Event, frozen=True, tag="second", kw_only=True):
    """What a second grader would have given; no mark hangs on it."""

    unit: str
    answers: tuple[str, ...]  # hashes
    chosen: Chosen
    score: float


class Entered(Event, frozen=True, tag="entered", kw_only=True):
    """The gradebook has the marks of this event."""

    number: int


AnyEvent = Marked | Reworded | Draft | Apart | Second | Entered
DECODER = msgspec.json.Decoder(AnyEvent)
Key = tuple[str, str]  # student, task


def journal_file(course: Course, assignment: str) -> Path:
    """Where the desk's journal is kept."""
    return course.state / "desk" / f"{assignment}.jsonl"


class Journal:
    """The file, opened; others may have it open too. Only who holds it writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        except OSError as error:
            raise unwritable(path, error) from error
        self._read_to = 0
        self.length = 0  # events that were read or written

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextlib.contextmanager
    def held(self) -> Iterator[list[AnyEvent]]:
        """Nobody else writes meanwhile -> what others have written since."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield self._news()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def write(self, event: AnyEvent, sync: bool = True) -> int:
        """Append an event, held -> its number. It is on the disk when this returns."""
        line = msgspec.json.encode(event) + b"\n"
        try:
            self._file.seek(self._read_to)
            self._file.write(line)
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._read_to)  # no half a line in front of the next one
            raise unwritable(self.path, error) from error
        self._read_to += len(line)
        self.length += 1
        return self.length - 1

    def _news(self) -> list[AnyEvent]:
        self._file.seek(self._read_to)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):  # half a line, of one who was killed: it never counted
            self._file.truncate(self._read_to + len(whole))
        found = []
        for line in whole.splitlines():
            try:
                found.append(DECODER.decode(line))
            except (msgspec.MsgspecError, UnicodeError) as error:
                at = self.length + len(found) + 1
                raise CourseError(
                    f"{self.path}, line {at}: cannot be read ({error}); restore the file from a backup. The marks are "
                    "in the gradebook; who gave them, and by which items, is here alone"
                ) from error
        self._read_to += len(whole)
        self.length += len(found)
        return found


@dataclass(frozen=True)
class Given:
    """A mark that was given at the desk. member: as it is now; number: of the event that gave it."""

    number: int
    by: str
    at: str
    unit: str
    chosen: Chosen
    member: Member


@dataclass
class Record:
    """All that was decided at the desk, as the events so far have it."""

    rubrics: dict[str, Rubric] = field(default_factory=dict)
    drafts: dict[Key, Chosen] = field(default_factory=dict)  # by grader and unit
    apart: set[str] = field(default_factory=set)
    seconds: dict[str, list[Second]] = field(default_factory=lambda: defaultdict(list))  # by the answer's hash
    marks: list[tuple[int, Marked]] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)
    _numbers: dict[Key, int] = field(default_factory=dict)  # by task and item, the highest of its levels
    _given: dict[Key, list[Given]] = field(default_factory=lambda: defaultdict(list))
    _open: dict[int, Marked | Reworded] = field(default_factory=dict)  # that the gradebook may not have heard of

    def take(self, events: Iterable[AnyEvent], first: int) -> None:
        """Fold in events; `first` is the number of the first of them."""
        for number, event in enumerate(events, first):
            self._take(number, event)

    def _take(self, number: int, event: AnyEvent) -> None:
        if isinstance(event, Marked):
            self.marks.append((number, event))
            self._open[number] = event
            self.drafts.pop((event.by, event.unit), None)
            for member in event.members:
                held = self._given[member.student, member.task]
                if event.undoes is None:
                    held.append(Given(number, event.by, event.at, event.unit, event.chosen, member))
                elif held and held[-1].number == event.undoes:
                    held.pop()
            if event.undoes is not None:
                self.undone |= {number, event.undoes}
                self.drafts[event.by, event.unit] = event.chosen
        elif isinstance(event, Reworded):
            self.rubrics[event.task] = event.rubric
            for item in event.rubric.items:
                key = event.task, item.name
                self._numbers[key] = max(self._numbers.get(key, 0), *(level.number for level in item.levels))
            if event.members:
                self._open[number] = event
            for member in event.members:
                held = self._given[member.student, member.task]
                if held:
                    held[-1] = replace(held[-1], member=msgspec.structs.replace(held[-1].member, now=member.now))
        elif isinstance(event, Draft):
            self.drafts[event.by, event.unit] = event.chosen
        elif isinstance(event, Apart):
            self.apart.add(event.unit)
        elif isinstance(event, Second):
            for answer in event.answers:
                self.seconds[answer].append(event)
        elif isinstance(event, Entered):
            self._open.pop(event.number, None)

    def free_number(self, task: str, item: str) -> int:
        """A number for a new level: no level of the item ever had it."""
        return self._numbers.get((task, item), 0) + 1

    def given(self, student: str, task: str) -> Given | None:
        """The mark that the desk gave last, and did not take back."""
        held = self._given.get((student, task))
        return held[-1] if held else None

    def all_given(self) -> Iterator[Given]:
        """All marks that the desk gave and did not take back."""
        return (held[-1] for held in self._given.values() if held)

    def not_entered(self) -> list[tuple[int, Marked | Reworded]]:
        """Events that whoever wrote them may not have entered into the gradebook."""
        return sorted(self._open.items())

    def last_of(self, grader: str) -> tuple[int, Marked] | None:
        """The last mark of a grader that can be taken back."""
        mine = ((n, e) for n, e in reversed(self.marks) if e.by == grader and n not in self.undone)
        return next(mine, None)
