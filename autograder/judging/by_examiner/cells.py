"""The tests of a source notebook as they are: which cells run in the examiner, and which names come from the student.

A student's are the names that the source's answer cells bind, and what they set in or on others. Imports there, and
whole definitions outside the solution regions, are the author's; and so is all that other cells bind.
"""

import ast
import builtins
import functools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.source_notebooks import WORD, cells_of

# marks of regions: nbgrader takes a line for one that has these words, whatever stands around them
BEGIN, END, HIDE, SHOW = "BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
SKIP_TAG = "skip-execution"
IMPORTS, DEFINITIONS = ast.Import | ast.ImportFrom, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# words of a test that may leave what its text does not show
UNSEEN = frozenset(
    ("random", "rand", "randn", "randint", "seed", "exec", "eval", "globals", "locals", "vars", "setattr")
)
MOST_CELLS = 1000  # whose text is read once: the author's are the same for all students
MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)


@dataclass(frozen=True)
class ExamCell:
    """A cell that the examiner runs: a test, or one of the author's own.

    asks: it names what is the student's, and so has a copy of the student's process to ask. names: what it needs of it;
    words: all names that it may use. gives: names that its visible lines bind and that the reference reads, too.
    hidden: numbers of lines that students do not see. parts: its test functions, where it has several. last: number of
    its last line, where it is an expression that names what is the student's; nbgrader takes its value as a score.
    at: the cell before which the student's process is asked, where it is another one.
    """

    name: str
    source: str
    is_test: bool
    asks: bool = False
    names: tuple[str, ...] = ()
    hidden: frozenset[int] = frozenset()
    parts: tuple[str, ...] = ()
    last: int = 0
    words: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    at: str = ""

    @property
    def moment(self) -> str:
        """The cell before which the student's process is asked."""
        return self.at or self.name


def exam_cells(path: Path) -> list[ExamCell]:
    """The cells that the examiner runs of a source notebook, in order.

    CourseError names a cell that is no Python, or has a region without an end.
    """
    found: list[ExamCell] = []
    theirs: set[str] = set()
    read: set[str] = set()  # words of the answers
    for number, cell in enumerate(cells_of(path)):
        if cell["cell_type"] != "code":
            continue
        grading, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
        name = grading.get("grade_id") or f"cell {number + 1}"
        for begin, end in ((BEGIN, END), (HIDE, SHOW)):
            if source.rfind(begin) > source.rfind(end):
                raise CourseError(f"{path}: cell {name}: {begin} has no {end} below it; write `### {end}` there")
        if grading.get("solution"):
            read |= _words(source)
            bound, source = _solved(path, name, source)
            theirs |= bound
        is_test = bool(grading.get("grade")) and not grading.get("solution")
        skipped = SKIP_TAG in cell["metadata"].get("tags", []) and not is_test
        if source.strip() and not skipped:
            hidden = frozenset(_between(lines_of(source), HIDE, SHOW))
            needed = _needed([*found, ExamCell(name, source, is_test)])
            names = tuple(sorted(theirs & needed))
            asks = is_test or bool(theirs & _needed([*found, ExamCell(name, source, False)]))
            parts = _test_functions(source) if is_test else ()
            gives = tuple(sorted(read.intersection(_shown_names(path, name, source)) - theirs)) if is_test else ()
            shows = is_test and not source.rstrip().endswith(";")
            last = _last_expression(_parsed(path, name, source), theirs) if shows else 0
            words = tuple(sorted(needed))
            found.append(ExamCell(name, source, is_test, asks, names, hidden, parts, last, words, gives))
    return found


def lines_of(source: str) -> list[str]:
    """The lines of a cell as Python and nbgrader count them; str.splitlines ends one at a form feed as well."""
    return source.split("\n")


def region_of(source: str) -> set[int]:
    """Numbers of an answer cell's lines that are the solution: those of its regions, or all where it has none."""
    lines = lines_of(source)
    return set(_between(lines, BEGIN, END)) or set(range(1, len(lines) + 1))


def imported(path: Path) -> Iterator[str]:
    """Modules that a source notebook imports at the top level of its cells."""
    for cell in cells_of(path):
        source = MAGIC.sub("pass", "".join(cell["source"]))
        tree = as_python(source) if cell["cell_type"] == "code" else None
        for node in tree.body if tree is not None else ():
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)  # some are no modules


def _shown_names(path: Path, name: str, source: str) -> set[str]:
    """Names that the lines of a test which students see bind at the top level, but for functions and imports."""
    statements = _parsed(path, name, as_shown(source)).body
    return {one for node in statements if not isinstance(node, DEFINITIONS) for one in _bound(node)}


def _last_expression(tree: ast.Module, theirs: set[str]) -> int:
    """The line of the last expression that names what is the student's; 0: there is none."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return 0
    names = {node.id for node in ast.walk(last) if isinstance(node, ast.Name)}
    return last.lineno if names & theirs else 0


def as_shown(source: str) -> str:
    """A test cell without its hidden regions, as it is released."""
    lines = lines_of(source)
    hidden = set(_between(lines, HIDE, SHOW))
    return "\n".join(line for number, line in enumerate(lines, start=1) if number not in hidden) if hidden else source


def _between(lines: Sequence[str], begin: str, end: str) -> Iterator[int]:
    """Numbers of the lines of all regions."""
    inside = False
    for number, line in enumerate(lines, start=1):
        inside = inside or begin in line
        if inside:
            yield number
        inside = inside and end not in line


def as_python(source: str) -> ast.Module | None:
    """A cell as Python; None where it is none, or has magics."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _test_functions(source: str) -> tuple[str, ...]:
    """Functions `test...` without parameters that a cell defines, where there are several: each is a part."""
    tree = as_python(source)
    found = [
        node.name
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
        if not any(vars(node.args).values()) and not node.decorator_list
    ]
    return tuple(dict.fromkeys(found)) if len(found) > 1 else ()


def _parsed(path: Path, name: str, source: str) -> ast.Module:
    try:
        return ast.parse(MAGIC.sub("pass", source))
    except SyntaxError as error:
        raise CourseError(f"{path}: cell {name}: no Python in line {error.lineno}; mend it") from None


def _solved(path: Path, name: str, source: str) -> tuple[set[str], str]:
    """What of an answer cell comes from the student, and the author's own lines. Without a region, all is solution."""
    lines = lines_of(source)
    region = region_of(source)
    bound: set[str] = set()
    own: list[str] = []
    for node in _parsed(path, name, source).body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        span = range(first, (node.end_lineno or first) + 1)
        if isinstance(node, IMPORTS) or (isinstance(node, DEFINITIONS) and region.isdisjoint(span)):
            own += lines[first - 1 : node.end_lineno]
        else:
            bound |= set(_bound(node))
    return bound, "\n".join(own)


def _bound(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds at the top level, and those that it sets an item or an attribute of."""
    if isinstance(node, DEFINITIONS):
        yield node.name
        return
    if isinstance(node, ast.Lambda | IMPORTS):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
        base: ast.AST = node
        while isinstance(base, ast.Attribute | ast.Subscript):
            base = base.value
        if isinstance(base, ast.Name):
            yield base.id
    if isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def needed_by(wanted: Collection[str], cells: Sequence[ExamCell]) -> list[ExamCell]:
    """Of all cells those without which these tests could end otherwise: no test that leaves nothing they use."""
    words = set().union(*(_needed(cells[: n + 1]) for n, cell in enumerate(cells) if cell.name in wanted))
    modules = {name for cell in cells for name in _left_by(cell.source).modules}
    tests = {cell.name: _left_by(cell.source) for cell in cells if cell.is_test and cell.name not in wanted}
    in_vain = {name for name, left in tests.items() if not words & (left.bound | left.called - modules)}
    return [cell for cell in cells if cell.name not in in_vain]


@dataclass(frozen=True)
class _Left:
    """Names that a cell binds or sets something of, those of modules, and those that a call may change something of."""

    bound: frozenset[str]
    modules: frozenset[str]
    called: frozenset[str]


@functools.lru_cache(MOST_CELLS)
def _left_by(source: str) -> _Left:
    """What a cell leaves; of one that draws, or does anything that its text does not show, all its words."""
    tree, words = as_python(source), _words(source)
    if tree is None or not words.isdisjoint(UNSEEN) or "import *" in source:
        return _Left(words, frozenset(), frozenset())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    functions = {one.func for one in calls if isinstance(one.func, ast.Name)}
    called = (node for one in calls for node in ast.walk(one) if isinstance(node, ast.Name) and node not in functions)
    parts = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Subscript))
    sets = (node for one in parts if not isinstance(one.ctx, ast.Load) for node in ast.walk(one.value))
    imports = (node for node in ast.walk(tree) if isinstance(node, IMPORTS))
    return _Left(
        bound=frozenset(bound_in(tree)) | {node.id for node in sets if isinstance(node, ast.Name)},
        modules=frozenset(name for node in imports for name in bound_in(node)),
        called=frozenset(node.id for node in called) - vars(builtins).keys(),
    )


def bound_in(tree: ast.AST) -> Iterator[str]:
    """Names that are bound anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, IMPORTS):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


@functools.lru_cache(MOST_CELLS)
def _words(source: str) -> frozenset[str]:
    return frozenset(re.findall(WORD, unicodedata.normalize("NFKC", source)))  # as Python reads names


def _needed(cells: Sequence[ExamCell]) -> set[str]:
    """The words of the last cell, and of each cell before it that may bind one of them."""
    needed = set(_words(cells[-1].source))
    left = cells[:-1]
    while more := [cell for cell in left if needed & _defines(cell.source)]:
        left = [cell for cell in left if cell not in more]
        for cell in more:
            needed |= _words(cell.source)
    return needed


@functools.lru_cache(MOST_CELLS)
def _defines(source: str) -> frozenset[str]:
    """Names that a cell may bind, by its text."""
    text = unicodedata.normalize("NFKC", source)
    found = re.findall(rf"^(?:async\s+)?(?:def|class)\s+({WORD})|^({WORD})\s*(?:[,:=]|[-+*/]=)", text, re.MULTILINE)
    return frozenset(one for pair in found for one in pair if one)
