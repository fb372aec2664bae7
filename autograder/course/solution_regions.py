"""The reference's lines and the source notebooks' solution regions: each answer has one home."""

import ast
import functools
import json
import re
import textwrap

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.source_notebooks import function_name

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@functools.lru_cache(maxsize=8)
def statements(text: str) -> tuple[ast.stmt, ...]:
    """The statements of a reference, only read: one text is asked for many things in turn."""
    return tuple(ast.parse(text).body)


def solution_lines(text: str, name: str, plain: bool = False) -> str:
    """Body of a function of the reference: no docstring; of plain assignments (`plain`) also no return."""
    function = next((n for n in statements(text) if isinstance(n, ast.FunctionDef) and n.name == name), None)
    if function is None:
        raise CourseError(f"the reference has no function {name!r}, which a notebook's cell asks for")
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if plain and isinstance(body[-1], ast.Return):
        body = body[:-1]
    # from the line after the docstring, so that leading comments come along
    first = (function.body[0].end_lineno or 0) if body is not function.body else function.lineno
    lines = text.splitlines()[first : body[-1].end_lineno]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def node_text(text: str, name: str) -> str:
    """Text of a function or class of the reference."""
    for node in statements(text):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
    raise CourseError(f"the reference has no {name!r}, which a notebook's cell asks for")


def filled(source: str, grade_id: str, reference: str) -> str:
    """A source cell with the reference's lines in its solution region, or its given class."""
    if given := re.search(r"^class (\w+)", source, re.MULTILINE):
        if BEGIN not in source and f"\nclass {given[1]}" in reference:
            return source[: given.start()] + node_text(reference, given[1])
        return source
    region = re.search(rf"^([ \t]*){BEGIN}\n.*?^[ \t]*{END}", source, re.MULTILINE | re.DOTALL)
    if region is None:
        return source
    function = function_name(source)
    found = solution_lines(reference, function or grade_id.removesuffix("-answer"), plain=not function)
    lines = textwrap.indent(found, region[1])
    return f"{source[: region.start()]}{region[1]}{BEGIN}\n{lines}\n{region[1]}{END}{source[region.end() :]}"


def sync(course: Course, assignment: Assignment, write: bool = True) -> list[str]:
    """Put the reference's lines and the course's thresholds into the source -> what differed."""
    if assignment.by_examiner:  # whose answers stand in the source notebooks alone
        return []
    reference = course.solution(assignment.name).read_text(encoding="utf-8")
    changed = _sync_stamps(course, assignment, write)
    for name in assignment.notebooks:
        path = course.source(assignment.name) / f"{name}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        before = len(changed)
        for cell in notebook["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if cell["cell_type"] != "code" or not grade_id:
                continue
            source = "".join(cell["source"])
            if (new := filled(source, grade_id, reference)) != source:
                changed.append(f"{name}.ipynb: {grade_id}")
                cell["source"] = new.splitlines(keepends=True)
        if write and len(changed) > before:
            text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
            path.write_text(text, encoding="utf-8")
    return changed


def _sync_stamps(course: Course, assignment: Assignment, write: bool) -> list[str]:
    """What students' modules say of the course is the course's -> names of files that differed, and of the line."""
    changed = []
    for path in sorted(course.source(assignment.name).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if (new := with_stamps(text, course, assignment)) != text:
            pairs = zip(text.splitlines(), new.splitlines(), strict=True)
            changed += [f"{path.name}: {line.partition(' ')[0]}" for line, other in pairs if line != other]
            if write:
                path.write_text(new, encoding="utf-8")
    return changed


def with_stamps(text: str, course: Course, assignment: Assignment) -> str:
    """A students' module with the course's thresholds and language: its lines `GOALS = ...` and `LANGUAGE = ...`."""
    goals = json.dumps({name: list(pair) for name, pair in assignment.thresholds.items()})
    text = re.sub(r"^GOALS = .*$", lambda _: f"GOALS = {goals}", text, flags=re.MULTILINE)
    return re.sub(r'^LANGUAGE = "\w*"', f'LANGUAGE = "{course.language}"', text, flags=re.MULTILINE)


def without_solution(source: str, stub: str) -> str:
    """A solution cell as nbgrader leaves it for students: the stub in place of its regions, or of all of it."""
    region = r"^([ \t]*)[^\n]*BEGIN SOLUTION.*?END SOLUTION[^\n]*"  # whatever stands around these words, as nbgrader
    text, count = re.subn(region, lambda found: found[1] + stub, source, flags=re.MULTILINE | re.DOTALL)
    return text if count else stub


def answers(course: Course, assignment: Assignment, reference: str) -> dict[str, str]:
    """The answer cells as a student with this reference would have them: task -> source."""
    found = {}
    by_cell = {task.answer_cell: task.name for task in assignment.tasks}
    for name in assignment.notebooks:
        path = course.source(assignment.name) / f"{name}.ipynb"
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if cell["cell_type"] == "code" and grade_id in by_cell:
                text = filled("".join(cell["source"]), grade_id, reference)
                lines = [line for line in text.splitlines() if line.strip() not in (BEGIN, END)]
                found[by_cell[grade_id]] = "\n".join(lines)
    return found
