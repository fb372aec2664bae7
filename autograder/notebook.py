"""A submitted notebook put back onto the release: the source's locked cells with the student's answers.

An answer is found by its grade_id, else by its cell id, else by the function that it defines. Cells
of the student's own stay where they stood. What cannot be placed costs its task at most.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.course import PERSON, Assignment, CourseError, Task, function_name
from autograder.submission import PICTURES, Submission, SubmittedCell, cells_of, joined

SKIP_TAG = "skip-execution"
MAX_LOOKED_INTO = 20  # files, for a notebook of another name
ANSWER, TEST, LOCKED, FREE, EXTRA = "answer", "test", "locked", "free", "extra"


@dataclass(frozen=True)
class Cell:
    """A cell of the merged notebook. `raw` is the release's cell, or {} for one of the student's own."""

    role: str
    kind: str
    source: str
    name: str
    task: str = ""
    skip: bool = False
    raw: Mapping[str, Any] | None = None
    submitted: SubmittedCell | None = None
    written: bool = False

    @property
    def runs(self) -> bool:
        """Whether grading runs the cell: all code but what the source tags, whose definitions count."""
        return self.kind == "code" and bool(self.source.strip()) and (not self.skip or self.role == ANSWER)


@dataclass(frozen=True)
class Merged:
    """One notebook of a submission, ready to run and to show. `problems`: what could not be placed."""

    name: str
    cells: tuple[Cell, ...]
    base: Mapping[str, Any]
    problems: tuple[str, ...] = ()


def released(release: Path, assignment: Assignment) -> dict[str, Mapping[str, Any]]:
    """The release's notebooks as JSON, by name."""
    found = {}
    for name in assignment.notebooks:
        path = release / f"{name}.ipynb"
        try:
            found[name] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f"{path}: not found; run `autograder release {assignment.name}`") from None
    return found


def base_cells(base: Mapping[str, Any], tasks: Iterable[Task]) -> list[Cell]:
    """The release's cells with their roles."""
    answers = {task.answer_cell: task.name for task in tasks}
    tests = {task.name: task.name for task in tasks}
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


def merge(name: str, base: Mapping[str, Any], submitted: Sequence[SubmittedCell], tasks: Sequence[Task]) -> Merged:
    """Put a student's cells onto the release's."""
    cells = base_cells(base, tasks)
    place = _places(cells, submitted)
    filled: dict[int, SubmittedCell] = {}
    extras: dict[int, list[SubmittedCell]] = {}
    problems, anchor = [], -1
    for number, cell in enumerate(submitted):
        at = place.get(number)
        if at is None:
            extras.setdefault(anchor, []).append(cell)
            continue
        anchor = at
        stub = cell.source.strip() == cells[at].source.strip()
        if at not in filled or filled[at].source.strip() == cells[at].source.strip():
            filled[at] = cell
        elif not stub and cells[at].role in (ANSWER, FREE):
            problems.append(f"{cells[at].name} is there twice; the later one is used where they differ")
            extras.setdefault(at, []).append(cell)
    _find_lost(cells, filled, extras)
    merged = [_extra(cell, -1, n) for n, cell in enumerate(extras.get(-1, ()))]
    for at, base_cell in enumerate(cells):
        merged.append(_filled(base_cell, filled.get(at)))
        if base_cell.role == ANSWER and at not in filled:
            elsewhere = _defined_in(function_name(base_cell.source), filled, extras)
            if not elsewhere:
                problems.append(f"{base_cell.name}: the answer cell is missing")
        merged += [_extra(extra, at, n) for n, extra in enumerate(extras.get(at, ()))]
    return Merged(name, tuple(merged), base, tuple(problems))


def _places(cells: Sequence[Cell], submitted: Sequence[SubmittedCell]) -> dict[int, int]:
    """Number of a submitted cell -> number of the release's cell that it is."""
    by_grade_id = {c.name: n for n, c in enumerate(cells) if c.role != FREE}
    by_cell_id = {str(c.raw["id"]): n for n, c in enumerate(cells) if c.raw and c.raw.get("id")}
    by_source = {c.source.strip(): n for n, c in enumerate(cells) if c.source.strip()}
    found: dict[int, int] = {}
    for number, cell in enumerate(submitted):
        for key, known in ((cell.grade_id, by_grade_id), (cell.cell_id, by_cell_id), (cell.source.strip(), by_source)):
            at = known.get(key) if key else None
            if at is not None and (cells[at].kind == cell.kind or cells[at].kind == "markdown"):
                found[number] = at
                break
    return found


def _find_lost(cells: Sequence[Cell], filled: dict[int, SubmittedCell], extras: dict[int, list[SubmittedCell]]) -> None:
    """Answers without their metadata: move the cell that defines the function to its place."""
    for at, cell in enumerate(cells):
        wanted = function_name(cell.source)
        if cell.role != ANSWER or at in filled or not wanted:
            continue
        for others in extras.values():
            for other in others:
                if other.kind == "code" and _defines(other.source, wanted):
                    filled[at] = other
            if at in filled:
                others.remove(filled[at])
                break


def _defines(source: str, function: str) -> bool:
    return re.search(rf"^def\s+{re.escape(function)}\s*\(", source, re.MULTILINE) is not None


def _defined_in(
    function: str, filled: Mapping[int, SubmittedCell], extras: Mapping[int, Iterable[SubmittedCell]]
) -> bool:
    everything = [*filled.values(), *(cell for cells in extras.values() for cell in cells)]
    return bool(function) and any(_defines(cell.source, function) for cell in everything)


def _filled(cell: Cell, submitted: SubmittedCell | None) -> Cell:
    """The release's cell with what the student put in."""
    if submitted is None:
        # a missing answer must not bring back its stub over a function defined elsewhere
        return replace(cell, source="" if cell.role == ANSWER else cell.source)
    if cell.role in (ANSWER, FREE):
        written = submitted.source.strip() != cell.source.strip() or bool(submitted.attachments)
        return replace(cell, source=submitted.source, submitted=submitted, written=written)
    return replace(cell, submitted=submitted)


def _extra(cell: SubmittedCell, at: int, number: int) -> Cell:
    kind = cell.kind if cell.kind in ("code", "markdown") else "markdown"
    return Cell(EXTRA, kind, cell.source, f"your own cell {at + 2}.{number + 1}", submitted=cell, written=True)


def merge_all(
    submission: Submission, bases: Mapping[str, Mapping[str, Any]], assignment: Assignment
) -> dict[str, Merged]:
    """Every notebook of the assignment; a missing or broken one has the release's cells, unanswered."""
    merged = {}
    for name, base in bases.items():
        tasks = [task for task in assignment.tasks if task.notebook == name]
        file = find(submission, name, base)
        problems: list[str] = []
        cells: list[SubmittedCell] = []
        if file is None:
            problems.append(f"{name}.ipynb is missing")
        else:
            try:
                cells = cells_of(submission.files[file])
            except ValueError as error:
                problems.append(f"{file}: {error}")
            if file != f"{name}.ipynb":
                problems.append(f"{name}.ipynb was found as {file}")
        found = merge(name, base, cells, tasks)
        more = found.problems if cells else ()
        merged[name] = replace(found, problems=(*problems, *more))
    return merged


def find(submission: Submission, name: str, base: Mapping[str, Any]) -> str | None:
    """The file that is this notebook: by its name, else by what stands in it."""
    notebooks = [file for file in sorted(submission.files, key=lambda f: (f.count("/"), f)) if file.endswith(".ipynb")]
    for file in notebooks:
        if file.split("/")[-1] == f"{name}.ipynb":
            return file
    wanted = {raw["metadata"].get("nbgrader", {}).get("grade_id") for raw in base["cells"]} - {None}
    functions = {function_name(joined(raw["source"])) for raw in base["cells"]} - {""}
    best, most = None, 0
    for file in notebooks[:MAX_LOOKED_INTO]:
        try:
            cells = cells_of(submission.files[file])
        except ValueError:
            continue
        score = len({cell.grade_id for cell in cells} & wanted)
        score += sum(any(_defines(cell.source, f) for cell in cells) for f in functions)
        if score > most:
            best, most = file, score
    return best


def answered(merged: Merged, task: Task) -> bool:
    """Whether a task's answer cell holds anything of the student's."""
    return any(c.role == ANSWER and c.task == task.name and c.written for c in merged.cells)


def answer_hash(merged: Merged, task: Task, submission: Submission) -> str:
    """Hash of a task's answer: a person's mark stands for that answer and no other.

    Pictures and scans belong to an answer that a person marks; to any other, the student's own code
    and classes beside it, and the saved model where the task is about one.
    """
    total = hashlib.sha256()
    for cell in merged.cells:
        if cell.role == ANSWER and cell.task == task.name:
            attached = cell.submitted.attachments if cell.submitted else {}
            total.update(json.dumps([cell.source, attached], sort_keys=True).encode())
        elif task.graded_by != PERSON and _shared(cell):
            total.update(cell.source.encode() + b"\0")
    wanted = PICTURES if task.graded_by == PERSON else (".py", ".npz") if task.saved_model else (".py",)
    for name in sorted(n for n in submission.files if n.lower().endswith(wanted)):
        total.update(name.encode() + submission.files[name])
    return total.hexdigest()[:16]


def _shared(cell: Cell) -> bool:
    """Whether a cell holds code that any answer may use: the student's own cells, and classes."""
    if cell.kind != "code" or not cell.written:
        return False
    return cell.role != ANSWER or re.search(r"^class\s", cell.source, re.MULTILINE) is not None
