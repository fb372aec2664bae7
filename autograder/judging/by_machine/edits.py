"""Single edits of a reference's function, made by machine: what one slip would make of a right answer.

The text is spliced where `ast` says that something stands, so its form stays. `ast` counts bytes of UTF-8, and
so does this module. What it makes depends on the text alone, in the order in which it stands there.

It is long, so that all kinds of edits are seen together.
"""

import ast
import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

MOST = 1000  # edits of one function: a homework's answer of 25 lines has about 100
MOST_KEYS, MOST_NAMES = 3, 2  # in place of one


class Kind(StrEnum):
    """What an edit does."""

    OPERATOR = "operator"  # a + b: a - b
    TERM = "term"  # a + b: a
    ORDER = "order"  # a - b: b - a
    SIGN = "sign"  # -a: a
    COMPARISON = "comparison"  # a < b: a <= b
    CONSTANT = "constant"  # 1: 2
    KEY = "key"  # d["a"]: d["b"]
    NAME = "name"  # a: b
    INDEX = "index"  # a[i]: a
    AXIS = "axis"  # axis=0: axis=1
    CALL = "call"  # a.max(): a.min(), and log(a): a
    KEYWORD = "keyword"  # f(a, k=1): f(a)
    LINE = "line"  # a line is left out


@dataclass(frozen=True)
class Edit:
    """One edit.

    old, new: the smallest whole expression that it changes, before and after; of a line that is left out, the line
    before, after: the same with the lines around it, as they stand in the text
    place: 1; 2 for the second edit of the function that has the same `before` and `after`, and so on
    text: of the whole module, with the edit in it
    """

    function: str
    kind: Kind
    line: int
    old: str
    new: str
    before: str
    after: str
    text: str
    place: int = 1

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What stays the same where other lines of the module come and go."""
        return self.function, self.before, self.after, self.place


@dataclass(frozen=True)
class _Change:
    """data[start:end] becomes `new`; `whole` is the expression around it."""

    kind: Kind
    start: int
    end: int
    new: str
    whole: tuple[int, int]


OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.MatMult: ("@", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "|"),
}
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)  # a b is not b a
COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">")),
    ast.LtE: ("<=", ("<", ">=")),
    ast.Gt: (">", (">=", "<")),
    ast.GtE: (">=", (">", "<=")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
TWINS = (
    ("max", "min"),
    ("maximum", "minimum"),
    ("argmax", "argmin"),
    ("sum", "mean"),
    ("std", "var"),
    ("any", "all"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("floor", "ceil"),
    ("sin", "cos"),
    ("hstack", "vstack"),
    ("log", "log10"),
)
TWIN = {name: other for pair in TWINS for name, other in (pair, pair[::-1])} | {"log10": "log"}
SYMMETRIC = ("max", "min", "maximum", "minimum")  # their first two inputs may change places
ATOMS = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict, ast.Set, ast.ListComp)
AXES = ("axis", "dim")
NOTHING = re.compile(rb"(?:[\s()\\]|#[^\n]*)*")  # between an operand and its operator


def edits_of(text: str, function: str) -> Iterator[Edit]:
    """The edits of a function ("Class.method") of a text, at most MOST: each is Python, and no two are the same.

    The signature and the docstring stay: they are the task. So does what is only shown (f-strings).
    """
    source = _Source(text, function)
    body = source.node.body[ast.get_docstring(source.node) is not None :]
    found = itertools.chain.from_iterable(_of_statement(source, body, statement) for statement in body)
    seen, places = {source.meaning(source.data)}, dict[tuple[str, str, str, int], int]()
    return itertools.islice(_made(source, found, seen, places), MOST)


def _made(
    source: "_Source", changes: Iterator[_Change], seen: set[str], places: dict[tuple[str, str, str, int], int]
) -> Iterator[Edit]:
    for change in changes:
        data = source.data[: change.start] + change.new.encode() + source.data[change.end :]
        meaning = source.meaning(data)
        if meaning and meaning not in seen:
            seen.add(meaning)
            edit = source.edit(change, data)
            places[edit.key] = place = places.get(edit.key, 0) + 1
            yield replace(edit, place=place)


class _Source:
    """A module's text as bytes, with a function of it."""

    def __init__(self, text: str, function: str) -> None:
        self.data = text.encode("utf-8")
        self.lines = [0, *(match.end() for match in re.finditer(rb"\n", self.data))]  # where each begins
        self.tree = ast.parse(text)
        self.name = function
        *classes, name = function.split(".")
        body = self.tree.body
        for one in classes:
            body = next(n.body for n in body if isinstance(n, ast.ClassDef) and n.name == one)
        self.node = next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == name)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.node))

    @cached_property
    def modules(self) -> set[str]:
        """Names that are modules."""
        found = [n for n in ast.walk(self.tree) if isinstance(n, ast.Import)]
        return {(name.asname or name.name).partition(".")[0] for node in found for name in node.names}

    @cached_property
    def own(self) -> set[str]:
        """Functions and classes of the module itself."""
        return {n.name for n in self.tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}

    @cached_property
    def keys(self) -> list[str]:
        """Texts by which the function looks something up, or stores it."""
        found = [n.slice for n in self.nodes if isinstance(n, ast.Subscript)]
        found += [key for n in self.nodes if isinstance(n, ast.Dict) for key in n.keys if key is not None]
        texts = [n.value for n in found if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        return sorted(dict.fromkeys(texts))

    @cached_property
    def names(self) -> dict[str, int]:
        """Inputs of the function, and what it gives a name: from which line on they are there."""
        found = {argument.arg: self.node.lineno for argument in self.node.args.args}
        stored = [n for n in self.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        for node in sorted(stored, key=lambda n: (n.lineno, n.col_offset)):
            found.setdefault(node.id, node.lineno)
        return found

    @cached_property
    def of_keywords(self) -> set[int]:
        """Numbers, True and False that are edited with their keyword."""
        found = [k for n in self.nodes if isinstance(n, ast.Call) for k in n.keywords]
        theirs = [k.value for k in found if _is_bool(k.value) or (k.arg in AXES and _whole_number(k.value) is not None)]
        return {id(inner) for value in theirs for inner in ast.walk(value)}

    def at(self, line: int | None, column: int | None) -> int:
        """Place of a line (from 1) and column (in bytes)."""
        return self.lines[(line or 1) - 1] + (column or 0)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Where a node begins and ends; parentheses around an operand do not belong to it."""
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def cut(self, start: int, end: int) -> str:
        """The text between two places."""
        return self.data[start:end].decode("utf-8")

    def find(self, symbol: str, after: ast.expr, before: ast.expr | int) -> tuple[int, int] | None:
        """Where a symbol stands behind an operand; None where it stands otherwise than in plain code."""
        start = NOTHING.match(self.data, self.span(after)[1])
        place = start.end() if start else 0
        limit = before if isinstance(before, int) else self.span(before)[0]
        found = place < limit and self.data.startswith(symbol.encode(), place)
        return (place, place + len(symbol)) if found else None

    def meaning(self, data: bytes) -> str:
        """What the function says, whatever its form; "" where it is no Python."""
        start, end = self.span(self.node)
        text = data[start : end + len(data) - len(self.data)].decode("utf-8")
        try:
            return ast.dump(ast.parse(textwrap.dedent(" " * self.node.col_offset + text)))
        except (SyntaxError, ValueError):
            return ""

    def edit(self, change: _Change, data: bytes) -> Edit:
        """The record of a change, which gave `data`."""
        more = len(data) - len(self.data)
        first = self.data.rfind(b"\n", 0, change.start) + 1
        last = self.data.find(b"\n", max(change.start, change.end - 1))
        last = len(self.data) if last < 0 else last

        def texts(start: int, end: int) -> tuple[str, str]:
            shown = (self.data[start:end], data[start : max(start, end + more)])
            before, after = (textwrap.dedent(text.decode("utf-8")).strip("\n") for text in shown)
            return before.rstrip(), after.rstrip()

        old, new = texts(*change.whole)
        before, after = texts(first, last)
        line = self.data.count(b"\n", 0, change.start) + 1
        return Edit(self.name, change.kind, line, old, new, before, after, data.decode("utf-8"))


# ---- lines --------------------------------------------------------------------------------------


def _of_statement(source: _Source, body: Sequence[ast.stmt], statement: ast.stmt) -> Iterator[_Change]:
    """Edits of a statement of a body, then of what it holds."""
    if _may_go(source, statement):
        yield _without(source, body, statement)
    for node in _parts(statement):
        if isinstance(node, ast.stmt):
            inside = next(b for b in _bodies(statement) if node in b)
            yield from _of_statement(source, inside, node)
        else:
            for inner in _expressions(node):
                yield from _of_expression(source, inner)
    yield from _of_test(source, statement)
    if isinstance(statement, ast.AugAssign):
        yield from _of_augmented(source, statement)


def _parts(node: ast.AST) -> list[ast.AST]:
    """What a statement holds, in the order of the text; annotations and handlers of errors are left alone."""
    left_alone = {id(getattr(node, name, None)) for name in ("annotation", "returns", "args")}
    return [n for n in ast.iter_child_nodes(node) if id(n) not in left_alone]


def _bodies(statement: ast.stmt) -> list[list[ast.stmt]]:
    return [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, in the order of the text, but what is only shown."""
    if not isinstance(node, ast.JoinedStr):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _expressions(child)


def _may_go(source: _Source, statement: ast.stmt) -> bool:
    """Whether it says anything to leave a statement out: without an import or a name's first value nothing runs."""
    if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        return all(source.names[name] < statement.lineno for name in names)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) for n in ast.walk(statement))
    apart = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Pass | ast.Global | ast.Nonlocal
    return not isinstance(statement, apart)


def _without(source: _Source, body: Sequence[ast.stmt], statement: ast.stmt) -> _Change:
    """A statement left out, with its lines; `pass` where others share them, or nothing else would be there."""
    start, end = source.span(statement)
    first = source.data.rfind(b"\n", 0, start) + 1
    rest = re.compile(rb"[ \t]*(?:#[^\n]*)?(?:\n|$)").match(source.data, end)
    if len(body) == 1 or source.data[first:start].strip() or rest is None:
        return _Change(Kind.LINE, start, end, "pass", (start, end))
    return _Change(Kind.LINE, first, rest.end(), "", (first, rest.end()))


def _of_augmented(source: _Source, node: ast.AugAssign) -> Iterator[_Change]:
    symbol, other = OPERATORS.get(type(node.op), ("", ""))
    if symbol and (at := source.find(f"{symbol}=", node.target, node.value)):
        for new in (f"{other}=", "="):
            yield _Change(Kind.OPERATOR, *at, new, source.span(node))


def _of_test(source: _Source, node: ast.AST) -> Iterator[_Change]:
    """A condition the other way round, where no comparison or `not` in it can be."""
    test = getattr(node, "test", None)
    if isinstance(test, ast.expr) and not isinstance(test, ast.Compare | ast.UnaryOp | ast.Constant):
        start, end = source.span(test)
        yield _Change(Kind.COMPARISON, start, end, f"not ({source.cut(start, end)})", (start, end))


# ---- expressions --------------------------------------------------------------------------------


def _of_expression(source: _Source, node: ast.AST) -> Iterator[_Change]:
    if id(node) in source.of_keywords:
        return
    match node:
        case ast.BinOp():
            yield from _of_operation(source, node)
        case ast.BoolOp():
            yield from _of_bool(source, node)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            start, end = source.span(node)
            sign = re.compile(rb"(-|~|not)\s*").match(source.data, start)
            if sign:
                yield _Change(Kind.SIGN, start, sign.end(), "", (start, end))
        case ast.Compare():
            yield from _of_comparison(source, node)
        case ast.IfExp():
            yield from _of_test(source, node)
            for kept in (node.body, node.orelse):
                yield _Change(Kind.TERM, *source.span(node), _wrapped(source, kept), source.span(node))
        case ast.Name(ctx=ast.Load()) if node.id in source.names:
            known = [name for name, line in source.names.items() if name == node.id or line < node.lineno]
            for other in _others(known, node.id, MOST_NAMES):
                yield _Change(Kind.NAME, *source.span(node), other, source.span(node))
        case ast.Constant():
            yield from _of_constant(source, node)
        case ast.Subscript():
            yield from _of_subscript(source, node)
        case ast.Dict():
            for key in node.keys:
                yield from _of_key(source, key, key, 1)
        case ast.Tuple(elts=[first, second], ctx=ast.Load()):
            yield from _swapped(source, first, second, node)
        case ast.Attribute(attr="T"):
            (start, end), inner = source.span(node), source.find(".", node.value, source.span(node)[1])
            if inner:
                yield _Change(Kind.CALL, inner[0], end, "", (start, end))
        case ast.Call():
            yield from _of_call(source, node)
            yield from _of_keywords(source, node)


def _of_operation(source: _Source, node: ast.BinOp) -> Iterator[_Change]:
    symbol, other = OPERATORS.get(type(node.op), ("", ""))
    if not symbol or not (at := source.find(symbol, node.left, node.right)):
        return
    start, end = whole = source.span(node)
    yield _Change(Kind.OPERATOR, *at, other, whole)
    left, right = source.cut(start, at[0]).rstrip(), source.cut(at[1], end).lstrip()
    if not isinstance(node.op, ast.MatMult):
        yield _Change(Kind.TERM, start + len(left.encode()), end, "", whole)
        yield _Change(Kind.TERM, start, end - len(right.encode()), "", whole)
    if isinstance(node.op, ORDERED):
        if not isinstance(node.left, ATOMS) and left == source.cut(*source.span(node.left)):
            left = f"({left})"
        middle = source.cut(at[0], end)[: -len(right)]
        yield _Change(Kind.ORDER, start, end, f"{right} {middle}{left}", whole)


def _of_bool(source: _Source, node: ast.BoolOp) -> Iterator[_Change]:
    symbol, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in itertools.pairwise(node.values):
        if at := source.find(symbol, left, right):
            yield _Change(Kind.OPERATOR, *at, other, source.span(node))
    if len(node.values) == 2:
        for kept in node.values:
            yield _Change(Kind.TERM, *source.span(node), _wrapped(source, kept), source.span(node))


def _of_comparison(source: _Source, node: ast.Compare) -> Iterator[_Change]:
    for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
        symbol, others = COMPARISONS[type(operator)]
        if at := source.find(symbol, left, right):
            for other in others:
                yield _Change(Kind.COMPARISON, *at, other, source.span(node))


def _of_constant(source: _Source, node: ast.Constant) -> Iterator[_Change]:
    """A number a little larger or smaller, twice as large; the other of True and False."""
    if not isinstance(node.value, bool | int | float):
        return
    value, others = node.value, list[bool | int | float]()
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1]
    else:
        others = [2 * value] if value else [1.0]
    for other in others:
        yield _Change(Kind.CONSTANT, *source.span(node), repr(other), source.span(node))


def _of_subscript(source: _Source, node: ast.Subscript) -> Iterator[_Change]:
    whole = source.span(node)
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        yield from _of_key(source, node.slice, node, MOST_KEYS)
    elif at := source.find("[", node.value, whole[1]):
        yield _Change(Kind.INDEX, at[0], whole[1], "", whole)


def _others(known: list[str], one: str, most: int) -> list[str]:
    """Other names than this one, from the next on."""
    at = known.index(one)
    return (known[at + 1 :] + known[:at])[:most]


def _of_key(source: _Source, key: ast.expr | None, around: ast.expr | None, most: int) -> Iterator[_Change]:
    """Another key of the function."""
    if around is None or not (isinstance(key, ast.Constant) and key.value in source.keys):
        return
    start, end = source.span(key)
    quote = source.cut(start, start + 1)
    for other in _others(source.keys, key.value, most):
        written = f"{quote}{other}{quote}" if quote in "\"'" and other.isidentifier() else repr(other)
        yield _Change(Kind.KEY, start, end, written, source.span(around))


def _of_call(source: _Source, node: ast.Call) -> Iterator[_Change]:
    """Another function of the kind, the first two inputs the other way round, or no call at all."""
    start, end = whole = source.span(node)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in TWIN and name not in source.own:
        last = source.span(node.func)[1]
        yield _Change(Kind.CALL, last - len(name), last, TWIN[name], whole)
    if any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
        return
    if len(node.args) > 1 and name not in SYMMETRIC:
        yield from _swapped(source, node.args[0], node.args[1], node)
    if isinstance(node.func, ast.Attribute) and not _of_module(source, node.func.value):
        if at := source.find(".", node.func.value, end):  # a method: what it is called of stays
            yield _Change(Kind.CALL, at[0], end, "", whole)
    elif node.args and name not in source.own:
        yield _Change(Kind.CALL, start, end, _wrapped(source, node.args[0]), whole)


def _of_module(source: _Source, node: ast.expr) -> bool:
    """Whether this is a module, or something in one: `np`, `np.random`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in source.modules


def _of_keywords(source: _Source, node: ast.Call) -> Iterator[_Change]:
    """A keyword left out; an axis also another one; True and False are only turned round: either is the usual."""
    whole = source.span(node)
    for keyword in node.keywords:
        if keyword.arg is None:
            continue
        kind = Kind.AXIS if keyword.arg in AXES else Kind.KEYWORD
        if isinstance(keyword.value, ast.Constant) and _is_bool(keyword.value):
            yield _Change(kind, *source.span(keyword.value), repr(not keyword.value.value), whole)
            continue
        if kind is Kind.AXIS and (axis := _whole_number(keyword.value)) is not None:
            yield _Change(kind, *source.span(keyword.value), "0" if axis else "1", whole)
        start, end = source.span(keyword)
        before = re.compile(rb",\s*$").search(source.data, whole[0], start)
        after = re.compile(rb"\s*,\s*").match(source.data, end)
        if before or not after:
            yield _Change(kind, before.start() if before else start, end, "", whole)
        else:
            yield _Change(kind, start, after.end(), "", whole)


def _swapped(source: _Source, first: ast.expr, second: ast.expr, around: ast.expr) -> Iterator[_Change]:
    (start, middle), (again, end) = source.span(first), source.span(second)
    new = source.cut(again, end) + source.cut(middle, again) + source.cut(start, middle)
    yield _Change(Kind.ORDER, start, end, new, source.span(around))


def _wrapped(source: _Source, node: ast.expr) -> str:
    """An expression to stand anywhere."""
    text = source.cut(*source.span(node))
    return text if isinstance(node, ATOMS) else f"({text})"


def _whole_number(node: ast.expr) -> int | None:
    """A whole number that is written down, -1 too."""
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _is_bool(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)
