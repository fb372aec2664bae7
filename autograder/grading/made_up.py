"""Made-up submissions: the release filled in with given answers. For audit, demo, tests, benchmarks."""

import ast
import functools
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course import PERSON, Assignment, Course, load_course, solution_regions
from autograder.errors import CourseError
from autograder.judging import mutations
from autograder.judging.contract import load_checks
from autograder.judging.mutations import Mistake, RightVariant
from autograder.judging.mutations import model_file as model_file
from autograder.sandbox.answers import Array
from autograder.source_notebooks import function_name
from autograder.submissions import merge
from autograder.submissions.cells import joined

IN_WORDS = "An answer in words."  # to a question for a person, where the reference has no text under its name


def reference_text(course: Course, assignment: Assignment) -> str:
    """Text of the reference solution."""
    return course.solution(assignment.name).read_text(encoding="utf-8")


def answers(course: Course, assignment: Assignment, text: str = "") -> dict[str, str]:
    """The answers of a student whose functions are those of the reference, or of an edited text."""
    text = text or reference_text(course, assignment)
    found = {}
    for task, source in solution_regions.answers(course, assignment, text).items():
        name = function_name(source)
        found[task] = solution_regions.node_text(text, name) if name else source
    names = mutations.constants(text)
    by_person = {t.name: names.get(t.name, IN_WORDS) for t in assignment.tasks if t.graded_by == PERSON}
    return {**found, **by_person}


def additions(course: Course, assignment: Assignment, text: str) -> tuple[str, ...]:
    """What an edited reference has beside its functions: imports and helpers, as one cell."""
    names = _names(reference_text(course, assignment))
    new = [n for n in solution_regions.statements(text) if (getattr(n, "name", "") or ast.unparse(n)) not in names]
    return ("\n".join(ast.unparse(node) for node in new),) if new else ()


@functools.lru_cache(maxsize=2)  # one reference is edited hundreds of times
def _names(text: str) -> frozenset[str]:
    """What stands in a reference: functions and classes by name, other statements as they are."""
    return frozenset(getattr(node, "name", "") or ast.unparse(node) for node in solution_regions.statements(text))


def hand_in(
    course: Course,
    assignment: Assignment,
    answers: Mapping[str, str],
    model: bytes | None = None,
    extra: Sequence[str] = (),
    release: Path | None = None,
) -> dict[str, bytes]:
    """The files of a submission: the release with `answers` (task -> cell source) put in.

    release: another folder of a release than the course's own.
    extra: sources of code cells of the student's own, before the first answer of the last notebook.
    """
    cells = {task.answer_cell: answers[task.name] for task in assignment.tasks if task.name in answers}
    files = {}
    for name, book in merge.release_books(release or course.release(assignment.name), assignment).items():
        filled = []
        for cell in book["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id in cells:
                cell["source"] = cells[grade_id].splitlines(keepends=True)
                if name == assignment.notebooks[-1] and extra:
                    filled += [code_cell(source) for source in extra]
                    extra = ()
            filled.append(cell)
        files[f"{name}.ipynb"] = json.dumps({**book, "cells": filled}, ensure_ascii=False).encode("utf-8")
    return files if model is None else {**files, assignment.model_file: model}


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


def with_mistake(course: Course, assignment: Assignment, mistake: Mistake) -> tuple[dict[str, str], tuple[str, ...]]:
    """(answers, extra cells) of a student who made a known mistake."""
    return _with(course, assignment, mistake.edits, mistake.name)


def with_variant(
    course: Course, assignment: Assignment, variant: RightVariant
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(answers, extra cells) of a student who is right in other words."""
    found, extra = _with(course, assignment, variant.edits, variant.name)
    if variant.whole:
        tasks = functions(course, assignment)
        found = {task: source for task, source in found.items() if task not in tasks}
        found[tasks[-1]] = variant.whole
    return found, (*variant.extra, *extra)


def _with(
    course: Course, assignment: Assignment, edits: tuple[tuple[str, str], ...], name: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    before = reference_text(course, assignment)
    text = mutations.plant(before, edits, name)
    found, classes = answers(course, assignment, text), []
    for name in [node.name for node in solution_regions.statements(before) if isinstance(node, ast.ClassDef)]:
        if (changed := solution_regions.node_text(text, name)) != solution_regions.node_text(before, name):
            classes.append(changed)  # a class of the student's own: it stands before the functions that it calls
    return found, (*additions(course, assignment, text), *classes)


def functions(course: Course, assignment: Assignment) -> list[str]:
    """The tasks of the last notebook whose answers are functions."""
    last = assignment.notebooks[-1]
    sources = solution_regions.answers(course, assignment, reference_text(course, assignment))
    return [t.name for t in assignment.tasks if t.notebook == last and function_name(sources.get(t.name, ""))]


# ---- a course to try things in ------------------------------------------------------------------

COURSE_PARTS = ("course_config.py", "nbgrader_config.py", "source", "solutions", "release")


def scratch_course(course: Course, folder: Path) -> Course:
    """A copy of the course in `folder`, on the small datasets that are always there."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.zip", "*.npz", "search-*")
    for name in COURSE_PARTS:
        path = course.root / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=ignore)
        elif path.is_file():
            shutil.copy(path, folder / name)
    for lock in {assignment.environment for assignment in course.assignments} - {""}:
        (folder / lock).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(course.root / lock, folder / lock)
    for assignment in course.assignments:
        theirs = course.assignment_folder(assignment.name)
        if not theirs.is_dir():  # it is its notebooks alone
            continue
        shutil.copytree(theirs, folder / theirs.relative_to(course.root), ignore=ignore)
    config = folder / "course_config.py"
    text = config.read_text(encoding="utf-8")
    for sample in {assignment.sample for assignment in course.assignments if assignment.sample}:
        text = re.sub(r"^DATASET = .*$", f"DATASET = {json.dumps(sample)}", text, flags=re.MULTILINE)
    config.write_text(text, encoding="utf-8")
    return load_course(folder)


# ---- saved models -------------------------------------------------------------------------------


def train(course: Course, assignment: Assignment, dataset: str, **settings: float) -> dict[str, Array]:
    """Parameters of a model of the reference, trained as the assignment's recipe says."""
    recipe = load_checks(course, assignment).trained_model
    if recipe is None:
        path = course.part("checks", assignment.name)
        raise CourseError(f"{path}: ASSIGNMENT has no trained_model, which {assignment.model_file} needs")
    names = mutations.run_text(reference_text(course, assignment), "reference")
    trained = recipe(names, course.source(assignment.name), dataset, **settings)
    return {name: np.asarray(value, dtype=np.float64) for name, value in trained.items()}


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
