"""The toy course of the engine's tests: tests/courses/warmup without its drawing; a person marks one of its tasks."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import cli
from autograder.course import Assignment, Course, load_course
from autograder.grading import made_up

ROOT = Path(__file__).resolve().parent.parent
WARMUP = ROOT / "tests" / "courses" / "warmup"
NAME, BOOK = "warmup", "1-lines.ipynb"
TASKS = ("T1", "T2", "T3")


@dataclass(frozen=True)
class Toy:
    """The toy course, released, and its right answers. Only read: `copy` is for changes."""

    course: Course
    right: Mapping[str, str]

    @property
    def assignment(self) -> Assignment:
        return self.course.assignment(NAME)

    def copy(self, folder: Path) -> Course:
        """The course in another folder."""
        return made_up.scratch_course(self.course, folder)

    def hand_in(self, answers: Mapping[str, str], extra: Sequence[str] = ()) -> dict[str, bytes]:
        """Files of a submission with these answers."""
        return made_up.hand_in(self.course, self.assignment, answers, extra=extra)


def make(root: Path, books: int = 1) -> None:
    """The toy course in a new folder, released. With two books T2 and T3 stand in 2-line.ipynb."""
    shutil.copytree(WARMUP, root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    _without_plots(root)
    if books == 2:
        _split(root)
    assert cli.main(["release", NAME, "--course", str(root)]) == 0


def load(root: Path) -> Toy:
    """A toy course that was made."""
    course = load_course(root)
    return Toy(course, made_up.answers(course, course.assignment(NAME)))


def _without_plots(root: Path) -> None:
    """Take out what draws: then no sandbox loads matplotlib, which is two thirds of its start."""
    path = root / "source" / NAME / BOOK
    book = json.loads(path.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        cell["source"] = [line for line in cell["source"] if "plt" not in line]
    path.write_text(json.dumps(book), encoding="utf-8")


def _split(root: Path) -> None:
    """Move what follows T1 into a notebook of its own, with the setup."""
    path = root / "source" / NAME / BOOK
    whole = json.loads(path.read_text(encoding="utf-8"))
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in whole["cells"]]
    end, setup = ids.index("T1") + 1, whole["cells"][ids.index("setup")]
    for name, cells in ((BOOK, whole["cells"][:end]), ("2-line.ipynb", [setup, *whole["cells"][end:]])):
        path.with_name(name).write_text(json.dumps({**whole, "cells": cells}), encoding="utf-8")
    config = root / "course_config.py"
    text = config.read_text(encoding="utf-8")
    for task in ("T2", "T3"):
        text = text.replace(f'Task("{task}", notebook="1-lines"', f'Task("{task}", notebook="2-line"')
    config.write_text(text, encoding="utf-8")
