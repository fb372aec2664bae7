"""A class of submissions over a concurrent.futures executor; only this process writes anything.

It is long, so that all ways in which a worker, or this process, may end are seen together.
"""

import contextlib
import functools
import itertools
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder import deadline
from autograder.course import Assignment, Course, load_course
from autograder.course.fingerprint import grader_fingerprint
from autograder.errors import CourseError
from autograder.grading import pipeline
from autograder.grading.pipeline import AnyContext
from autograder.judging.verdicts import Result
from autograder.marks.verdict_files import keep, kept_answers, load_result
from autograder.sandbox.trace import Trace
from autograder.submissions import submission
from autograder.submissions.submission import Submission

BATCH = 4  # submissions that a worker elsewhere gets at once: dask costs as much for each batch as our own part does
BATCH_BYTES = 4 << 20

Batch = Sequence[Submission]
Outcomes = list[Result | Exception]  # of a batch: each one's result, or what went wrong on our side
Outcome = tuple[Submission, Result | Exception]

_graders: dict[tuple[str, str, str, bool], AnyContext] = {}
_one_at_a_time = threading.Lock()  # a process has one guest, and that guest one submission at a time


def grader(root: str, name: str, fingerprint: str = "", unsafe: bool = False) -> AnyContext:
    """This process's grader for an assignment: made once, its guest kept warm."""
    key = (root, name, fingerprint, unsafe)
    if key not in _graders:
        course = load_course(Path(root))
        _graders[key] = made = pipeline.open_grader(course, course.assignment(name), unsafe)
        multiprocessing.util.Finalize(None, made.close, exitpriority=1)
    return _graders[key]


def work(
    root: str,
    name: str,
    fingerprint: str,
    unsafe: bool,
    handed_in: Submission,
    earlier: bytes = b"",
    or_end: bool = False,
) -> Result:
    """What a worker does: grade one submission, with the answers that an earlier grading kept.

    Overrun where this process itself is busy with it for longer than a submission may take; or_end: see deadline.py.
    root: the course folder, or "" on a cluster, where each worker has its own: AUTOGRADER_COURSE, or
    the folder that it was started in. fingerprint: what the coordinator has; another one is refused.
    """
    with _one_at_a_time:
        here = root or os.environ.get("AUTOGRADER_COURSE") or os.getcwd()
        found = grader(here, name, fingerprint, unsafe)
        if found.fingerprint != fingerprint:
            raise CourseError(
                f"a worker has another grader or course in {here} ({found.fingerprint}, here {fingerprint}): "
                "copy this course folder there, install the same autograder and packages, and start the worker again"
            )
        with deadline.within(found.guest.limits.total_seconds, or_end):
            return pipeline.grade_submission(found, handed_in, earlier)


def work_through(
    root: str, name: str, fingerprint: str, unsafe: bool, batch: Sequence[tuple[Submission, bytes]]
) -> Outcomes:
    """What a worker does with a batch, each submission with the answers that an earlier grading kept."""
    outcomes: Outcomes = []
    for handed_in, earlier in batch:
        try:
            outcomes.append(work(root, name, fingerprint, unsafe, handed_in, earlier, or_end=True))
        except Exception as error:
            outcomes.append(error)
    return outcomes


def kept_result(course: Course, assignment: Assignment, handed_in: Submission, fingerprint: str) -> Result | None:
    """The kept result of a submission, where it still holds."""
    kept = load_result(course, assignment.name, handed_in.student)
    return kept if kept is not None and still_holds(kept, handed_in, fingerprint, assignment) else None


def result_of(course: Course, assignment: Assignment, handed_in: Submission) -> Result:
    """The kept result of a submission where it still holds, else a new one, kept."""
    fingerprint = grader_fingerprint(course, assignment)
    if (kept := kept_result(course, assignment, handed_in, fingerprint)) is not None:
        return kept
    earlier = kept_answers(course, assignment.name, handed_in.student)
    result = work(str(course.root), assignment.name, fingerprint, False, handed_in, earlier)
    keep(course, result)
    return result


def still_holds(kept: Result, handed_in: Submission, fingerprint: str, assignment: Assignment) -> bool:
    """Whether a kept result is of the same submission, grader and dataset, and made in the sandbox."""
    same = kept.digest == handed_in.digest and kept.fingerprint == fingerprint and kept.timestamp == handed_in.timestamp
    return same and kept.dataset == assignment.dataset and not kept.unsafe


def traced(course: Course, assignment: Assignment, student: str, unsafe: bool, folder: Path) -> Outcome:
    """Grade one submission in this process, and write all that happens into a folder."""
    trace = Trace(folder)
    handed_in = submission.read_submission(course.submitted(assignment.name, student), student)
    grader = pipeline.open_grader(course, assignment, unsafe, trace)
    with contextlib.closing(grader):
        try:
            with deadline.within(grader.guest.limits.total_seconds):
                result = pipeline.grade_submission(grader, handed_in)
        except deadline.Overrun as error:
            return handed_in, error
    trace.decided({t: {"seed": result.seeds.get(t), **v.as_json()} for t, v in result.verdicts.items()})
    return handed_in, result


@dataclass(frozen=True)
class Workers:
    """Where the work is done: makes a fresh executor, and says how many submissions it takes at once."""

    start: Callable[[], Executor]
    slots: int
    remote: bool = False


def local(jobs: int) -> Workers:
    """Worker processes on this machine."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # here: a worker's numpy reads it once, when it is loaded
    # spawn: a fork of this process would carry its threads' locks along
    context = multiprocessing.get_context("spawn")
    cores, begun = sorted(os.sched_getaffinity(0)), context.Value("i", 0)
    own = (begun, cores if jobs == len(cores) else ())
    return Workers(lambda: ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=own), jobs)


def _begin(begun: Any, cores: Sequence[int]) -> None:
    """In a worker: Ctrl-C is the coordinator's business, and nobody works on when the coordinator is gone.

    begun: how many workers have begun. cores: one for each of them, or none. Who asks and who answers take turns: on
    one core they need not wake another one, and find in its cache what they had left there.
    """
    if cores:
        with begun.get_lock():
            os.sched_setaffinity(0, {cores[begun.value % len(cores)]})
            begun.value += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if (coordinator := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(coordinator.sentinel,), daemon=True).start()


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Ctrl-C waits a moment: a worker that is started now would hear it before it can say that it does not."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)  # the guest ends with its control socket


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Workers]:
    """The workers of a dask cluster, each with the course in a folder of its own."""
    from distributed import Client  # takes most of a second to import

    try:
        client = Client(address, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise CourseError(
            f"--cluster {address}: no scheduler answers there ({error}); start one with `dask scheduler`"
        ) from error
    with client:
        slots = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
        if not slots:
            raise CourseError(
                f"--cluster {address}: the scheduler has no workers; start them with `dask worker {address}`"
            )
        # pure=False: or dask hashes every byte of a submission, to know again what it has done before
        start = functools.partial(client.get_executor, pure=False)
        yield Workers(start, slots, remote=True)


def grade_all(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    workers: Workers,
    unsafe: bool = False,
    anew: bool = True,
) -> Generator[Outcome, None, None]:
    """Grade the students' submissions -> (what was handed in, its result, or what went wrong on our side).

    anew: run everything again, whatever answers were kept. A worker that dies costs the submissions
    that it had a second try, one at a time.
    """
    fingerprint = grader_fingerprint(course, assignment)
    root = "" if workers.remote else str(course.root)

    def submit(pool: Executor, batch: Batch) -> Future[Outcomes]:
        earlier = [b"" if anew else kept_answers(course, assignment.name, one.student) for one in batch]
        pairs = list(zip(batch, earlier, strict=True))
        with _unheard():
            return pool.submit(work_through, root, assignment.name, fingerprint, unsafe, pairs)

    unread: list[Outcome] = []

    def read(names: Iterable[str]) -> Iterator[Submission]:
        for name in names:
            try:
                yield submission.read_submission(course.submitted(assignment.name, name), name)
            except Exception as error:  # these files are one student's, and so is what they bring about
                unread.append((Submission(name, {}), error))

    lost: list[str] = []
    with _pressed() as pressed:
        for batch, outcomes in _through(workers, _batches(read(students), len(students), workers), submit, pressed):
            if isinstance(outcomes, Exception):
                lost += [handed_in.student for handed_in in batch]
            else:
                yield from zip(batch, outcomes, strict=True)
        for student in lost:
            alone = ([one] for one in read([student]))
            for (handed_in,), outcomes in _through(replace(workers, slots=1), alone, submit, pressed):
                yield handed_in, outcomes if isinstance(outcomes, Exception) else outcomes[0]
    yield from unread


@contextlib.contextmanager
def _pressed() -> Iterator[list[int]]:
    """Notes each Ctrl-C: Python loses one that comes while it collects garbage or ends an object."""
    pressed: list[int] = []

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    usual = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if usual:
        signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        if usual:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _batches(submissions: Iterator[Submission], count: int, workers: Workers) -> Iterator[Batch]:
    """Several at a time where the way there is long, and one at a time towards the end, so that all end together."""
    for first in submissions:
        batch = [first]
        most = min(BATCH, count // (2 * workers.slots)) if workers.remote else 1
        while len(batch) < most and _size(batch) < BATCH_BYTES and (more := next(submissions, None)) is not None:
            batch.append(more)
        count -= len(batch)
        yield batch


def _size(batch: Batch) -> int:
    return sum(len(data) for handed_in in batch for data in handed_in.files.values())


def _through(
    workers: Workers,
    batches: Iterator[Batch],
    submit: Callable[[Executor, Batch], Future[Outcomes]],
    pressed: Sequence[int] = (),
) -> Iterator[tuple[Batch, Outcomes | Exception]]:
    """Keep the executor fed with a few batches ahead, so that memory does not grow with the class.

    Where a worker vanishes, all that the executor had comes back as broken; a fresh one does the rest.
    """
    ahead = 3 * workers.slots
    waiting: dict[Future[Outcomes], Batch] = {}
    pool = workers.start()
    try:
        while True:
            if pressed:
                raise KeyboardInterrupt
            for batch in itertools.islice(batches, ahead - len(waiting)):
                try:
                    waiting[submit(pool, batch)] = batch
                except BrokenExecutor as broken:
                    yield batch, broken
            if not waiting:
                break
            ended = wait(waiting, return_when=FIRST_COMPLETED).done
            broken_now = any(isinstance(job.exception(), BrokenExecutor) for job in ended)
            for job in waiting.copy() if broken_now else ended:
                error = job.exception()
                yield waiting.pop(job), error if isinstance(error, Exception) else job.result()
            if broken_now:
                pool.shutdown(wait=True)
                pool = workers.start()
    finally:
        if waiting and not workers.remote:  # ended before its time: nobody waits for what still runs
            for child in multiprocessing.active_children():
                child.terminate()
        for job in waiting:
            job.cancel()
        pool.shutdown(wait=True)
