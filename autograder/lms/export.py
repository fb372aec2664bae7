"""Marks -> the files that learning systems take: Canvas, Moodle, and a plain table.

Ungraded is empty, not zero. No cell of text can be a formula of a spreadsheet.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Assignment, Course, few, shown
from autograder.course.messages import of_engine
from autograder.course.roster import Person, Roster, squeezed, value_of
from autograder.errors import CourseError
from autograder.lms import worksheet
from autograder.lms.worksheet import Worksheet
from autograder.marks.final_marks import StudentMark, of_other_points
from autograder.spreadsheets import original, plain, written

CANVAS_IDS = {"SIS User ID": "sis_user_id", "SIS Login ID": "sis_login_id"}
POINTS = "    Points Possible"
SAID = ("EX", "N/A")  # of Canvas, in place of a mark: excused, does not apply


@dataclass(frozen=True)
class Exported:
    """A file's text; lines on whose mark is not in it, and on what else to know."""

    text: str
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Class:
    """Everything that an export is made of."""

    course: Course
    assignment: Assignment
    people: Roster
    marks: Mapping[str, StudentMark]
    partial: bool = False

    def mark(self, student: str) -> str:
        """A student's total as it is written; "" for ungraded."""
        mark = self.marks.get(student)
        total = None if mark is None else mark.so_far if self.partial else mark.total
        return "" if total is None else number(total)

    @property
    def everybody(self) -> list[Person]:
        """The roster, and after it those who handed in without being in it."""
        known = {person.id for person in self.people.people}
        return [*self.people.people, *(Person(name) for name in sorted(self.marks) if name not in known)]

    def waiting(self) -> list[str]:
        """A line on those whose mark is not whole."""
        old = of_other_points(self.assignment, self.marks.values())
        names = [n for n, mark in self.marks.items() if mark.total is None]
        if not names:
            return old
        what = "as they stand now" if self.partial else "empty; --partial writes them as they stand"
        return [
            *old,
            f"{len(names)} wait for a person ({few(names)}): {what}",
        ]


def number(value: float) -> str:
    """A score without the dust of binary fractions."""
    return shown(value, places=4)


# ---- a plain table ------------------------------------------------------------------------------


def table(given: Class, sheet: Path | None = None) -> Exported:
    """A line a student, a column a task."""
    tasks = [task.name for task in given.assignment.tasks]
    rows = [["id", "first_name", "last_name", "email", "section", *tasks, "penalty", "why", "score", "max_score"]]
    for person in given.everybody:
        mark = given.marks.get(person.id)
        scores = [mark.score(task) if mark else None for task in tasks]
        cells = ["" if score is None else number(score) for score in scores]
        who = [person.id, person.first_name, person.last_name, *(person.ids.get(c, "") for c in ("email", "section"))]
        late = [number(mark.penalty), plain(mark.reason)] if mark else ["", ""]
        rows.append([*map(plain, who), *cells, *late, given.mark(person.id), number(given.assignment.points)])
    return Exported(written(rows), notes=tuple(given.waiting()))


# ---- Canvas -------------------------------------------------------------------------------------


def canvas(given: Class, sheet: Path | None = None) -> Exported:
    """Canvas's gradebook: its own lines where it was exported before, else made of the roster."""
    if sheet is not None:
        return _canvas_filled(given, worksheet.canvas(sheet))
    title = given.assignment.canvas
    if not re.search(r"\(\d+\)$", title):
        raise CourseError(
            f"course_config.py: {given.assignment.name}: canvas {title!r} is not the title of its column in Canvas; "
            'set canvas="Homework 4 (12345)", or pass an exported gradebook with --worksheet FILE'
        )
    rows = [["Student", "ID", *CANVAS_IDS, "Section", title], [POINTS, "", "", "", "", number(given.assignment.points)]]
    missing = []
    for person in given.everybody:
        if person.ids.get("canvas_id"):
            ids = [person.ids["canvas_id"], *(person.ids.get(column, "") for column in CANVAS_IDS.values())]
            names = ", ".join(name for name in (person.last_name, person.first_name) if name) or person.id
            section = plain(person.ids.get("section", ""))
            rows.append([plain(names), *ids, section, given.mark(person.id)])
        elif given.mark(person.id):
            missing.append(f"{person.id}: no canvas_id in {given.course.roster}")
    return Exported(written(rows), tuple(missing), tuple(given.waiting()))


def _canvas_filled(given: Class, sheet: Worksheet) -> Exported:
    at = _canvas_column(given, sheet)
    keep = [n for n, name in enumerate(sheet.header) if n <= sheet.header.index("Section")]
    rows = [[*(sheet.header[n] for n in keep), sheet.header[at]]]
    whose = [_of_canvas(given, sheet, row) for row in sheet.rows]
    said = {student for student, row in zip(whose, sheet.rows, strict=True) if _said(row, at)}  # in any of their lines
    notes: list[str] = []
    for student, row in zip(whose, sheet.rows, strict=True):
        kept = [plain(row[n]) if n < len(row) else "" for n in keep]
        old = row[at] if at < len(row) else ""
        if "Points Possible" in worksheet.canvas_name(sheet, row):
            notes += _scale(given, old, f"{sheet.path}: Points Possible")
            rows.append([*kept, old])
            continue
        if _said(row, at):
            notes += _stays(given, student, f"{old.strip()} in Canvas")
        stays = _said(row, at) or student in said - {""}
        rows.append([*kept, old if stays else given.mark(student) or old])
    return _filled(given, rows, set(whose), sheet, notes)


def _of_canvas(given: Class, sheet: Worksheet, row: Sequence[str]) -> str:
    """Whose line of Canvas's gradebook it is; "" for nobody that we know, and for Canvas's own lines."""
    if not sheet.value(row, "ID"):
        return ""
    claims = {"canvas_id": sheet.value(row, "ID"), "name": original(worksheet.canvas_name(sheet, row))}
    claims |= {column: sheet.value(row, title) for title, column in CANVAS_IDS.items()}
    claims["id"] = claims["sis_user_id"] or claims["sis_login_id"]
    return _student(given, claims)


def _said(row: Sequence[str], at: int) -> bool:
    """Whether Canvas says in this line that there is to be no mark."""
    return at < len(row) and row[at].strip().upper() in SAID


def _canvas_column(given: Class, sheet: Worksheet) -> int:
    """The assignment's column in Canvas's gradebook."""
    titles = {name: re.sub(r" \(\d+\)$", "", name) for name in sheet.header if re.search(r" \(\d+\)$", name)}
    wanted = (given.assignment.canvas, given.assignment.title, given.assignment.name)
    found = [name for name, title in titles.items() if name in wanted or title in wanted]
    if len(found) != 1:
        known = ", ".join(titles) or "none"
        raise CourseError(
            f"{sheet.path}: {len(found)} columns are {given.assignment.title!r}; set canvas= in course_config.py "
            f"to one of: {known}"
        )
    return sheet.header.index(found[0])


# ---- Moodle -------------------------------------------------------------------------------------


def moodle(given: Class, sheet: Path | None = None) -> Exported:
    """Moodle's offline grading worksheet: the downloaded one filled in, else made of the roster."""
    if sheet is not None:
        return _moodle_filled(given, worksheet.moodle(sheet))
    rows = [list(worksheet.MOODLE)]
    missing = []
    for person in given.everybody:
        moodle_id = person.ids.get("moodle_id")
        mark, _ = _capped(given, person.id)
        if moodle_id:
            name = f"{person.first_name} {person.last_name}".strip()
            who = [f"Participant {moodle_id}", plain(name), plain(person.ids.get("email", ""))]
            best = number(given.assignment.points)
            rows.append([*who, "", mark, best, "Yes", "-", "-", comments(given, person.id) if mark else ""])
        elif mark:
            missing.append(f"{person.id}: no moodle_id in {given.course.roster}")
    capped = [note for person in given.everybody if (note := _capped(given, person.id)[1])]
    return Exported(written(rows), tuple(missing), (*capped, *given.waiting()))


def _moodle_filled(given: Class, sheet: Worksheet) -> Exported:
    rows = [list(sheet.header)]
    done: set[str] = set()
    notes: list[str] = []
    for row in sheet.rows:
        claims = {
            "moodle_id": worksheet.number(sheet.value(row, worksheet.IDENTIFIER)),
            "id": sheet.value(row, "ID number"),
            "email": sheet.value(row, worksheet.EMAIL),
            "name": original(sheet.value(row, worksheet.FULL_NAME)),
        }
        student = _student(given, claims)
        done.add(student)
        locked = sheet.value(row, worksheet.MAY_CHANGE).casefold() == "no"
        mark, note = ("", "") if locked else _capped(given, student)
        if locked:
            notes += _stays(given, student, f"locked in Moodle at {sheet.value(row, worksheet.GRADE) or 'no grade'}")
        filled = dict(zip(sheet.header, (plain(cell) for cell in row), strict=False))
        if mark:
            notes += [note] if note else _scale(given, sheet.value(row, worksheet.MAXIMUM), f"{sheet.path}: Maximum")
            filled[worksheet.GRADE] = mark
            if worksheet.COMMENTS in sheet.header:
                filled[worksheet.COMMENTS] = comments(given, student)
        for column in (worksheet.SUBMITTED, worksheet.CHANGED):
            if sheet.value(row, column) == "-":
                filled[column] = "-"  # Moodle's own word for never
        rows.append([filled.get(name, "") for name in sheet.header])
    return _filled(given, rows, done, sheet, list(dict.fromkeys(notes)))


def _capped(given: Class, student: str) -> tuple[str, str]:
    """A mark that Moodle takes: never above the maximum; and a line where that cost something."""
    mark = given.mark(student)
    best = given.assignment.points
    if mark and float(mark) > best:
        return number(best), f"{student}: {mark} is written as {number(best)}: Moodle takes no more than the maximum"
    return mark, ""


def comments(given: Class, student: str) -> str:
    """What the student reads in Moodle: a line a task, as HTML, which is what Moodle keeps there."""
    mark = given.marks[student]
    lines = []
    for task in given.assignment.tasks:
        score = mark.score(task.name)
        got = "-" if score is None else number(score)
        said = html.escape(mark.comment(task.name)).replace("\n", "<br>")
        lines.append(f"{task.name}: {got} / {number(task.points)}" + (f": {said}" if said else ""))
    if mark.penalty:
        words = of_engine(given.course.language)
        lines.append(html.escape(words.say("page", "late", penalty=number(mark.penalty), reason=mark.reason)))
    return plain("<br>".join(lines))


# ---- both ---------------------------------------------------------------------------------------


def _student(given: Class, claims: Mapping[str, str]) -> str:
    """Whose line it is; "" for nobody that we know."""
    person, _ = given.people.find(claims)
    if person is not None:
        return person.id
    return next((n for n in given.marks if squeezed(n) and n == claims["id"] and not value_of_any(given, n)), "")


def value_of_any(given: Class, student: str) -> bool:
    """Whether the roster has the student."""
    return any(value_of(person, "id") == student for person in given.people.people)


def _stays(given: Class, student: str, what: str) -> list[str]:
    """A line on a mark that is not written, for what the learning system says stays."""
    mark = given.mark(student)
    return [f"{student}: {what}, and stays so; the mark here is {mark}"] if mark else []


def _filled(
    given: Class, rows: Sequence[Sequence[str]], done: set[str], sheet: Worksheet, notes: Sequence[str]
) -> Exported:
    """A worksheet with its marks. Who has a mark and no line in it (another section, say) is told; where nobody has a
    line, it is the wrong file."""
    left = [name for name in given.marks if name not in done and given.mark(name)]
    lines = [f"{name}: not in {sheet.path}" for name in left]
    if done - {""}:
        return Exported(written(rows), notes=(*notes, *lines, *given.waiting()))
    return Exported(written(rows), tuple(lines), (*notes, *given.waiting()))


def _scale(given: Class, said: str, where: str) -> list[str]:
    """Refuse to write marks into a column of another size."""
    best = number(given.assignment.points)
    try:
        bare = re.sub(r"[.,](?=.*[.,])", "", said).replace(",", ".")  # 1,000.00 as well as 12,00
        same = not said or abs(float(bare) - given.assignment.points) < 1e-6
    except ValueError:
        same = True
    if not same:
        raise CourseError(f"{where} is {said}, but {given.assignment.name} has {best} points; set it to {best} there")
    return []


SYSTEMS: Mapping[str, Callable[[Class, Path | None], Exported]] = {"canvas": canvas, "moodle": moodle, "csv": table}
