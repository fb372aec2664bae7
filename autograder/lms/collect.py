"""Archives -> submitted/STUDENT/ASSIGNMENT/. Who cannot be matched is listed, never guessed; nothing is lost.

It is long, so that the way of a submission from an archive to its folder is seen as a whole.
"""

import contextlib
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autograder import archive, files
from autograder.archive import Bounds, Refused
from autograder.course import Assignment, Course, Limits, few, roster, stamps
from autograder.course.roster import Person, Roster
from autograder.course.stamps import Order
from autograder.errors import CourseError
from autograder.lms import handback, layouts, worksheet
from autograder.lms.attempts import Attempt, believable, settle
from autograder.lms.layouts import Found, Handed
from autograder.submissions import submission
from autograder.submissions.submission import MAX_FILE, MAX_FILES, MAX_TOTAL, NOT_THEIRS, STAMP

MAX_NESTED = 2  # archives inside archives: a student's zip, and one that holds it


def of_submission(limits: Limits) -> Bounds:
    """What one student may hand in."""
    return Bounds(MAX_FILES, min(MAX_FILE, int(limits.file_mb) * archive.MEGABYTE), MAX_TOTAL)


def of_class(limits: Limits) -> Bounds:
    """What a class may hand in together: files are read one by one, and never all kept in memory."""
    own = of_submission(limits)
    return Bounds(100_000, own.file_bytes, 4000 * own.total_bytes)


@dataclass
class Collected:
    """What a collect did, for the person who ran it."""

    taken: list[str] = field(default_factory=list)  # new or changed
    same: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  # lines on what belongs to nobody, or cannot be read
    notes: list[str] = field(default_factory=list)
    prefixes: dict[str, dict[str, str]] = field(default_factory=dict)  # system -> student -> handback knows them


def collect(
    course: Course,
    assignment: Assignment,
    archives: Sequence[Path],
    student: str = "",
    sheet: Path | None = None,
    layout: str = "",
) -> Collected:
    """Take the submissions in archives, folders and files.

    student: all of it is this one's. layout: one of layouts.LAYOUTS, where names alone do not tell.
    """
    done = Collected()
    course.state.mkdir(exist_ok=True)
    files.sweep([course.state])
    scratch = files.temporary_sibling(course.state / "collect")
    try:
        found = attempts(course, assignment, archives, scratch, done, student, sheet, layout)
        for name in sorted({attempt.student for attempt in found}):
            settled = settle(course, assignment, name, [a for a in found if a.student == name])
            (done.taken if settled.changed else done.same).append(name)
            done.notes += settled.notes
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return done


def attempts(
    course: Course,
    assignment: Assignment,
    archives: Sequence[Path],
    scratch: Path,
    done: Collected,
    student: str = "",
    sheet: Path | None = None,
    layout: str = "",
) -> list[Attempt]:
    """All attempts in the archives, laid in `scratch`; `done` hears who could not be matched."""
    people = roster.load_roster(course)
    if student:
        return list(_own(assignment, archives, student, people, scratch, done))
    lines = worksheet.moodle(sheet).people if sheet else {}
    found = [
        attempt
        for path in archives
        for attempt in _of_archive(course, assignment, path, people, lines, layout, scratch, done)
    ]
    handback.remember(course, assignment, done.prefixes)
    return found


def _own(
    assignment: Assignment, paths: Sequence[Path], student: str, people: Roster, scratch: Path, done: Collected
) -> Iterator[Attempt]:
    """All files given are one student's: notebooks, weights, a folder or a zip."""
    if people.path and student not in {person.id for person in people.people}:
        raise CourseError(f"--student {student}: not an id in {people.path}; add a line there")
    if not roster.usable_id(student):
        raise CourseError(f"--student {student!r}: cannot be a folder's name; use letters, digits, - and _")
    files: dict[str, bytes] = {}
    bounds = of_submission(assignment.limits)
    for path in paths:
        if path.is_dir() or archive.is_packed(path.name):
            with _opened(path, bounds) as tree:
                files.update(_contents({n: n for n in tree.files}, tree.files, bounds, path.name, done))
                done.notes += [f"{path.name}: {name}: {why}" for name, why in tree.refused]
        else:
            with _opened(path.parent, bounds) as tree:
                if path.name not in tree.files:
                    raise CourseError(f"{path}: no such file")
                files[path.name] = tree.files[path.name]()
    yield _laid(assignment, student, files, None, scratch)


def _of_archive(
    course: Course,
    assignment: Assignment,
    path: Path,
    people: Roster,
    sheet: layouts.Sheet,
    layout: str,
    scratch: Path,
    done: Collected,
) -> Iterator[Attempt]:
    """The attempts in one archive of a class."""
    own = of_submission(assignment.limits)
    with _opened(path, of_class(assignment.limits)) as tree:
        try:
            found = layouts.read(tree, course, assignment, sheet, layout, path.name.partition(".")[0])
            order = stamps.order_of(
                [*((line.place, line.time) for line in sheet.values()), *((h.place, h.time) for h in found.handed)]
            )
        except CourseError as error:
            raise CourseError(f"{path}: {error}") from None
        done.strangers += [f"{path.name}: {name}: belongs to nobody" for name in found.other]
        done.notes += [f"{path.name}: {line}" for line in _refused(tree)]
        if not tree.files:
            done.notes.append(f"{path.name}: no submissions in it")
        for handed, person, why in _matched(people, found):
            if person is None:
                done.strangers.append(f"{path.name}: {handed.label}: {why}")
                continue
            files = _contents(handed.files, tree.files, own, f"{path.name}: {person.id}", done)
            time = _time(course, assignment.name, tree, handed, person.id, order, done)
            doubted = time is not None and not believable(time)
            if time is not None and doubted:
                at = stamps.shown(time, course.timezone)
                done.notes.append(f"{person.id}: handed in at {at}, says {path.name}? The time is left open")
            if handed.late and time is None:
                done.notes.append(f"{person.id}: {found.system} says LATE but not when; see docs/in-and-out.md")
            if not files:
                done.strangers.append(f"{path.name}: {person.id}: no file in it can be read")
                continue
            if handed.prefix:
                done.prefixes.setdefault(found.system.lower(), {})[person.id] = handed.prefix
            yield _laid(assignment, person.id, files, None if doubted else time, scratch, doubted)


def _time(
    course: Course, name: str, tree: archive.Tree, handed: Handed, student: str, order: Order | None, done: Collected
) -> datetime | None:
    """When a submission was handed in; None where nobody says, or where it cannot be read, which is noted."""
    text, place = handed.time, handed.place
    if handed.stamp:
        place = handed.stamp
        with contextlib.suppress(Refused):  # damaged: nobody says
            text = tree.files[place]()[: stamps.MAX_TEXT].decode("utf-8-sig", "replace")
    if not text.strip():
        return None
    shown = repr(text.strip()[:60])
    try:
        return stamps.moment(text, course.timezone, None if handed.stamp else order)
    except stamps.Unreadable as why:
        if isinstance(why, stamps.Ambiguous) and not handed.stamp:
            raise CourseError(f"{place}: {shown} {why}; mend the file, then collect again") from None
        what = f"the time is left open: write it there, or into submitted/{student}/{name}/{STAMP}"
        done.notes.append(f"{student}: {place}: {shown} {why}; {what}")
        return None


def _refused(tree: archive.Tree) -> Iterator[str]:
    """What of a class's archive was refused: a line each, and one for all that names forbid in a folder."""
    folders: dict[tuple[str, str], list[str]] = {}
    for name, why in tree.refused:
        folder = name if len(name) >= archive.SHOWN or why not in archive.OF_NAMES else name.rpartition("/")[0]
        folders.setdefault((folder or name, why), []).append(name)
    for (_, why), names in folders.items():
        yield f"{names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {why}"


@contextlib.contextmanager
def _opened(path: Path, bounds: Bounds) -> Iterator[archive.Tree]:
    if not path.exists():
        raise CourseError(f"{path}: no such file")
    if not path.is_dir() and not archive.is_packed(path.name):
        raise CourseError(f"{path}: neither a folder nor {', '.join(archive.PACKED)}; one student's? add --student ID")
    try:
        with archive.opened(path, bounds) as tree:
            yield tree
    except Refused as why:
        raise CourseError(f"{path}: {why}; download it again") from None


def _matched(people: Roster, found: Found) -> Iterator[tuple[Handed, Person | None, str]]:
    """Each submission with its person. Where several accounts lead to one person by a name alone, none of them does."""
    matched = [(handed, *_person(people, handed, found.system)) for handed in found.handed]
    accounts: dict[str, set[str]] = {}
    for handed, person, _ in matched:
        if person is not None:
            accounts.setdefault(person.id, set()).add(handed.label)
    for handed, person, why in matched:
        if person is not None and len(accounts[person.id]) > 1 and people.by_name_alone(handed.claims):
            yield handed, None, f"another account leads to {person.id} too; put account ids into the roster"
        else:
            yield handed, person, why


def _person(people: Roster, handed: Handed, system: str) -> tuple[Person | None, str]:
    """The person whom a submission belongs to. Without a roster, an id that the archive gives is the id."""
    if people.path is not None:
        person, why = people.find(handed.claims)
        account, github = handed.claims.get("github", ""), any(p.ids.get("github") for p in people.people)
        if why and account != handed.claims.get("id", "") and not github:
            why = f"{why}, which has no column `github` for {account}"
        return person, f"{why} ({people.path.name})" if why else ""
    claimed = handed.claims.get("id", "")
    if roster.usable_id(claimed):
        return Person(claimed), ""
    if claimed:
        return None, "its name cannot be a student's folder; rename it, or say in a roster whose it is"
    return None, f"{system} gives no student id; a roster is needed: docs/in-and-out.md"


def _contents(
    wanted: Mapping[str, str], readers: Mapping[str, Callable[[], bytes]], bounds: Bounds, where: str,
    done: Collected, depth: int = 0,
) -> dict[str, bytes]:  # fmt: skip
    """The files of one submission, archives in it opened. What is refused is noted and costs itself alone.

    Where a file comes twice, one beside the archives counts, then the archive with the highest number in its name.
    """
    files: dict[str, bytes] = {}
    origin: dict[str, str] = {}  # file -> the archive that it lay in, or itself
    aside: dict[tuple[str, str], list[str]] = {}  # (whose does not count, whose does) -> files
    left = bounds.total_bytes
    for name, key in sorted(
        wanted.items(), key=lambda one: (not archive.is_packed(one[0]), archive.copy_number(one[0]), one)
    ):
        try:
            if len(files) >= bounds.files:
                raise Refused(f"more than {bounds.files} files")
            data = readers[key]()
            if len(data) > left:
                raise Refused(f"more than {bounds.total_bytes // archive.MEGABYTE} MB together")
            inner = replace(bounds, files=bounds.files - len(files), total_bytes=left)
            more = {name: data}
            if archive.is_packed(name) and depth < MAX_NESTED:
                tree = archive.inside(data, name, inner)
                inside = {short: full for full, short in archive.without_top(tree.files).items()}
                done.notes += [f"{where}: {name}: {part}: {why}" for part, why in tree.refused]
                more = _contents(inside, tree.files, inner, f"{where}: {name}", done, depth + 1)
            elif name.lower().endswith(archive.UNREADABLE):
                done.notes.append(f"{where}: {name}: cannot be opened here; ask for a .zip")
        except Refused as why:
            done.notes.append(f"{where}: {name}: {why}")
            continue
        # a student's own timestamp says nothing, nor does a secret of an exchange that it did not come through
        own = {n: d for n, d in more.items() if n.partition("/")[0] not in NOT_THEIRS}
        for file in own:
            if file in files and files[file] != own[file]:
                aside.setdefault((origin[file], name), []).append(file)
        files.update(own)
        origin.update(dict.fromkeys(own, name))
        left -= sum(map(len, more.values()))
    for (older, newer), names in aside.items():
        counts = f"that in {newer}" if archive.is_packed(newer) else "what lies beside it"
        done.notes.append(f"{where}: {older}: {few(names)}: {counts} counts")
    return files


def _tidy(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """`1-questions-2.ipynb` and `model (1).npz` under their own names, where nothing else has those."""
    tidied = dict(files)
    models = [assignment.model_file] if assignment.model_file else []
    for right in (*(f"{name}.ipynb" for name in assignment.notebooks), *models):
        stem, dot, ending = right.rpartition(".")
        again = re.compile(rf"{re.escape(stem)}(?:{archive.COPY})+\{dot}{ending}")
        copies = sorted(
            (name for name in files if again.fullmatch(name)), key=lambda n: [int(d) for d in re.findall(r"\d+", n)]
        )
        if copies and right not in files:
            tidied[right] = tidied.pop(copies[-1])
    return tidied


def _laid(
    assignment: Assignment,
    student: str,
    files: Mapping[str, bytes],
    time: datetime | None,
    scratch: Path,
    doubted: bool = False,
) -> Attempt:
    folder = scratch / secrets.token_hex(8)
    folder.mkdir(parents=True)
    for name, data in _tidy(files, assignment).items():
        path = folder / name
        with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return Attempt(student, folder, submission.read_submission(folder, student).digest, time, doubted)
