"""What can still be read of a damaged notebook file: its cells as plain data, and never a guess."""

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

START, BASE, MIDDLE, END = "<<<<<<<", "|||||||", "=======", ">>>>>>>"  # git's marks
SCRIPT = re.compile(r"^# ?(?:In\[[ \d]*\]:|%%.*)$", re.MULTILINE)
MARKDOWN = re.compile(r"\[markdown\]|%% md\b")
QUOTES = re.compile(r'\A\s*[rR]?("{3}|\'{3})(.*)\1\s*\Z', re.DOTALL)
MARIMO = re.compile(r"^app = marimo\.App\(", re.MULTILINE)
MAX_JOINED = 20_000  # characters of two cells that are tried as one
JSON = json.JSONDecoder(strict=False)
MAX_PARSED = 500_000  # characters that are parsed to join the cells of a submission, in all its files
MAX_SCRIPT = 300_000  # characters of a script without marks whose statements are told apart
EACH = 100  # characters that are as dear as the start of the parser


def conflicted(text: str) -> bool:
    """Whether git conflict markers stand in a text, each on a line of its own."""
    marks = {line[:7] for line in text.splitlines() if line[7:8] in ("", " ")}
    return {START, MIDDLE, END} <= marks


def sides(text: str) -> tuple[str, str]:
    """Both sides of a text with git conflict markers."""
    ours: list[str] = []
    theirs: list[str] = []
    at = ""
    for line in text.splitlines(keepends=True):
        mark = line[:7] if line[7:8].strip() == "" else ""
        if mark == START or (at and mark in (BASE, MIDDLE, END)):
            at = "" if mark == END else mark
            continue
        if at in ("", START):
            ours.append(line)
        if at in ("", MIDDLE):
            theirs.append(line)
    return "".join(ours), "".join(theirs)


def before_the_rest(text: str) -> str:
    """The part of a text that is one JSON value, where something else follows it; else ""."""
    start = len(text) - len(text.lstrip())
    try:
        _, end = JSON.raw_decode(text, start)
    except (ValueError, RecursionError):
        return ""
    return text[start:end]


def whole_cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook file that is cut off or spoiled, up to the first one that is not whole."""
    return list(_cells(text))


def _cells(text: str) -> Iterator[dict[str, Any]]:
    start = re.search(r'"cells"\s*:\s*\[', text)
    at = start.end() if start else len(text)
    while (here := re.compile(r"[\s,]*").match(text, at)) and text[here.end() : here.end() + 1] == "{":
        try:
            cell, at = JSON.raw_decode(text, here.end())
        except (ValueError, RecursionError):
            return
        yield cell


def script_cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook that was saved as a script: cut at `# In[1]:` or `# %%`, or marimo's functions."""
    marks = list(SCRIPT.finditer(text))
    if MARIMO.search(text) and len(text) <= MAX_SCRIPT:
        lines = re.split(r"\r\n?|\n", text)
        return [cell for node in statements(text) for cell in _of_marimo(node, lines) if cell["source"]]
    if not marks:
        return _statements(text)
    starts, ends = [0, *(m.end() for m in marks)], [*(m.start() for m in marks), len(text)]
    heads = ["", *(m[0] for m in marks)]
    found = []
    for head, start, end in zip(heads, starts, ends, strict=True):
        source = text[start:end].strip("\n")
        lines = [line for line in source.splitlines() if line.strip()]
        if not lines:
            continue
        commented = all(line.startswith("#") for line in lines)
        if MARKDOWN.search(head) or commented:
            plain = "\n".join(re.sub(r"^# ?", "", line) for line in source.splitlines()) if commented else source
            found.append({"cell_type": "markdown", "source": QUOTES.sub(r"\2", plain).strip("\n")})
        else:
            found.append({"cell_type": "code", "source": source})
    return found


def _of_marimo(node: ast.stmt, lines: list[str]) -> Iterator[dict[str, Any]]:
    """The cell that a statement of marimo's file is: the body of `@app.cell`, what `@app.function` stands above."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        kinds = {_named(one) for one in node.decorator_list}
        if kinds & {"app.function", "app.class_definition"}:
            yield {"cell_type": "code", "source": "\n".join(lines[node.lineno - 1 : node.end_lineno])}
        elif "app.cell" in kinds:
            yield _inside(node.body, lines)
    elif isinstance(node, ast.With) and _named(node.items[0].context_expr) == "app.setup":
        yield _inside(node.body, lines)
    elif isinstance(node, ast.Expr) and _named(node.value) == "app._unparsable_cell":
        yield {"cell_type": "code", "source": _text_in(node)}


def _inside(body: list[ast.stmt], lines: list[str]) -> dict[str, Any]:
    """The cell whose code stands in the body of a function of marimo's, with the comments above its first line."""
    if len(body) <= 2 and isinstance(body[0], ast.Expr) and _named(body[0].value) == "mo.md":
        return {"cell_type": "markdown", "source": _text_in(body[0])}
    kept = body[:-1] if isinstance(body[-1], ast.Return) else body
    if not kept:
        return {"cell_type": "code", "source": ""}
    start, end = kept[0].lineno - 1, kept[-1].end_lineno
    while lines[start - 1].lstrip().startswith("#"):
        start -= 1
    source = "\n".join(line.removeprefix("    ") for line in lines[start:end])  # lines of texts are not indented
    return {"cell_type": "code", "source": source}


def _named(node: ast.expr) -> str:
    """`app.cell` of app.cell and of app.cell(hide_code=True)."""
    node = node.func if isinstance(node, ast.Call) else node
    known = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return f"{node.value.id}.{node.attr}" if known else ""  # type: ignore[attr-defined]


def _text_in(node: ast.stmt) -> str:
    """The first text that a statement holds."""
    texts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return textwrap.dedent(next(texts, "")).strip("\n")


def _statements(text: str) -> list[dict[str, Any]]:
    """The cells of a script without marks, as Colab writes it: texts are strings, and each definition is a cell."""
    if len(text) > MAX_SCRIPT or not (body := statements(text)):
        return [{"cell_type": "code", "source": text}] if text.strip() else []
    lines = text.splitlines()
    found: list[dict[str, Any]] = []
    begun = done = 0  # lines: where the cell begins, and what has been seen

    def cut(end: int) -> None:
        nonlocal begun
        if source := "\n".join(lines[begun:end]).strip("\n"):
            found.append({"cell_type": "code", "source": source})
        begun = end

    for node in body:
        end = node.end_lineno or node.lineno
        said = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
        alone = isinstance(node, ast.FunctionDef | ast.ClassDef) or isinstance(said, str)
        if alone:
            cut(done)  # comments above a definition are its own
        if isinstance(said, str):
            found.append({"cell_type": "markdown", "source": said})
            begun = end
        elif alone:
            cut(end)
        done = end
    cut(len(lines))
    return found


class Parser:
    """Tells which cells of a submission are one that was split, until it has parsed MAX_PARSED characters."""

    def __init__(self) -> None:
        self.left = MAX_PARSED

    def one_cell(self, first: str, second: str) -> bool:
        """Whether two cells are one that was split: the second is no code alone, both together are."""
        if len(first) + len(second) >= MAX_JOINED:
            return False
        return not self._compiles(second) and self._compiles(f"{first}\n{second}")

    def _compiles(self, text: str) -> bool:
        self.left -= len(text) + EACH
        return self.left >= 0 and _compiles(text)


def _compiles(text: str) -> bool:
    return _parsed(text) is not None


def statements(text: str) -> list[ast.stmt]:
    """The statements of a text; none where it is no Python."""
    parsed = _parsed(text)
    return parsed.body if parsed else []


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the student's escapes
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
