"""Files that a learning system gives for marks: Moodle's offline grading worksheet, Canvas's gradebook."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import roster
from autograder.errors import CourseError

IDENTIFIER, FULL_NAME, EMAIL = "Identifier", "Full name", "Email address"
GRADE, MAXIMUM = "Grade", "Maximum Grade"
SUBMITTED, CHANGED, COMMENTS = "Last modified (submission)", "Last modified (grade)", "Feedback comments"
MAY_CHANGE = "Grade can be changed"
NEVER = "-"  # Moodle's word for it
MOODLE = (IDENTIFIER, FULL_NAME, EMAIL, "Status", GRADE, MAXIMUM, MAY_CHANGE, SUBMITTED, CHANGED, COMMENTS)
STUDENT, LAST, FIRST = "Student", "LastName", "FirstName"  # Canvas has the first, or the other two


@dataclass(frozen=True)
class Line:
    """A person's line in Moodle's worksheet: its cells by lower-case column, and `FILE:LINE`."""

    cells: Mapping[str, str] = field(default_factory=dict)
    place: str = ""

    @property
    def time(self) -> str:
        """When the person handed in, as it is written; "" for never."""
        said = self.cells.get("last_modified_(submission)", "")
        return "" if said == NEVER else said


@dataclass(frozen=True)
class Worksheet:
    """A file as it was downloaded: column names, lines, and their numbers."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]

    def value(self, row: Sequence[str], column: str) -> str:
        """What stands in a column of a line; "" where there is no such column."""
        at = self.header.index(column) if column in self.header else len(row)
        return row[at].strip() if at < len(row) else ""

    @property
    def people(self) -> dict[str, Line]:
        """Number of Moodle's identifier -> the line."""
        found: dict[str, Line] = {}
        names = [re.sub(r"\s+", "_", name.strip().casefold()) for name in self.header]
        for row, at in zip(self.rows, self.numbers, strict=True):
            cells = dict(zip(names, map(str.strip, row), strict=False))
            found[number(self.value(row, IDENTIFIER))] = Line(cells, f"{self.path}:{at}")
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
    lines = [(number, tuple(row)) for number, row in roster.lines(path) if row]
    if not lines:
        raise CourseError(f"{path}: empty; download it again")
    (_, header), *rest = lines
    rows, numbers = tuple(row for _, row in rest), tuple(number for number, _ in rest)
    return Worksheet(path, tuple(roster.stripped(name) for name in header), rows, numbers)
