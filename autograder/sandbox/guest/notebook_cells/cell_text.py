"""What of a cell is run where it cannot be run as it stands: it fails here alone, or a stub's line was left in it."""

import ast
import re
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

# calls that set a style, a backend or a drive: of the student's machine, and of no task
ELSEWHERE = re.compile(
    r"(.*\.)?(style\.use|(matplotlib|mpl)\.use|(plt|pyplot)\.switch_backend|drive\.mount|files\.upload)"
)
MAGIC = re.compile(r"get_ipython\(\)\.(run_line_magic|run_cell_magic|system|getoutput)\(")
IMPORTS_AND_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
STUB = "NotImplementedError"
IN_THOUSANDS = re.compile(r"(?<![\w.,'\"])\d{1,3}(?:,\d{3})+(?![\w.,'\"])")


def definitions(text: str) -> str:
    """Only the imports, definitions and plain constants of a cell that is not run as a whole."""
    return ast.unparse(ast.Module([node for node in ast.parse(text).body if _is_constant(node)], []))


def _is_constant(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        try:
            ast.literal_eval(node.value)
        except ValueError:
            return False
        return True
    return isinstance(node, IMPORTS_AND_DEFINITIONS)


def left_after(text: str, error: BaseException, name: str) -> list[ast.stmt]:
    """What still runs of a cell (as plain Python) that an error ended which it meets only here: its definitions.

    name: of the cell, as its code is called. Nothing where the error is of another kind: the cell ends as in Jupyter.
    """
    line = _line(error.__traceback__, name)
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    at = next((n for n, node in enumerate(body) if node.lineno <= line <= (node.end_lineno or 0)), None)
    if at is None or not _only_here(body[at], error):
        return []
    rest = body[at + 1 :]
    if isinstance(body[at], ast.Expr) and (inner := _magic_body(body[at])):
        rest = [*inner, *rest]
    return [node for node in rest if isinstance(node, IMPORTS_AND_DEFINITIONS + ASSIGNMENTS)]


def _line(at: TracebackType | None, name: str) -> int:
    """The line of the cell itself that an error came through."""
    while at is not None:
        if at.tb_frame.f_code.co_filename == name and at.tb_frame.f_code.co_name == "<module>":
            return at.tb_lineno
        at = at.tb_next
    return 0


def _only_here(node: ast.stmt, error: BaseException) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return isinstance(error, ImportError)
    value = getattr(node, "value", None)
    if not isinstance(value, ast.Call):
        return False
    return bool(MAGIC.match(ast.unparse(value)) or ELSEWHERE.fullmatch(ast.unparse(value.func)))


def _magic_body(node: ast.stmt) -> list[ast.stmt]:
    """The cell below a cell magic (`%%name`), which IPython gives to it as text."""
    call: Any = node.value  # type: ignore[attr-defined]
    if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "run_cell_magic" and len(call.args) == 3):
        return []
    try:
        inner = ast.parse(ast.literal_eval(call.args[2])).body
    except (SyntaxError, ValueError):
        return []
    return [ast.increment_lineno(one) for one in inner]


def answer(text: str) -> str:
    """An answer without the stub's `raise NotImplementedError` above what was written, and with 557,057 as a number."""
    if STUB not in text and not IN_THOUSANDS.search(text):
        return text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return _in_thousands(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as Python's; splitlines() finds more
    for left in _left_stubs(tree):
        line = lines[left.lineno - 1].encode()
        start, end = left.col_offset, left.end_col_offset or 0
        if left.end_lineno == left.lineno:
            lines[left.lineno - 1] = (line[:start] + b"pass" + line[end:]).decode()
    return "\n".join(lines)


def _left_stubs(tree: ast.Module) -> Iterator[ast.Raise]:
    """The stubs' raise, where something was written below it in the same body."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    for body in (tree.body, *(node.body for node in functions)):
        for at, node in enumerate(body):
            if isinstance(node, ast.Raise) and _is_stub(node) and any(_written(one) for one in body[at + 1 :]):
                yield node


def _is_stub(node: ast.Raise) -> bool:
    raised: Callable[..., Any] | Any = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == STUB


def _written(node: ast.stmt) -> bool:
    return not isinstance(node, ast.Pass | ast.Raise) and not (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _in_thousands(text: str) -> str:
    """A text that is no Python, where numbers lose their commas; as it stands where that is none either."""
    plain = IN_THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    try:
        ast.parse(plain)
    except (SyntaxError, ValueError):
        return text
    return plain
