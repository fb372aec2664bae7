"""Edits of the reference: known mistakes, and right answers in other words."""

import ast
import functools
from dataclasses import dataclass
from types import CodeType
from typing import Any

from autograder.course import CourseError


@dataclass(frozen=True)
class Bug:
    """A known mistake: `old`, which stands once in the reference's text, becomes `new`.

    in_class: the edit is inside the class, so a submission with it carries a class of its own.
    """

    task: str
    name: str
    old: str
    new: str
    in_class: bool = False


@dataclass(frozen=True)
class Variant:
    """A right answer in other words: edits of the reference, or the `whole` as one cell.

    extra: cells that stand before the first answer.
    """

    name: str
    edits: tuple[tuple[str, str], ...] = ()
    whole: str = ""
    extra: tuple[str, ...] = ()


def plant(text: str, edits: tuple[tuple[str, str], ...], name: str) -> str:
    """The reference's text with the edits made; CourseError where one does not fit."""
    for old, new in edits:
        if text.count(old) != 1:
            raise CourseError(f"bugs: {name}: {old!r} stands {text.count(old)} times in the reference, not once")
        text = text.replace(old, new)
    return text


def constants(text: str) -> dict[str, str]:
    """Texts that a module's text gives a name: the answers to questions for a person."""
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
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
