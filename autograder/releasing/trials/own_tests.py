"""The tests of an assignment that is its notebooks, tested: by single edits of the source's own answers.

The source's answers must earn full marks, a blank release none, and each edit that a machine makes inside a solution
region must cost its task. One that costs nothing is shown beside the tests that let it pass.
"""

import ast
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import EXAMINER, Assignment, Course, Task, load_course
from autograder.grading import made_up
from autograder.judging.by_examiner.cells import DEFINITIONS, IMPORTS, as_python, region_of
from autograder.judging.by_machine.edits import Edit, edits_of
from autograder.judging.verdicts import Result
from autograder.releasing.trials import audit as trial
from autograder.releasing.trials import mutants as machine
from autograder.releasing.trials.audit import BLANK, REFERENCE, Audit, Row
from autograder.releasing.trials.mutants import Mutant
from autograder.sandbox import environments
from autograder.source_notebooks import cells_of
from autograder.submissions import merge

CELL = "cell"  # the function that a machine sees around the statements of a cell
INDENT = "    "
Sources = Mapping[tuple[str, str], str]  # by notebook and grade_id


@dataclass(frozen=True)
class Answer:
    """An answer cell of the source."""

    task: str
    notebook: str
    cell: str
    number: int
    source: str


def audit(
    course: Course, assignment: Assignment, scratch: Path, jobs: int, tell: Callable[[int, int], None], sample: int = 0
) -> Audit:
    """Hand in the reference, nothing, and every edit (of each task at most `sample`, where that is given)."""
    here = _scratch(course, scratch)
    there = here.assignment(assignment.name)
    answers = answers_of(course, assignment)
    right: Sources = {(one.notebook, one.cell): one.source for one in answers}
    edited = {mutant: one for one in answers for mutant in mutants_of(course, assignment, one)}
    chosen = machine.sample_of([*edited], sample) if sample else [*edited]
    made: dict[str, Sources] = {REFERENCE: right, BLANK: {}}
    for mutant in chosen:
        one = edited[mutant]
        made[mutant.name] = {**right, (one.notebook, one.cell): mutant.source}
    for name, sources in made.items():
        made_up.write(here.submitted(there.name, name), filled(here, there, sources))
    results = trial.graded(here, there, list(made), jobs, tell)
    judged = [task for task in there.tasks if task.graded_by == EXAMINER]
    rows = tuple(_row(there.task(mutant.task), mutant, results) for mutant in chosen)
    listed = course.part("equivalent_mutants", assignment.name)
    wrong = [trial.below_full(results[REFERENCE].verdicts[task.name]) for task in judged]
    wrong += [trial.above_none(results[BLANK].verdicts[task.name]) for task in judged]
    wrong += [_all_pass(task, rows) for task in judged]
    wrong += [trial.costs(row, listed) for row in rows]
    wrong += [trial.gone(one, listed) for one in machine.unmade(course, assignment, [*edited])]
    return Audit((), (), tuple(line for line in wrong if line), rows, every=len(edited), own_tests=True)


def _scratch(course: Course, folder: Path) -> Course:
    """The course in a folder where others hand in: its files are those of the course."""
    folder.mkdir(parents=True)
    locks = {one.environment for one in course.assignments} - {""}
    for name in (*made_up.COURSE_PARTS, *locks):
        if (course.root / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(course.root / name)
    made = course.state / environments.FOLDER
    if made.is_dir():
        (folder / ".autograder").mkdir()
        (folder / ".autograder" / made.name).symlink_to(made)
    (folder / "autograder").mkdir()
    for assignment in course.assignments:
        theirs = course.assignment_folder(assignment.name)
        if theirs.is_dir():
            place = folder / theirs.relative_to(course.root)
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(theirs)
    return load_course(folder)


def answers_of(course: Course, assignment: Assignment) -> list[Answer]:
    """The answer cells of the source, each with the task that it belongs to."""
    found = []
    for name in assignment.notebooks:
        tasks = {cell: task.name for task in assignment.tasks if task.notebook == name for cell in task.answer_cells}
        for number, cell in enumerate(cells_of(course.source(assignment.name) / f"{name}.ipynb"), start=1):
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id in tasks:
                found.append(Answer(tasks[grade_id], name, grade_id, number, "".join(cell["source"])))
    return found


def filled(course: Course, assignment: Assignment, sources: Sources) -> dict[str, bytes]:
    """The files of a submission: the release with these cells."""
    files = {}
    for name, base in merge.released(course.release(assignment.name), assignment).items():
        cells = []
        for cell in base.raw["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            cells.append({**cell, "source": sources.get((name, grade_id), cell["source"])})
        files[f"{name}.ipynb"] = json.dumps({**base.raw, "cells": cells}, ensure_ascii=False).encode()
    return files


def mutants_of(course: Course, assignment: Assignment, answer: Answer) -> Iterator[Mutant]:
    """Every edit of an answer inside its solution regions, where tests decide about it."""
    if assignment.task(answer.task).graded_by != EXAMINER:
        return
    equivalents = machine.load_equivalents(course, assignment)
    for number, edit in enumerate(_edits(answer.source), start=1):
        listed = next((one for one in equivalents if one.holds(edit)), None)
        place = f"{_place(assignment, answer)}, line {edit.line}, {edit.kind}"
        yield Mutant(answer.task, f"{answer.task}: cell {answer.number}, edit {number}", place, edit, edit.text, listed)


def _place(assignment: Assignment, answer: Answer) -> str:
    return f"source/{assignment.name}/{answer.notebook}.ipynb, cell {answer.number}"


def _edits(source: str) -> Iterator[Edit]:
    """Every edit of a cell inside its solution regions: of its functions, its methods, and its plain statements."""
    tree, region = as_python(source), region_of(source)
    if tree is None:
        return
    for name in _functions(tree.body):
        yield from (edit for edit in edits_of(source, name) if edit.line in region)
    plain = [node for node in tree.body if not isinstance(node, DEFINITIONS | IMPORTS)]
    lines = {line for node in plain for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)} & region
    if lines:
        inside = f"def {CELL}():\n{textwrap.indent(source, INDENT, lambda line: True)}"
        for edit in edits_of(inside, CELL):
            if edit.line - 1 in lines:
                rest = edit.text.partition("\n")[2].splitlines(keepends=True)
                text = "".join(line.removeprefix(INDENT) for line in rest)
                yield replace(edit, line=edit.line - 1, text=text)


def _functions(body: Sequence[ast.stmt], above: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield above + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{above}{node.name}.")


def _row(task: Task, mutant: Mutant, results: Mapping[str, Result]) -> Row:
    """What an edit lost: its own task, or nothing. Tests of another task may use this one's answer, and do so."""
    verdict = results[mutant.name].verdicts[task.name]
    lost = (task.name,) if verdict.score is None or verdict.score < task.points else ()
    tests = ", ".join(task.test_cells)
    check = "" if lost else f"{mutant.place.partition(',')[0]}: the tests {tests}"
    return Row(mutant.name, task.name, lost, "", verdict.message, mutant, check)


def _all_pass(task: Task, rows: Sequence[Row]) -> str:
    """A line where edits of an answer were made, and its tests let all of them pass."""
    theirs = [row for row in rows if row.task == task.name and not row.equivalent]
    if not theirs or any(not row.survivor for row in theirs):
        return ""
    return (
        f"{task.name}: its tests let all {len(theirs)} edits of its answer pass, so nobody knows whether they can fail"
    )
