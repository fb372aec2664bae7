"""Who is in the class: roster.csv, and the person whom a learning system means."""

import csv
import functools
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
IDS = ("email", "canvas_id", "sis_user_id", "sis_login_id", "moodle_id", "gradescope_id", "github")
ALSO = {"github_username": "github"}  # as GitHub Classroom's own roster has it
COLUMNS = ("id", "first_name", "last_name", *IDS, "section")
UNSAFE = re.compile(r'[<>"\\\x00-\x1f\x7f]')  # nbgrader writes names into its pages as they are
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"  # what web pages leave around a text that is copied
# what spreadsheets make of a number, or of a text that is to stay one
AS_TEXT = re.compile(r'=?"([^"]*)"|\'(.*)')
EXPONENT = re.compile(r"\d+[.,]\d+[eE][+-]?\d+|\d+[eE][+-]\d+", re.ASCII)
THOUSANDS = re.compile(r"\d{1,3}(?:[,'\u00a0\u202f ]\d{3})+|\d{1,3}(?:\.\d{3}){2,}", re.ASCII)
WHOLE = re.compile(r"(\d+)[.,]0+", re.ASCII)
FAULT = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|DIV/0!|#+)")
EXACT = 15  # digits that a spreadsheet keeps of a number
SEPARATORS = (",", ";", "\t")
FIRST_LINE = re.compile(r'^"?sep=([,;\t])"?(\r?\n)', re.IGNORECASE)
ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,39}")
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
        named = [p for p in self._named.get(squeezed(claims.get("name", "")), ()) if not _another(p, claims)]
        if len(named) == 1:
            return named[0], ""
        if named:
            return None, f"{len(named)} people have this name: {', '.join(sorted(p.id for p in named))}"
        return None, f"nobody in the roster{self.without_zeros(claims.get('id', ''))}"

    def without_zeros(self, student: str) -> str:
        """What to say of somebody who is here without the zeros before the id; "" of anybody else."""
        if not (student.startswith("0") and student.isdecimal()):
            return ""
        short, ids = student.lstrip("0"), {person.id for person in self.people}
        if student in ids or short not in ids:
            return ""
        return f", which has {short}; did a spreadsheet take the zeros before it?"

    def by_name_alone(self, claims: Mapping[str, str]) -> bool:
        """Whether no id among the claims is anybody's here."""
        return self.path is not None and not self._by_id(claims)

    def _by_id(self, claims: Mapping[str, str]) -> dict[str, Person]:
        found = (self._known.get((column, _key(value))) for column, value in claims.items() if value)
        return {person.id: person for person in found if person is not None}

    @functools.cached_property
    def _known(self) -> dict[tuple[str, str], Person]:
        """Whose an id is, by its column and its key: each is one person's."""
        columns = ("id", *IDS)
        return {(c, _key(value)): person for person in self.people for c in columns if (value := value_of(person, c))}

    @functools.cached_property
    def _named(self) -> dict[str, list[Person]]:
        found: dict[str, list[Person]] = {}
        for person in self.people:
            for name in person.names:
                found.setdefault(name, []).append(person)
        return found


NOBODY = Roster()


def value_of(person: Person, column: str) -> str:
    """What stands in a column of a person's line."""
    return person.id if column == "id" else person.ids.get(column, "")


def _key(value: str) -> str:
    """An id as it is compared: in one case, and in one way to write the same letters (a Thai sara am has two)."""
    return unicodedata.normalize("NFKC", value).casefold()


def _another(person: Person, claims: Mapping[str, str]) -> bool:
    """Whether an id in the claims is one that this person has otherwise."""
    return any(_key(value_of(person, c)) not in ("", _key(v)) for c, v in claims.items() if c in IDS and c != "email")


def squeezed(name: str) -> str:
    """A name's letters, marks and digits alone, in one case: what every learning system leaves of it."""
    return "".join(letter for letter in _key(name) if unicodedata.category(letter)[0] in "LMN")


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
        for column in ("id", *IDS):
            row[column], wrong = cleaned(column, row.get(column, ""))
            if wrong:
                raise CourseError(f"{where}: {column} {row[column]!r} {wrong}")
        if not usable_id(row["id"]):
            raise CourseError(f"{where}: id {row['id']!r} cannot be a folder's name; use letters, digits, - and _")
        for column in ("id", *IDS):
            if (value := row[column]) and (before := seen.setdefault((column, _key(value)), line)) != line:
                raise CourseError(f"{where}: {column} {value!r} stands in line {before} too")
        ids = {column: row[column] for column in (*IDS, "section") if row.get(column)}
        first, last = (" ".join(row.get(name, "").split()) for name in ("first_name", "last_name"))
        people.append(Person(row["id"], first, last, ids))
    return Roster(tuple(people), path)


def cleaned(column: str, value: str) -> tuple[str, str]:
    """(an id as it was before a spreadsheet had it, why it cannot be known; "" where it can)."""
    if column == "email":
        return value, ""
    if whole := AS_TEXT.fullmatch(value):
        value = (whole[1] or whole[2] or "").strip()
    if column == "github":
        value = re.sub(r"^(https?://)?(www\.)?github\.com/|^@|/$", "", value)
        if value and not ACCOUNT.fullmatch(value):
            return value, "is no GitHub account; mend the line"
    if EXPONENT.fullmatch(value):
        return value, "is a number that a spreadsheet has shortened; make the column text and put the ids in again"
    if THOUSANDS.fullmatch(value):
        return value, "is a number as a spreadsheet shows it, in threes; make the column text and put the ids in again"
    if FAULT.fullmatch(value):
        return value, "is a spreadsheet's error; mend the cell there, then save it again"
    if FORMULA.match(value):
        return value, "looks like a formula; mend the line"
    if whole := WHOLE.fullmatch(value):
        if len(whole[1]) > EXACT:
            return value, f"has more than the {EXACT} digits that a spreadsheet keeps; make the column text"
        return whole[1], ""
    return value, ""


def usable_id(name: str) -> bool:
    """Whether a student's id can be a folder in submitted/, and a key in the gradebook."""
    plain = name == name.strip() and "/" not in name and name.isprintable() and not UNSAFE.search(name)
    return plain and 0 < len(name) <= 100 and len(name.encode()) <= MAX_ID and not name.startswith((".", "~"))


def table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """A CSV file with a line of column names -> (line number, values by lower-case column)."""
    filled = [(line, _without_end([stripped(value) for value in row])) for line, row in lines(path)]
    (first, header), *rows = [(line, row) for line, row in filled if row] or [(1, [])]
    columns = [re.sub(r"\s+", "_", name.casefold()) for name in header]
    columns = [ALSO.get(name, name) for name in columns]
    for name in ("id", *IDS):
        if columns.count(name) > 1:
            raise CourseError(f"{path}:{first}: {columns.count(name)} columns are {name!r}; leave one")
    found = []
    for line, row in rows:
        if len(row) > len(columns):
            at = next(n for n in range(len(columns), len(row)) if row[n])
            raise CourseError(
                f"{path}:{line}: column {at + 1}, {row[at]!r}, has no name: {len(row)} values for {len(columns)} "
                "columns; quote commas"
            )
        values = [*row, *[""] * (len(columns) - len(row))]
        found.append((line, dict(zip(columns, values, strict=True))))
    return found


def stripped(value: str) -> str:
    """A cell without what stands around it unseen."""
    return value.strip().strip(UNSEEN).strip()


def _without_end(row: list[str]) -> list[str]:
    """A row without the empty cells that a spreadsheet puts after it."""
    while row and not row[-1]:
        row = row[:-1]
    return row


def _encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in data[:2]:  # without a mark: half of plain letters is zero
        return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    return "utf-8-sig"


def _separator(text: str) -> str:
    """What stands between the cells: what Excel's own first line says, else what the column names have most."""
    if said := FIRST_LINE.match(text):
        return said[1]
    names = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    return max(SEPARATORS, key=names.count)


def lines(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file with their line numbers, as spreadsheets save it; composed letters.

    UTF-8 or UTF-16, with commas, semicolons or tabs.
    """
    try:
        if path.stat().st_size > MAX_ROSTER:
            raise CourseError(f"{path}: larger than {MAX_ROSTER >> 20} MB; is it the right file?")
        data = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from None
    try:
        text = unicodedata.normalize("NFC", data.decode(_encoding(data)))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CourseError(f"{path}:{line}: not UTF-8; in Excel, save it as `CSV UTF-8`") from None
    separator = _separator(text)
    text = FIRST_LINE.sub(r"\2", text)  # the numbers of lines stay
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CourseError(f"{path}:{reader.line_num}: {error}; save it as CSV with commas") from None
