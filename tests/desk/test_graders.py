"""Several graders at once: on PostgreSQL and on SQLite, one of them killed; and how well two of them agree."""

import os
import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import desks
import postgres
import pytest
from desks import give
from toy import NAME

from autograder.course import Course, load_course
from autograder.desk import marking
from autograder.desk.agreement import agreement, drift
from autograder.desk.journal import Marked, Member
from autograder.desk.rubric import Chosen
from autograder.gradebook import reader
from autograder.marks.manual_marks import ManualMark

COUNT = 20


def work(course: Course, grader: str, pause: float) -> int:
    """A grader in a process of their own, who marks all that waits -> its id."""
    sys.stdout.flush()
    if (child := os.fork()) != 0:
        return child
    try:
        with marking.opened(course, course.assignments[0]) as desk:
            while (unit := desk.next(grader)) is not None:
                desk.note(grader, unit, Chosen({"idea": 1}))
                time.sleep(pause)
                give(desk, grader, unit, "idea", free=len(unit.answers[0].text) % 2 / 8)
                desk.look()
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def both(course: Course) -> None:
    """Two at once; the first is killed among its marks, and comes again."""
    first, second = work(course, "ann", 0.01), work(course, "bo", 0.01)
    journal = course.state / "desk" / f"{NAME}.jsonl"
    deadline = time.monotonic() + 120
    while not journal.exists() or journal.read_bytes().count(b'"mark"') < COUNT // 4:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    again = work(course, "ann", 0.01)
    assert [os.waitpid(child, 0)[1] for child in (second, again)] == [0, 0]


@pytest.mark.parametrize("base", ["postgresql", "sqlite"])
def test_two_graders_one_killed_nothing_is_lost_and_nothing_marked_twice(
    graded: Course, copy_of: Callable[[Course, Path], Course], tmp_path: Path, base: str
) -> None:
    course = copy_of(graded, tmp_path / "course")
    answers = {f"s{number:02d}": f"An answer of its own, {'very ' * number} long." for number in range(COUNT)}
    if base == "sqlite":
        desks.class_of(course, answers)
        both(course)
        check(course, {*answers, "anong", "bua", "chai", "dao", "สมหญิง ใจดี"})
        return
    with postgres.server() as socket:
        course = postgres.with_url(course, postgres.database(socket, "desk"))
        desks.class_of(course, answers)
        both(course)
        check(load_course(course.root), set(answers))


def check(course: Course, students: set[str]) -> None:
    with marking.opened(course, course.assignments[0]) as desk:
        given = Counter(member.student for event in desk.marks() for member in event.members)
        assert given == dict.fromkeys(students, 1)
        assert {event.by for event in desk.marks()} == {"ann", "bo"}
        assert not desk.record.not_entered()
        wanted = {one.member.student: one.member.now.score for one in desk.record.all_given()}
    rows = reader.read_rows(course, course.assignments[0])
    assert {name: rows.students[name].marks["T3"].score for name in students} == wanted


def test_kappa_is_what_scikit_learn_computes() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = random.Random(0)
    for _ in range(20):
        firsts = [rng.choice([0, 0.25, 0.5, 1.0]) for _ in range(50)]
        pairs = [(one, one if rng.random() < 0.7 else rng.choice([0, 0.25, 0.5, 1.0])) for one in firsts]
        labels = [[str(mark) for mark in marks] for marks in zip(*pairs, strict=True)]
        assert agreement(pairs).kappa == pytest.approx(cohen_kappa_score(*labels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert agreement([(1.0, 1.0)]).kappa is None and agreement([]).same is None
    assert agreement([(1.0, 1.0)]).same == 1


def test_drift_is_the_mean_of_each_graders_marks_in_steps() -> None:
    def marked(by: str, score: float) -> Marked:
        member = Member("s", "T3", "", ManualMark(), ManualMark(score))
        return Marked(at="", by=by, unit="", chosen=Chosen(), members=(member, member))

    events = [*(marked("ann", 1.0) for _ in range(20)), *(marked("ann", 0.5) for _ in range(5)), marked("bo", 0.0)]
    steps = [(step.by, step.first, step.last, step.mean) for step in drift(events, "T3")]
    assert steps == [("ann", 1, 20, 1.0), ("ann", 21, 25, 0.5), ("bo", 1, 1, 0.0)]
    assert drift(events, "T1") == []
