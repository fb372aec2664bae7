"""The folder autograded/STUDENT/ASSIGNMENT: laid whole, and known again by the stamp of its result."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.files import write_folder
from autograder.pages.graded_notebook import MARK

TAIL = 8192  # bytes: the metadata stand at the end of a notebook
STAMP = re.compile(rb'"%s":\s*"(\w+)"' % MARK.encode())


def folder(course: Course, assignment: Assignment, student: str) -> Path:
    """Where nbgrader and the formgrader have the graded notebooks."""
    return course.root / "autograded" / student / assignment.name


def lay(course: Course, assignment: Assignment, student: str, files: Mapping[str, bytes]) -> None:
    """Lay the graded notebooks and what belongs to them, whole or not at all."""
    write_folder(folder(course, assignment, student), files, 0o444)


def is_laid(
    course: Course, assignment: Assignment, student: str, names: Iterable[str], stamp: str, receipt: Mapping[str, bytes]
) -> bool:
    """Whether the files lie there, with this receipt, and every notebook is that of the result with this stamp."""
    target = folder(course, assignment, student)
    return all(_holds(target / name, stamp) for name in names) and all(
        (target / name).is_file() and (target / name).read_bytes() == data for name, data in receipt.items()
    )


def _holds(path: Path, stamp: str) -> bool:
    try:
        with path.open("rb") as file:
            if path.suffix != ".ipynb":
                return True
            file.seek(max(0, path.stat().st_size - TAIL))
            found = STAMP.findall(file.read())
    except OSError:
        return False
    return found[-1:] == [stamp.encode()]
