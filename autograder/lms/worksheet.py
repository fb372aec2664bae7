"""Files that a learning system gives for marks: Moodle's offline grading worksheet, Canvas's gradebook."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import roster
from autograder.errors import CourseError

IDENTIFIER, FULL_NAME, EMAIL = "Identifier", "Full name", "Email address"
GRADE, MAXIMUM = "Grade", "Maximum Grade"
SUBMITTED, CHANGED, COMMENTS = "Last modified (submission)", "Last modified (grade)", "Feedback comments"
MAY_CHANGE = "Grade can be changed"
MOODLE = (IDENTIFIER, FULL_NAME, EMAIL, "Status", GRADE, MAXIMUM, MAY_CHANGE, SUBMITTED, CHANGED, COMMENTS)
STUDENT, LAST, FIRST = "Student", "LastName", "FirstName"  # Canvas has the first, or the other two


@dataclass(frozen=True)
class Worksheet:
    """A file as it was downloaded: column names, and lines."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def value(self, row: Sequence[str], column: str) -> str:
        """What stands in a column of a line; "" where there is no such column."""
        at = self.header.index(column) if column in self.header else len(row)
        return row[at].strip() if at < len(row) else ""

    @property
    def people(self) -> dict[str, Mapping[str, str]]:
        """Number of Moodle's identifier -> the line by lower-case column."""
        found: dict[str, Mapping[str, str]] = {}
        for row in self.rows:
            names = [re.sub(r"\s+", "_", name.strip().casefold()) for name in self.header]
            found[number(self.value(row, IDENTIFIER))] = dict(zip(names, map(str.strip, row), strict=False))
        return found


def number(identifier: str) -> str:
    """`Participant 12345` -> `12345`."""
    digits = re.search(r"(?<!\d)(\d+)$", identifier[-100:].rstrip())
    return digits[1] if digits else ""


def moodle(path: Path) -> Worksheet:
    """Moodle's grading worksheet; CourseError where a column is missing."""
    sheet = _read(path)
    for column in (IDENTIFIER, GRADE, CHANGED):
        if column not in sheet.header:
            raise CourseError(
                f"{path}: no column {column!r}, so not a grading worksheet in English; in Moodle, set your language "
                "to English and choose Download grading worksheet"
            )
    return sheet


def canvas(path: Path) -> Worksheet:
    """A gradebook exported from Canvas; CourseError where a column is missing."""
    sheet = _read(path)
    for column in (STUDENT if LAST not in sheet.header else FIRST, "ID", "Section"):
        if column not in sheet.header:
            raise CourseError(f"{path}: no column {column!r}, so not a Canvas gradebook; in Grades, choose Export")
    return sheet


def canvas_name(sheet: Worksheet, row: Sequence[str]) -> str:
    """The name in a line of Canvas's gradebook, in whichever columns it stands."""
    return sheet.value(row, STUDENT) or ", ".join(sheet.value(row, column) for column in (LAST, FIRST)).strip(", ")


def _read(path: Path) -> Worksheet:
    rows = [row for _, row in roster.lines(path) if row]
    if not rows:
        raise CourseError(f"{path}: empty; download it again")
    return Worksheet(path, tuple(name.strip() for name in rows[0]), tuple(tuple(row) for row in rows[1:]))
