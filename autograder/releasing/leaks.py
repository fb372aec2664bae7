"""The scan of a made release for what students must not get: one line a leak."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course
from autograder.judging import mutations
from autograder.submissions.merge import SKIP_TAG

SUFFIXES = (".ipynb", ".py", ".md", ".txt", ".png", ".svg", ".pdf")


ABSOLUTE = re.compile(r"(?<![\w.:/])(/home/|/root/|/Users/|/work/|/tmp/|/mnt/|[A-Z]:\\\\Users)")


def leaks(course: Course, assignment: Assignment, folder: Path) -> Iterator[str]:
    """What students must not get, found in a made release: one line a leak."""
    secrets = _secret_lines(course, assignment)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in SUFFIXES or not (course.source(assignment.name) / name).is_file():
            yield f"{name}: a stray file"
            continue
        if path.suffix in (".png", ".pdf"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            notebook = json.loads(text)
            yield from _cell_leaks(name, notebook, assignment)
            text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
        if found := ABSOLUTE.search(text):
            yield f"{name}: an absolute path ({found[0]}...)"
        if re.search(r"^\s*(from|import)\s+(autograder|solutions)\b", text, re.MULTILINE):
            yield f"{name}: imports the reference or the autograder"
        for line in (line.strip() for line in text.splitlines()):
            if line in secrets:
                yield f"{name}: a line of {secrets[line]}: {line}"
        for value, where in _secret_values(course, assignment):
            if re.search(rf"(?<!\d){value:,}(?!\d)|(?<!\d){value}(?!\d)", text):
                yield f"{name}: the hidden value of {where}"


def _cell_leaks(name: str, notebook: Any, assignment: Assignment) -> Iterator[str]:
    answers = {task.answer_cell for task in assignment.tasks}
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("outputs"):
            yield f"{name}: cell {number} has an output"
        if cell.get("execution_count") is not None or "execution" in cell["metadata"]:
            yield f"{name}: cell {number} has an execution count"
        source = "".join(cell["source"])
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if "BEGIN SOLUTION" in source or "BEGIN HIDDEN" in source:
            yield f"{name}: {grade_id}: a solution or hidden region is left"
        if grade_id in answers and cell["cell_type"] == "code" and "NotImplementedError(" not in source:
            yield f"{name}: {grade_id}: the stub does not raise NotImplementedError"
        if SKIP_TAG not in cell["metadata"].get("tags", []) and "skip-execution" in source:
            yield f"{name}: {grade_id}: speaks of {SKIP_TAG} but is not tagged"


def _secret_lines(course: Course, assignment: Assignment) -> dict[str, str]:
    """Lines that only the reference's functions and the checks have -> where they stand."""
    secrets: dict[str, str] = {}
    given: set[str] = set()
    checks = course.part("checks", assignment.name)
    files = sorted(checks.parent.glob("*.py")) if checks.name == "__init__.py" else [checks]
    for path in (course.solution(assignment.name), *files):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            lines = [line.strip() for line in text.splitlines()[node.lineno - 1 : node.end_lineno]]
            if isinstance(node, ast.ClassDef):
                given.update(lines)
            elif isinstance(node, ast.FunctionDef):
                documented = len(ast.get_docstring(node) or "") > 0
                start = node.body[0].end_lineno - node.lineno + 1 if documented and node.body[0].end_lineno else 1
                secrets.update({line: f"{path.name}:{node.name}" for line in lines[start:] if len(line) >= 28})
    return {line: where for line, where in secrets.items() if line not in given and not line.startswith("#")}


def _secret_values(course: Course, assignment: Assignment) -> Iterator[tuple[int, str]]:
    """Large whole numbers that the reference answers: nobody writes them by chance."""
    names = mutations.run_text(course.solution(assignment.name).read_text(encoding="utf-8"), "reference")
    for task in assignment.tasks:
        if callable(names.get(task.name)) and _takes_nothing(names[task.name]):
            for value in names[task.name]().values():
                if isinstance(value, int) and value >= 10_000:
                    yield value, task.name


def _takes_nothing(function: Any) -> bool:
    return bool(function.__code__.co_argcount == 0)
