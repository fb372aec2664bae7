"""The dataset as the checks need it, prepared once and kept beside the verdicts."""

import ast
import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autograder.course import Assignment, Course, secret
from autograder.course.loading import place_of
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.contract import DatasetRecipe, load_checks
from autograder.sandbox.answers import Array


@dataclass(frozen=True)
class Dataset:
    """name; arrays for the judge, labels included; shown: file of what the sandbox may see.

    folders: where the data lie on this machine, labels included.
    """

    name: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    shown: Path | None = None
    folders: tuple[Path, ...] = ()

    @property
    def digest(self) -> str:
        """Hash of what the sandbox sees."""
        return hashlib.sha256(self.shown.read_bytes()).hexdigest() if self.shown else ""


def place(course: Course, assignment: Assignment, recipe: DatasetRecipe) -> Path:
    """Where the prepared dataset is kept."""
    text = b"".join(path.read_bytes() for path in _with_imports(Path(recipe.prepare.__code__.co_filename)))
    digest = hashlib.sha256(text + secret.load_secret(course) + b"1").hexdigest()[:16]
    return course.state / "data" / f"{assignment.name}-{assignment.dataset}-{digest}.npz"


def waits_for(course: Course, assignment: Assignment, recipe: DatasetRecipe | None) -> str:
    """What the author says of data that are not on this machine; "" where they are, or none are needed."""
    if not assignment.dataset or recipe is None or recipe.at_hand is None:
        return ""
    if _is_kept(place(course, assignment, recipe)):
        return ""
    with _of_the_author(course, assignment, "at_hand"):
        return recipe.at_hand(assignment.dataset, course.source(assignment.name))


def have(
    course: Course,
    assignment: Assignment,
    tell: Callable[[str], None],
    needed: Callable[[], bool] = lambda: True,
) -> None:
    """Have the dataset on this machine before it is needed: what has to be fetched is told first."""
    if not assignment.dataset or assignment.by_examiner:
        return
    recipe = load_checks(course, assignment).dataset
    if (wait := waits_for(course, assignment, recipe)) and needed():
        tell(f"the dataset {assignment.dataset!r} is not on this machine ({wait}): getting it now")
        prepared(course, assignment, recipe)


@contextlib.contextmanager
def _of_the_author(course: Course, assignment: Assignment, name: str) -> Iterator[None]:
    """Tell what goes wrong in a function of the recipe in one line, with its place."""
    try:
        yield
    except Exception as error:
        checks = course.part("checks", assignment.name)
        raise CourseError(f"{place_of(error, checks)}: {name}: {type(error).__name__}: {error}") from error


def _is_kept(kept: Path) -> bool:
    return kept.is_file() and _images(kept).is_file()


def _images(kept: Path) -> Path:
    """Beside the prepared dataset, the part that the sandbox sees."""
    return kept.with_suffix(".images.npz")


def _with_imports(path: Path, seen: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """A file of an assignment, and those beside it that it imports."""
    if path in seen or not path.is_file():
        return seen
    seen = (*seen, path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            for name in [node.module] if node.module else [alias.name for alias in node.names]:
                seen = _with_imports(path.parent / f"{name}.py", seen)
    return seen


def prepared(course: Course, assignment: Assignment, recipe: DatasetRecipe | None) -> Dataset:
    """The assignment's dataset, from the kept file or by its author's recipe.

    Images, and whatever `NAME_...` tells about each of them, are put in an order that hangs on the
    course's secret, so that no model can know a picture by its place.
    """
    if not assignment.dataset or recipe is None:
        return Dataset()
    key, checks = secret.load_secret(course), course.part("checks", assignment.name)
    kept = place(course, assignment, recipe)
    images = _images(kept)
    if not _is_kept(kept):
        try:
            arrays = dict(recipe.prepare(assignment.dataset, course.source(assignment.name)))
            for name in (n for n in recipe.shown if f"{n}_labels" in arrays):
                order = np.random.default_rng(secret.seed(key, "images", name)).permutation(len(arrays[name]))
                arrays |= {n: a[order] for n, a in arrays.items() if n == name or n.startswith(f"{name}_")}
            shown = {name: arrays[name] for name in recipe.shown}
        except Exception as error:
            raise CourseError(f"{place_of(error, checks)}: dataset {assignment.dataset!r}: {error}") from error
        write_whole(images, _npz(shown), 0o644)
        write_whole(kept, _npz(arrays), 0o600)
    with np.load(kept, allow_pickle=False) as stored:
        kept_arrays = {name: stored[name] for name in stored.files}
    with _of_the_author(course, assignment, "derive"):
        derived = dict(recipe.derive(kept_arrays))
    with _of_the_author(course, assignment, "environment"):
        given = recipe.environment(assignment.dataset, course.source(assignment.name)).values()
    folders = tuple(path for path in map(Path, given) if path.is_absolute() and path.is_dir())
    return Dataset(assignment.dataset, {**kept_arrays, **derived}, images, folders)


def _npz(arrays: Mapping[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
