"""Made-up submissions: the release filled in with given answers. For audit, demo, tests, benchmarks."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder import planting, regions
from autograder.answers import Array
from autograder.course import Assignment, Course, load_module
from autograder.planting import Bug, Variant
from autograder.submission import MODEL, joined

PROOF = (
    "With $P_j = e^{h_j} / \\sum_k e^{h_k}$: $\\partial P_i/\\partial h_i = P_i(1-P_i)$ and "
    "$\\partial P_j/\\partial h_i = -P_iP_j$ for $j \\neq i$, so $\\partial L/\\partial h_i = P_i - y_i$."
)


def reference_text(course: Course, assignment: Assignment) -> str:
    """Text of the reference solution."""
    return course.solution(assignment.name).read_text(encoding="utf-8")


def answers(course: Course, assignment: Assignment, text: str = "") -> dict[str, str]:
    """The answers of a student whose functions are those of the reference, or of an edited text."""
    found = regions.answers(course, assignment, text or reference_text(course, assignment))
    by_person = {task.name: PROOF for task in assignment.tasks if task.graded_by == "person"}
    return {**found, **by_person}


def hand_in(
    course: Course,
    assignment: Assignment,
    answers: Mapping[str, str],
    model: bytes | None = None,
    extra: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files of a submission: the release with `answers` (task -> cell source) put in.

    extra: sources of code cells of the student's own, before the first answer of the last notebook.
    """
    cells = {task.answer_cell: answers[task.name] for task in assignment.tasks if task.name in answers}
    files = {}
    for name in assignment.notebooks:
        path = course.release(assignment.name) / f"{name}.ipynb"
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        filled = []
        for cell in notebook["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id in cells:
                cell["source"] = cells[grade_id].splitlines(keepends=True)
                if name == assignment.notebooks[-1] and extra:
                    filled += [code_cell(source) for source in extra]
                    extra = ()
            filled.append(cell)
        files[f"{name}.ipynb"] = json.dumps({**notebook, "cells": filled}, ensure_ascii=False).encode("utf-8")
    return files if model is None else {**files, MODEL: model}


def code_cell(source: str) -> dict[str, Any]:
    """A code cell of a student's own."""
    return {
        "id": f"own-{abs(hash(source)) % 10**8}",
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def source_of(files: Mapping[str, bytes], grade_id: str) -> str:
    """Source of the cell with that grade_id in made-up files."""
    for name, data in files.items():
        if name.endswith(".ipynb"):
            for cell in json.loads(data)["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
                    return joined(cell["source"])
    raise KeyError(grade_id)


def with_bug(course: Course, assignment: Assignment, bug: Bug) -> tuple[dict[str, str], tuple[str, ...]]:
    """(answers, extra cells) of a student who made a known mistake."""
    text = planting.plant(reference_text(course, assignment), ((bug.old, bug.new),), bug.name)
    if bug.in_class:
        return {**answers(course, assignment, text), **as_class(assignment, text)}, ()
    return answers(course, assignment, text), ()


def with_variant(course: Course, assignment: Assignment, variant: Variant) -> tuple[dict[str, str], tuple[str, ...]]:
    """(answers, extra cells) of a student who is right in other words."""
    text = planting.plant(reference_text(course, assignment), variant.edits, variant.name)
    found = answers(course, assignment, text)
    if variant.whole:
        found = {task: source for task, source in found.items() if task not in _of_class(assignment)}
        found[_of_class(assignment)[-1]] = variant.whole
    elif text.count("class TwoLayerNet") and any("self" in new or "class " in old for old, new in variant.edits):
        found |= as_class(assignment, text)
    return found, variant.extra


def _of_class(assignment: Assignment) -> list[str]:
    """The tasks of the last notebook whose answers are functions of the class: all but the last task."""
    last = assignment.notebooks[-1]
    return [task.name for task in assignment.tasks if task.notebook == last][:-1]


def as_class(assignment: Assignment, text: str) -> dict[str, str]:
    """The whole module as one cell, in the last function's answer cell; the other functions stay."""
    return {_of_class(assignment)[-1]: text.partition("def T12")[0].rstrip() + "\n"}


# ---- saved models -------------------------------------------------------------------------------


def model_file(params: Mapping[str, Array], class_name: str = "TwoLayerNet") -> bytes:
    """best_net.npz as the notebook's cell saves it."""
    buffer = io.BytesIO()
    np.savez(buffer, class_name=np.array(class_name), **params)  # type: ignore[arg-type]
    return buffer.getvalue()


def train(
    course: Course, assignment: Assignment, dataset: str, iterations: int = 2000, hidden: int = 150, rate: float = 1e-2
) -> dict[str, Array]:
    """Parameters of a net of the reference, trained on the dataset's training images."""
    source: Path = course.source(assignment.name)
    data = load_module(source / "hw4_helpers.py", "hw4_helpers").load_mnist(dataset, verbose=False)
    names = planting.run_text(reference_text(course, assignment), "reference")
    np.random.seed(0)
    net = names["TwoLayerNet"](data["X_train"].shape[1], hidden, 10)
    net.train(
        data["X_train"],
        data["y_train"],
        data["X_val"][:100],
        data["y_val"][:100],
        learning_rate=rate,
        reg=0.1,
        num_iters=iterations,
    )
    return {name: np.asarray(value, dtype=np.float64) for name, value in net.params.items()}


def shaken(params: Mapping[str, Array], seed: int) -> dict[str, Array]:
    """The same net with weights a little different, as another student's would be."""
    rng = np.random.default_rng(seed)
    return {name: value * (1 + 1e-3 * rng.normal(size=value.shape)) for name, value in params.items()}


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Lay a made-up submission into its folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
