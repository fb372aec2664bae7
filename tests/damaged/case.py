"""What a damaged submission is made of, and what it deserves."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BASICS, NETWORK, MODEL = "1-basics.ipynb", "2-two-layer-network.ipynb", "best_net.npz"
BASIC_TASKS, OF_CLASS = ("T1", "T2", "T3"), ("T5", "T6", "T7", "T8", "T9", "T10", "T11")
NOBODY = 0.0  # of T4: no answer is there for a person to read
Files = dict[str, bytes]
Cells = list[dict[str, Any]]


@dataclass
class Hand:
    """A right submission about to be damaged: its files, and its folder for what is no plain file."""

    files: Files
    folder: Path

    def notebook(self, name: str = NETWORK) -> dict[str, Any]:
        """A notebook as data."""
        found: dict[str, Any] = json.loads(self.files[name])
        return found

    def put(self, notebook: Mapping[str, Any], name: str = NETWORK) -> None:
        """Write a notebook back."""
        self.files[name] = json.dumps(notebook, ensure_ascii=False, indent=1).encode()

    def cells(self, change: Callable[[Cells], Cells | None], name: str = NETWORK) -> None:
        """Change the cells of a notebook, in place or for others."""
        found = self.notebook(name)
        changed = change(found["cells"])
        self.put({**found, "cells": found["cells"] if changed is None else changed}, name)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name."""
        self.files[new] = self.files.pop(old)


@dataclass(frozen=True)
class Case:
    """One situation. `marks`: the tasks that have not their full mark, with the score that they get.

    T4 waits for a person unless `marks` names it. student: (task, part of its message); instructor:
    part of the line that `autograder grade` prints; "" where there is nothing to tell.
    """

    name: str
    about: str
    damage: Callable[[Hand], None]
    marks: Mapping[str, float] = field(default_factory=dict)
    student: tuple[str, str] = ("", "")
    instructor: str = ""
    folder: str = ""  # name of the student's folder, where it is not that of the situation


CASES: dict[str, Case] = {}


def deserves(
    *lost: str,
    says: tuple[str, str] = ("", ""),
    told: str = "",
    marks: Mapping[str, float] | None = None,
    folder: str = "",
) -> Callable[[Callable[[Hand], None]], Callable[[Hand], None]]:
    """Register a situation: the tasks that are lost whole, the student's line, the instructor's line."""

    def register(damage: Callable[[Hand], None]) -> Callable[[Hand], None]:
        name = damage.__name__
        assert name not in CASES, name
        about = (damage.__doc__ or "").strip()
        CASES[name] = Case(name, about, damage, {**dict.fromkeys(lost, 0.0), **(marks or {})}, says, told, folder)
        return damage

    return register


def grade_id(cell: Mapping[str, Any]) -> str:
    """The cell's grade_id, or ""."""
    found = cell["metadata"].get("nbgrader", {})
    return str(found.get("grade_id", "")) if isinstance(found, dict) else ""


def at(cells: Cells, name: str) -> int:
    """Number of the cell with that grade_id."""
    return next(number for number, cell in enumerate(cells) if grade_id(cell) == name)


def source(cell: Mapping[str, Any]) -> str:
    """A cell's text."""
    return "".join(cell["source"])


def released(hand: Hand, name: str) -> dict[str, Any]:
    """A notebook as it was handed out."""
    path = hand.folder.parents[2] / "release" / "hw4" / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def code(text: str) -> dict[str, Any]:
    """A code cell of the student's own."""
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
