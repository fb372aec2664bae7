"""Answers and weights that are alike: for a person to look at. Likeness alone proves nothing.

An answer that many gave says little, and a short one nothing: what counts is how unlikely it is that
two students, each writing alone, would be alike in all these tasks.
"""

import ast
import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from autograder.course import Assignment, Course
from autograder.judging.checking import Problem
from autograder.submissions import saved_model
from autograder.submissions.cells import joined

NEAR = 95  # percent alike
LONG = 120  # characters, without comments and with short names: below, right answers are alike by themselves
CHANCE = 0.01  # such pairs in a class by chance alone; test_similar_answers.py measures what that finds
FEW = 3
MAX_ANSWER = 20_000


@dataclass(frozen=True)
class Alike:
    """A small group of students with nearly the same answers to these tasks."""

    students: tuple[str, ...]
    tasks: tuple[str, ...]


def answers(course: Course, assignment: Assignment, students: Iterable[str]) -> dict[str, dict[str, str]]:
    """Task -> student -> what stands in the answer cell of the graded notebook, where it is not the stub."""
    cells = {cell: task.name for task in assignment.tasks for cell in task.answer_cells}
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
    found: dict[str, str] = {}
    for name in assignment.notebooks:
        try:
            book = json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))
            read = [
                (cell["metadata"].get("nbgrader", {}).get("grade_id", ""), cell["source"]) for cell in book["cells"]
            ]
        except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
            continue  # not there, or not as we wrote it
        for grade_id, source in read:
            if task := cells.get(grade_id):
                found[task] = f"{found[task]}\n{joined(source)}" if task in found else joined(source)
    return found


def plain(answer: str) -> str:
    """An answer without what a copy is disguised by: comments, layout, and the names of variables."""
    text = answer[:MAX_ANSWER]
    try:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
        return ast.unparse(_Short().visit(tree))[:MAX_ANSWER]  # deep in blocks, it may be a hundred times as long
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


def alike(found: Mapping[str, Mapping[str, str]], students: Sequence[str], prose: Collection[str] = ()) -> list[Alike]:
    """Small groups that are alike in more tasks than chance explains, the most surprising first.

    found: task -> student -> plain answer. prose: tasks in which one likeness of few is enough.
    A task in which c of n students have an answer like this one counts as a chance of c / n.
    """
    size = len(students)
    surprise = np.zeros((size, size))
    near = {task: _near([texts.get(student, "") for student in students]) for task, texts in found.items()}
    for task, same in near.items():
        count = np.maximum(1, same.sum(axis=1))
        surprise += same * np.log(size / np.maximum.outer(count, count))
        if task in prose:
            surprise[same & (np.maximum.outer(count, count) <= FEW)] = np.inf
    pairs = size * (size - 1) / 2
    remarkable = np.triu(surprise > np.log(max(1.0, pairs / CHANCE)), 1)
    groups = []
    for members in _joined(zip(*remarkable.nonzero(), strict=True)):
        first, second = max(itertools.combinations(members, 2), key=lambda pair: surprise[pair])
        tasks = tuple(task for task, same in near.items() if same[first, second])
        groups.append((surprise[first, second], Alike(tuple(students[at] for at in members), tasks)))
    return [group for _, group in sorted(groups, key=lambda found: -found[0])]


def _near(texts: Sequence[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Which of the texts are like which others; an empty one is like none."""
    unique = sorted(set(texts) - {""})
    near = process.cdist(unique, unique, scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.uint8, workers=-1) > 0
    place = {text: at for at, text in enumerate(unique)}
    rows = np.array([place.get(text, -1) for text in texts])
    there = rows >= 0
    return (
        near[np.ix_(rows, rows)] & np.logical_and.outer(there, there) if unique else np.zeros((len(texts),) * 2, bool)
    )


def _joined(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """What hangs together by the pairs."""
    above: dict[int, int] = {}

    def top(at: int) -> int:
        while above.setdefault(at, at) != at:
            at = above[at]
        return at

    for a, b in pairs:
        above[top(int(a))] = top(int(b))
    found: dict[int, list[int]] = defaultdict(list)
    for at in sorted(above):
        found[top(at)].append(at)
    return list(found.values())


def same_weights(course: Course, assignment: Assignment, students: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of students whose saved models hold the very same arrays."""
    owners: dict[str, list[str]] = defaultdict(list)
    wanted = assignment.model_file
    for student in students if wanted else ():
        path = course.root / "autograded" / student / assignment.name / wanted
        try:
            model = saved_model.read_model({wanted: path.read_bytes()}, wanted)
        except OSError:
            continue
        if isinstance(model, Problem):
            continue
        total = hashlib.sha256()
        for name, array in sorted(model[1].items()):
            total.update(f"{name}{array.shape}".encode() + array.tobytes())
        owners[total.hexdigest()].append(student)
    return [tuple(sorted(names)) for names in owners.values() if len(names) > 1]
