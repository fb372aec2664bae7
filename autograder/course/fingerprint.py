"""The grader fingerprint: a hash of all that decides about a mark. A verdict of another fingerprint is made again."""

import functools
import hashlib
import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from autograder import __version__
from autograder.course import secret
from autograder.course.late import Late
from autograder.course.records import Assignment, Course

ENGINE = Path(__file__).parent.parent
# what of the engine decides; tests/course/test_fingerprint.py holds it against what the pipeline imports
MANIFEST = ("archive.py", "author.py", "course", "grading", "judging", "sandbox", "source_notebooks.py", "submissions")
KINDS = (".py", ".toml")
KINDS_OF_DATA = (*KINDS, ".csv", ".json", ".npy", ".npz", ".txt")  # that an author's checks may read beside them
# what the sandbox has, and what notebooks of courses use without an import in the source
PACKAGES = ("ipython", "matplotlib", "numpy", "pandas", "scipy", "scikit-learn", "sympy")
IMPORTED = re.compile(rb"(?:\b|\\n)(?:import|from)\s+([A-Za-z_]\w*)")  # of a notebook's text, too
FOR_PEOPLE = "rubric.toml"  # by which people mark: no verdict hangs on it, and it is edited while they do


def grader_fingerprint(course: Course, assignment: Assignment) -> str:
    """Hash of the engine, the assignment's own files, the course as it is declared, its secret, and the packages."""
    total = hashlib.sha256(__version__.encode() + hashlib.sha256(secret.load_secret(course)).digest())
    # of course_config.py what decides: dates, penalties and ways in and out change no verdict
    decides = replace(assignment, title="", due="", late=Late(), canvas="")
    total.update(repr((decides, course.language)).encode())
    imported: set[str] = set()
    for name, path in deciding_files(course, assignment):
        data = path.read_bytes()
        total.update(name.encode() + b"\0" + data + b"\0")
        if not name.startswith("engine/"):
            imported.update(found.decode() for found in IMPORTED.findall(data))
    total.update("\0".join(versions(imported)).encode())
    return total.hexdigest()[:16]


def versions(modules: Iterable[str] = ()) -> list[str]:
    """Python's version and those of packages: of PACKAGES, and of the ones that are called as these modules are."""
    found = ((name, _version(name)) for name in sorted({*PACKAGES, *modules}))
    return [f"python {platform.python_version()}", *(f"{name} {version}" for name, version in found if version)]


@functools.cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def deciding_files(course: Course, assignment: Assignment) -> Iterator[tuple[str, Path]]:
    """(name that is the same on every machine, file) of all files that decide about a mark."""
    for name in MANIFEST:
        yield from _below(ENGINE / name, "engine")
    yield from _below(course.assignment_folder(assignment.name), "assignment", KINDS_OF_DATA)
    others = {course.solution(other.name) for other in course.assignments if other.name != assignment.name}
    for path in sorted(course.solution(assignment.name).parent.glob("*.py")):
        if path not in others:  # the reference, and what it may import from beside it
            yield f"solution/{path.name}", path
    for path in sorted(course.source(assignment.name).glob("*.ipynb")) if assignment.by_examiner else ():
        yield f"source/{path.name}", path
    if assignment.environment:
        yield f"environment/{assignment.environment}", course.root / assignment.environment
    for name, path in course.data_files(assignment.name).items() if assignment.by_examiner else ():
        yield f"data/{name}", path
    for path in sorted(course.release(assignment.name).glob("*")):
        if path.suffix in (".ipynb", ".py", ".json"):
            yield f"release/{path.name}", path


def _below(place: Path, label: str, kinds: tuple[str, ...] = KINDS) -> Iterator[tuple[str, Path]]:
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    for path in paths:
        if path.suffix in kinds and path.name != FOR_PEOPLE and path.is_file() and "__pycache__" not in path.parts:
            yield f"{label}/{place.name}/{path.relative_to(place)}", path
