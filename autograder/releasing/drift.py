"""What has come apart: course and notebook, source and release, submissions and where they belong.

None of it stops grading; release, grade and doctor tell it, each with the way to mend it.
"""

import fnmatch
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, shown
from autograder.course.solution_regions import filled, with_stamps, without_solution
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.by_examiner.cells import as_shown
from autograder.nbgrader_settings import CODE_STUB, IGNORED
from autograder.sandbox.answers import printable

TEXT_STUB = "YOUR ANSWER HERE"  # nbgrader's own
HANDED_IN = (".ipynb", ".zip")
MANY = 10  # lines of a kind


def told(course: Course, assignment: Assignment) -> list[str]:
    """All that is to be told of an assignment as it is graded."""
    name, release = assignment.name, course.release(assignment.name)
    lines = [*no_tasks(release, assignment), *loose(course, assignment)]
    if old := outdated(course, assignment):
        again = f"`autograder release {name}` makes it anew, for those who do not have it yet"
        lines.append(f"{release}: older than its source ({', '.join(old)}), and what submissions are put onto: {again}")
    return lines


# ---- course and notebook ------------------------------------------------------------------------


def other_points(course: Course, assignment: Assignment) -> list[str]:
    """Lines on cells whose points are not those of the course: nbgrader's *Create Assignment* writes them."""
    lines: list[str] = []
    if assignment.told_by_notebooks:  # what stands there counts
        return lines
    for path, info, points in _stamped(course, assignment):
        if "points" in info and info["points"] != points:
            name, there = info["grade_id"], repr(info["points"])[:40]
            lines.append(
                f"{path}: {name}: points={there} in the notebook (Create Assignment) do not count, {shown(points)} in "
                f'course_config.py do. To change them: Task("{name}", ..., points={there}) there, then release again'
            )
    return lines


def stamp_points(course: Course, assignment: Assignment) -> None:
    """Put the course's points into the source notebooks, so that *Create Assignment* shows what counts."""
    for name in () if assignment.told_by_notebooks else assignment.notebooks:
        path = course.source(assignment.name) / f"{name}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        before = json.dumps(notebook)
        for info, points in _graded(notebook["cells"], name, assignment):
            if points is not None and info.get("points") != points:
                info["points"] = points
        if json.dumps(notebook) != before:
            write_whole(path, (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode())


def no_tasks(folder: Path, assignment: Assignment) -> list[str]:
    """Lines on graded cells of a folder's notebooks that are no task of the course."""
    return [
        f"{path}: the cell {info.get('grade_id')} is graded there and is no task of the course, so nobody marks it: "
        f'add Task("{info.get("grade_id")}", notebook="{path.stem}", graded_by="person") to course_config.py, or make '
        "it read-only in Create Assignment; then release again"
        for path in sorted(folder.glob("*.ipynb"))
        for info, points in _graded(_cells(path), path.stem, assignment)
        if points is None
    ]


def untested(course: Course, assignment: Assignment) -> list[str]:
    """Lines on answers that no test stands below, where the tests are the notebook's own."""
    tested = {(task.notebook, cell) for task in assignment.tasks for cell in task.answer_cells}
    return [
        f"{name}.ipynb: no tests stand between the answer {info.get('grade_id')} and the next one, so that it earns "
        "nothing; if it is to, add a cell of Autograded tests below it, then release again"
        for name in (assignment.notebooks if assignment.told_by_notebooks else ())
        for info in map(_info, _cells(course.source(assignment.name) / f"{name}.ipynb"))
        if info.get("solution") and (name, info.get("grade_id")) not in tested
    ]


def _stamped(course: Course, assignment: Assignment) -> Iterator[tuple[Path, dict[str, Any], float]]:
    """(notebook, what nbgrader's metadata says of the cell, the course's points) of each task's own cell."""
    for name in assignment.notebooks:
        path = course.source(assignment.name) / f"{name}.ipynb"
        for info, points in _graded(_cells(path), name, assignment):
            if points is not None:
                yield path, info, points


def _graded(cells: Sequence[Any], name: str, assignment: Assignment) -> Iterator[tuple[dict[str, Any], float | None]]:
    """(nbgrader's metadata, the course's points or None) of each cell that nbgrader would have graded."""
    points = assignment.cell_points(name)
    for info in (_info(cell) for cell in cells):
        if info.get("grade") or info.get("task"):
            yield info, points.get(str(info.get("grade_id")))


def _info(cell: Any) -> dict[str, Any]:
    """What nbgrader's metadata says of a cell."""
    found = cell.get("metadata", {}).get("nbgrader") or {}
    return found if isinstance(found, dict) else {}


def _cells(path: Path) -> list[Any]:
    """The cells of one of the instructor's notebooks; none where it is broken: that is for others to tell."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [cell for cell in cells if isinstance(cell.get("metadata", {}), dict)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


# ---- source and release -------------------------------------------------------------------------


def outdated(course: Course, assignment: Assignment) -> list[str]:
    """Names of files that a release made now would have otherwise; [] where there is no release yet."""
    source, release = course.source(assignment.name), course.release(assignment.name)
    if not release.is_dir():
        return []
    made = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    skip = [*IGNORED, *({assignment.model_file} - {""})]
    names = [n for n in made if not any(fnmatch.fnmatch(part, one) for part in n.split("/") for one in skip)]
    there = [path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()]
    same = {n for n in set(names) & set(there) if _same(course, assignment, made[n], release / n)}
    return sorted({*names, *there} - same)


def _same(course: Course, assignment: Assignment, source: Path, released: Path) -> bool:
    try:
        if source.suffix == ".ipynb":
            return _same_cells(course, assignment, source, released)
        text = source.read_bytes()
        if source.suffix == ".py":
            text = with_stamps(text.decode("utf-8"), course, assignment).encode("utf-8")
        return text == released.read_bytes()
    except (CourseError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # it cannot be released as it is; why, the next release says


def _same_cells(course: Course, assignment: Assignment, source: Path, released: Path) -> bool:
    reference = "" if assignment.by_examiner else course.solution(assignment.name).read_text(encoding="utf-8")
    points = assignment.cell_points(source.stem)
    made = [_as_released(cell, assignment, reference, points) for cell in _cells(source)]
    return made == [_kept(cell) for cell in _cells(released)]


def _kept(cell: Any) -> tuple[Any, ...]:
    """What of a released cell hangs on the source, and can be seen or decides about a mark."""
    info = _info(cell)
    tags = tuple(cell["metadata"].get("tags", ()))
    return cell["cell_type"], "".join(cell["source"]), info.get("grade_id", ""), info.get("points"), tags


def _as_released(cell: Any, assignment: Assignment, reference: str, worth: Mapping[str, float]) -> tuple[Any, ...]:
    """The same of a source cell, after the steps of `nbgrader_settings.RELEASE_STEPS`."""
    kind, text, name, points, tags = _kept(cell)
    info = _info(cell)
    if kind == "code" and name and not assignment.by_examiner:
        text = filled(text, name, reference)
    if info.get("solution"):
        text = without_solution(text, CODE_STUB if kind == "code" else TEXT_STUB)
    for task in assignment.tasks:
        if name in task.answer_cells and kind == "code":
            text = text.replace(CODE_STUB, f'{CODE_STUB}("{task.name}")')
    if info.get("grade"):
        points = worth.get(name, points)
    return kind, as_shown(text) if kind == "code" else text, name, points, tags


# ---- submissions --------------------------------------------------------------------------------


def loose(course: Course, assignment: Assignment) -> list[str]:
    """Lines on notebooks in submitted/ that stand in no assignment's folder, and so are not graded."""
    folder, lines = course.root / "submitted", []
    own = {f"{name}.ipynb" for name in assignment.notebooks}
    others = {f"{name}.ipynb" for other in course.assignments for name in other.notebooks} - own
    known = {other.name for other in course.assignments}
    for place in (folder, *sorted(path for path in folder.glob("*") if path.is_dir())):
        folders = [path for path in place.glob("*") if path.is_dir() and not path.name.startswith((".", "__"))]
        if place.name == assignment.name and any(path.name not in known for path in folders):
            right = f"{folder}/STUDENT/{assignment.name}/"
            lines.append(f"{place}: not graded: students' folders come first, as in {right}")
            continue
        strange = [] if place == folder else [path for path in folders if path.name not in known]
        found = [path for where in (place, *strange) for path in where.glob("*") if path.suffix.lower() in HANDED_IN]
        if files := sorted(path for path in found if path.is_file() and path.name not in others):
            who = "STUDENT" if place == folder else place.name
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            right = printable(f"submitted/{who}/{assignment.name}/")
            lines.append(f"{printable(str(files[0]))}{more}: not graded: they belong into {right}")
    return lines if len(lines) <= MANY else [*lines[:MANY], f"and {len(lines) - MANY} more such folders in {folder}"]
