"""Feedback pages -> the archives by which learning systems hand each student a file.

Moodle ("Upload multiple feedback files in a zip") tells whose a folder is by the name that its own downloads have, of
which the number counts: `Full name_5001_assignsubmission_file/` (mod/assign/feedback/file/importziplib.php). Canvas
("Upload submissions") tells it by the user and the attachment in the name of a downloaded file,
`jaideesomchai_101_9001_...` (Assignment#infer_comment_context_from_filename): known only of what was collected.
"""

import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder import files
from autograder.course import Assignment, Course, roster
from autograder.errors import CourseError

PAGE = "feedback.html"
LONGEST = 60  # characters of a name in a folder's: a folder's name ends at 255 bytes, and a Thai letter has three
MOODLE, CANVAS, PLAIN = SYSTEMS = "moodle", "canvas", "plain"
Prefixes = Mapping[str, Mapping[str, str]]  # system -> student -> what it writes before this student's files


def _record(course: Course, assignment: Assignment) -> Path:
    return course.state / "handback" / f"{assignment.name}.json"


def _recorded(path: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {system: {who: str(prefix) for who, prefix in of.items()} for system, of in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:  # AttributeError: of another shape
        raise CourseError(f"{path}: cannot be read ({error}); remove it, then collect again") from None


def _number(prefix: str) -> int:
    """The last number in a prefix: Canvas counts attachments upwards."""
    return int((re.findall(r"\d+", prefix) or ["0"])[-1])


def _account(system: str, prefix: str) -> str:
    """Whose a prefix is, as the system numbers its users: the last number in Moodle's, the last but one in Canvas's."""
    return str((re.findall(r"\d+", prefix)[-1 if system == MOODLE else -2 :] or [""])[0])


def remember(course: Course, assignment: Assignment, prefixes: Prefixes) -> None:
    """Keep what a collected archive calls each student; of two attachments of one account the later one."""
    if not any(prefixes.values()):
        return
    path = _record(course, assignment)
    kept = _recorded(path)
    for system, of_students in prefixes.items():
        for student, prefix in of_students.items():
            before = kept.setdefault(system, {}).get(student, "")
            if _account(system, before) != _account(system, prefix):  # the roster was mended
                before = ""
            if system != CANVAS or _number(prefix) >= _number(before):
                kept[system][student] = prefix
            for other in [one for one, of in kept[system].items() if _account(system, of) == _account(system, prefix)]:
                if other != student:  # so an older roster said
                    del kept[system][other]
    files.write_whole(path, json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True).encode())


def write(course: Course, assignment: Assignment, folders: Mapping[str, Path], to: str) -> tuple[Path, list[str]]:
    """Pack the feedback in `folders` (student -> folder) for a system -> (where it is, lines on whose is not in it)."""
    if to == PLAIN:
        return _one_a_student(course, assignment, folders), []
    prefixes, wrong = _prefixes(course, assignment, folders, to)
    between = "/" if to == MOODLE else "_"
    target = course.root / "exports" / f"{assignment.name}-feedback-{to}.zip"
    entries = {f"{prefixes[name]}{between}{PAGE}": folders[name] / PAGE for name in folders if name in prefixes}
    _zip(target, entries)
    how = f"no moodle_id in {course.roster}" if to == MOODLE else "Canvas names no file of it; collect its download"
    return target, [f"{name}: {wrong.get(name, how)}" for name in folders if name not in prefixes]


def _prefixes(
    course: Course, assignment: Assignment, folders: Mapping[str, Path], to: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(what a system writes before each student's files, why others have none).

    As collected; for Moodle also as the roster has it. Where these do not agree, or two students have one account,
    nobody's page goes there: it could be another's.
    """
    found = _recorded(_record(course, assignment)).get(to, {})
    people = {person.id: person for person in roster.load_roster(course).people}
    column, wrong = f"{to}_id", {}
    for student, person in people.items():
        account, known = person.ids.get(column, ""), _account(to, found.get(student, ""))
        if account and known not in ("", account):
            wrong[student] = f"{column} {account} in {course.roster}, but {known} handed this in; collect again"
        elif account and not known and to == MOODLE:
            found[student] = f"{person.name or student}_{account}_assignsubmission_file"
    owners: dict[str, list[str]] = {}
    found = {student: found[student] for student in folders if student in found}
    for student, prefix in found.items():
        owners.setdefault(_account(to, prefix), []).append(student)
    for account, several in owners.items():
        for one in several if len(several) > 1 else ():
            wrong.setdefault(one, f"{account} is the account of {', '.join(sorted(several))}; collect again")
    named = {one: _named(prefix) if to == MOODLE else prefix for one, prefix in found.items() if one not in wrong}
    return named, wrong


def _named(prefix: str) -> str:
    """A folder's name of Moodle with a name in it that it can take; the number behind it decides."""
    name, *behind = prefix.rsplit("_", 3)
    return "_".join([_spoken(name), *behind])


def _spoken(name: str) -> str:
    """A name as a part of a folder's name: Moodle counts underscores, and drops what no file's name may have."""
    plain = re.sub(r'[\x00-\x1f\\/:*?"<>|&\']', "", name.replace("_", " ")).lstrip(".~ ")
    return plain[:LONGEST].rstrip(". ") or "student"


def _one_a_student(course: Course, assignment: Assignment, folders: Mapping[str, Path]) -> Path:
    """STUDENT.zip with all that the student may have, in a folder of their own."""
    target = course.root / "exports" / f"{assignment.name}-feedback"
    part = files.temporary_sibling(target)
    try:
        for student, folder in folders.items():
            _zip(part / f"{student}.zip", {path.relative_to(folder).as_posix(): path for path in _files(folder)})
        files.replace_folder(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _zip(target: Path, entries: Mapping[str, Path]) -> None:
    """Write a zip of files, whole or not at all. A page is not kept in memory longer than it takes to pack it."""
    part = files.temporary_sibling(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, path in entries.items():
                changed = time.localtime(path.stat().st_mtime)[:6]
                packed.writestr(zipfile.ZipInfo(name, max(changed, (1980, 1, 1, 0, 0, 0))), path.read_bytes(),
                                zipfile.ZIP_DEFLATED)  # fmt: skip
        part.replace(target)
    except OSError as error:
        raise files.unwritable(target, error) from error
    finally:
        part.unlink(missing_ok=True)
