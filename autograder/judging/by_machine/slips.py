"""A mistake without a name of ours: which single edit of the reference gives the student's values, and how to say it.

The edits are those of edits.py. Where all that fit are told by the same words, these are said; where they only stand in
one step of the reference, the step is; else nothing is, since two explanations that fit alike are none.
"""

import ast
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from autograder import deadline
from autograder.course import solution_regions
from autograder.judging import known_mistakes, mutations
from autograder.judging.by_machine.edits import Edit, Kind, edits_of
from autograder.judging.checking import CheckContext
from autograder.source_notebooks import grade_ids

if TYPE_CHECKING:  # the judge imports this module
    from autograder.judging.judge import JudgeContext

MOST = 250  # edits that are tried
SECONDS = 2.0  # for one: a hundredth is usual
SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//",
    ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.And: "and", ast.Or: "or",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


@dataclass(frozen=True)
class Slip:
    """What is said of an edit. step: name of the step that it changes; way: a text of [slip], "" where none fits."""

    step: str
    way: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Made:
    """An edit of the reference, ready to be tried."""

    slip: Slip
    code: CodeType  # of the edited function alone


def of_values(judge_context: "JudgeContext", context: CheckContext) -> tuple[Slip | None, Mapping[str, Any]] | None:
    """The slip that gives the student's values, and the names of a reference that has it; None where no edit does.

    No slip where edits of several steps do: what is wrong cannot be told then, but the values are explained.
    Tasks whose draws hang on chance are left out: each edit would be watched for seconds.
    """
    if judge_context.checks.of(context.task).signature is not None:
        return None
    fitting: list[tuple[Slip, Mapping[str, Any]]] = []
    for one in made(judge_context, context.task):
        try:
            with deadline.within(SECONDS):
                names = edited(judge_context, one)
                if known_mistakes.gives(judge_context, context, names):
                    fitting.append((one.slip, names))
        except deadline.Overrun:  # a loop without an end: it explains nobody's values
            judge_context.slips[context.task] = tuple(m for m in judge_context.slips[context.task] if m is not one)
        except Exception:  # an edit may make the reference raise
            continue
    if not fitting:
        return None
    first, fits = fitting[0]
    if len({slip.step for slip, _ in fitting}) != 1:
        return None, fits
    return (first if all(slip == first for slip, _ in fitting) else Slip(first.step)), fits


def made(judge_context: "JudgeContext", task: str) -> tuple[Made, ...]:
    """The edits of a task's function, made once."""
    if task not in judge_context.slips:
        judge_context.slips[task] = _slips(judge_context, task)
    found: tuple[Made, ...] = judge_context.slips[task]
    return found


def edited(judge_context: "JudgeContext", one: Made) -> dict[str, Any]:
    """The names of the reference with an edit in it."""
    names = mutations.run_text(judge_context.reference_text, "slip")
    exec(one.code, names)
    return names


def _slips(judge_context: "JudgeContext", name: str) -> tuple[Made, ...]:
    """The edits of a task's function, ready to be tried."""
    task = judge_context.assignment.task(name)
    ids = grade_ids(judge_context.course.source(judge_context.assignment.name) / f"{task.notebook}.ipynb")
    function = ids.get(task.answer_cell) or name
    if function not in judge_context.reference:
        return ()
    text = judge_context.reference_text
    steps = steps_of(text, function)
    before, _, after = text.partition(solution_regions.node_text(text, function))
    return tuple(
        Made(slip_of(edit, steps), compile(edit.text.removeprefix(before).removesuffix(after), "slip", "exec"))
        for edit in itertools.islice(edits_of(text, function), MOST)
    )


# ---- where --------------------------------------------------------------------------------------


def steps_of(text: str, function: str) -> dict[int, str]:
    """Line -> name of the step that it belongs to: what is assigned there, or the key of a dict that is given back.

    Of several steps with one name, the second is `name-2`, and so on.
    """
    node = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == function)
    steps: dict[int, str] = {}
    seen: dict[str, int] = {}

    def note(name: str, inner: ast.stmt | ast.expr) -> None:
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
        for line in range(inner.lineno, (inner.end_lineno or inner.lineno) + 1):
            steps[line] = unique

    for statement in _in_order(node.body):
        note(_name(statement), statement)
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Dict):
            for key, value in zip(statement.value.keys, statement.value.values, strict=True):
                if isinstance(key, ast.Constant):
                    note(str(key.value), value)
    return steps


def _in_order(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Statements, those inside others after them."""
    found: list[ast.stmt] = []
    for statement in body:
        found.append(statement)
        for name in ("body", "orelse", "finalbody"):
            found += _in_order(getattr(statement, name, []))
    return found


def _name(statement: ast.stmt) -> str:
    target: ast.AST | None = None
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.For):
        target = statement.target
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else type(statement).__name__.lower()


# ---- how ----------------------------------------------------------------------------------------


def slip_of(edit: Edit, steps: Mapping[int, str]) -> Slip:
    """The words for an edit."""
    way, facts = _way(edit)
    return Slip(steps.get(edit.line, edit.function), way, tuple(sorted(facts.items())))


def _way(edit: Edit) -> tuple[str, dict[str, str]]:
    """Name of a text of [slip], and its facts; "" where the edit is of a form that has no words."""
    old, new = (_parsed(text) for text in (edit.old, edit.new))
    match edit.kind:
        case Kind.AXIS | Kind.INDEX | Kind.KEYWORD | Kind.NAME | Kind.ORDER | Kind.TERM | Kind.SIGN | Kind.LINE:
            return edit.kind.value, {}
        case Kind.COMPARISON if symbol := _symbol(new):
            return "comparison", {"new": symbol}
        case Kind.OPERATOR if _symbol(old) and _symbol(new):
            return "operator", {"old": _symbol(old), "new": _symbol(new)}
        case Kind.CONSTANT if (was := _number(edit.old)) is not None and (now := _number(edit.new)) is not None:
            return ("larger" if now > was else "smaller"), {}
        case Kind.KEY if _key(old) and _key(new):
            return "instead", {"old": _key(old), "new": _key(new)}
        case Kind.CALL if called := _called(old):
            other = _called(new)
            same = isinstance(old, ast.Call) and isinstance(new, ast.Call) and len(old.args) == len(new.args)
            return ("instead", {"old": called, "new": other}) if other and same else ("uncalled", {"old": called})
    return "", {}


def _parsed(text: str) -> ast.AST | None:
    """The expression or statement that a text is."""
    with contextlib.suppress(SyntaxError, ValueError):
        body = ast.parse(text.strip()).body
        node = body[0] if body else None
        return node.value if isinstance(node, ast.Expr) else node
    return None


def _number(text: str) -> float | None:
    with contextlib.suppress(SyntaxError, ValueError, TypeError):
        found = ast.literal_eval(text.strip())
        return None if isinstance(found, bool) else float(found)
    return None


def _symbol(node: ast.AST | None) -> str:
    """The operator of an operation or a comparison of two things."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return SYMBOLS[type(node.ops[0])]
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        return SYMBOLS.get(type(node.op), "")
    return ""


def _key(node: ast.AST | None) -> str:
    node = node.slice if isinstance(node, ast.Subscript) else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _called(node: ast.AST | None) -> str:
    """The last name of the function that a call is of."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
