"""What waits for a person at the desk, in an order of each grader's own, and who looks at what.

What the gradebook and the verdicts have decides whether an answer waits; the journal says who gave what.
"""

import functools
import hashlib
import statistics
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from autograder.course import PERSON, Assignment, Course
from autograder.desk import entering, levelled
from autograder.desk.answers import Answer, Reader
from autograder.desk.entering import Key, Row
from autograder.desk.journal import Given, Member, Record, Second
from autograder.errors import CourseError
from autograder.gradebook.locks import SubmissionLocks
from autograder.marks.manual_marks import ManualMark

KEEPS = 1800.0  # seconds that an answer stays with a grader who does nothing
LONGEST = 600.0  # seconds at one answer: who took longer was away
RECENT = 30  # answers by which the time that is left is told
NOTHING = ManualMark()


class Stale(CourseError):
    """What the page showed is not what is there now: it has to be looked at again."""


@dataclass(frozen=True)
class Unit:
    """What is marked at once: an answer, or a group of the same ones. id: the group's, or the answer's."""

    id: str
    answers: tuple[Answer, ...]

    @property
    def task(self) -> str:
        return self.answers[0].task


@dataclass(frozen=True)
class Progress:
    """How far the marking is. seconds: that are left for one grader; None where nobody knows yet."""

    done: int
    of: int
    waiting: int  # units, second looks among them
    seconds: float | None


@dataclass(frozen=True)
class _Grouping:
    """The units of all answers, and what was looked for among them. of: how many are apart, and how many appeals."""

    of: tuple[int, int]
    units: list[Unit]
    near: dict[str, tuple[str, int] | None] = field(default_factory=dict)


@dataclass
class _Claim:
    by: str
    at: float = field(default_factory=time.monotonic)


class Waiting:
    """The answers of one assignment, those that wait and those that are marked. One thread uses it."""

    def __init__(
        self, course: Course, assignment: Assignment, record: Record, locks: SubmissionLocks, second: int = 0
    ) -> None:
        """second: percent of what is marked that another grader marks as well; locks: of answers, among processes."""
        self.course, self.assignment, self.second = course, assignment, second
        self.reader = Reader(course, assignment)
        self.refused: list[str] = []  # lines about answers that cannot be shown
        self._record, self._locks = record, locks
        self._claims: dict[str, _Claim] = {}  # by the answer's id
        self._visited: dict[str, list[str]] = defaultdict(list)
        self.appealed: set[Key] = set()
        # what the gradebook has of the tasks that a person marks, of what else waits for one, and of appeals
        self.rows: dict[Key, Row] = {}
        self._answers: dict[Key, Answer] = {}
        self._grouping: _Grouping | None = None

    def look(self) -> None:
        """Look at the verdicts of all rows: answers that changed are others from now on."""
        tasks = {task.name: task for task in self.assignment.tasks}
        self.refused = []
        found: dict[Key, Answer] = {}
        for (student, name), row in self.rows.items():
            try:
                answer = self.reader.answer(student, tasks[name])
            except CourseError as error:
                self.refused.append(str(error))
                continue
            if answer is not None and (
                answer.verdict.score is None or row.mark.given or row.mark.waits or (student, name) in self.appealed
            ):
                found[student, name] = answer
        if found != self._answers:
            self._answers, self._grouping = found, None
        self.reader.remember()

    def units(self) -> list[Unit]:
        """All that is marked at once, those that are marked already too."""
        return self._grouped().units

    def nearest(self, unit: Unit) -> tuple[str, int] | None:
        """(unit, percent alike) of the answer that is nearest to this one, where one is near."""
        found = self._grouped()
        if unit.id not in found.near:
            others = {u.id: u.answers[0].text for u in found.units if u.task == unit.task and u.id != unit.id}
            found.near[unit.id] = levelled.nearest(unit.answers[0].text, others)
        return found.near[unit.id]

    def _grouped(self) -> _Grouping:
        of = len(self._record.apart), len(self.appealed)
        if self._grouping is None or self._grouping.of != of:
            self._grouping = _Grouping(of, self._units())
        return self._grouping

    def _units(self) -> list[Unit]:
        together: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        for answer in self._answers.values():
            by_person = self.assignment.task(answer.task).graded_by == PERSON
            alone = (
                answer.group in self._record.apart or not by_person or (answer.student, answer.task) in self.appealed
            )
            together[answer.task, answer.id if alone else answer.group].append(answer)
        return [
            Unit(answers[0].group if len(answers) > 1 else answers[0].id, tuple(sorted(answers, key=lambda a: a.id)))
            for answers in together.values()
        ]

    def unit(self, name: str) -> Unit:
        """The unit of that name; Stale where it is not there, or not any more."""
        for unit in self.units():
            if unit.id == name or (len(unit.answers) == 1 and unit.answers[0].group == name):
                return unit
        raise Stale("this answer is not here any more: it was handed in again, or its group is another one now")

    def answer(self, name: str) -> Answer:
        """The answer of that name."""
        for answer in self._answers.values():
            if answer.id == name:
                return answer
        raise Stale("this answer is not here any more")

    def row(self, answer: Answer) -> ManualMark:
        """What the gradebook had of an answer when it was last read."""
        row = self.rows.get((answer.student, answer.task))
        return row.mark if row is not None else NOTHING

    def is_open(self, answer: Answer) -> bool:
        """Whether an answer waits for a person."""
        mark = self.row(answer)
        return mark.waits or (mark.score is None and answer.verdict.score is None)

    def members(self, unit: Unit) -> tuple[Answer, ...]:
        """The answers that a mark of this unit is for: those that wait; else those marked here; else all."""
        return tuple(filter(self.is_open, unit.answers)) or tuple(filter(self.given, unit.answers)) or unit.answers

    def given(self, answer: Answer) -> Given | None:
        """What the desk gave for an answer, where the gradebook still has just that."""
        found = self._record.given(answer.student, answer.task)
        holds = found is not None and found.member.answer == answer.hash
        return found if holds and found is not None and entering.same(found.member.now, self.row(answer)) else None

    def of(self, student: str, task: str) -> Answer | None:
        """A student's answer to a task, where it is here."""
        return self._answers.get((student, task))

    def heard(self, members: Sequence[Member]) -> None:
        """The gradebook has these marks now."""
        for member in members:
            row = self.rows.get((member.student, member.task))
            if row is not None:
                self.rows[member.student, member.task] = replace(row, mark=replace(member.now, answer=""))

    # ---- who looks at what ----------------------------------------------------------------------

    def queue(self, grader: str, after: str = "") -> list[Unit]:
        """What waits for a grader, in an order of their own, from `after` on."""
        units = sorted(self.units(), key=lambda unit: _place(grader, unit.id))
        waiting = [unit for unit in units if any(map(self.is_open, unit.answers))]
        waiting += [unit for unit in units if self.is_second(grader, unit)]
        if not after:
            return waiting
        place, later, sooner = _place(grader, after), list[Unit](), list[Unit]()
        for unit in waiting:
            if unit.id != after:
                (later if _place(grader, unit.id) > place else sooner).append(unit)
        return [*later, *sooner] or waiting

    def waits_for(self, grader: str, unit: Unit) -> bool:
        """Whether a unit waits for a mark, or for this grader's second one."""
        return any(map(self.is_open, unit.answers)) or self.is_second(grader, unit)

    def claim(self, grader: str, unit: Unit) -> bool:
        """Whether all answers of this unit are the grader's now: nobody else has one of them before them.

        Who had it may have marked it just before: catch up before it is shown (Desk.claim).
        """
        names = [answer.id for answer in unit.answers]  # a unit may be another one tomorrow, an answer stays
        if self.holder(unit) not in ("", grader):
            return False
        self.let_go(grader, names)
        if not all(self._locks.take(name) for name in names):
            for name in names:
                self._locks.release(name)
                self._claims.pop(name, None)
            return False
        self._claims |= dict.fromkeys(names, _Claim(grader))
        return True

    def holder(self, unit: Unit) -> str:
        """Who is at one of a unit's answers now, as far as this process knows; else ""."""
        found = (self._claims.get(answer.id) for answer in unit.answers)
        return next((one.by for one in found if one is not None and time.monotonic() - one.at < KEEPS), "")

    def let_go(self, grader: str, but: Collection[str] = ()) -> None:
        """What a grader looked at is nobody's any more. but: answers that stay theirs."""
        for name, claim in list(self._claims.items()):
            if claim.by == grader and name not in but:
                del self._claims[name]
                self._locks.release(name)

    def visit(self, grader: str, unit: Unit) -> None:
        """A unit is shown to a grader: the next one leads back to it."""
        if self._visited[grader][-1:] != [unit.id]:
            self._visited[grader].append(unit.id)

    def back(self, grader: str, name: str) -> str | None:
        """The unit that the grader saw before this one."""
        seen = self._visited[grader]
        at = len(seen) - 1 - seen[::-1].index(name) if name in seen else len(seen)
        there = {unit.id for unit in self.units()}
        return next((old for old in reversed(seen[:at]) if old in there and old != name), None)

    def is_second(self, grader: str, unit: Unit) -> bool:
        """Whether this grader is to mark, as a second one, what another has marked."""
        if not self.second or _share(unit.id) >= self.second or any(map(self.is_open, unit.answers)):
            return False
        first = self.given(unit.answers[0])
        done = self._record.seconds.get(unit.answers[0].hash)
        return first is not None and first.by != grader and not done

    def progress(self, grader: str) -> Progress:
        """How far it is, and how long the rest takes at this grader's pace."""
        waiting = [unit for unit in self.units() if self.waits_for(grader, unit)]
        done = sum(not self.is_open(answer) for answer in self._answers.values())
        mine = [event.seconds for n, event in self._record.marks if event.by == grader and n not in self._record.undone]
        recent = [seconds for seconds in mine[-RECENT:] if 0 < seconds <= LONGEST]
        left = statistics.median(recent) * len(waiting) if recent else None
        return Progress(done, len(self._answers), len(waiting), left)

    # ---- what was decided -----------------------------------------------------------------------

    def decided(self) -> Iterator[tuple[Answer, Given | None, ManualMark]]:
        """Answers that wait no more: what the desk gave, or None where it was entered elsewhere."""
        for answer in self._answers.values():
            if not self.is_open(answer):
                yield answer, self.given(answer), self.row(answer)

    def seconds(self) -> Iterator[tuple[Unit, Given, Second]]:
        """What two graders marked, each alone."""
        for unit in self.units():
            first = self.given(unit.answers[0])
            for second in self._record.seconds.get(unit.answers[0].hash, ()):
                if first is not None:
                    yield unit, first, second


@functools.lru_cache(maxsize=50_000)
def _place(grader: str, unit: str) -> str:
    """Where a unit stands in a grader's own order: the same every day, and another for each grader."""
    return hashlib.sha256(f"{grader}\0{unit}".encode()).hexdigest()


def _share(unit: str) -> int:
    """0-99, by which the share of a second grader is drawn."""
    return int(hashlib.sha256(f"second\0{unit}".encode()).hexdigest(), 16) % 100
