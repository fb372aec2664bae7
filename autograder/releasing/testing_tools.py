"""The tools that a notebook's tests may use, laid beside the source where a line that students see imports them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.by_examiner.cells import as_python, as_shown
from autograder.judging.by_examiner.prepared import TOOLS
from autograder.source_notebooks import cells_of

NAMES = ("close", "examples", "fresh")
IMPORT = re.compile(rf"^\s*(?:from|import)\s+{TOOLS.stem}\b", re.MULTILINE)


def lay(course: Course, assignment: Assignment) -> None:
    """Write testing_tools.py beside the source's notebooks where it is needed, in the form of this version.

    CourseError where a line that students see calls a tool that no cell imports. A file of that name that is not ours
    stays.
    """
    if not assignment.by_examiner:
        return
    needed = False
    for name in assignment.notebooks:
        path = course.source(assignment.name) / f"{name}.ipynb"
        shown = [as_shown("".join(cell["source"])) for cell in cells_of(path) if cell["cell_type"] == "code"]
        needed = needed or any(IMPORT.search(source) for source in shown)
        bound = {word for source in shown for word in _bound(source)}
        for number, cell in enumerate(cells_of(path), start=1):
            is_test = cell["metadata"].get("nbgrader", {}).get("grade") and cell["cell_type"] == "code"
            used = _called(as_shown("".join(cell["source"]))) - bound if is_test else set()
            if used:
                tools = ", ".join(sorted(used))
                raise CourseError(
                    f"{path}: cell {number} ({cell['metadata']['nbgrader'].get('grade_id')}) calls {tools} in a line "
                    f"that students see; write `from {TOOLS.stem} import {tools}` into a read-only cell above it"
                )
    if needed:
        _write(course.source(assignment.name) / TOOLS.name)


def _write(path: Path) -> None:
    text = TOOLS.read_bytes()
    ours = text.splitlines()[0]
    if not path.is_file() or (path.read_bytes() != text and path.read_bytes().startswith(ours)):
        write_whole(path, text)


def _bound(source: str) -> Iterator[str]:
    tree = as_python(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _called(source: str) -> set[str]:
    tree = as_python(source)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    return {func.id for func in calls if isinstance(func, ast.Name)} & set(NAMES)
