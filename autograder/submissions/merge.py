"""A submitted notebook put back onto the release: the source's locked cells with the student's answers.

An answer is found by its grade_id, else by its cell id, else by the function that it defines. Cells
of the student's own stay where they stood. What cannot be placed costs its task at most.
"""

import ast
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.course import PERSON, Assignment, Task
from autograder.course.messages import OWN_CELL
from autograder.errors import CourseError
from autograder.source_notebooks import function_name
from autograder.submissions import align, notebook_file, salvage
from autograder.submissions.align import ANSWER, EXTRA, FREE, LOCKED, TEST, Cell
from autograder.submissions.cells import SubmittedCell, joined
from autograder.submissions.notebook_file import NotebookFile
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import Submission

SKIP_TAG = "skip-execution"
CLASS, WORD = re.compile(r"^class\s+(\w+)", re.MULTILINE), re.compile(r"\w+")
MAX_CLASS = 100_000  # characters


@dataclass(frozen=True)
class Base:
    """One notebook of the release, read once: its JSON, its cells with their roles, and what tells it from others."""

    raw: Mapping[str, Any]
    cells: tuple[Cell, ...]
    traits: frozenset[str]


@dataclass(frozen=True)
class Merged:
    """One notebook of a submission, ready to run and to show. `problems`: what could not be placed."""

    name: str
    cells: tuple[Cell, ...]
    base: Mapping[str, Any]
    problems: tuple[FileProblem, ...] = ()
    lost: tuple[str, ...] = ()  # tasks whose answer cell is not there
    folder: str = ""  # where the student's notebook lies in the submission: "" or `folder/`


def release_books(release: Path, assignment: Assignment) -> dict[str, dict[str, Any]]:
    """The release's notebooks as JSON, by name."""
    found: dict[str, dict[str, Any]] = {}
    for name in assignment.notebooks:
        path = release / f"{name}.ipynb"
        try:
            found[name] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f"{path}: not found; run `autograder release {assignment.name}`") from None
    return found


def released(release: Path, assignment: Assignment) -> dict[str, Base]:
    """The release's notebooks, by name."""
    found = release_books(release, assignment)
    return {
        name: Base(
            raw=raw,
            cells=tuple(_base_cells(raw, [task for task in assignment.tasks if task.notebook == name])),
            traits=notebook_file.traits(raw, [other for other in found.values() if other is not raw]),
        )
        for name, raw in found.items()
    }


def release_files(release: Path) -> frozenset[str]:
    """Names of the release's files: what is called so beside a submission's notebooks is ours."""
    return frozenset(path.name for path in release.rglob("*"))


def _base_cells(base: Mapping[str, Any], tasks: Iterable[Task]) -> list[Cell]:
    """The release's cells with their roles."""
    answers = {cell: task.name for task in tasks for cell in task.answer_cells}
    tests = {cell: task.name for task in tasks for cell in task.test_cells}
    cells = []
    for number, raw in enumerate(base["cells"]):
        grading = raw["metadata"].get("nbgrader", {})
        grade_id = grading.get("grade_id", "")
        role = FREE
        if grade_id in answers:
            role = ANSWER
        elif grade_id in tests:
            role = TEST
        elif grading.get("locked"):
            role = LOCKED
        cells.append(
            Cell(
                role=role,
                kind=raw["cell_type"],
                source=joined(raw["source"]),
                name=grade_id or f"cell {number + 1}",
                task=answers.get(grade_id) or tests.get(grade_id) or "",
                skip=SKIP_TAG in raw["metadata"].get("tags", []),
                raw=raw,
            )
        )
    return cells


def merge(
    name: str, base: Base, submitted: Sequence[SubmittedCell], tasks: Sequence[Task], parser: salvage.Parser
) -> Merged:
    """Put a student's cells onto the release's."""
    cells = base.cells
    found = align.place(cells, submitted, parser)
    extras: dict[int, list[SubmittedCell]] = {}
    for number, anchor in found.own:
        extras.setdefault(anchor, []).append(found.cells[number])
    merged = [_extra(cell, -1, n) for n, cell in enumerate(extras.get(-1, ()))]
    own_classes = [at for at, cell in found.filled.items() if _is_own_class(cells, at, cell)]
    for at, base_cell in enumerate(cells):
        merged.append(_filled(base_cell, found.filled.get(at)))
        if at in own_classes or _is_written_over(base_cell, found.filled.get(at)):
            merged.append(_extra(found.filled[at], at, len(extras.get(at, ()))))
        merged += [_extra(extra, at, n) for n, extra in enumerate(extras.get(at, ()))]
    lost = tuple(c.task for at, c in enumerate(cells) if c.role == ANSWER and at not in found.filled)
    by_person = {task.name for task in tasks if task.graded_by == PERSON}
    problems = align.problems_of(f"{name}.ipynb", cells, found, by_person, own_classes)
    return Merged(name, tuple(merged), base.raw, tuple(problems), lost)


def _is_own_class(cells: Sequence[Cell], at: int, submitted: SubmittedCell) -> bool:
    """Whether a whole class was written in place of a given one: one that uses none of the answers' functions."""
    given = set(CLASS.findall(cells[at].source)) if cells[at].role == LOCKED else set()
    if not given or submitted.kind != "code" or len(submitted.source) > MAX_CLASS or submitted.plain == cells[at].plain:
        return False
    body = salvage.statements(submitted.source)
    written = [node for node in body if isinstance(node, ast.ClassDef) and node.name in given]
    answers = {function_name(cell.source) for cell in cells if cell.role == ANSWER} - {""}
    used = answers & set(WORD.findall(cells[at].source))
    names = {node.id for one in written for node in ast.walk(one) if isinstance(node, ast.Name)}
    return bool(written and used) and not used & names


def _is_written_over(cell: Cell, submitted: SubmittedCell | None) -> bool:
    """Whether a given text has something of the student's in it: an answer, perhaps."""
    return (
        submitted is not None
        and cell.role in (LOCKED, TEST)
        and cell.kind == submitted.kind == "markdown"
        and (submitted.plain != cell.plain or bool(submitted.attachments))
    )


def _filled(cell: Cell, submitted: SubmittedCell | None) -> Cell:
    """The release's cell with what the student put in."""
    if submitted is None:
        # a missing answer must not bring back its stub over a function defined elsewhere
        return replace(cell, source="" if cell.role == ANSWER else cell.source)
    if cell.role in (ANSWER, FREE):
        written = submitted.plain != cell.plain or bool(submitted.attachments)
        return replace(cell, source=submitted.source, submitted=submitted, written=written)
    return replace(cell, submitted=submitted)


def _extra(cell: SubmittedCell, at: int, number: int) -> Cell:
    kind = cell.kind if cell.kind in ("code", "markdown") else "markdown"
    return Cell(EXTRA, kind, cell.source, f"{OWN_CELL}{at + 2}.{number + 1}", submitted=cell, written=True)


def merge_all(submission: Submission, bases: Mapping[str, Base], assignment: Assignment) -> dict[str, Merged]:
    """Every notebook of the assignment; a missing or broken one has the release's cells, unanswered."""
    names = notebook_file.notebook_files(submission, [f"{name}.ipynb" for name in bases])
    read = functools.cache(lambda file: notebook_file.read(file, submission.files[file]))
    merged, parser = {}, salvage.Parser()
    for name, base in bases.items():
        tasks = [task for task in assignment.tasks if task.notebook == name]
        found, file, problems = _chosen(name, base, tasks, names, read, parser)
        left_out = any(problem.names(f"{name}.ipynb") for problem in submission.problems)
        if file is None and not left_out:
            there = ", ".join(sorted(f for f in submission.files if not f.startswith("."))[:3])
            instead = f"; handed in: {there}" if there else "; nothing was handed in"
            problems.append(FileProblem("missing", f"{name}.ipynb", {"instead": instead}))
        all_tasks = tuple(task.name for task in tasks)
        told = (replace(problem, tasks=problem.tasks or all_tasks) for problem in problems)
        merged[name] = replace(
            found,
            problems=(*told, *(found.problems if file and file.cells else ())),
            folder=file.file.removesuffix(file.base) if file else "",
        )
    return merged


def _chosen(
    name: str,
    base: Base,
    tasks: Sequence[Task],
    files: Sequence[str],
    read: Callable[[str], NotebookFile],
    parser: salvage.Parser,
) -> tuple[Merged, NotebookFile | None, list[FileProblem]]:
    """The file that is this notebook: by its name, else by what stands in it; one with answers before one without."""
    own = f"{name}.ipynb"
    named = [read(file) for file in files if notebook_file.base_name(file) == own]

    def like(notebooks: bool) -> list[NotebookFile]:
        some = [f for f in files if notebook_file.is_notebook(f) == notebooks and notebook_file.base_name(f) != own]
        return [p for p in map(read, some) if p.base.partition(".")[0] == name or notebook_file.score(p, base.traits)]

    candidates = [*named, *like(notebooks=True)]
    # a module of the student's own may repeat the functions: a script counts only where there is no notebook
    if not any(p.cells for p in named) and len(candidates) == len(named):
        candidates += like(notebooks=False)
    if not candidates:
        return merge(name, base, (), tasks, parser), None, []
    merged = [merge(name, base, p.cells, tasks, parser) for p in candidates]
    written = [sum(c.written for c in m.cells if c.role == ANSWER) for m in merged]
    rank = [(count, not m.lost) for count, m in zip(written, merged, strict=True)]
    first = 0 if named and written[0] else rank.index(max(rank))
    file = candidates[first]
    problems = list(file.problems)
    if file.file != f"{name}.ipynb":
        problems.append(FileProblem("found_as", f"{name}.ipynb", {"found": file.file}))
    sources = [[c.source for c in m.cells if c.role == ANSWER] for m in merged]
    others = [p.file for p, a, s in zip(candidates, written, sources, strict=True) if a and s != sources[first]]
    if others:
        facts = {"found": file.file, "others": ", ".join(others)}
        problems.append(FileProblem("several", f"{name}.ipynb", facts))
    return merged[first], file, problems
