"""Questions of otter's source notebooks (`otter assign`), read as cells of nbgrader's kinds: answers, tests, points.

What stands between raw cells BEGIN SOLUTION and END SOLUTION is an answer, between BEGIN TESTS and END TESTS each cell
is a test. A test that ends in a value compares it with the output that stands below it, as otter does.
"""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import yaml  # type: ignore[import-untyped]

from autograder.judging.by_examiner.cells import BEGIN, END, HIDE, SHOW, as_python
from autograder.submissions.cells import joined

MARK = re.compile(r"#\s*(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)\s*$|#\s*(ASSIGNMENT CONFIG)\s*$", re.IGNORECASE)
HIDDEN = re.compile(r"^\s*#+\s*hidden\b.*\n?", re.IGNORECASE)
CONFIG = re.compile(
    r"""\A(?:\w\s*=\s*)?\"{2,3}\s*#\s*BEGIN\s*TEST\s*CONFIG[^\n]*\n(.*?)^\"{2,3}[^\n]*#\s*END\s*TEST\s*CONFIG[^\n]*\n?""",
    re.S | re.M | re.I,
)
PROMPT = re.compile(
    r"""^[ \t]*(?:\"{3}|'{3})\s*#\s*BEGIN PROMPT\n.*?^[ \t]*(?:\"{3}|'{3});?\s*#\s*END PROMPT\n?""", re.S | re.M
)
SOLUTION = re.compile(r"\s*#\s*SOLUTION(?: NO PROMPT)?\s*$", re.IGNORECASE)
FENCED = re.compile(r"```otter[ \t]*\n(.*?)\n?```", re.S)
Raw = dict[str, Any]


@dataclass
class _Question:
    """What stands between BEGIN QUESTION and END QUESTION. tests: cells, and the points that they say themselves."""

    name: str
    points: object
    manual: bool
    answers: int = 0
    tests: list[tuple[Raw, object]] = field(default_factory=list)

    @property
    def number(self) -> float:
        """Its points, where it says one number, or one for each test; else 1."""
        each = self.points.get("each") if isinstance(self.points, dict) else None
        if _is_number(each):
            return each * len(self.tests)
        return self.points if _is_number(self.points) else 1


def is_otter(cells: Sequence[Raw]) -> bool:
    """Whether a notebook has cells of otter's."""
    return any(_mark(cell) for cell in cells)


def read(cells: Sequence[Raw]) -> tuple[list[Raw], list[tuple[int, str, str]]]:
    """(the cells in nbgrader's kinds, without otter's own; (number, question, why) of what is not read)."""
    made: list[Raw] = []
    unread: list[tuple[int, str, str]] = []
    question, inside = None, ""
    for number, cell in enumerate(cells, start=1):
        mark = _mark(cell)
        if mark == "ASSIGNMENT CONFIG":
            unread.append((number, "-", "otter's settings of the assignment: files, packages, exports are not read"))
        elif mark == "BEGIN QUESTION":
            question, settings = _question(_own(cell), number)
            if settings.get("all_or_nothing"):
                unread.append((number, question.name, "all_or_nothing is not read: each test has its share"))
        elif mark == "END QUESTION":
            _share(question)
            question = None
        elif mark:
            inside = mark.removeprefix("BEGIN ") if mark.startswith("BEGIN") else ""
        elif inside == "PROMPT":
            continue
        elif question is not None and inside == "TESTS":
            source, points, why = _test(cell)
            if why:
                unread.append((number, question.name, why))
            else:
                made.append(_marked({**cell, "source": source, "outputs": []}, "", grade=True, locked=True))
                question.tests.append((made[-1], points))
        elif question is not None and inside == "SOLUTION" and not question.manual and cell["cell_type"] != "code":
            unread.append(
                (number, question.name, "a text among answers that are tested; give it a question of its own")
            )
        elif question is not None and inside == "SOLUTION":
            question.answers += 1
            more = "" if question.answers == 1 else f"-{question.answers}"
            if question.manual:
                made.append(_marked(cell, question.name + more, grade=True, solution=True, points=question.number))
            else:
                text = _answer(joined(cell["source"]))
                made.append(_marked({**cell, "source": text}, f"{question.name}{more}-answer", solution=True))
        elif cell["cell_type"] == "code":
            made.append(_marked(cell, f"given-{number}", locked=True))
        else:
            made.append(cell)
    return made, unread


def _mark(cell: Raw) -> str:
    """What a cell of otter's own says, in capitals; "" of any other."""
    found = MARK.match(_own(cell).partition("\n")[0].strip())
    return " ".join(part for part in found.groups() if part).upper() if found else ""


def _own(cell: Raw) -> str:
    """The text of a raw cell, or of a Markdown cell that is a block of otter's; "" of any other."""
    source = joined(cell["source"])
    fenced = FENCED.fullmatch(source.strip()) if cell["cell_type"] == "markdown" else None
    return fenced[1] if fenced else source if cell["cell_type"] == "raw" else ""


def _settings(text: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    return found if isinstance(found, dict) else {}


def _question(source: str, number: int) -> tuple[_Question, Mapping[str, Any]]:
    settings = _settings(source.partition("\n")[2])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", str(settings.get("name", ""))).strip("-") or f"question-{number}"
    return _Question(name, settings.get("points"), settings.get("manual") is True), settings


def _share(question: _Question | None) -> None:
    """Give a question's tests their IDs and points: their own, and to the others equal shares of what is left.

    A question is worth what it says, else 1 where its tests say nothing either, else what they say.
    """
    if question is None or not question.tests:
        return
    said, count = question.points, len(question.tests)
    listed = said if isinstance(said, list) and len(said) == count else [own for _, own in question.tests]
    own = [one if _is_number(one) else None for one in listed]
    total = question.number if _is_number(said) or isinstance(said, dict) or not any(own) else sum(filter(None, own))
    left = max(0.0, total - sum(filter(None, own))) / max(1, own.count(None))
    for place, ((cell, _), points) in enumerate(zip(question.tests, own, strict=True)):
        info = cell["metadata"]["nbgrader"]
        info["grade_id"] = question.name if not place else f"{question.name}-{place + 1}"
        info["points"] = round(left if points is None else points, 6)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _marked(cell: Raw, name: str, **more: Any) -> Raw:
    """A cell with nbgrader's metadata."""
    usual = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    info = {**usual, "grade_id": name, "cell_type": cell["cell_type"], **more}
    return {**cell, "metadata": {**cell["metadata"], "nbgrader": info}}


def _answer(source: str) -> str:
    """An answer with nbgrader's regions in place of otter's marks at the ends of lines; prompts are left out."""
    lines = PROMPT.sub("", source).split("\n")
    return "\n".join(_regions(lines)).strip("\n")


def _regions(lines: Sequence[str]) -> Iterator[str]:
    for solved, group in itertools.groupby(lines, lambda line: bool(SOLUTION.search(line))):
        block = [SOLUTION.sub("", line) for line in group]
        indent = block[0][: len(block[0]) - len(block[0].lstrip())]
        yield from [f"{indent}### {BEGIN}", *block, f"{indent}### {END}"] if solved else block


def _test(cell: Raw) -> tuple[str, object, str]:
    """(a test cell's text for nbgrader, its points, why it is not read)."""
    source = joined(cell["source"])
    found = CONFIG.search(source)
    settings = _settings(found[1]) if found else {}
    text = CONFIG.sub("", source)
    hidden = settings.get("hidden") is True or bool(HIDDEN.match(text))
    text = HIDDEN.sub("", text).strip("\n")
    tree = as_python(text)
    if cell["cell_type"] != "code" or tree is None:
        return "", None, "no Python, or with magics; write it out as asserts"
    if any(isinstance(node, ast.FunctionDef) and node.decorator_list for node in tree.body):
        return "", None, "a test function with otter's decorator; write its body out as asserts"
    printed, value = _output(cell)
    last = tree.body[-1] if tree.body else None
    if printed:
        return "", None, "it compares what is printed; write it out as asserts"
    if isinstance(last, ast.FunctionDef) and not printed + value:  # which otter calls by the names of its parameters
        text += f"\n{last.name}({', '.join(one.arg for one in last.args.args)})"
    if value and isinstance(last, ast.Expr):
        lines = text.split("\n")
        kept = [*lines[: last.lineno - 1], f"assert repr({ast.unparse(last.value)}) == {value!r}"]
        text = "\n".join(kept)
    return f"### {HIDE}\n{text}\n### {SHOW}" if hidden else text, settings.get("points"), ""


def _output(cell: Raw) -> tuple[str, str]:
    """(what a cell has printed, the value of its last line), as they stand below it."""
    outputs = cell.get("outputs", [])
    printed = "".join(joined(one.get("text", "")) for one in outputs if one.get("output_type") == "stream")
    values = [
        joined(one.get("data", {}).get("text/plain", ""))
        for one in outputs
        if one.get("output_type") == "execute_result"
    ]
    return printed, "".join(values)
