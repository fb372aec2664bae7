"""Examples of an author: calls with plain values in a test cell, by which a student sees what is wrong.

`examples(f, [(1, 2), (3, 4)])` there does nothing when it runs. It is read here; what the calls give is asked where no
hidden line has been (grading/by_examiner/counterexamples.py). Its values are shown to those whose tests fail.
"""

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.judging.by_examiner.cells import DEFINITIONS, IMPORTS, MAGIC, ExamCell, as_python
from autograder.judging.by_examiner.prepared import TOOLS, laid
from autograder.sandbox.relay import FAILED, Outcome
from autograder.source_notebooks import cells_of

TRIED = Path(__file__).parent / "tried.py"
NAME = "examples"
ARRAY, NUMPY = "np.array", "import numpy as np"
MOST = 20  # in one test cell
LONGEST = 200  # characters of a call
FORM = f"write `{NAME}(f, [(1, 2), (3, 4)])` at the left edge: a function, and a list of its arguments"


@dataclass(frozen=True)
class Example:
    """A call of a student's function. cell: the ID of the test cell that it stands in."""

    cell: str
    function: str
    call: str


def examples_of(path: Path, cells: Sequence[ExamCell]) -> tuple[Example, ...]:
    """All examples of a source notebook, in order. CourseError names the first that cannot be one."""
    if any(_binds(tree) for one in cells_of(path) if (tree := _parsed("".join(one["source"]))) is not None):
        return ()  # the notebook's own function, of the same name
    found = tuple(one for cell in cells if cell.is_test for one in _of_cell(path, cell))
    hidden = {call for cell in cells if cell.hidden for call in _hidden_calls(cell)}
    for one in found:
        if one.call in hidden:
            raise CourseError(
                f"{path}: cell {one.cell}: {one.call} stands in a hidden line as well, and an example is shown; "
                "give it other values"
            )
        if f"{ARRAY}(" in one.call and not any(NUMPY in "".join(cell["source"]) for cell in cells_of(path)):
            raise CourseError(
                f"{path}: cell {one.cell}: {one.call}: for whoever pastes it, write `{NUMPY}` into a cell"
            )
    return found


def _parsed(source: str) -> ast.Module | None:
    return as_python(MAGIC.sub("pass", source))


def _binds(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            names = [node.name]
        elif isinstance(node, IMPORTS) and getattr(node, "module", "") != TOOLS.stem:
            names = [alias.asname or alias.name for alias in node.names]
        else:
            names = [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []
        if NAME in names:
            return True
    return False


def _of_cell(path: Path, cell: ExamCell) -> Iterator[Example]:
    tree, count = _parsed(cell.source), 0
    if tree is None:
        return
    at_left_edge = [node.value for node in tree.body if isinstance(node, ast.Expr)]
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not _is_ours(call):
            continue
        where = f"{path}: cell {cell.name}, line {call.lineno}"
        function, cases = call.args if len(call.args) == 2 else (None, None)
        whole = call in at_left_edge and not call.keywords
        if not (whole and isinstance(function, ast.Name) and isinstance(cases, ast.List | ast.Tuple)):
            raise CourseError(f"{where}: {FORM}")
        if function.id not in cell.names:
            raise CourseError(f"{where}: no answer above binds {function.id}, whose examples these are")
        count += len(cases.elts)
        yield from (Example(cell.name, function.id, _call(where, function.id, case)) for case in cases.elts)
    if count > MOST:
        raise CourseError(f"{path}: cell {cell.name}: {count} examples; {MOST} are enough")


def _call(where: str, function: str, case: ast.expr) -> str:
    """A call of a function, in a line: a tuple is its arguments, anything else the only one."""
    try:
        ast.literal_eval(_Lists().visit(copy.deepcopy(case)))
    except (ValueError, TypeError):
        raise CourseError(
            f"{where}: {ast.unparse(case)} is no plain value: numbers, texts, lists, dicts and sets of them, or "
            f"`{ARRAY}([1, 2])`"
        ) from None
    text = f"{function}({', '.join(map(ast.unparse, case.elts if isinstance(case, ast.Tuple) else [case]))})"
    if len(text) > LONGEST:
        raise CourseError(f"{where}: an example of {len(text)} characters; up to {LONGEST} are easy to read")
    return text


class _Lists(ast.NodeTransformer):
    """An array as the list that it is made of."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        whole = ast.unparse(node.func) == ARRAY and len(node.args) == 1 and not node.keywords
        return node.args[0] if whole else node


def _is_ours(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == NAME


def _hidden_calls(cell: ExamCell) -> Iterator[str]:
    """The calls in lines that students do not see, but for those in examples."""
    left: list[ast.AST] = [one for one in (_parsed(cell.source),) if one is not None]
    while left:
        node = left.pop()
        if not _is_ours(node):
            left += ast.iter_child_nodes(node)
            if isinstance(node, ast.Call) and node.lineno in cell.hidden:
                yield ast.unparse(node)


# ---- as cells for the examiner -------------------------------------------------------------------


def rights_asked(examples: Sequence[Example]) -> list[ExamCell]:
    """Cells that have the source's own answers tell what is right."""
    return _cells([(f"right(lambda: {one.call})", one) for one in examples])


def right_of(outcome: Outcome) -> tuple[tuple[str, str], str]:
    """((what is right, as text and as it is shown), why there is none)."""
    facts = outcome.error.facts if outcome.error is not None else {}
    why = facts.get("why") or (outcome.error.what if outcome.error is not None else outcome.why)
    return (facts.get("gives", ""), facts.get("shown", "")), "" if facts.get("gives") else str(why)


def answers_asked(examples: Sequence[tuple[Example, str]], at: str, seed: int) -> list[ExamCell]:
    """Cells that hold a student's answers against what is right, as `right` had it.

    at: the cell before which the student's process is asked; "": the test cell of each. seed: of its draws.
    """
    return _cells([(f"compare(lambda: {one.call}, {right!r}, {seed})", one) for one, right in examples], at)


def wrong_of(outcome: Outcome) -> str:
    """What a student's answer gives where that is wrong; else ""."""
    wrong = outcome.how == FAILED and outcome.error is not None
    return outcome.error.facts.get("shown", "") if wrong and outcome.error is not None else ""


def _cells(asked: Sequence[tuple[str, Example]], at: str = "") -> list[ExamCell]:
    cells = [laid(0, TRIED)]
    for number, (source, one) in enumerate(asked):
        names = (one.function,)
        cells.append(
            ExamCell(f"{number}", f"{NUMPY}\n_kit.{source}", True, True, names, words=names, at=at or one.cell)
        )
    return cells
