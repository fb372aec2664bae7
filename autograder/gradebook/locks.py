"""Who grades what at this moment, on one machine: locks that end with the process that holds them."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator

from autograder import files
from autograder.course import Assignment, Course

BUSY = "another `autograder grade` is at work in this folder; wait until it is done, or end it, and grade again"
SEVERAL = "several can work at once with PostgreSQL: docs/in-and-out.md"


class SubmissionLocks:
    """The submissions that this process grades. file: locked a byte a student; None: all are ours."""

    def __init__(self, file: int | None = None) -> None:
        self._file = file

    def take(self, student: str) -> bool:
        """Whether this student's submission is ours now."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(student))
        except OSError:
            return False
        return True

    def release(self, student: str) -> None:
        """It is nobody's."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(student))


def _place(name: str) -> int:
    """The byte that stands for a name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:7], "big")


@contextlib.contextmanager
def held(course: Course, assignment: Assignment) -> Iterator[SubmissionLocks]:
    """SQLite takes one grader, PostgreSQL as many as there are: each claims its submissions."""
    if course.gradebook_url.startswith("sqlite:"):
        with files.exclusive_lock(course.state / "grading.lock", f"{course.root}: {BUSY}; {SEVERAL}"):
            yield SubmissionLocks()
        return
    course.state.mkdir(exist_ok=True)
    handle = os.open(course.state / f"claims-{assignment.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield SubmissionLocks(handle)
    finally:
        os.close(handle)
