"""What grading needs of this machine and this course: one diagnosis each, and how to mend what is wrong."""

import contextlib
import importlib.metadata
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement

from autograder.course import Assignment, Course, few, load_course
from autograder.errors import CourseError
from autograder.gradebook import reader
from autograder.judging import dataset, judge
from autograder.judging.by_examiner.cells import exam_cells
from autograder.judging.contract import load_checks
from autograder.sandbox import walls
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside

LOCK = Path(__file__).parent.parent.parent / "requirements.lock"
PYTHON = (3, 11)
NEEDED_EXTENSIONS = ("formgrader", "validate_assignment")
INSTALL = "install it again: remove .venv and run `make demo`"
NAMESPACES = {  # switch of the kernel -> (the value that stops the sandbox, how to mend it)
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "/proc/sys/user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "apt install bubblewrap: AppArmor lets only the distribution's own make the walls",
    ),
}
MISSING = "not here yet"
FREE_MB = 500  # beyond what the submissions themselves take again
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Diagnosis:
    """One line: what was looked at, what was found, and how to mend it where `ok` is false.

    stops: whether grading cannot go on without it; of: the one assignment that cannot be graded then, "" all.
    """

    what: str
    ok: bool
    found: str
    mend: str = ""
    stops: bool = True
    of: str = ""


def examine(root: Path) -> Iterator[Diagnosis]:
    """Look at everything, one after another. Nothing is changed but caches."""
    yield python()
    yield packages(LOCK)
    yield bubblewrap()
    yield jupyter()
    course: Course | None = None
    try:
        course = load_course(root)
    except CourseError as error:
        yield Diagnosis("course", False, str(error), "mend that line; course_config.py explains itself")
    if course is None:
        return
    tasks = ", ".join(f"{a.name}: {len(a.tasks)} tasks" for a in course.assignments)
    yield Diagnosis("course", True, f"{course.name}, feedback in {course.language!r}; {tasks}")
    yield place(course)
    for assignment in course.assignments:
        for look in (release, sandbox, data, checks):
            yield replace(look(course, assignment), of=assignment.name)
    yield disk(course)
    yield gradebook(course)


def python() -> Diagnosis:
    """The interpreter's version."""
    found, needed = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, PYTHON))
    mend = f"install Python {needed} or newer, then `make demo PYTHON=python{needed}`"
    return Diagnosis("python", sys.version_info >= PYTHON, f"{found} in {sys.prefix}", mend)


def packages(lock: Path) -> Diagnosis:
    """The installed packages against the lock file."""
    if not lock.is_file():
        return Diagnosis("packages", True, "not compared: no requirements.lock beside the engine")
    wrong, count = [], 0
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        count += 1
        try:
            installed = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or not wanted.specifier.contains(installed, prereleases=True):
            wrong.append(f"{wanted.name} {installed} instead of {wanted.specifier}")
    if wrong:
        mend = f"{sys.executable} -m pip install --no-deps --require-hashes -r {lock}"
        return Diagnosis("packages", False, few(wrong), mend, stops=False)
    return Diagnosis("packages", True, f"all {count} as in requirements.lock")


def bubblewrap() -> Diagnosis:
    """The program that makes the walls."""
    try:
        path = walls.bubblewrap()
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (CourseError, OSError, subprocess.TimeoutExpired) as error:
        return Diagnosis(
            "bubblewrap", False, str(error), "apt install bubblewrap; outside Linux see docs/other-systems.md"
        )
    return Diagnosis("bubblewrap", done.returncode == 0, f"{done.stdout.strip()} at {path}", "apt install bubblewrap")


def place(course: Course) -> Diagnosis:
    """The path of the course, which nbgrader's own commands take for a pattern."""
    odd = "".join(dict.fromkeys(letter for letter in str(course.root) if letter in "*?["))
    if not odd:
        return Diagnosis("path", True, str(course.root))
    found = f"{course.root} has {odd}: nbgrader's own commands and its formgrader find no notebooks; autograder's work"
    return Diagnosis("path", False, found, f"rename that folder, without {odd}", stops=False)


def sandbox(course: Course, assignment: Assignment) -> Diagnosis:
    """A real start of the sandbox, with the assignment's own probes."""
    guest = guest_of(course, assignment)
    what = f"sandbox ({assignment.name})"
    try:
        with guest:
            guest.open().close()
            guest.end()
    except (CourseError, OSError) as error:
        return Diagnosis(what, False, str(error), _namespaces())
    return Diagnosis(what, True, "started: the walls stand")


def guest_of(course: Course, assignment: Assignment) -> Guest:
    """A guest as grading has it; tests that grade as they are have no probes."""
    probes = None if assignment.by_examiner else course.part("probes", assignment.name)
    return Guest(Inside(probes, course.beside_notebooks(assignment.name)), assignment.limits)


def checks(course: Course, assignment: Assignment) -> Diagnosis:
    """What the author wrote for the judge, tried on a submission that answers nothing."""
    what, mend = f"checks ({assignment.name})", "mend that line; docs/author.md says what each file holds"
    if data(course, assignment).found.startswith(MISSING):
        return Diagnosis(what, True, "not tried: the data are not here yet")
    try:
        if assignment.by_examiner:
            books = [course.source(assignment.name) / f"{name}.ipynb" for name in assignment.notebooks]
            count = sum(cell.is_test for book in books for cell in exam_cells(book))
            return Diagnosis(what, True, f"{count} test cells")
        judge.open_context(course, assignment)
    except CourseError as error:
        return Diagnosis(what, False, str(error), mend)
    return Diagnosis(what, True, f"{len(judge.judged_tasks(assignment))} tasks have theirs")


def _namespaces() -> str:
    """How to let the kernel make user namespaces, as far as its switches tell."""
    for path, (stopping, mend) in NAMESPACES.items():
        with contextlib.suppress(OSError):
            if Path(path).read_text(encoding="ascii").strip() == stopping:
                return mend
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "start this container as docs/other-systems.md says"
    return "user namespaces must be allowed here; see docs/other-systems.md"


def jupyter() -> Diagnosis:
    """Jupyter with nbgrader's extensions, as Jupyter itself lists them."""
    line = [sys.executable, "-m", "jupyter", "server", "extension", "list"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
    except (OSError, subprocess.TimeoutExpired) as error:
        return Diagnosis("jupyter", False, str(error), INSTALL, stops=False)
    listed = done.stdout + done.stderr
    missing = [name for name in NEEDED_EXTENSIONS if not _enabled(listed, f"nbgrader.server_extensions.{name}")]
    if missing:
        mend = "jupyter server extension enable --sys-prefix --py nbgrader"
        return Diagnosis("jupyter", False, f"not enabled: nbgrader's {', '.join(missing)}", mend, stops=False)
    return Diagnosis("jupyter", True, f"nbgrader's {' and '.join(NEEDED_EXTENSIONS)} are enabled")


def _enabled(listed: str, name: str) -> bool:
    lines = [line for line in listed.splitlines() if line.split()[:1] == [name]]
    return any("enabled" in line for line in lines) and any("OK" in line for line in lines)


def release(course: Course, assignment: Assignment) -> Diagnosis:
    """The released notebooks, onto which submissions are put."""
    folder = course.release(assignment.name)
    missing = [f"{name}.ipynb" for name in assignment.notebooks if not (folder / f"{name}.ipynb").is_file()]
    what, mend = f"release ({assignment.name})", f"autograder release {assignment.name}"
    if missing:
        handed_in = any(path.is_dir() for path in (course.root / "submitted").glob(f"*/{assignment.name}"))
        waits = "" if handed_in else "; nothing is handed in yet"
        return Diagnosis(what, False, f"{folder} lacks {', '.join(missing)}{waits}", mend, stops=handed_in)
    return Diagnosis(what, True, f"{len(assignment.notebooks)} notebooks in {folder}")


def data(course: Course, assignment: Assignment) -> Diagnosis:
    """The data that the checks use: read and checked where it is here already."""
    name, source, what = assignment.dataset, course.source(assignment.name), f"data ({assignment.name})"
    if not name:
        return Diagnosis(what, True, "none needed")
    try:
        recipe = load_checks(course, assignment).dataset
        if recipe is None:
            return Diagnosis(what, True, "none needed")
        if wait := dataset.waits_for(course, assignment, recipe):
            return Diagnosis(what, True, f"{MISSING}: {name}, {wait}")
        arrays = dataset.prepared(course, assignment, recipe).arrays
        found = "".join(f", {key}={value}" for key, value in recipe.environment(name, source).items() if value)
    except CourseError as error:
        return Diagnosis(what, False, str(error), "put the files there, or let them be downloaded")
    return Diagnosis(what, True, f"{name}: read, {len(arrays)} arrays{found}")


def disk(course: Course) -> Diagnosis:
    """Room for the graded notebooks, the feedback and the gradebook."""
    files = (path for path in (course.root / "submitted").rglob("*") if path.is_file() and not path.is_symlink())
    needed = FREE_MB + 2 * sum(path.stat().st_size for path in files) // MEGABYTE
    free = shutil.disk_usage(course.root).free // MEGABYTE
    mend = f"free {max(0, needed - free)} MB, or put the course on a larger disk"
    writable = os.access(course.root, os.W_OK)
    if not writable:
        return Diagnosis("disk", False, f"{course.root} cannot be written", f"chown or chmod {course.root}")
    return Diagnosis("disk", free >= needed, f"{free} MB free, about {needed} MB needed", mend)


def gradebook(course: Course) -> Diagnosis:
    """The gradebook's file: readable, whole, and nbgrader's."""
    if course.db_url:
        try:
            reader.read_rows(course, course.assignments[0])
        except CourseError as error:
            return Diagnosis("gradebook", False, str(error), "start the server, or mend db_url in course_config.py")
        return Diagnosis("gradebook", True, f"{course.gradebook_name} answers")
    path = course.gradebook
    mend = "`autograder grade ASSIGNMENT --rebuild` lays it aside, and makes it again from what is kept"
    if not path.is_file():
        return Diagnosis("gradebook", True, "none yet: made by the first release or grading")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as base:
            said = base.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                return Diagnosis("gradebook", False, f"{path}: {said}", mend)
            count = base.execute("SELECT count(*) FROM submitted_assignment").fetchone()[0]
    except sqlite3.Error as error:
        return Diagnosis("gradebook", False, f"{path}: {error}", mend)
    if not os.access(path, os.W_OK):
        return Diagnosis("gradebook", False, f"{path} cannot be written", f"chmod u+w {path}")
    return Diagnosis("gradebook", True, f"whole; {count} submissions in it")
