"""Edits of the reference: known mistakes, and right answers in other words."""

import ast
import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import numpy as np

from autograder.course import Assignment, Course, solution_regions
from autograder.course.loading import load_author_module
from autograder.errors import CourseError
from autograder.sandbox.answers import Array

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Mistake:
    """A known mistake: `old`, which stands once in the reference's text, becomes `new`.

    model: of a mistake in the saved model, parameters of a good one -> the file that is handed in, or None
    in_class: the edit is inside the class, so a submission with it carries a class of its own.
    """

    task: str
    name: str
    old: str = ""
    new: str = ""
    in_class: bool = False
    model: Callable[[Mapping[str, Array]], bytes | None] | None = None

    @property
    def edits(self) -> tuple[tuple[str, str], ...]:
        """The edits of the reference's text."""
        return ((self.old, self.new),) if self.old else ()


@dataclass(frozen=True)
class RightVariant:
    """A right answer in other words: edits of the reference, or the `whole` as one cell.

    extra: cells that stand before the first answer.
    """

    name: str
    edits: tuple[tuple[str, str], ...] = ()
    whole: str = ""
    extra: tuple[str, ...] = ()


def load_mistakes(course: Course, assignment: Assignment) -> tuple[Mistake, ...]:
    """The assignment's known mistakes: MISTAKES of mistakes.py; () where there is no such file."""
    path = course.part("mistakes", assignment.name)
    found = _listed(path, assignment, "MISTAKES", Mistake)
    for mistake in found:
        if mistake.task not in (task.name for task in assignment.tasks):
            raise CourseError(f"{path}: {mistake.name}: course_config.py has no task {mistake.task!r}")
    return found


def load_right_variants(course: Course, assignment: Assignment) -> tuple[RightVariant, ...]:
    """The assignment's right answers in other words: RIGHT_VARIANTS of right_variants.py; () without such a file."""
    return _listed(course.part("right_variants", assignment.name), assignment, "RIGHT_VARIANTS", RightVariant)


def _listed(path: Path, assignment: Assignment, name: str, kind: type[Kind]) -> tuple[Kind, ...]:
    if not path.is_file():
        return ()
    found = getattr(load_author_module(path, f"mistakes_{assignment.name}"), name, None)
    if not isinstance(found, tuple | list) or not all(isinstance(one, kind) for one in found):
        raise CourseError(f"{path}: {name} is not there, or no list of {kind.__name__}: docs/author.md")
    return tuple(found)


def plant(text: str, edits: tuple[tuple[str, str], ...], name: str) -> str:
    """The reference's text with the edits made; CourseError where one does not fit."""
    for old, new in edits:
        if text.count(old) != 1:
            raise CourseError(f"{name}: {old!r} stands {text.count(old)} times in the reference, not once")
        text = text.replace(old, new)
    return text


def constants(text: str) -> dict[str, str]:
    """Texts that a module's text gives a name: the answers to questions for a person."""
    found: dict[str, str] = {}
    for node in solution_regions.statements(text):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def run_text(text: str, name: str) -> dict[str, Any]:
    """Run trusted module text -> its names."""
    names: dict[str, Any] = {"__name__": name}
    exec(_compiled(text, name), names)
    return names


@functools.cache  # a mistake is held against many submissions
def _compiled(text: str, name: str) -> CodeType:
    return compile(text, name, "exec")


def model_file(params: Mapping[str, Array], class_name: str = "") -> bytes:
    """A saved model as a notebook's cell saves it; class_name: of the student's own class, "" for the given one."""
    buffer = io.BytesIO()
    np.savez(buffer, class_name=np.array(class_name), **params)  # type: ignore[arg-type]
    return buffer.getvalue()
