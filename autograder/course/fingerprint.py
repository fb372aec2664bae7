"""The grader fingerprint: a hash of all that decides about a mark. A verdict of another fingerprint is made again."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
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
FOR_PEOPLE = "rubric.toml"  # by which people mark: no verdict hangs on it, and it is edited while they do


def grader_fingerprint(course: Course, assignment: Assignment) -> str:
    """Hash of the engine, the assignment's own files, the course as it is declared, and its secret."""
    total = hashlib.sha256(__version__.encode() + hashlib.sha256(secret.load_secret(course)).digest())
    # of course_config.py what decides: dates, penalties and ways in and out change no verdict
    decides = replace(assignment, title="", due="", late=Late(), canvas="")
    total.update(repr((decides, course.language)).encode())
    for name, path in deciding_files(course, assignment):
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


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
