"""Questions of otter's source notebooks (`otter assign`), read as cells of nbgrader's kinds: answers, tests, points.

What stands between raw cells BEGIN SOLUTION and END SOLUTION is an answer, between BEGIN TESTS and END TESTS each cell
is a test. A test that ends in a value compares it with the output that stands below it, as otter does.
"""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from autograder.judging.by_examiner.cells import BEGIN, END, HIDE, SHOW, as_python
from autograder.submissions.cells import joined

MARK = re.compile(r"#\s*(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)\s*$|#\s*(ASSIGNMENT CONFIG)\s*$", re.IGNORECASE)
HIDDEN = re.compile(r"^\s*#+\s*hidden\b.*\n?", re.IGNORECASE)
CONFIG = re.compile(
    r"""^(?:\"{3}|'{3})\s*#\s*BEGIN TEST CONFIG\n(.*?)^(?:\"{3}|'{3})\s*#\s*END TEST CONFIG\n?""", re.S | re.M
)
PROMPT = re.compile(
    r"""^[ \t]*(?:\"{3}|'{3})\s*#\s*BEGIN PROMPT\n.*?^[ \t]*(?:\"{3}|'{3});?\s*#\s*END PROMPT\n?""", re.S | re.M
)
SOLUTION = re.compile(r"\s*#\s*SOLUTION(?: NO PROMPT)?\s*$", re.IGNORECASE)
Raw = dict[str, Any]


@dataclass
class _Question:
    """What stands between BEGIN QUESTION and END QUESTION. tests: numbers of the notebook's cells, and the cells."""

    name: str
    points: object
    manual: bool
    answers: int = 0
    tests: list[tuple[int, Raw, object]] = field(default_factory=list)


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
            question = _question(joined(cell["source"]), number)
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
                question.tests.append((number, made[-1], points))
        elif question is not None and inside == "SOLUTION":
            question.answers += 1
            more = "" if question.answers == 1 else f"-{question.answers}"
            if question.manual:
                made.append(_marked(cell, question.name + more, grade=True, solution=True, points=_number(question)))
            else:
                text = _answer(joined(cell["source"]))
                made.append(_marked({**cell, "source": text}, f"{question.name}{more}-answer", solution=True))
        elif cell["cell_type"] == "code":
            made.append(_marked(cell, f"given-{number}", locked=True))
        else:
            made.append(cell)
    return made, unread


def _mark(cell: Raw) -> str:
    """What a raw cell of otter's says, in capitals; "" of any other."""
    found = MARK.match(joined(cell["source"]).partition("\n")[0].strip()) if cell["cell_type"] == "raw" else None
    return " ".join(part for part in found.groups() if part).upper() if found else ""


def _settings(text: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    return found if isinstance(found, dict) else {}


def _question(source: str, number: int) -> _Question:
    settings = _settings(source.partition("\n")[2])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", str(settings.get("name", ""))).strip("-") or f"question-{number}"
    return _Question(name, settings.get("points"), settings.get("manual") is True)


def _share(question: _Question | None) -> None:
    """Give a question's tests their IDs and points: their own, else an equal share of the question's, which is 1."""
    if question is None or not question.tests:
        return
    each = question.points if isinstance(question.points, list) else [None] * len(question.tests)
    for place, (_, cell, own) in enumerate(question.tests):
        info = cell["metadata"]["nbgrader"]
        listed = each[place] if place < len(each) else None
        points = next(
            (one for one in (own, listed) if isinstance(one, int | float)), _number(question) / len(question.tests)
        )
        info["grade_id"] = question.name if not place else f"{question.name}-{place + 1}"
        info["points"] = round(points, 6)


def _number(question: _Question) -> float:
    return question.points if isinstance(question.points, int | float) else 1


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
