"""Answers and weights that are alike: for a person to look at. Likeness alone proves nothing.

An answer that many gave is the usual one, and says nothing; so does a short one. What is left are
small groups whose long answers are nearly the same.
"""

import ast
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from autograder import submission
from autograder.checking import Problem
from autograder.course import Assignment, Course
from autograder.submission import MODEL, joined

NEAR = 95  # percent alike; tests/test_likeness.py measures what copies in disguise and own answers reach
LONG = 200  # characters, without comments and with short names: below, right answers are alike by themselves
USUAL = 0.02  # of the class: what more than that (and more than three) gave is the usual answer
MAX_ANSWER = 20_000


@dataclass(frozen=True)
class Alike:
    """A small group of students with nearly the same answers to these tasks."""

    students: tuple[str, ...]
    tasks: tuple[str, ...]


def answers(course: Course, assignment: Assignment, students: Iterable[str]) -> dict[str, dict[str, str]]:
    """Task -> student -> what stands in the answer cell of the graded notebook, where it is not the stub."""
    cells = {task.answer_cell: task.name for task in assignment.tasks}
    stubs = {task: plain(text) for task, text in _cells(course.release(assignment.name), assignment, cells).items()}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for student in students:
        folder = course.root / "autograded" / student / assignment.name
        for task, text in _cells(folder, assignment, cells).items():
            own = plain(text)
            if len(own) >= LONG and own != stubs.get(task):
                found[task][student] = own
    return dict(found)


def _cells(folder: Path, assignment: Assignment, cells: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in assignment.notebooks:
        try:
            book = json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for cell in book["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id in cells:
                found[cells[grade_id]] = joined(cell["source"])
    return found


def plain(answer: str) -> str:
    """An answer without what a copy is disguised by: comments, layout, and the names of variables."""
    text = answer[:MAX_ANSWER]
    try:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
        return ast.unparse(_Short().visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # prose, or code that is not Python
        return " ".join(text.split())


class _Short(ast.NodeTransformer):
    """Names that are assigned become a, b, c ... in the order in which they are met."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self.names.setdefault(part.id, f"v{len(self.names)}")
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node


def alike(found: Mapping[str, Mapping[str, str]], size: int) -> list[Alike]:
    """Small groups in a class of `size`, those with most tasks first."""
    tasks: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for task, texts in found.items():
        for group in _groups(texts):
            if len(group) <= max(3, USUAL * size):
                tasks[group].append(task)
    groups = [Alike(students, tuple(names)) for students, names in tasks.items()]
    return sorted(groups, key=lambda group: (-len(group.tasks), group.students))


def _groups(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Students whose texts are near, directly or by way of another."""
    owners: dict[str, list[str]] = defaultdict(list)
    for student, text in texts.items():
        owners[text].append(student)
    unique = list(owners)
    near = process.cdist(unique, unique, scorer=fuzz.ratio, score_cutoff=NEAR, dtype="uint8", workers=-1)
    group = list(range(len(unique)))

    def top(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for a, b in zip(*near.nonzero(), strict=True):
        group[top(int(a))] = top(int(b))
    found: dict[int, list[str]] = defaultdict(list)
    for at, text in enumerate(unique):
        found[top(at)] += owners[text]
    return [tuple(sorted(students)) for students in found.values() if len(students) > 1]


def same_weights(course: Course, assignment: Assignment, students: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of students whose saved models hold the very same arrays."""
    owners: dict[str, list[str]] = defaultdict(list)
    for student in students:
        path = course.root / "autograded" / student / assignment.name / MODEL
        model = submission.saved_model({MODEL: path.read_bytes()}) if path.is_file() else Problem("no_model")
        if isinstance(model, Problem):
            continue
        total = hashlib.sha256()
        for name, array in sorted(model[1].items()):
            total.update(f"{name}{array.shape}".encode() + array.tobytes())
        owners[total.hexdigest()].append(student)
    return [tuple(sorted(names)) for names in owners.values() if len(names) > 1]
