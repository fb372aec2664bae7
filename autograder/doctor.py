"""What grading needs of this machine and this course: one finding each, and how to mend what is wrong."""

import contextlib
import importlib.metadata
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from autograder import course as course_module
from autograder import data, marks, sandbox
from autograder.course import Assignment, Course, CourseError, load_module

LOCK = Path(__file__).parent.parent / "requirements.lock"
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
FREE_MB = 500  # beyond what the submissions themselves take again
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and how to mend it where `ok` is false.

    stops: whether grading cannot go on without it.
    """

    what: str
    ok: bool
    found: str
    mend: str = ""
    stops: bool = True


def examine(root: Path) -> Iterator[Finding]:
    """Look at everything, one after another. Nothing is changed but caches."""
    yield python()
    yield packages(LOCK)
    yield bubblewrap()
    yield jupyter()
    course: Course | None = None
    try:
        course = course_module.load(root)
    except CourseError as error:
        yield Finding("course", False, str(error), "mend that line; course_config.py explains itself")
    if course is None:
        return
    tasks = ", ".join(f"{a.name}: {len(a.tasks)} tasks" for a in course.assignments)
    yield Finding("course", True, f"{course.name}, feedback in {course.language!r}; {tasks}")
    for assignment in course.assignments:
        yield release(course, assignment)
        yield walls(course, assignment)
        yield dataset(course, assignment)
    yield disk(course)
    yield gradebook(course)


def python() -> Finding:
    """The interpreter's version."""
    found, needed = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, PYTHON))
    mend = f"install Python {needed} or newer, then `make demo PYTHON=python{needed}`"
    return Finding("python", sys.version_info >= PYTHON, f"{found} in {sys.prefix}", mend)


def packages(lock: Path) -> Finding:
    """The installed packages against the lock file."""
    if not lock.is_file():
        return Finding("packages", True, "not compared: no requirements.lock beside the engine")
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
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        mend = f"{sys.executable} -m pip install --no-deps --require-hashes -r {lock}"
        return Finding("packages", False, ", ".join(wrong[:3]) + more, mend, stops=False)
    return Finding("packages", True, f"all {count} as in requirements.lock")


def bubblewrap() -> Finding:
    """The program that makes the walls."""
    try:
        path = sandbox.bubblewrap()
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (CourseError, OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            "bubblewrap", False, str(error), "apt install bubblewrap; outside Linux see docs/other-systems.md"
        )
    return Finding("bubblewrap", done.returncode == 0, f"{done.stdout.strip()} at {path}", "apt install bubblewrap")


def walls(course: Course, assignment: Assignment) -> Finding:
    """A real start of the sandbox, with the assignment's own probes."""
    helpers = sorted(course.release(assignment.name).glob("*.py"))
    guest = sandbox.Guest(course.part("probes", assignment.name), helpers, None, assignment.limits)
    what = f"sandbox ({assignment.name})"
    try:
        with guest:
            guest.open().close()
            guest.end()
    except (CourseError, OSError) as error:
        return Finding(what, False, str(error), _namespaces())
    return Finding(what, True, "started: the walls stand")


def _namespaces() -> str:
    """How to let the kernel make user namespaces, as far as its switches tell."""
    for path, (stopping, mend) in NAMESPACES.items():
        with contextlib.suppress(OSError):
            if Path(path).read_text(encoding="ascii").strip() == stopping:
                return mend
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "start this container as docs/other-systems.md says"
    return "user namespaces must be allowed here; see docs/other-systems.md"


def jupyter() -> Finding:
    """Jupyter with nbgrader's extensions, as Jupyter itself lists them."""
    line = [sys.executable, "-m", "jupyter", "server", "extension", "list"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("jupyter", False, str(error), INSTALL, stops=False)
    listed = done.stdout + done.stderr
    missing = [name for name in NEEDED_EXTENSIONS if not _enabled(listed, f"nbgrader.server_extensions.{name}")]
    if missing:
        mend = "jupyter server extension enable --sys-prefix --py nbgrader"
        return Finding("jupyter", False, f"not enabled: nbgrader's {', '.join(missing)}", mend, stops=False)
    return Finding("jupyter", True, f"nbgrader's {' and '.join(NEEDED_EXTENSIONS)} are enabled")


def _enabled(listed: str, name: str) -> bool:
    lines = [line for line in listed.splitlines() if line.split()[:1] == [name]]
    return any("enabled" in line for line in lines) and any("OK" in line for line in lines)


def release(course: Course, assignment: Assignment) -> Finding:
    """The released notebooks, onto which submissions are put."""
    folder = course.release(assignment.name)
    missing = [f"{name}.ipynb" for name in assignment.notebooks if not (folder / f"{name}.ipynb").is_file()]
    what, mend = f"release ({assignment.name})", f"autograder release {assignment.name}"
    if missing:
        return Finding(what, False, f"{folder} lacks {', '.join(missing)}", mend)
    return Finding(what, True, f"{len(assignment.notebooks)} notebooks in {folder}")


def dataset(course: Course, assignment: Assignment) -> Finding:
    """The data that the checks use: read and checked where it is here already."""
    name, folder = assignment.dataset, os.environ.get("MNIST_DIR", "")
    what = f"data ({assignment.name})"
    if not name:
        return Finding(what, True, "none needed")
    try:
        checks = load_module(course.part("checks", assignment.name), f"checks_{assignment.name}")
        if name != "sample" and not folder and not data.place(course, assignment, checks).is_file():
            return Finding(what, True, f"{name}: not here yet; fetched at the first grading, or set MNIST_DIR")
        arrays = data.prepared(course, assignment, checks).arrays
    except CourseError as error:
        return Finding(what, False, str(error), "put the files there, or unset MNIST_DIR to download them")
    return Finding(what, True, f"{name}: read, {len(arrays)} arrays" + (f", MNIST_DIR={folder}" if folder else ""))


def disk(course: Course) -> Finding:
    """Room for the graded notebooks, the feedback and the gradebook."""
    files = (path for path in (course.root / "submitted").rglob("*") if path.is_file() and not path.is_symlink())
    needed = FREE_MB + 2 * sum(path.stat().st_size for path in files) // MEGABYTE
    free = shutil.disk_usage(course.root).free // MEGABYTE
    mend = f"free {max(0, needed - free)} MB, or put the course on a larger disk"
    writable = os.access(course.root, os.W_OK)
    if not writable:
        return Finding("disk", False, f"{course.root} cannot be written", f"chown or chmod {course.root}")
    return Finding("disk", free >= needed, f"{free} MB free, about {needed} MB needed", mend)


def gradebook(course: Course) -> Finding:
    """The gradebook's file: readable, whole, and nbgrader's."""
    if course.db_url:
        try:
            marks.read(course, course.assignments[0])
        except CourseError as error:
            return Finding("gradebook", False, str(error), "start the server, or mend db_url in course_config.py")
        return Finding("gradebook", True, f"{course.gradebook_name} answers")
    path = course.gradebook
    mend = "`autograder grade ASSIGNMENT --rebuild` lays it aside, and makes it again from what is kept"
    if not path.is_file():
        return Finding("gradebook", True, "none yet: made by the first release or grading")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as base:
            said = base.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                return Finding("gradebook", False, f"{path}: {said}", mend)
            count = base.execute("SELECT count(*) FROM submitted_assignment").fetchone()[0]
    except sqlite3.Error as error:
        return Finding("gradebook", False, f"{path}: {error}", mend)
    if not os.access(path, os.W_OK):
        return Finding("gradebook", False, f"{path} cannot be written", f"chmod u+w {path}")
    return Finding("gradebook", True, f"whole; {count} submissions in it")
