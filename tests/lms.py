"""Archives as the learning systems lay them out, and readers of what they take.

Written from the systems' documentation and published export code, on their own: nothing here is the kit's.
Moodle: mod/assign "Download all submissions" (folders or flat), the offline grading worksheet.
Canvas: "Download submissions", the gradebook's export and import. Gradescope: "Export submissions".
"""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Student:
    """A person as all systems know them."""

    id: str
    first: str
    last: str
    email: str
    number: int  # of every system


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def roster(path: Path, students: Sequence[Student], bom: bool = False) -> Path:
    """A roster as a spreadsheet saves it."""
    columns = ("id", "First Name", "last_name", "email", "canvas_id", "sis_login_id", "moodle_id", "section")
    with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for s in students:
            out.writerow([s.id, s.first, s.last, s.email, 100 + s.number, s.email, 5000 + s.number, "Sec 1"])
    return path


# ---- Moodle -------------------------------------------------------------------------------------


def moodle_zip(path: Path, handed: Sequence[tuple[Student, Files]], flat: bool = False, slash: str = "") -> Path:
    """`Full name_IDENTIFIER_assignsubmission_file/...`, older ones with `_file_/`, or flat with that prefix."""
    files = {}
    for student, own in handed:
        full = re.sub(r'[\x00-\x1f\\/:*?"<>|&\']', "", f"{student.first} {student.last}".replace("_", " "))
        prefix = f"{full}_{5000 + student.number}_assignsubmission_file"
        for name, data in own.items():
            files[f"{prefix}_{name}" if flat else f"{prefix}{slash}/{name}"] = data
    path.write_bytes(zipped(files))
    return path


MOODLE_COLUMNS = ("Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum Grade",
                  "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
                  "Feedback comments")  # fmt: skip


def moodle_worksheet(path: Path, times: Sequence[tuple[Student, str]], best: str = "3.00") -> Path:
    """The grading worksheet that Moodle gives: UTF-8 with BOM, its own long dates."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(MOODLE_COLUMNS)
        for student, time in times:
            who = [f"Participant {5000 + student.number}", f"{student.first} {student.last}", student.id, student.email]
            status = "Submitted for grading" if time != "-" else "No submission"
            out.writerow([*who, status, "", best, "Yes", time, "-", ""])
    return path


def read_moodle(text: str) -> dict[int, tuple[float | None, str]]:
    """Number of the identifier -> (grade, comment), as Moodle's importer finds the columns."""
    first, *rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    identifier, grade, changed = (first.index(c) for c in ("Identifier", "Grade", "Last modified (grade)"))
    comment = first.index("Feedback comments")
    found = {}
    for row in rows:
        assert len(row) == len(first)
        assert row[identifier].startswith("Participant ") and row[changed] == "-"
        number = int(row[identifier][len("Participant ") :])
        assert number not in found
        found[number] = (float(row[grade]) if row[grade] else None, row[comment])
    return found


def moodle_feedback(archive: bytes, participants: Sequence[int]) -> dict[int, dict[str, bytes]]:
    """Participant -> files, as Moodle takes a zip of feedback: the first part of a path that names a participant and a
    known plugin decides, cut at underscores; hidden files are left out."""
    found: dict[int, dict[str, bytes]] = {}
    for name, data in _entries(archive):
        parts = name.split("/")
        while parts and not parts[-1].startswith((".", "~")):
            part = parts.pop(0).split("_", 4)
            if len(part) < 4 or not part[1].isdecimal() or int(part[1]) not in participants:
                continue
            if part[2:4] == ["assignsubmission", "file"]:
                file = "/".join([*part[4:], *parts]).lstrip("/")
                found.setdefault(int(part[1]), {})[file] = data
                break
    return found


def _entries(archive: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return [(name, opened.read(name)) for name in opened.namelist()]


# ---- Canvas -------------------------------------------------------------------------------------


def canvas_name(student: Student) -> str:
    """The sortable name without all that is no letter, mark or digit, in small letters."""
    whole = f"{student.last}, {student.first}".lower()
    return "".join(c for c in whole if unicodedata.category(c)[0] in "LM" or unicodedata.category(c) == "Nd")


def canvas_zip(path: Path, handed: Sequence[tuple[Student, Files, bool]], attachment: int = 9000) -> Path:
    """Flat: `name_LATE_user_attachment_file`."""
    files = {}
    for student, own, late in handed:
        for name, data in own.items():
            attachment += 1
            parts = [
                canvas_name(student),
                *(["LATE"] if late else []),
                str(100 + student.number),
                str(attachment),
                name,
            ]
            files["_".join(parts)] = data
    path.write_bytes(zipped(files))
    return path


def canvas_gradebook(path: Path, students: Sequence[Student], column: str, best: str = "3") -> Path:
    """The gradebook as Canvas exports it, with other columns and its read-only totals."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["Student", "ID", "SIS Login ID", "Section", "Quiz 1 (77)", column, "Final Score"])
        out.writerow(["    Points Possible", "", "", "", "5", best, "(read only)"])
        for s in students:
            name = f'="{s.last}, {s.first}"' if s.last.startswith("=") else f"{s.last}, {s.first}"
            out.writerow([name, 100 + s.number, s.email, "Sec 1", "4", "", "80"])
        out.writerow(["Student, Test", "999", "0123abc", "Sec 1", "", "", ""])
    return path


def read_canvas(text: str, column: str) -> dict[int, tuple[str, float | None]]:
    """User id -> (name, score), as Canvas's importer reads: by ID, after the row of points."""
    first, second, *rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert first[:2] == ["Student", "ID"] and first.index("Section") < first.index(column)
    assert second[0].strip() == "Points Possible" and float(second[first.index(column)]) == 3
    found = {}
    for row in rows:
        assert len(row) == len(first)
        at = int(row[1])
        assert at not in found
        found[at] = (row[0], float(row[first.index(column)]) if row[first.index(column)] else None)
    return found


def canvas_feedback(archive: bytes, attachments: Mapping[int, Sequence[int]]) -> dict[int, dict[str, bytes]]:
    """User id -> files, as Canvas takes a zip of comments: the first two parts between underscores that are numbers are
    the user and one of this user's attachments. attachments: user id -> those that Canvas has."""
    found: dict[int, dict[str, bytes]] = {}
    for path, data in _entries(archive):
        name = path.rsplit("/", 1)[-1]
        numbers = [int(part) for part in name.split("_") if re.fullmatch(r"[0-9]+", part)][:2]
        if name.startswith("._") or len(numbers) < 2 or numbers[1] not in attachments.get(numbers[0], ()):
            continue
        found.setdefault(numbers[0], {})[name.partition(f"_{numbers[1]}_")[2]] = data
    return found


# ---- Gradescope ---------------------------------------------------------------------------------


def gradescope_zip(path: Path, handed: Sequence[tuple[Sequence[Student], Files, str]]) -> Path:
    """A folder a submission, and submission_metadata.yml with Ruby's symbols as keys."""
    lines, files = ["---"], {}
    for number, (students, own, time) in enumerate(handed, start=1):
        folder = f"submission_{7000 + number}"
        lines += [f"{folder}:", "  :submitters:"]
        for s in students:
            quoted = json.dumps(f"{s.first} {s.last}", ensure_ascii=False)
            lines += [f"  - :name: {quoted}", f"    :sid: '{s.id}'", f"    :email: {s.email}"]
        lines += [f"  :created_at: {time}", "  :score: 0.0", "  :history: []"]
        files |= {f"assignment_1_export/{folder}/{name}": data for name, data in own.items()}
    text = "\n".join([*lines, ""])
    path.write_bytes(zipped({"assignment_1_export/submission_metadata.yml": text.encode(), **files}))
    return path


# ---- a plain table ------------------------------------------------------------------------------


def read_table(text: str) -> dict[str, dict[str, str]]:
    """id -> cells by column."""
    first, *rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert all(len(row) == len(first) for row in rows)
    return {row[0]: dict(zip(first, row, strict=True)) for row in rows}


def formulas(text: str) -> list[str]:
    """Cells that a spreadsheet would run."""
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) for cell in row]
    started = (cell for cell in cells if cell.strip()[:1] in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    return [cell for cell in started if cell not in ("-",) and not re.fullmatch(r"-?\d+(\.\d+)?", cell)]
