"""Whether a notebook's functions are pure: then nothing can remain of one call when the next comes.

Tests are asked of a copy of the notebook's process each, so that no test learns what another one has asked. Where every
line of the student's belongs to the small part of Python below, there is no place to keep anything in, and one process
does for all. The tables say what is known to be harmless; what stands in none of them is not pure.

Where something could be kept: in objects that outlive a call (global ones, defaults, attributes, closures), in files
and processes, and in free memory. That is read by arrays that are not filled, and by addresses of objects made anew:
when these are shown as text, compared by `is`, or put into a set. It is long, so that the whole of what is taken for
harmless can be read, and doubted, in one place.
"""

import ast
import functools
import math
import re
import symtable
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from autograder.judging.by_examiner.cells import MAGIC, MOST_CELLS, as_python, bound_in
from autograder.submissions.align import LOCKED, TEST, Cell

BUILTINS = frozenset(
    (
        *("abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "int", "isinstance", "len"),
        *("list", "map", "max", "min", "pow", "print", "range", "reversed", "round", "sorted", "str", "sum", "tuple"),
        "zip",
    )
)
# what may be caught: not that memory has run out, which tells how much others have left
ERRORS = frozenset(
    (
        *("ArithmeticError", "AssertionError", "AttributeError", "IndexError", "KeyError", "LookupError", "NameError"),
        *("NotImplementedError", "OverflowError", "TypeError", "ValueError", "ZeroDivisionError"),
    )
)
RAISED = ERRORS | {"Exception", "RuntimeError"}
# objects of their own, which have addresses; two views of keys make a set
SERIES = frozenset(("enumerate", "filter", "map", "reversed", "zip"))
VIEWS = frozenset(("items", "keys", "values"))
TAKE_A_SERIES = frozenset(("all", "any", "dict", "list", "max", "min", "sorted", "sum", "tuple"))  # of one argument
METHODS_THAT_DO = frozenset(("extend", "join", "update"))
METHODS = frozenset(
    (
        *("append", "capitalize", "clear", "copy", "count", "endswith", "extend", "find", "get", "index", "insert"),
        *("isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "items", "join", "keys", "lower", "lstrip"),
        *("pop", "remove", "replace", "reverse", "rstrip", "setdefault", "sort", "split", "splitlines", "startswith"),
        *("strip", "title", "update", "upper", "values", "zfill"),
        *("all", "any", "argmax", "argmin", "astype", "cumsum", "dot", "fill", "flatten", "max", "mean", "min", "prod"),
        *("ravel", "repeat", "reshape", "round", "std", "sum", "tolist", "transpose", "var"),
    )
)
DATA = frozenset(("T", "imag", "ndim", "real", "shape", "size"))
NUMPY = frozenset(
    (
        *("abs", "absolute", "add", "all", "allclose", "any", "arange", "argmax", "argmin", "argsort", "array"),
        *("array_equal", "asarray", "ceil", "clip", "column_stack", "concatenate", "cos", "cosh", "cumsum", "diag"),
        *("diff", "divide", "dot", "e", "equal", "exp", "expand_dims", "eye", "float64", "floor", "full", "full_like"),
        *("hstack", "identity", "inf", "inner", "int64", "isclose", "isfinite", "isinf", "isnan", "linspace", "log"),
        *("log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "matmul", "max", "maximum", "mean"),
        *("median", "min", "minimum", "mod", "multiply", "nan", "negative", "newaxis", "ones", "ones_like", "outer"),
        *("pi", "power", "prod", "ravel", "repeat", "reshape", "round", "shape", "sign", "sin", "sinh", "size", "sort"),
        *("sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "tan", "tanh", "tile", "trace"),
        *("transpose", "unique", "var", "vstack", "where", "zeros", "zeros_like"),
    )
)
MODULES = {"numpy": NUMPY, "math": frozenset(name for name in vars(math) if not name.startswith("_"))}
CONSTANTS = frozenset(("e", "inf", "nan", "newaxis", "pi", "tau"))  # of these; the rest are functions, and are called
# how many arguments have a place before that of a type of numbers: one of the author's making may have gaps
BEFORE_A_TYPE = dict.fromkeys(("array", "asarray", "identity", "ones", "ones_like", "zeros", "zeros_like"), 1)
BEFORE_A_TYPE |= dict.fromkeys(("full", "full_like", "mean", "prod", "std", "sum", "var"), 2)
BEFORE_A_TYPE |= dict.fromkeys(("arange", "eye", "linspace"), 3)
NUMBERS = frozenset(("bool", "float", "int"))
KINDS = frozenset(("dict", "list", "str", "tuple")) | NUMBERS
USUAL = {"np": "numpy", "numpy": "numpy", "math": "math"}  # what modules may be called
NEVER = frozenset(("file", "where"))  # named arguments: of numpy's, one that leaves entries as free memory is
LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029\r]")  # which only some take for such
LONGEST = 20_000  # characters of a cell that is read
WITH_A_KEY = frozenset(("max", "min", "sort", "sorted"))
NO_VALUES = SERIES | RAISED | USUAL.keys() | {"str"}  # names that only stand where something is done with them
SIGNS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
PLAIN_NODES = frozenset(
    (
        *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.IfExp, ast.Tuple, ast.List, ast.Dict, ast.Subscript, ast.Slice),
        *(ast.Starred, ast.NamedExpr, ast.JoinedStr, ast.FormattedValue, ast.ListComp, ast.DictComp, ast.Return),
        *(ast.Assign, ast.AugAssign, ast.While, ast.If, ast.Assert, ast.Expr, ast.Pass, ast.Break, ast.Continue),
    )
)


def read(cells: Sequence[Cell]) -> "Names | None":
    """The names of a notebook of which all functions that a student has written are pure; else None.

    cells: as they run. What the author's cells bind in other ways, no function of the student's may use.
    """
    try:
        return _pure_names([cell for cell in cells if cell.runs])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _pure_names(cells: Sequence[Cell]) -> "Names | None":
    names, taken = Names(), list[_Line]()
    for cell in cells:
        by_author = cell.role in (LOCKED, TEST)
        lines = _lines(MAGIC.sub("pass", cell.source) if by_author else cell.source)
        if lines is None or not (by_author or _runs_as_it_stands(cell.source, lines)):
            return None
        for line in lines:
            if not by_author and not line.is_pure:
                return None
            imports = isinstance(line.node, ast.Import)
            if line.is_pure and (not by_author or imports or (cell.role == LOCKED and names.are_enough_for(line))):
                names.take(line)
                taken.append(line)
            else:
                names.unknown.update(line.binds)
    return names if names.are_plain and all(map(names.are_enough_for, taken)) else None


def _runs_as_it_stands(source: str, lines: Sequence["_Line"]) -> bool:
    """Whether IPython runs a cell of a student's as it was read: it knows prompts, and magics in a single line."""
    alone = "\n" not in source.strip()
    may_be_magic = alone and not all(line.is_definition for line in lines)
    return not may_be_magic and "In [" not in source and LINE_ENDS.search(source) is None


@dataclass(frozen=True)
class _Line:
    """A statement at the top of a cell. uses: names that it, and no function in it, binds or looks up.

    looked_up, local: names of its functions.
    """

    node: ast.stmt
    is_pure: bool
    binds: frozenset[str]
    uses: frozenset[str] = frozenset()
    looked_up: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()

    @property
    def is_definition(self) -> bool:
        """Whether it is an import, a function, or gives values to names."""
        node = self.node
        named = isinstance(node, ast.Assign) and all(isinstance(one, ast.Name) for one in node.targets)
        return named or isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)

    @property
    def is_constant(self) -> bool:
        """Whether it gives names a value that nobody can change."""
        return self.is_definition and isinstance(getattr(self.node, "value", None), ast.Constant)


@functools.lru_cache(MOST_CELLS)
def _lines(source: str) -> tuple[_Line, ...] | None:
    """The lines of a cell: the author's are those of all students; None where it is no Python."""
    tree = as_python(source)
    if tree is None or len(source) > LONGEST or "import *" in source:
        return None
    return tuple(_line(node, source if len(tree.body) == 1 else "") for node in tree.body)


def _line(node: ast.stmt, source: str) -> _Line:
    if not _is_pure_line(node):
        return _Line(node, False, frozenset(bound_in(node)))
    binds = frozenset([node.name] if isinstance(node, ast.FunctionDef) else bound_in(node))
    top = symtable.symtable(source or ast.unparse(node), "cell", "exec")
    within = [one for table in _functions(top) for one in table.get_symbols()]
    looked_up = frozenset(one.get_name() for one in within if one.is_global())
    local = frozenset(one.get_name() for one in within if not one.is_global())
    return _Line(node, True, binds, frozenset(one.get_name() for one in top.get_symbols()), looked_up, local)


class Names:
    """What a notebook's cells bind: what stays as it is, modules, values, and what is not known."""

    def __init__(self) -> None:
        self.fixed: set[str] = set()
        self.modules: dict[str, str] = {}
        self.values: set[str] = set()
        self.unknown: set[str] = set()

    def take(self, line: _Line) -> None:
        """Note what a pure line binds."""
        node = line.node
        if isinstance(node, ast.Import):
            self.modules.update((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            self.fixed.add(node.name)
        elif isinstance(node, ast.ImportFrom) or line.is_constant:
            self.fixed.update(line.binds)
        else:
            self.values.update(line.binds)

    @property
    def are_plain(self) -> bool:
        """Whether modules go by their usual names, and nothing else by these or by a builtin's."""
        bound = self.fixed | self.values | self.unknown
        return self.modules.items() <= USUAL.items() and bound.isdisjoint(self._known)

    def are_enough_for(self, line: _Line) -> bool:
        """Whether its functions look up what stays as it is, and the line itself what pure lines have bound."""
        within = all(map(self._stays, line.looked_up)) and line.local.isdisjoint(self._known)
        return within and all(one in self.values or one in line.binds or self._stays(one) for one in line.uses)

    def in_vain(self, cells: Sequence[Cell]) -> list[str]:
        """Tests that need not run in the notebook: what students see of them asserts, and does nothing else."""
        tests = [(cell.name, _lines(cell.source)) for cell in cells if cell.role == TEST]
        return [name for name, lines in tests if lines is not None and all(map(self._only_asserts, lines))]

    def _only_asserts(self, line: _Line) -> bool:
        """Whether a line compares what pure code gives to constants, and leaves nothing: no value is handed over."""
        compares = isinstance(line.node, ast.Assert) and line.is_pure and not line.binds
        return compares and all(map(self._stays, line.uses | line.looked_up))

    def _stays(self, name: str) -> bool:
        kept = name in self.fixed or name in self.modules or name in self._known
        return kept and name not in self.values and name not in self.unknown

    _known = BUILTINS | RAISED | USUAL.keys()


def _functions(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """The tables of all functions, and of what is one to Python: comprehensions."""
    for child in table.get_children():
        yield child
        yield from _functions(child)


def _is_pure_line(node: ast.stmt) -> bool:
    """Whether a line at the top of a cell is of the small part."""
    if isinstance(node, ast.Import):
        return all(alias.name in MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module == "math" and not node.level and all(one.name in MODULES["math"] for one in node.names)
    if isinstance(node, ast.FunctionDef):
        given = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        hints = [node.returns, *(one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg))]
        plain = not node.decorator_list and not getattr(node, "type_params", ())
        return plain and all(map(_is_plain_constant, given)) and all(map(_is_hint, hints)) and _are_pure(node.body)
    return _is_pure(node)


def _is_hint(node: ast.expr | None) -> bool:
    """Whether it names types, as `int` or `list[float]`."""
    if isinstance(node, ast.Subscript):
        return _is_hint(node.value) and _is_hint(node.slice)
    if isinstance(node, ast.Tuple):
        return all(map(_is_hint, node.elts))
    return node is None or (isinstance(node, ast.Name) and node.id in KINDS) or _is_plain_constant(node)


def _is_plain_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, bytes)


def _are_pure(nodes: Sequence[ast.AST]) -> bool:
    return all(map(_is_pure, nodes))


def _is_pure(node: ast.AST, is_taken: bool = False) -> bool:
    """Whether a node is of the small part, with all that is below it.

    is_taken: an object that gives one item after another may stand here: nobody sees it but who takes its items.
    """
    kind = type(node)
    if kind in PLAIN_NODES:
        return _are_pure(list(ast.iter_child_nodes(node)))
    rule = RULES.get(kind)
    return isinstance(node, SIGNS) if rule is None else rule(node, is_taken)


def _is_known_name(node: ast.Name, is_taken: bool) -> bool:
    return not (node.id.startswith("__") or node.id in NO_VALUES)


def _is_plain_try(node: ast.Try, is_taken: bool) -> bool:
    return not node.finalbody and _are_pure([*node.body, *node.handlers, *node.orelse])


def _is_plain_handler(node: ast.ExceptHandler, is_taken: bool) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return node.name is None and all(_is_error(one, ERRORS) for one in kinds) and _are_pure(node.body)


def _is_plain_raise(node: ast.Raise, is_taken: bool) -> bool:
    return (node.exc is None or _is_error(node.exc, RAISED)) and node.cause is None


def _is_comparison(node: ast.Compare, is_taken: bool) -> bool:
    by_address = any(isinstance(one, ast.Is | ast.IsNot) for one in node.ops)
    fixed = all(isinstance(one, ast.Constant) for one in node.comparators)
    return (fixed or not by_address) and _are_pure([node.left, *node.comparators])


def _is_loop(node: ast.For | ast.comprehension, is_taken: bool) -> bool:
    below = (one for one in ast.iter_child_nodes(node) if one is not node.iter)
    return not getattr(node, "is_async", 0) and _is_pure(node.iter, True) and all(map(_is_pure, below))


def _is_pure_call(node: ast.Call, is_taken: bool) -> bool:
    """Whether a known function is called by its name, or a method of a value, in a way that is known."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    args = list(node.args)
    keys = [one for one in node.keywords if _is_plain_key(one) and (name or method) in WITH_A_KEY]
    named = [one for one in node.keywords if one not in keys and not _is_type(one)]
    if (name in SERIES or method in VIEWS) and not is_taken:
        return False
    if name == "str" and (len(args) != 1 or node.keywords or isinstance(args[0], ast.Starred)):
        return False
    if name == "isinstance":
        return len(args) == 2 and not node.keywords and _is_pure(args[0]) and _is_hint(args[1])
    if name == "map" and len(args) == 2 and isinstance(args[0], ast.Name) and args[0].id == "str":
        args = args[1:]
    takes = name in SERIES or ((name in TAKE_A_SERIES or method in METHODS_THAT_DO) and len(args) == 1)
    return (
        _is_known(node, args)
        and not any(one.arg is None or one.arg in NEVER or one.arg == "dtype" for one in named)
        and all(_is_pure(one, takes) for one in args)
        and all(_is_pure(one.value) for one in named)
    )


def _is_known(node: ast.Call, args: Sequence[ast.expr]) -> bool:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id in SERIES or function.id == "str" or _is_pure(function)
    if not isinstance(function, ast.Attribute):
        return False
    if isinstance(function.value, ast.Name) and function.value.id in USUAL:
        few = len(args) <= BEFORE_A_TYPE.get(function.attr, len(args))
        known = function.attr in MODULES[USUAL[function.value.id]] - CONSTANTS
        return known and few and not any(isinstance(one, ast.Starred) for one in args)
    if function.attr == "astype":
        return len(args) == 1 and not node.keywords and _is_number(args[0]) and _is_pure(function.value)
    return function.attr in METHODS and _is_pure(function.value)


def _is_type(node: ast.keyword) -> bool:
    """Whether it is `dtype=`, a usual type of numbers."""
    return node.arg == "dtype" and _is_number(node.value)


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return USUAL.get(node.value.id) == "numpy" and node.attr in ("float64", "int64")
    return isinstance(node, ast.Name) and node.id in NUMBERS


def _is_plain_key(node: ast.keyword) -> bool:
    """Whether it is `key=lambda ...`, which is nowhere else."""
    if node.arg != "key" or not isinstance(node.value, ast.Lambda):
        return False
    args = node.value.args
    return not (args.defaults or any(args.kw_defaults)) and _is_pure(node.value.body)


def _is_error(node: ast.expr | None, known: Collection[str]) -> bool:
    """Whether one of these errors is named, or made with a pure text."""
    if isinstance(node, ast.Call):
        return not node.keywords and _are_pure(node.args) and _is_error(node.func, known)
    return isinstance(node, ast.Name) and node.id in known


def _is_read(node: ast.Attribute) -> bool:
    """Whether it is a constant of a module, or what a value tells of itself."""
    if not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(node.value, ast.Name) and node.value.id in USUAL:
        return node.attr in MODULES[USUAL[node.value.id]] & CONSTANTS
    return node.attr in DATA and _is_pure(node.value)


RULES: dict[type[ast.AST], Callable[..., bool]] = {
    ast.Constant: lambda node, is_taken: _is_plain_constant(node),
    ast.Name: _is_known_name,
    ast.Attribute: lambda node, is_taken: _is_read(node),
    ast.Call: _is_pure_call,
    ast.Compare: _is_comparison,
    ast.GeneratorExp: lambda node, is_taken: is_taken and _are_pure(list(ast.iter_child_nodes(node))),
    ast.For: _is_loop,
    ast.comprehension: _is_loop,
    ast.Try: _is_plain_try,
    ast.ExceptHandler: _is_plain_handler,
    ast.Raise: _is_plain_raise,
}
