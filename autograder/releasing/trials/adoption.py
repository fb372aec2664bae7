"""An existing nbgrader assignment, looked at: which of its cells run here as they are, and what its tests are worth.

All of it happens in a copy. What this kit does not read is made read-only there, and said.
"""

import ast
import itertools
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.course import EXAMINER, PERSON, Assignment, Course, Task, load_course
from autograder.errors import CourseError
from autograder.grading.by_examiner import notebook, submission
from autograder.grading.by_examiner.submission import ExaminerContext
from autograder.judging.by_examiner.cells import as_python
from autograder.judging.by_examiner.prepared import prepared
from autograder.releasing import new_assignment, release
from autograder.releasing.trials import mutants as machine
from autograder.releasing.trials import otter, own_tests
from autograder.releasing.trials.mutants import Mutant
from autograder.sandbox.relay import PASSED, UNDECIDABLE, Outcome
from autograder.source_notebooks import USABLE, cells_of
from autograder.submissions.align import ANSWER
from autograder.submissions.merge import Merged

LEFT_OUT = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "*.pyc")


@dataclass(frozen=True)
class CellReport:
    """A cell that nbgrader, or otter, marks. why: why it does not run as it is, or what is to be known; "": nothing."""

    notebook: str
    number: int
    name: str
    kind: str
    runs: bool
    why: str = ""


@dataclass(frozen=True)
class Adoption:
    """What was found. earned, blank: of the points that tests give, the reference and a blank notebook."""

    name: str
    cells: tuple[CellReport, ...] = ()
    earned: float = 0.0
    blank: float = 0.0
    best: float = 0.0
    by_person: float = 0.0
    edits: int = 0
    survivors: tuple[tuple[Mutant, str], ...] = ()  # with the tests that let it pass
    refused: str = ""  # why nothing could be tried
    files: Mapping[Path, bytes] = field(default_factory=dict)  # of the copy, by place in its source folder


def assignments_in(folder: Path) -> list[Path]:
    """The assignments of a folder: those of a course's source/, those that lie in it, or itself."""
    for place in (folder / "source", folder):
        found = sorted(path for path in place.glob("*") if path.is_dir() and any(path.glob("*.ipynb")))
        if found:
            return found
    if any(folder.glob("*.ipynb")):
        return [folder]
    raise CourseError(f"{folder}: no notebook in it, in its folders, or in source/; name an assignment's folder")


def look(folder: Path, scratch: Path, sample: int) -> Adoption:
    """Try an assignment in a copy. sample: at most so many edits of each task; 0: none."""
    usual = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name).strip("-") or "assignment"  # of a name in Thai little is left
    others = (f"{usual}-{number}" for number in itertools.count(2))
    name = next(one for one in itertools.chain([usual], others) if not (scratch / one).exists())
    root = scratch / name
    source = root / "source" / name
    shutil.copytree(folder, source, ignore=LEFT_OUT)
    told = [line for path in sorted(source.glob("*.ipynb")) for line in _mended(path)]
    files = {path.relative_to(source): path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file()}
    found = Adoption(name, tuple(told), files=files)
    text = (new_assignment.TEMPLATES / new_assignment.CONFIG).read_text(encoding="utf-8")
    line = new_assignment.SIMPLE.format(variable=new_assignment.variable(name), name=name)
    (root / new_assignment.CONFIG).write_text(new_assignment.with_assignment(text, name, line), encoding="utf-8")
    try:
        course = load_course(root)
        assignment = course.assignment(name)
        release.generate(course, assignment, root / "release")
        context = submission.open_examination(course, assignment)
    except CourseError as error:
        return replace(found, refused=str(error).replace(f"{root}/", ""))
    try:
        return _tried(found, context, sample)
    finally:
        context.close()


def _mended(path: Path) -> Iterator[CellReport]:
    """Make read-only, in a copy, what this kit does not read, and tell it."""
    book = json.loads(path.read_text(encoding="utf-8"))
    if otter.is_otter(cells_of(path)):
        book["cells"], unread = otter.read(cells_of(path))
        path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        yield from (CellReport(path.stem, number, name, "otter", False, why) for number, name, why in unread)
    worthless = _worth_nothing(path)
    for number, cell in enumerate(cells_of(path), start=1):
        info = cell["metadata"].get("nbgrader", {})
        name, why = str(info.get("grade_id", "")), ""
        if not (info.get("grade") or info.get("solution") or info.get("task")):
            continue
        if info.get("task"):
            why = "a Manually graded task is not read; make it a Manually graded answer"
        elif number in worthless:
            why = "with the tests beside it worth 0 points; give it points, or nobody marks it"
        elif not USABLE.fullmatch(name):
            why = f"the ID {name!r} takes letters from a to z, digits, - and _; give it another"
        elif info.get("grade") and not info.get("solution") and cell["cell_type"] != "code":
            why = f"tests in a {cell['cell_type']} cell; make it a code cell"
        if why:
            book["cells"][number - 1]["metadata"]["nbgrader"] = {
                **info,
                **{"grade": False, "solution": False, "task": False, "locked": True, "schema_version": 3},
            }
            yield CellReport(path.stem, number, name, _kind(info), False, why)
    path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _worth_nothing(path: Path) -> set[int]:
    """Numbers of the test cells whose task gives no points at all."""
    groups: list[list[tuple[int, object]]] = [[]]
    for number, cell in enumerate(cells_of(path), start=1):
        info = cell["metadata"].get("nbgrader", {})
        if info.get("solution") and not info.get("grade"):
            groups.append([])
        elif info.get("grade") and not info.get("solution"):
            groups[-1].append((number, info.get("points")))
    return {number for group in groups if not any(points for _, points in group) for number, _ in group}


def _kind(info: Mapping[str, Any]) -> str:
    if info.get("task"):
        return "task"
    if info.get("grade"):
        return "by a person" if info.get("solution") else "tests"
    return "answer"


def _tried(found: Adoption, context: ExaminerContext, sample: int) -> Adoption:
    """The reference, a blank notebook, and edits of the reference, each through the tests."""
    assignment, course = context.assignment, context.course
    reference = {name: submission.reference(context, name) for name in context.cells}
    right = {name: _outcomes(context, book) for name, book in reference.items()}
    for name, outcomes in right.items():
        context.plain[name] = frozenset(n for n, o in outcomes.items() if o.how == PASSED and not o.objects)
    blank = {name: _outcomes(context, Merged(name, base.cells, base.raw)) for name, base in context.bases.items()}
    tasks = [task for task in assignment.tasks if task.graded_by == EXAMINER]
    cells = [*found.cells, *(one for name in context.cells for one in _reports(course, assignment, name, right[name]))]
    order = {name: number for number, name in enumerate(context.cells)}
    survivors, count = _edited(context, tasks, reference, right, sample) if sample else ([], 0)
    return replace(
        found,
        cells=tuple(sorted(cells, key=lambda one: (order.get(one.notebook, 0), one.number))),
        earned=sum(_earned(task, right[task.notebook]) for task in tasks),
        blank=sum(_earned(task, blank[task.notebook]) for task in tasks),
        best=sum(task.points for task in tasks),
        by_person=sum(task.points for task in assignment.tasks if task.graded_by == PERSON),
        edits=count,
        survivors=tuple(survivors),
    )


def _outcomes(context: ExaminerContext, book: Merged) -> Mapping[str, Outcome]:
    ready = prepared(context.cells[book.name], 0)
    finish = time.monotonic() + context.guest.limits.total_seconds
    plain = context.plain.get(book.name, frozenset())
    return notebook.examine(context.guest, context.examiner, book, ready, {}, finish, plain).outcomes


def _earned(task: Task, outcomes: Mapping[str, Outcome]) -> float:
    each = zip(task.test_cells, task.shares, strict=True)
    return sum(share for cell, share in each if outcomes[cell].how == PASSED)


def _reports(
    course: Course, assignment: Assignment, name: str, outcomes: Mapping[str, Outcome]
) -> Iterator[CellReport]:
    tested = {cell for task in assignment.tasks if task.notebook == name for cell in task.answer_cells}
    for number, cell in enumerate(cells_of(course.source(assignment.name) / f"{name}.ipynb"), start=1):
        info, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
        if not (info.get("grade") or info.get("solution")):
            continue
        grade_id, kind, runs, why = info["grade_id"], _kind(info), True, ""
        if kind == "tests":
            outcome = outcomes[grade_id]
            runs = outcome.how == PASSED and "AUTOTEST" not in source
            why = "; ".join(_notes(source)) if outcome.how == PASSED else _refusal(outcome)
        elif kind == "answer" and grade_id not in tested:
            why = "no tests follow it, so that it earns nothing"
        yield CellReport(name, number, grade_id, kind, runs, why)


def _refusal(outcome: Outcome) -> str:
    error = outcome.error
    line = f"line {error.line}: " if error is not None and error.line else ""
    if outcome.how == UNDECIDABLE:
        return f"{line}cannot be decided ({outcome.why}); {submission.way_out(outcome)}"
    return f"{line}its own answers do not pass: {error.what if error is not None else outcome.lost or outcome.why}"


def _notes(source: str) -> Iterator[str]:
    """What a test cell has, though it passes, that is nothing here."""
    if "AUTOTEST" in source:
        yield "### AUTOTEST lines are comments here, and test nothing: write out the asserts that they stand for"
    tree = as_python(source)
    last = tree.body[-1] if tree is not None and tree.body else None
    value = last.value if isinstance(last, ast.Expr) else None
    number = isinstance(value, ast.Constant) and isinstance(value.value, int | float)
    if value is not None and (number or not isinstance(value, ast.Call | ast.Constant)):
        yield "its last line is a score to nbgrader; here its asserts decide"


def _edited(
    context: ExaminerContext,
    tasks: Sequence[Task],
    reference: Mapping[str, Merged],
    right: Mapping[str, Mapping[str, Outcome]],
    sample: int,
) -> tuple[list[tuple[Mutant, str]], int]:
    """(edits that cost nothing, each with the tests that let it pass; how many edits were tried)."""
    course, assignment = context.course, context.assignment
    survivors, count = [], 0
    for task in tasks:
        tests = [cell for cell in task.test_cells if right[task.notebook][cell].how == PASSED]
        edited = {
            mutant: answer
            for answer in own_tests.answers_of(course, assignment)
            if answer.task == task.name
            for mutant in own_tests.mutants_of(course, assignment, answer)
        }
        for mutant in machine.sample_of([*edited], sample) if tests else ():
            book, cell = reference[task.notebook], edited[mutant].cell
            cells = tuple(
                replace(one, source=mutant.source) if one.role == ANSWER and one.name == cell else one
                for one in book.cells
            )
            outcomes = _outcomes(context, replace(book, cells=cells))
            count += 1
            if all(outcomes[test].how == PASSED for test in tests):
                survivors.append((mutant, ", ".join(tests)))
    return survivors, count


def into(root: Path, found: Sequence[Adoption]) -> Iterator[Path]:
    """Write the copies into a course folder, each with its line in course_config.py -> the files."""
    for one in found:
        new_assignment.check_name(one.name)
        new_assignment.refuse_known(root, one.name)
        yield from new_assignment.write_simple(root, one.name, one.files).files
