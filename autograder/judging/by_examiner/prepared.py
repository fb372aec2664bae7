"""A notebook's exam cells as the examiner gets them: tests that tell what they compared, and call no part of their own.

Lines stay where they are: texts are put in within a line. The examiner calls the parts (examination.py).
"""

import ast
import functools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.judging.by_examiner.cells import MOST_CELLS, ExamCell, as_python, lines_of

TOOLS, TOLD = (Path(__file__).parent / name for name in ("testing_tools.py", "told.py"))
PRELUDE = "the kit's own"
OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
PAIRS = ("allclose", "isclose", "array_equal", "close", "isinstance")  # calls whose first two arguments are compared
NEVER = ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom | ast.Starred
Edit = tuple[int, int, str]  # bytes from, to, what stands there then


def prepared(cells: Sequence[ExamCell], seed: int) -> list[ExamCell]:
    """The cells, after one that lays the tools."""
    return [laid(seed, TOLD), *map(_prepared, cells)]


def laid(seed: int, kit: Path) -> ExamCell:
    """A cell that lays the tools of tests, and `_kit`, a module of ours. seed: that fresh() draws from."""
    lines = ["import sys, types"]
    for name, path, last in ((TOOLS.stem, TOOLS, f"SEED = {seed}"), ("_kit", kit, "")):
        text = f"{path.read_text(encoding='utf-8')}\n{last}\n"
        lines += [f"_kit = types.ModuleType({name!r})", f"exec({text!r}, vars(_kit))"]
        lines += [f"sys.modules[{name!r}] = _kit", f"from {name} import close, examples, fresh"] * (path is TOOLS)
    return ExamCell(PRELUDE, "\n".join(lines), False)


def without_hidden(cells: Sequence[ExamCell]) -> list[ExamCell]:
    """The same cells with empty lines in place of those that students do not see."""
    return [_shown(cell) if cell.hidden else cell for cell in cells]


def _shown(cell: ExamCell) -> ExamCell:
    source = _blank(cell)
    parts = tuple(part for part in cell.parts if f"def {part}(" in source)
    return replace(cell, source=source, hidden=frozenset(), parts=parts)


def _blank(cell: ExamCell) -> str:
    lines = lines_of(cell.source)
    return "\n".join("" if number in cell.hidden else line for number, line in enumerate(lines, start=1))


@functools.lru_cache(MOST_CELLS)
def _prepared(cell: ExamCell) -> ExamCell:
    if not cell.is_test:
        return cell
    tree, data = as_python(cell.source), cell.source.encode()
    if tree is None:
        return cell
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    at = _Places(starts)
    edits = [edit for node in ast.walk(tree) if isinstance(node, ast.Assert) for edit in _told(node, at, data, cell)]
    calls = [node for node in tree.body if cell.parts and called_part(node, cell.parts)]
    edits += [(*at.span(node), "pass") for node in calls]
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text.encode() + data[end:]
    return replace(cell, source=data.decode())


def called_part(node: ast.stmt, parts: Collection[str]) -> str:
    """The test function that a statement calls, and does nothing else; or ""."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
        return node.value.func.id if node.value.func.id in parts else ""
    return ""


class _Places:
    """Where nodes stand in the bytes of a cell."""

    def __init__(self, starts: Sequence[int]) -> None:
        self._starts = starts

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """From and to."""
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0),
        )


def _told(node: ast.Assert, at: _Places, data: bytes, cell: ExamCell) -> Iterator[Edit]:
    """Edits that have an assert tell its values. A hidden one stays as it is: what it compares is not told."""
    if not cell.hidden.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1)):
        return
    if any(isinstance(below, NEVER) for below in ast.walk(node.test)):
        return
    compared = [_compared(one) for one in _all_of(node.test)]
    form = compared[0][0] if len({form for form, _ in compared}) == 1 else ", ".join("{}" for _ in compared[0][1])
    names = [f"_kit_{number}" for number in range(len(compared[0][1]))]
    for _, shown in compared:  # of several the last one that was looked at is the one that fails
        for name, one in zip(names, shown, strict=True):
            start, end = at.span(one)
            yield start, start, f"({name} := ("
            yield end, end, "))"
    told = ", ".join((repr(form), *names))
    if node.msg is None:
        end = at.span(node)[1]
        yield end, end, f", _kit.sides(None, {told})"
    else:
        start, end = at.span(node.msg)
        yield start, end, f"_kit.sides({data[start:end].decode()}, {told})"


def _all_of(test: ast.expr) -> Sequence[ast.expr]:
    """The sides of an `and` that compare alike many values; else the whole."""
    together = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And)
    sides = test.values if together and isinstance(test, ast.BoolOp) else []
    return sides if len({len(_compared(one)[1]) for one in sides}) == 1 else (test,)


def _compared(test: ast.expr) -> tuple[str, Sequence[ast.expr]]:
    """How the values of an assert are told, and which they are."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        form, shown = _compared(test.operand)
        return f"not ({form})", shown
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return f"{{}} {OPERATORS[type(test.ops[0])]} {{}}", (test.left, test.comparators[0])
    if isinstance(test, ast.Call) and len(test.args) >= 2:
        name = test.func.attr if isinstance(test.func, ast.Attribute) else getattr(test.func, "id", "")
        if name in PAIRS:
            return f"{name}({{}}, {{}})", test.args[:2]
    return "{}", (test,)
