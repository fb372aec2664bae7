"""Who is in the class: roster.csv, and the person whom a learning system means."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError
from autograder.spreadsheets import FORMULA

# columns besides id, first_name, last_name; each names one person, if anybody
IDS = ("email", "canvas_id", "sis_user_id", "sis_login_id", "moodle_id", "gradescope_id")
COLUMNS = ("id", "first_name", "last_name", *IDS, "section")
UNSAFE = re.compile(r'[<>"\\\x00-\x1f\x7f]')  # nbgrader writes names into its pages as they are
MAX_ROSTER = 16 << 20  # bytes
MAX_ID = 200  # bytes: files are named after students, with more around it


@dataclass(frozen=True)
class Person:
    """One student. `ids`: what the learning systems call this person, by column."""

    id: str
    first_name: str = ""
    last_name: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name as one reads them."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def names(self) -> frozenset[str]:
        """The name in either order, as squeezed() leaves it."""
        first, last = squeezed(self.first_name), squeezed(self.last_name)
        return frozenset({first + last, last + first} - {""})


@dataclass(frozen=True)
class Roster:
    """The class, and the file that it comes from; `path` is None where there is none."""

    people: tuple[Person, ...] = ()
    path: Path | None = None

    def find(self, claims: Mapping[str, str]) -> tuple[Person | None, str]:
        """(the one person whom the claims mean, or None; why None). claims: column -> value, or `name`.

        An id decides. A name decides only where no id says anything, and where one person alone has it.
        """
        by_id = self._by_id(claims)
        if len(by_id) == 1:
            return next(iter(by_id.values())), ""
        if by_id:
            return None, f"means several: {', '.join(sorted(by_id))}"
        named = [p for p in self.people if squeezed(claims.get("name", "")) in p.names and not _another(p, claims)]
        if len(named) == 1:
            return named[0], ""
        if named:
            return None, f"{len(named)} people have this name: {', '.join(sorted(p.id for p in named))}"
        return None, "nobody in the roster"

    def by_name_alone(self, claims: Mapping[str, str]) -> bool:
        """Whether no id among the claims is anybody's here."""
        return self.path is not None and not self._by_id(claims)

    def _by_id(self, claims: Mapping[str, str]) -> dict[str, Person]:
        return {
            person.id: person
            for column, value in claims.items()
            for person in self.people
            if value and value_of(person, column).casefold() == value.casefold() and column != "name"
        }


NOBODY = Roster()


def value_of(person: Person, column: str) -> str:
    """What stands in a column of a person's line."""
    return person.id if column == "id" else person.ids.get(column, "")


def _another(person: Person, claims: Mapping[str, str]) -> bool:
    """Whether an id in the claims is one that this person has otherwise."""
    return any(value_of(person, c) not in ("", v) for c, v in claims.items() if c in IDS and c != "email")


def squeezed(name: str) -> str:
    """A name's letters, marks and digits alone, in one case: what every learning system leaves of it."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LMN")


def load_roster(course: Course) -> Roster:
    """The course's roster; an empty one where there is no file. CourseError names the first bad line."""
    path = course.root / course.roster
    if not path.is_file():
        return Roster()
    rows = table(path)
    if not rows or "id" not in rows[0][1]:
        raise CourseError(f"{path}: needs a line of column names with `id`; known are {', '.join(COLUMNS)}")
    people: list[Person] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in rows:
        where = f"{path}:{line}"
        if not usable_id(row["id"]):
            raise CourseError(f"{where}: id {row['id']!r} cannot be a folder's name; use letters, digits, - and _")
        for column in ("id", *IDS):
            value = row.get(column, "")
            if column != "email" and FORMULA.match(value):
                raise CourseError(f"{where}: {column} {value!r} looks like a formula; mend the line")
            if value and seen.setdefault((column, value.casefold()), line) != line:
                raise CourseError(f"{where}: {column} {value!r} stands in line {seen[column, value.casefold()]} too")
        ids = {column: row[column] for column in (*IDS, "section") if row.get(column)}
        people.append(Person(row["id"], row.get("first_name", ""), row.get("last_name", ""), ids))
    return Roster(tuple(people), path)


def usable_id(name: str) -> bool:
    """Whether a student's id can be a folder in submitted/, and a key in the gradebook."""
    plain = name == name.strip() and "/" not in name and name.isprintable() and not UNSAFE.search(name)
    return plain and 0 < len(name) <= 100 and len(name.encode()) <= MAX_ID and not name.startswith((".", "~"))


def table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """A CSV file with a line of column names -> (line number, values by lower-case column)."""
    header, *rows = lines(path) or [(1, [])]
    columns = [re.sub(r"\s+", "_", name.strip().casefold()) for name in header[1]]
    found = []
    for line, row in rows:
        if any(value.strip() for value in row):
            if len(row) > len(columns):
                raise CourseError(f"{path}:{line}: {len(row)} values for {len(columns)} columns; quote commas")
            values = [*map(str.strip, row), *[""] * (len(columns) - len(row))]
            found.append((line, dict(zip(columns, values, strict=True))))
    return found


def lines(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file with their line numbers: UTF-8, with or without BOM, composed letters."""
    try:
        if path.stat().st_size > MAX_ROSTER:
            raise CourseError(f"{path}: larger than {MAX_ROSTER >> 20} MB; is it the right file?")
        text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path}: not UTF-8; in Excel, save it as `CSV UTF-8`") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CourseError(f"{path}:{reader.line_num}: {error}; save it as CSV with commas") from None
