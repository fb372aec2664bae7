"""The instructor's own notebooks, read as plain JSON: which cells and tasks they have, and what those define."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

WORD = r"[\w\u0080-\U0010ffff]+"  # \w alone ends at a vowel that stands above or below a Thai letter
RANDOM = re.compile(r"cell-[0-9a-f]{4,}")  # an id that *Create Assignment* gives where the author types none
USABLE = re.compile(r"[A-Za-z0-9_-]+")  # ids that nbgrader takes
KINDS = "Autograded answer, Autograded tests, Manually graded answer, Read-only"  # as *Create Assignment* calls them


def function_name(source: str) -> str:
    """Name of the first function that a cell defines, or "" where it defines none."""
    match = re.search(rf"^def\s+({WORD})", source, re.MULTILINE)
    return unicodedata.normalize("NFKC", match.group(1)) if match else ""


def defined_name(source: str) -> str:
    """Name of the first function or class that a cell defines, or ""."""
    match = re.search(rf"^(?:async\s+)?(?:def|class)\s+({WORD})", source, re.MULTILINE)
    return match.group(1) if match else ""


def cells_of(path: Path) -> list[Any]:
    """The cells of a notebook; CourseError where it is none, or a cell has no shape of one."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            cell["metadata"].get("nbgrader", {}).get("grade_id")
            "".join(cell["source"])
        return list(cells)
    except FileNotFoundError:
        raise CourseError(f"{path}: not found, but course_config.py names it") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: not a notebook ({type(error).__name__}: {error}); restore it from git") from error


def grade_ids(path: Path) -> dict[str, str]:
    """grade_id of each nbgrader cell -> the function that the cell defines."""
    found: dict[str, str] = {}
    for cell in cells_of(path):
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id:
            if grade_id in found:
                raise CourseError(f"{path}: two cells have the grade_id {grade_id!r}; give one another ID")
            found[grade_id] = function_name("".join(cell["source"]))
    return found


# ---- tasks that the notebooks tell of -----------------------------------------------------------


@dataclass
class NotebookTask:
    """A task as a notebook tells of it: its cells in order, what each test is worth, its name for people."""

    notebook: str
    number: int  # of its first cell
    by_person: bool = False
    answers: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    points: tuple[float, ...] = ()
    defines: str = ""  # the first function or class of its answers
    name: str = ""


def tasks_of(paths: Sequence[Path], assignment: str) -> list[NotebookTask]:
    """The tasks of an assignment's notebooks. CourseError names notebook, cell, value, and the next command.

    An answer belongs to the test cells that follow it, up to the next answer; answers in a row make one task. What a
    person marks is a task of its own, and stands in nobody's way.
    """
    again = f"then `autograder release {assignment}`"
    found = [task for path in paths for task in _tasks_of(path, again)]
    if not found:
        raise CourseError(
            f"{paths[0]}: no cell is graded; choose the kinds of its cells in Create Assignment ({KINDS}), {again}"
        )
    places: dict[str, str] = {}
    for task in found:
        for cell in task.tests:
            if cell in places:
                raise CourseError(
                    f"{paths[0].parent}: {places[cell]}.ipynb and {task.notebook}.ipynb both have a graded cell with "
                    f"the ID {cell!r}; give one another ID, {again}"
                )
            places[cell] = task.notebook
    _name(found)
    return found


def _tasks_of(path: Path, again: str) -> Iterator[NotebookTask]:
    seen = grade_ids(path)  # refuses an id that stands twice
    open_task: NotebookTask | None = None
    made: list[NotebookTask] = []
    for number, cell in enumerate(cells_of(path), start=1):
        info = cell["metadata"].get("nbgrader", {})
        if not (info.get("grade") or info.get("solution") or info.get("task")):
            continue
        grade_id = info.get("grade_id")
        here = f"{path}: cell {number} ({grade_id})"
        if grade_id not in seen or not USABLE.fullmatch(str(grade_id)):
            raise CourseError(
                f"{here}: the ID takes letters from a to z, digits, - and _; give it one in Create Assignment, {again}"
            )
        if info.get("task"):
            raise CourseError(
                f"{here}: a Manually graded task is not read by this kit; make it a Manually graded answer, {again}"
            )
        if info.get("solution") and info.get("grade"):
            points = _points(info, here, again)
            made.append(NotebookTask(path.stem, number, True, (grade_id,), (grade_id,), (points,)))
        elif info.get("solution"):
            if open_task is None or open_task.tests:
                open_task = NotebookTask(path.stem, number)
                made.append(open_task)
            open_task.answers += (grade_id,)
            open_task.defines = open_task.defines or defined_name("".join(cell["source"]))
        else:
            if open_task is None:
                raise CourseError(
                    f"{here}: tests, and no answer stands above them; make the cell that they test an Autograded "
                    f"answer, or this one Read-only, {again}"
                )
            if cell["cell_type"] != "code":
                raise CourseError(f"{here}: tests in a {cell['cell_type']} cell; make it a code cell, {again}")
            open_task.tests += (grade_id,)
            open_task.points += (_points(info, here, again, least=0),)
    for task in made:
        if task.tests and not sum(task.points) > 0:
            raise CourseError(
                f"{path}: cell {task.number} ({task.answers[0]}): its tests are worth points=0 together; give one of "
                f"{', '.join(task.tests)} points in Create Assignment, or make them Read-only, {again}"
            )
    yield from (task for task in made if task.tests)


def _points(info: dict[str, Any], here: str, again: str, least: float = 0.01) -> float:
    points = info.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not least <= points <= 1000:
        raise CourseError(f"{here}: points={points!r:.40} is no number from {least:g} to 1000; mend it, {again}")
    return float(points)


def _name(tasks: Sequence[NotebookTask]) -> None:
    """A name for people: the ID that the author typed, else the function that the answer defines, else `cell 3`."""
    taken: set[str] = set()
    for task in tasks:
        typed = [*(task.tests if len(task.tests) == 1 else ()), *(one.removesuffix("-answer") for one in task.answers)]
        names = [*(one for one in typed if not RANDOM.fullmatch(one)), task.defines, f"cell {task.number}"]
        free = [name for name in names if name and name not in taken]
        task.name = free[0] if free else f"cell {task.number} of {task.notebook}"
        taken.add(task.name)
