"""The scan of a made release for what students must not get: one line a leak."""

import ast
import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course import Assignment, Course
from autograder.course.solution_regions import BEGIN
from autograder.errors import CourseError
from autograder.judging import mutations
from autograder.judging.contract import load_checks
from autograder.judging.judge import SEED
from autograder.releasing import baked
from autograder.submissions.merge import SKIP_TAG

SUFFIXES = (".ipynb", ".py", ".json", ".md", ".txt", ".png", ".svg", ".pdf")
HIDDEN = "### BEGIN HIDDEN TESTS"
SHORT, SHORT_OF_CHECKS = 12, 28  # lines that anybody may write by chance are no longer than that
USUAL = re.compile(r"(import|from)\s|np\.random\.seed\(|return \w+$")  # and these


ABSOLUTE = re.compile(r"(?<![\w.:/])(/home/|/root/|/Users/|/work/|/tmp/|/mnt/|[A-Z]:\\\\Users)")


def leaks(course: Course, assignment: Assignment, folder: Path) -> Iterator[str]:
    """What students must not get, found in a made release: one line a leak."""
    secrets, numbers = _secret_lines(course, assignment), baked.file_of(course, assignment)
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
        yield from _text_leaks(name, text, secrets)
        if numbers and name == numbers.name:
            yield from leaks_of_numbers(course, assignment, path)
            if why := baked.stale(path, baked.bake(course, assignment)):
                yield f"{name}: {why}"
        else:
            yield from _value_leaks(course, assignment, name, text)


def leaks_of_notebooks(course: Course, assignment: Assignment, folder: Path) -> Iterator[str]:
    """The same of an assignment whose tests are its notebooks' own: a region that did not go, and an output."""
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        yield from _cell_leaks(path.name, notebook, assignment)
        text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
        for mark in (BEGIN, HIDDEN):
            if mark in text:
                yield f"{path.name}: {mark} is still there; does its region have an end?"
        yield from _text_leaks(path.name, text, {})


def leaks_of_modules(course: Course, assignment: Assignment) -> Iterator[str]:
    """The same of the source's own modules, before any of them is run."""
    secrets = _secret_lines(course, assignment)
    for path in sorted(course.source(assignment.name).glob("*.py")):
        yield from _text_leaks(path.name, path.read_text(encoding="utf-8"), secrets)


def _text_leaks(name: str, text: str, secrets: Mapping[str, str]) -> Iterator[str]:
    if found := ABSOLUTE.search(text):
        yield f"{name}: an absolute path ({found[0]}...)"
    if re.search(r"^\s*(from|import)\s+(autograder|solutions)\b", text, re.MULTILINE):
        yield f"{name}: imports the reference or the autograder"
    for line in (line.strip() for line in text.splitlines()):
        if line in secrets:
            yield f"{name}: a line of {secrets[line]}: {line}"


def _value_leaks(course: Course, assignment: Assignment, name: str, text: str) -> Iterator[str]:
    for value, where in _secret_values(course, assignment):
        if re.search(rf"(?<!\d){value:,}(?!\d)|(?<!\d){value}(?!\d)", text):
            yield f"{name}: the hidden value of {where}"


def _cell_leaks(name: str, notebook: Any, assignment: Assignment) -> Iterator[str]:
    answers = {cell for task in assignment.tasks for cell in task.answer_cells}
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


def leaks_of_numbers(course: Course, assignment: Assignment, path: Path) -> Iterator[str]:
    """Lines, and hidden values, in the numbers that visible checks compare with."""
    text = path.read_text(encoding="utf-8")
    yield from _value_leaks(course, assignment, path.name, text)
    for line, where in _secret_lines(course, assignment).items():
        if line in text or json.dumps(line, ensure_ascii=False)[1:-1] in text:
            yield f"{path.name}: a line of {where}: {line}"
    with contextlib.suppress(ValueError):
        found = baked.numbers_in(json.loads(text))
        alone, in_a_row = {_precise(one) for one in found}, set(_triples(found))
        for task, hidden in _hidden_numbers(course, assignment):
            if alone & {_precise(one) for one in hidden} - {""} or in_a_row & set(_triples(hidden)):
                yield f"{path.name}: a hidden value of {task}"


def _hidden_numbers(course: Course, assignment: Assignment) -> Iterator[tuple[str, list[float]]]:
    """What the hidden checks draw with the seed that authors try them with; but for what needs the dataset."""
    checks = load_checks(course, assignment)
    reference = mutations.run_text(course.solution(assignment.name).read_text(encoding="utf-8"), "reference")
    for record in checks.tasks:
        with contextlib.suppress(LookupError):  # of arrays of the dataset
            for case in record.cases(np.random.default_rng(SEED), reference, {}):
                yield record.task, [float(one) for value in case.values() for one in np.ravel(value)]


def _precise(number: float) -> str:
    """A number as nobody rounds it; "" for one with few digits, which may be another's by chance."""
    return (
        f"{number:.12g}" if np.isfinite(number) and len(f"{abs(number):.12g}".replace(".", "").strip("0")) > 9 else ""
    )


def _triples(numbers: Sequence[float]) -> Iterator[tuple[str, str, str]]:
    """Three numbers in a row, rounded: nobody has those of another by chance, unless they are whole."""
    rounded = [f"{one:.3f}" if one % 1 else "" for one in numbers if np.isfinite(one)]
    return (three for three in zip(rounded, rounded[1:], rounded[2:], strict=False) if all(three))


def _secret_lines(course: Course, assignment: Assignment) -> dict[str, str]:
    """Lines that only the reference's functions, known mistakes and the checks have -> where they stand."""
    secrets: dict[str, str] = {}
    given: set[str] = set()
    checks, solution = course.part("checks", assignment.name), course.solution(assignment.name)
    files = sorted(checks.parent.glob("*.py")) if checks.name == "__init__.py" else [checks]
    for path in (solution, *files):
        text, short = path.read_text(encoding="utf-8"), SHORT if path == solution else SHORT_OF_CHECKS
        for node in ast.parse(text).body:
            lines = [line.strip() for line in text.splitlines()[node.lineno - 1 : node.end_lineno]]
            if isinstance(node, ast.ClassDef):
                given.update(lines)
            elif isinstance(node, ast.FunctionDef):
                documented = len(ast.get_docstring(node) or "") > 0
                start = node.body[0].end_lineno - node.lineno + 1 if documented and node.body[0].end_lineno else 1
                secrets.update({line: f"{path.name}:{node.name}" for line in lines[start:] if len(line) >= short})
    reference = solution.read_text(encoding="utf-8")
    known = {line.strip() for line in reference.splitlines()}
    for mistake in mutations.load_mistakes(course, assignment):
        with contextlib.suppress(CourseError):  # the reference says something else now: the audit tells
            planted = mutations.plant(reference, mistake.edits, mistake.name).splitlines()
            where = f"the mistake {mistake.task}: {mistake.name}"
            secrets |= {line: where for line in map(str.strip, planted) if line not in known and len(line) >= SHORT}
    usual = {line for line in secrets if line in given or line.startswith("#") or USUAL.match(line)}
    return {line: where for line, where in secrets.items() if line not in usual}


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
