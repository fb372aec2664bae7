"""A class of submissions over a concurrent.futures executor; only this process writes anything."""

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from autograder import course as course_module
from autograder import grade, submission
from autograder.course import Assignment, Course
from autograder.grade import Desk
from autograder.submission import Submission
from autograder.verdicts import Result, keep, kept_answers, load_result

_desks: dict[tuple[str, str, str, bool], Desk] = {}


def desk(root: str, name: str, kit: str = "", unsafe: bool = False) -> Desk:
    """This process's desk for an assignment: made once, its guest kept warm."""
    key = (root, name, kit, unsafe)
    if key not in _desks:
        course = course_module.load(Path(root))
        _desks[key] = grade.open_desk(course, course.assignment(name), unsafe)
    return _desks[key]


def work(root: str, name: str, kit: str, unsafe: bool, handed_in: Submission, earlier: bytes = b"") -> Result:
    """What a worker does: grade one submission, with the answers that an earlier grading kept."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return grade.grade_submission(desk(root, name, kit, unsafe), handed_in, earlier)


def result_of(course: Course, assignment: Assignment, handed_in: Submission) -> Result:
    """The kept result of a submission where it still holds, else a new one, kept."""
    kit = grade.kit_hash(course, assignment)
    kept = load_result(course, assignment.name, handed_in.student)
    if kept is not None and still_holds(kept, handed_in, kit, assignment):
        return kept
    earlier = kept_answers(course, assignment.name, handed_in.student)
    result = work(str(course.root), assignment.name, kit, False, handed_in, earlier)
    keep(course, result)
    return result


def still_holds(kept: Result, handed_in: Submission, kit: str, assignment: Assignment) -> bool:
    """Whether a kept result is of the same submission, kit and dataset, and made in the sandbox."""
    same = kept.digest == handed_in.digest and kept.kit == kit and kept.timestamp == handed_in.timestamp
    return same and kept.dataset == assignment.dataset and not kept.unsafe


@dataclass(frozen=True)
class Workers:
    """Where the work is done: makes a fresh executor, and says how many submissions it takes at once."""

    start: Callable[[], Executor]
    slots: int


def local(jobs: int) -> Workers:
    """Worker processes on this machine."""
    # spawn: a fork of this process would carry its threads' locks along
    context = multiprocessing.get_context("spawn")
    return Workers(lambda: ProcessPoolExecutor(jobs, mp_context=context), jobs)


Outcome = tuple[str, Result | Exception]


def grade_all(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    workers: Workers,
    unsafe: bool = False,
    anew: bool = True,
) -> Iterator[Outcome]:
    """Grade the students' submissions -> (student, result, or what went wrong on our side).

    anew: run everything again, whatever answers were kept. A worker that dies costs the submissions
    that it had a second try, one at a time.
    """
    kit = grade.kit_hash(course, assignment)

    def submit(pool: Executor, student: str) -> Future[Result]:
        handed_in = submission.read(course.submitted(assignment.name, student), student)
        earlier = b"" if anew else kept_answers(course, assignment.name, student)
        return pool.submit(work, str(course.root), assignment.name, kit, unsafe, handed_in, earlier)

    lost: list[str] = []
    for student, outcome in _through(workers, students, submit):
        if isinstance(outcome, BrokenExecutor):
            lost.append(student)
        else:
            yield student, outcome
    for student in lost:
        yield from _through(Workers(workers.start, 1), [student], submit)


def _through(
    workers: Workers, students: Iterable[str], submit: Callable[[Executor, str], Future[Result]]
) -> Iterator[Outcome]:
    """Keep the executor fed with a few submissions ahead, so that memory does not grow with the class."""
    ahead = 3 * workers.slots
    waiting: dict[Future[Result], str] = {}
    left = iter(students)
    pool = workers.start()
    try:
        while True:
            for student in itertools.islice(left, ahead - len(waiting)):
                try:
                    waiting[submit(pool, student)] = student
                except BrokenExecutor as broken:
                    yield student, broken
            if not waiting:
                break
            for job in wait(waiting, return_when=FIRST_COMPLETED).done:
                error = job.exception()
                yield waiting.pop(job), error if isinstance(error, Exception) else job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
