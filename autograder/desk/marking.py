"""The desk: what is given, taken back, and moved by a changed rubric.

Whatever is given goes into the journal first, then into the gradebook, in one transaction for all answers of it.
A mark that somebody entered elsewhere meanwhile is taken up as it is, and never written over unseen.

It is long, so that all that writes a mark stands in one place.
"""

import contextlib
import functools
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from autograder.course import PERSON, Assignment, Course
from autograder.desk import entering, rubric
from autograder.desk.answers import Answer
from autograder.desk.entering import Key, Row
from autograder.desk.journal import (
    AnyEvent,
    Apart,
    Draft,
    Entered,
    Given,
    Journal,
    Marked,
    Member,
    Record,
    Reworded,
    Second,
    journal_file,
)
from autograder.desk.rubric import Chosen, Rubric
from autograder.desk.waiting import NOTHING, Stale, Unit, Waiting
from autograder.errors import CourseError
from autograder.gradebook import database
from autograder.gradebook.locks import SubmissionLocks
from autograder.marks import verdict_files
from autograder.marks.manual_marks import ManualMark


class Conflict(CourseError):
    """The gradebook has another mark than the page showed. found: by student, what it has now."""

    def __init__(self, found: Mapping[str, ManualMark]) -> None:
        super().__init__("the gradebook has another mark than this page showed: it was entered elsewhere meanwhile")
        self.found = found


@dataclass(frozen=True)
class Move:
    """A mark that a changed rubric moves. left: it was entered elsewhere since, and stays as it is."""

    given: Given
    now: ManualMark
    left: bool = False


@dataclass(frozen=True)
class Preview:
    """What a changed rubric would do. digest: of all of it; only what was seen is done."""

    moves: tuple[Move, ...]
    digest: str


class Desk:
    """The answers of one assignment, and all that happens to them here. One thread uses it."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        session: Any,
        journal: Journal,
        locks: SubmissionLocks,
        second: int = 0,
    ) -> None:
        """second: percent of what is marked that another grader marks as well; locks: of answers, among processes."""
        self.course, self.assignment = course, assignment
        self._session, self._journal, self._file = session, journal, _identity(course)
        self._from_file = rubric.load_rubrics(course, assignment)
        self._version: object = None
        self.record = Record()
        self.waiting = Waiting(course, assignment, self.record, locks, second)
        self.look()

    def look(self) -> None:
        """Take what others have written and entered, here and in the formgrader."""
        self.catch_up()
        version = entering.version(self._session), len(self.waiting.appealed)
        if version[0] is None or version != self._version:  # else only we wrote, and `heard` has that
            by_hand = [task.name for task in self.assignment.tasks if task.graded_by == PERSON]
            rows = entering.read(self._session, self.assignment, by_hand, or_waiting=True)
            for student, task in self.waiting.appealed:
                rows |= entering.read(self._session, self.assignment, [task], [student])
            self.waiting.rows, self._version = rows, version
        self._session.rollback()  # a reader's transaction would show the same for ever
        self.waiting.look()

    @property
    def notes(self) -> list[str]:
        """Lines for whoever opens the desk."""
        used = {task.name: self.rubric(task.name) for task in self.assignment.tasks}
        short = rubric.short_of({task: one for task, one in used.items() if one.items}, self.assignment)
        path = self.course.part("rubric", self.assignment.name)
        changed = [
            f"{path}: {task} was changed, and is not in use: see *Rubric* on the page" for task in self.from_file()
        ]
        return [*short, *changed, *self.waiting.refused]

    def appeal(self, student: str, task: str) -> Answer | None:
        """Any answer that was graded: from now on it is here, as those that wait are."""
        if self._read([task], [student]):
            self.waiting.appealed.add((student, task))
            self.look()
        return self.waiting.of(student, task)

    def next(self, grader: str, after: str = "") -> Unit | None:
        """The next unit that waits, in the grader's own order, for this grader from now on; None: nothing waits.

        after: the one that is left for later.
        """
        for unit in self.waiting.queue(grader, after):
            if self.claim(grader, unit):
                if self.waiting.waits_for(grader, unit):
                    return unit
                self.waiting.let_go(grader)  # it was marked between the last look and now
        return None

    def claim(self, grader: str, unit: Unit) -> bool:
        """Whether this unit is the grader's now; if so, it is known what those who had it before gave."""
        mine = self.waiting.claim(grader, unit)
        if mine:
            self.catch_up()
        return mine

    def rubric(self, task: str) -> Rubric:
        """The rubric in use."""
        return self.record.rubrics.get(task) or self._from_file.get(task) or Rubric()

    def draft(self, grader: str, unit: Unit) -> Chosen:
        """What a grader has chosen so far, or what the desk gave."""
        if (draft := self.record.drafts.get((grader, unit.id))) is not None:
            return draft
        given = self.waiting.given(self.waiting.members(unit)[0])
        return given.chosen if given is not None else Chosen()

    def marks(self) -> list[Marked]:
        """The marks of all graders, as they were given, without those taken back."""
        return [event for number, event in self.record.marks if number not in self.record.undone]

    def comments(self, task: str, most: int = 8) -> list[str]:
        """Comments used before, the most frequent first."""
        count: dict[str, int] = defaultdict(int)
        for given in self.record.all_given():
            if given.member.task == task and given.chosen.comment.strip():
                count[given.chosen.comment.strip()] += 1
        return sorted(count, key=lambda text: (-count[text], text))[:most]

    # ---- what is given --------------------------------------------------------------------------

    def note(self, grader: str, unit: Unit, chosen: Chosen) -> None:
        """Keep what is chosen so far."""
        with self._journal.held() as news:
            self._take(news)
            self._write(Draft(at=_now(), by=grader, unit=unit.id, chosen=chosen))

    def take_apart(self, grader: str, unit: Unit) -> None:
        """Look at each answer of a group alone from now on."""
        with self._journal.held() as news:
            self._take(news)
            self._write(Apart(at=_now(), by=grader, unit=unit.answers[0].group))
        self.waiting.let_go(grader)

    def give(
        self, grader: str, unit: Unit, chosen: Chosen, saw: Mapping[str, str], seconds: float = 0.0
    ) -> list[Member]:
        """Give a mark to the answers of a unit. saw: by answer, `seen` of what the page showed of it.

        Conflict where the gradebook has another mark than the page showed, Stale where the answers are others.
        """
        members = self.waiting.members(unit)
        if {answer.id for answer in members} != set(saw):
            raise Stale("other answers are the same as this one now: look at all of them once more")
        with self._journal.held() as news:
            self._take(news)
            self._mend()
            with entering.writing(self._session, self.course, self.assignment):
                rows = self._read([unit.task], [answer.student for answer in members], hold=True)
                others = {}
                for answer in members:
                    kept = verdict_files.load_result(self.course, self.assignment.name, answer.student)
                    if kept is None or kept.by_person.get(answer.task) != answer.hash:
                        raise Stale("this answer was handed in and graded again: look at it once more")
                    row = rows.get((answer.student, answer.task))
                    if row is None or seen(row.mark) != saw[answer.id]:
                        others[answer.id] = row.mark if row is not None else NOTHING
                if others:
                    raise Conflict(others)
                if unit.task not in self.record.rubrics:  # what this mark is by: the file may be another one tomorrow
                    self._write(Reworded(at=_now(), by=grader, task=unit.task, rubric=self.rubric(unit.task)))
                now = [self._member(answer, rows, chosen) for answer in members]
                event = Marked(
                    at=_now(), by=grader, unit=unit.id, chosen=chosen, members=tuple(now), seconds=round(seconds, 1)
                )
                number = self._write(event)
                entering.write(self._session, rows, now)
            self._entered(grader, number, now)
        self.waiting.let_go(grader)
        return now

    def give_second(self, grader: str, unit: Unit, chosen: Chosen) -> None:
        """Note what a second grader would give."""
        worth = rubric.score(self.rubric(unit.task), chosen, self.assignment.task(unit.task).points)
        hashes = tuple(answer.hash for answer in unit.answers)
        with self._journal.held() as news:
            self._take(news)
            self._write(Second(at=_now(), by=grader, unit=unit.id, answers=hashes, chosen=chosen, score=worth))
        self.waiting.let_go(grader)

    def undo(self, grader: str) -> str | None:
        """Take the grader's last mark back -> its unit; None where there is none. Conflict where it was changed."""
        with self._journal.held() as news:
            self._take(news)
            self._mend()
            last = self.record.last_of(grader)
            if last is None:
                return None
            number, event = last
            now = []
            for member in event.members:
                given = self.record.given(member.student, member.task)
                if given is not None and given.number == number:  # else somebody marked it since
                    now.append(msgspec.structs.replace(given.member, was=given.member.now, now=member.was))
            undone = msgspec.structs.replace(event, at=_now(), members=tuple(now), seconds=0.0, undoes=number)
            self._transaction(undone, now)
        return event.unit

    # ---- another rubric -------------------------------------------------------------------------

    def preview(self, task: str, changed: Rubric) -> Preview:
        """Whose marks a changed rubric moves."""
        self.catch_up()
        return self._preview(task, changed, self._read([task]))

    def _preview(self, task: str, changed: Rubric, rows: Mapping[Key, Row]) -> Preview:
        moves = []
        for given in self.record.all_given():
            if given.member.task == task:
                now = self._mark(given.member.now, task, changed, given.chosen)
                row = rows.get((given.member.student, task))
                if not entering.same(now, given.member.now):
                    left = row is None or not entering.same(row.mark, given.member.now)
                    moves.append(Move(given, given.member.now if left else now, left))
        told = [[m.given.member.student, m.given.number, seen(m.now), m.left] for m in moves]
        return Preview(tuple(moves), hashlib.sha256(msgspec.json.encode([told, task, changed])).hexdigest()[:16])

    def reword(self, grader: str, task: str, changed: Rubric, digest: str) -> Preview:
        """Use another rubric: the marks that used its items move with it, all or none. digest: of the preview."""
        rubric.checked(f"rubric of {task}", changed)
        with self._journal.held() as news:
            self._take(news)
            self._mend()
            with entering.writing(self._session, self.course, self.assignment):
                rows = self._read([task], hold=True)
                preview = self._preview(task, changed, rows)
                if preview.digest != digest:
                    raise Stale("marks were given since this was shown: look at the preview once more")
                moved = [
                    msgspec.structs.replace(move.given.member, was=move.given.member.now, now=move.now)
                    for move in preview.moves
                    if not move.left
                ]
                number = self._write(Reworded(at=_now(), by=grader, task=task, rubric=changed, members=tuple(moved)))
                entering.write(self._session, rows, moved)
            self._entered(grader, number, moved)
            kept = {**self._from_file, **self.record.rubrics}
            rubric.keep_rubrics(self.course, self.assignment, kept)
            self._from_file = kept
        return preview

    def from_file(self) -> dict[str, Rubric]:
        """Rubrics that were changed in the file, outside of the page, and are not in use."""
        found = {
            task: rubric.numbered(one, self.rubric(task), functools.partial(self.record.free_number, task))
            for task, one in rubric.load_rubrics(self.course, self.assignment).items()
        }
        return {task: one for task, one in found.items() if one != self.rubric(task)}

    def _read(self, tasks: Sequence[str], students: Sequence[str] = (), hold: bool = False) -> dict[Key, Row]:
        rows = entering.read(self._session, self.assignment, tasks, students, hold)
        if not hold:
            self._session.rollback()  # a reader's transaction would show the same for ever
        return rows

    # ---- the journal and the gradebook ------------------------------------------------------------

    def catch_up(self) -> None:
        """Take what others have written; what one who was killed left is entered."""
        with self._journal.held() as news:
            self._take(news)
            self._mend()

    def _take(self, news: Sequence[AnyEvent]) -> None:
        self.record.take(news, self._journal.length - len(news))
        for event in news:
            if isinstance(event, Marked | Reworded):
                self.waiting.heard(event.members)

    def _write(self, event: AnyEvent, sync: bool = True) -> int:
        number = self._journal.write(event, sync)
        self.record.take([event], number)
        return number

    def _member(self, answer: Answer, rows: Mapping[Key, Row], chosen: Chosen) -> Member:
        was = rows[answer.student, answer.task].mark
        now = self._mark(was, answer.task, self.rubric(answer.task), chosen)
        return Member(answer.student, answer.task, answer.hash, was, now)

    def _mark(self, was: ManualMark, task: str, used: Rubric, chosen: Chosen) -> ManualMark:
        """The mark; extra credit stays as it is."""
        worth = rubric.score(used, chosen, self.assignment.task(task).points)
        said = rubric.words(used, chosen, self.course.language) or None
        return ManualMark(worth, was.extra, said, False)

    def _transaction(self, event: Marked, members: Sequence[Member]) -> None:
        """Journal and gradebook for an event whose members are known: where the gradebook has others, Conflict."""
        with entering.writing(self._session, self.course, self.assignment):
            tasks = list({member.task for member in members})
            rows = self._read(tasks, [member.student for member in members], hold=True) if members else {}
            others = {
                member.student: rows[member.student, member.task].mark
                for member in members
                if not entering.same(rows[member.student, member.task].mark, member.was)
            }
            if others:
                raise Conflict(others)
            number = self._write(event)
            entering.write(self._session, rows, members)
        self._entered(event.by, number, members)

    def _entered(self, grader: str, number: int, members: Sequence[Member]) -> None:
        entering.keep(self.course, self.assignment, members)
        self._write(Entered(at=_now(), by=grader, number=number), sync=False)
        self.waiting.heard(members)

    def _mend(self) -> None:
        """Enter what somebody wrote into the journal and did not live to enter.

        Only where the gradebook has what it had then: what people entered since stays.
        """
        if _identity(self.course) != self._file:
            again = f"end this command with Ctrl+C, then run `autograder mark {self.assignment.name}` again"
            raise CourseError(f"{self.course.gradebook_name}: is another file than when this began; {again}")
        for number, event in self.record.not_entered():
            tasks = list({member.task for member in event.members})
            students = [member.student for member in event.members]
            with entering.writing(self._session, self.course, self.assignment):
                rows = self._read(tasks, students, hold=True) if students else {}
                there = [
                    (one, rows[one.student, one.task].mark) for one in event.members if (one.student, one.task) in rows
                ]
                todo = [member for member, mark in there if entering.same(mark, member.was)]
                entering.write(self._session, rows, todo)
            done = [member for member, mark in there if member in todo or entering.same(mark, member.now)]
            self._entered(event.by, number, done)


@contextlib.contextmanager
def opened(course: Course, assignment: Assignment, second: int = 0) -> Iterator[Desk]:
    """The desk of an assignment that was graded; what one who was killed left is entered first."""
    nothing = CourseError(f"nothing of {assignment.name} is graded yet; run `autograder grade {assignment.name}`")
    if not course.db_url and not course.gradebook.is_file():
        raise nothing
    journal = Journal(journal_file(course, assignment.name))
    claims = os.open(journal.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with database.connect(course) as book:
            desk = Desk(course, assignment, book.db, journal, SubmissionLocks(claims), second)
            if not verdict_files.graded(course, assignment):
                raise nothing
            yield desk
    finally:
        os.close(claims)
        journal.close()


def seen(mark: ManualMark) -> str:
    """A short name for what the gradebook has: a page that showed another is out of date."""
    return hashlib.sha256(msgspec.json.encode([mark.score, mark.extra, mark.comment, mark.waits])).hexdigest()[:12]


def _identity(course: Course) -> tuple[int, int]:
    """Which file the gradebook is: one that was made again meanwhile is another, and ours is nobody's any more."""
    if course.db_url:
        return 0, 0
    try:
        found = course.gradebook.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
