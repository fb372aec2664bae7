"""The dataset as the checks need it, prepared once and kept beside the verdicts."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from autograder import secret
from autograder.answers import Array
from autograder.course import Assignment, Course, CourseError
from autograder.files import write_whole


@dataclass(frozen=True)
class Dataset:
    """name; arrays for the judge, labels included; images: file of what the sandbox may see."""

    name: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    images: Path | None = None


def place(course: Course, assignment: Assignment, checks: ModuleType) -> Path:
    """Where the prepared dataset is kept."""
    recipe = Path(checks.__file__ or "").read_bytes() + secret.load(course) + b"1"
    digest = hashlib.sha256(recipe).hexdigest()[:16]
    return course.state / "data" / f"{assignment.name}-{assignment.dataset}-{digest}.npz"


def prepared(course: Course, assignment: Assignment, checks: ModuleType) -> Dataset:
    """The assignment's dataset, from the kept file or by the checks' own `prepare`.

    Images, and whatever `NAME_...` tells about each of them, are put in an order that hangs on the
    course's secret, so that no model can know a picture by its place.
    """
    if not assignment.dataset:
        return Dataset()
    key = secret.load(course)
    kept = place(course, assignment, checks)
    images = kept.with_suffix(".images.npz")
    if not (kept.is_file() and images.is_file()):
        try:
            arrays = checks.prepare(assignment.dataset, course.source(assignment.name))
        except Exception as error:
            raise CourseError(f"dataset {assignment.dataset!r}: {error}") from error
        for name in (n for n in checks.IMAGES if f"{n}_labels" in arrays):
            order = np.random.default_rng(secret.seed(key, "images", name)).permutation(len(arrays[name]))
            arrays |= {n: a[order] for n, a in arrays.items() if n == name or n.startswith(f"{name}_")}
        write_whole(images, _npz({name: arrays[name] for name in checks.IMAGES}), 0o644)
        write_whole(kept, _npz(arrays), 0o600)
    with np.load(kept, allow_pickle=False) as stored:
        kept_arrays = {name: stored[name] for name in stored.files}
    return Dataset(assignment.dataset, kept_arrays | checks.derive(kept_arrays), images)


def _npz(arrays: Mapping[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
