"""How each learning system lays out the submissions of a class: names in an archive -> who handed in what, and when.

Made from the systems' own export code and documentation; docs/in-and-out.md has an example of each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from autograder.archive import Tree, is_packed
from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.lms.votes import (
    CANVAS,
    CANVAS_NAME,
    GRADESCOPE,
    MOODLE,
    MOODLE_NAME,
    PATTERN,
    elected,
    shared_top,
    votes,
)
from autograder.lms.votes import LAYOUTS as LAYOUTS
from autograder.lms.worksheet import Line
from autograder.submissions.submission import STAMP

METADATA = "submission_metadata.yml"
CLASSROOM = "-submissions"
MOODLE_ID = re.compile(r"_\d+_assignsubmission_")


@dataclass(frozen=True)
class Handed:
    """What one person handed in, as the archive has it.

    claims: what it says about the person. files: name among the student's files -> name in the archive.
    time: when, as it is written; place: where that stands.
    """

    label: str
    claims: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)
    time: str = ""
    place: str = ""
    late: bool = False
    stamp: str = ""  # name in the archive of a timestamp.txt that nbgrader wrote
    prefix: str = ""  # what the platform writes before this person's files, and knows feedback by


@dataclass(frozen=True)
class Found:
    """All that was found in an archive; `other`: names that nobody's submission is."""

    system: str
    handed: tuple[Handed, ...]
    other: tuple[str, ...] = ()


Sheet = Mapping[str, Line]  # Moodle's grading worksheet: number of the identifier -> its line


def read(
    tree: Tree, course: Course, assignment: Assignment, sheet: Sheet, layout: str = "", archive: str = ""
) -> Found:
    """Read an archive by its layout: the one given, or the one that its names vote for; CourseError where they differ.

    Who hands in may name files as they like: no file decides for others what the archive is.
    """
    names = list(tree.files)
    top = shared_top(names)
    metadata = _metadata(tree, top, needed=layout == GRADESCOPE)
    layout = layout or elected(votes(names, top, metadata, course.collect_pattern))
    inner = {name.removeprefix(top) if layout in (MOODLE, CANVAS) else name: name for name in names}
    if layout == PATTERN:
        return _pattern(names, course)
    if layout == GRADESCOPE:
        return _gradescope(tree, top, metadata or {})
    if layout == MOODLE:
        return _moodle(inner, sheet)
    return _canvas(inner) if layout == CANVAS else _folders(names, assignment, archive)


def _metadata(tree: Tree, top: str, needed: bool) -> Mapping[str, Any] | None:
    """What Gradescope's metadata says of each folder; only at the root, or in the one folder shared by all."""
    name = next((name for name in (METADATA, top + METADATA) if name in tree.files), "")
    if not name:
        if needed:
            raise CourseError(f"no {METADATA} in it: export from Gradescope again, or choose another --layout")
        return None
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # texts alone: 0123 is a student's id, times are read here
    try:
        about = yaml.load(tree.files[name](), Loader=loader)
    except Exception as error:  # whatever a broken file makes the reader of YAML stumble over
        raise CourseError(f"{name}: cannot be read ({str(error)[:100]}); export from Gradescope again") from None
    if not isinstance(about, dict):
        raise CourseError(f"{name}: not Gradescope's; export from Gradescope again")
    return {str(folder): entry for folder, entry in about.items()}


def _gathered(system: str, found: Mapping[str, Handed], other: list[str]) -> Found:
    return Found(system, tuple(found[key] for key in sorted(found)), tuple(other))


def _moodle(names: Mapping[str, str], sheet: Sheet) -> Found:
    """`Full name_12345_assignsubmission_file/1-questions.ipynb`, or all files in one folder with that prefix."""
    found: dict[str, Handed] = {}
    other: list[str] = []
    for inner, name in names.items():
        match = MOODLE_NAME.fullmatch(inner)
        if match is None or len(MOODLE_ID.findall(inner.partition("/")[0])) > 1:  # whose number is it?
            other.append(name)
            continue
        if match["kind"] != "file":  # text typed into a form: no notebook
            continue
        number = match["moodle_id"]
        line = sheet.get(number, Line())
        own = {"id": line.cells.get("id_number", ""), "email": line.cells.get("email_address", "")}
        claims = {"moodle_id": number, **own}
        who = Handed(
            label=f"{match['name']} ({number})",
            claims={**claims, "name": match["name"]},
            time=line.time,
            place=line.place,
            prefix=f"{match['name']}_{number}_assignsubmission_file",
        )
        found.setdefault(number, who).files[match["file"]] = name
    return _gathered("Moodle", found, other)


def _canvas(names: Mapping[str, str]) -> Found:
    """`jaideesomchai_LATE_101_2001_1-questions.ipynb`: name, mark of lateness, user, attachment, file."""
    found: dict[str, Handed] = {}
    numbers: dict[tuple[str, str], int] = {}
    other: list[str] = []
    for inner, name in names.items():
        match = CANVAS_NAME.fullmatch(inner)
        if match is None:
            other.append(name)
            continue
        user, file, number = match["canvas_id"], match["file"], int(match["number"])
        claims = {"canvas_id": user, "name": match["name"]}
        prefix = inner.removesuffix(f"_{file}")
        who = Handed(f"{match['name']} ({user})", claims, late=bool(match["late"]), prefix=prefix)
        if number > numbers.get((user, file), -1):  # the same file again is a later upload
            found.setdefault(user, who).files[file] = name
            numbers[user, file] = number
    return _gathered("Canvas", found, other)


def _gradescope(tree: Tree, top: str, about: Mapping[str, Any]) -> Found:
    """`submission_123/1-questions.ipynb`, and submission_metadata.yml that says whose each folder is."""
    handed: list[Handed] = []
    known = {METADATA, top + METADATA}
    top = "" if METADATA in tree.files else top
    for folder, entry in about.items():
        start = f"{top}{folder}/"
        files = {name.removeprefix(start): name for name in tree.files if name.startswith(start)}
        known |= set(files.values())
        handed += [Handed(f"{folder}: {claims.get('name', '?')}", claims, files, time, f"{METADATA}: {folder}")
                   for claims, time in _submitters(entry)]  # fmt: skip
    return Found("Gradescope", tuple(handed), tuple(name for name in tree.files if name not in known))


def _submitters(entry: Any) -> list[tuple[dict[str, str], str]]:
    """What the metadata says of one submission: a group's is each member's."""
    if not isinstance(entry, dict) or not isinstance(entry.get(":submitters"), list):
        return [({}, "")]
    time = _text(entry, ":created_at")
    found = []
    for person in entry[":submitters"]:
        said = person if isinstance(person, dict) else {}
        one = {name: _text(said, f":{name}") for name in ("sid", "email", "name")}
        claims = {"gradescope_id": one["sid"], "id": one["sid"], "email": one["email"], "name": one["name"]}
        found.append((claims, time))
    return found


def _text(entry: Mapping[str, Any], key: str) -> str:
    """A text of the metadata; "" for YAML's words for nothing."""
    value = entry.get(key)
    return value.strip() if isinstance(value, str) and value not in ("~", "null") else ""


def _pattern(names: list[str], course: Course) -> Found:
    """What collect_pattern finds, with the groups that nbgrader's zip_collect knows."""
    found: dict[str, Handed] = {}
    other: list[str] = []
    for name in names:
        match = re.match(course.collect_pattern, name)
        if match is None:
            other.append(name)
            continue
        said = {key: value.strip() for key, value in match.groupdict().items() if value}
        time = said.get("timestamp", "")
        who = said.get("student_id", "")
        full = f"{said.get('first_name', '')} {said.get('last_name', '')}".strip()
        claims = {"id": who, "email": said.get("email", ""), "name": full or who}
        key = f"{who} {time}"
        found.setdefault(key, Handed(key.strip(), claims, time=time, place=name)).files[_with_ending(said, name)] = name
    return _gathered("collect_pattern", found, other)


def _with_ending(said: Mapping[str, str], name: str) -> str:
    """The group file_id with the file's ending, as zip_collect puts them together."""
    file = said.get("file_id") or name.split("/")[-1]
    ending = re.search(r"\.[A-Za-z0-9]+$", name)
    return file if ending is None or file.endswith(ending[0]) else f"{file}{ending[0]}"


def _folders(names: list[str], assignment: Assignment, archive: str) -> Found:
    """`STUDENT/1-questions.ipynb`, nbgrader's `STUDENT/hw5/1-questions.ipynb`, or `STUDENT.zip`.

    Or GitHub Classroom's `hw5-ACCOUNT/1-questions.ipynb`, all of them in `hw5-submissions/` or not.
    """
    tops = {name.split("/")[0] for name in names}
    top = tops.pop() if len(tops) == 1 else ""
    prefixes = _classroom(assignment, top, archive)
    of_classroom = top.casefold().endswith(CLASSROOM)
    nested = {name.split("/")[1] for name in names if "/" in name}
    inside = (
        all(name.count("/") >= 2 for name in names) and nested != {assignment.name} and _account(top, prefixes) == top
    )
    start = f"{top}/" if top and (of_classroom or inside) else ""
    found: dict[str, Handed] = {}
    other: list[str] = []
    for name in names:
        who, _, file = name.removeprefix(start).partition("/")
        if not file and not is_packed(who):
            other.append(name)
            continue
        if not file:
            who, file = re.sub(r"(\.tar)?\.\w+$", "", who), who
        account = _account(who, prefixes)
        claims = {"id": who, "email": who, "name": who, "github": account}
        entry = found.setdefault(who, Handed(who, claims))
        inner = file.removeprefix(f"{assignment.name}/")
        if inner == STAMP and inner != file and account == who:  # where nbgrader puts it, not a student
            found[who] = Handed(who, claims, entry.files, stamp=name)
        else:
            entry.files[inner] = name
    return _gathered("folders", found, other)


def _classroom(assignment: Assignment, *names: str) -> tuple[str, ...]:
    """What GitHub Classroom writes before an account: the assignment's name there, told by its `NAME-submissions`."""
    there = {name[: -len(CLASSROOM)] for name in names if name.casefold().endswith(CLASSROOM)}
    return tuple(sorted((f"{name}-" for name in {assignment.name, *there}), key=len, reverse=True))


def _account(folder: str, prefixes: tuple[str, ...]) -> str:
    """The account in the name of a folder of GitHub Classroom's; any other name as it is."""
    if folder.casefold().endswith(CLASSROOM):
        return folder
    prefix = next((p for p in prefixes if folder.casefold().startswith(p.casefold())), "")
    return folder[len(prefix) :]
