"""The graded notebook: the release's cells, the student's answers and pictures, and the verdicts.

What a student wrote is cleaned here, so that no reader of these files (formgrader, feedback,
Jupyter) runs anything of it in a browser: outputs become plain text and PNG or JPEG pictures, and
in text nothing is live but LaTeX that makes letters and the student's own pictures.
"""

import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.course import Assignment, shown
from autograder.judging.verdicts import PASSED, Result, Verdict
from autograder.pages.cleaned.pictures import ANY_WIDTH, JPEG, PNG, Pictures, bytes_of
from autograder.pages.cleaned.placing import Places, attached, link, served, without_inline
from autograder.pages.cleaned.text import clean_text
from autograder.submissions import by_hand, merge
from autograder.submissions.align import ANSWER, EXTRA, FREE, TEST, Cell
from autograder.submissions.cells import joined
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

MARK = "autograder_verdict"  # in a graded notebook's metadata: the stamp of its result
# of a cell that a student wrote, characters without pictures, and of all own cells of a notebook: readers of Python
# and Markdown take quadratic time for what is made to be slow
MAX_SOURCE, MAX_OWN = 20_000, 300_000
MAX_BLANK = 20  # blank lines of code in a row: for each, pygments looks through all that follow
MAX_LINE = 2000  # characters of a line of code: for each asterisk, IPython's lexer looks through all that follow
NOTES = {
    "code": "# [when graded] {} more are not shown",
    "markdown": "\n(when graded: {} more are not shown)\n",
}
NOT_SHOWN = "[when graded] a picture ({}) cannot be shown\n"


@dataclass(frozen=True)
class Shown:
    """What the cells of a submission have in common: its files, its pictures, and what of these cannot be shown."""

    result: Result
    files: Mapping[str, bytes]
    pictures: Pictures = field(default_factory=Pictures)
    left: dict[str, bytes] = field(default_factory=dict)


def notebooks(
    merged: Mapping[str, Merged], result: Result, handed_in: Submission | None = None, ours: Collection[str] = ()
) -> dict[str, bytes]:
    """The graded notebooks of a submission as files, by name; beside them its pictures that cannot be shown.

    handed_in: what lies beside them is shown below each answer that a person marks, but for files of our names.
    """
    shown = Shown(result, by_hand.files(handed_in, ours) if handed_in else {})
    scans = _scans(shown)
    books = {f"{name}.ipynb": _notebook(book, shown, scans) for name, book in merged.items()}
    return {**shown.left, **books}


def of_result(
    handed_in: Submission,
    bases: Mapping[str, Base],
    assignment: Assignment,
    result: Result,
    ours: Collection[str] = (),
) -> Mapping[str, bytes]:
    """The graded notebooks of a result: those that came with it, or, of a kept verdict, made again."""
    if result.notebooks:
        return result.notebooks
    return notebooks(merge.merge_all(handed_in, bases, assignment), result, handed_in, ours)


def other_files(handed_in: Submission, ours: Collection[str] = ()) -> dict[str, bytes]:
    """Files to lay beside the graded notebooks: what a person may have to look at, and the weights."""
    models = {name: data for name, data in handed_in.files.items() if name.lower().endswith(".npz")}
    return {**models, **{served(name): data for name, data in by_hand.files(handed_in, ours).items()}}


def _scans(shown: Shown) -> dict[str, Any] | None:
    """A cell that shows what was handed in: pictures in it, a link to anything else, which the formgrader serves."""
    if not shown.files:
        return None
    scans: dict[str, dict[str, str]] = {}
    for data in shown.files.values():
        for picture in shown.pictures.shown(data):
            scans[f"scan-{len(scans) + 1}"] = picture.bundle
    lines = [f"- {link(' '.join(name.split()), name)}" for name in shown.files]
    places = [f"![scan {number}](attachment:{key})" for number, key in enumerate(scans, 1)]
    source = "\n\n".join(["*Handed in beside the notebooks:*", "\n".join(lines), *places])
    metadata = {"editable": False, "deletable": False}
    return {"cell_type": "markdown", "metadata": metadata, "source": source, "attachments": scans}


def _by_person(cell: Cell) -> bool:
    """Whether a person marks what stands in this very cell."""
    info = cell.raw["metadata"].get("nbgrader", {}) if cell.raw else {}
    return cell.role == ANSWER and bool(info.get("grade"))


def _is_own(cell: Cell) -> bool:
    """Whether a student wrote what stands there."""
    return cell.role == EXTRA or cell.written


def _notebook(book: Merged, shown: Shown, scans: Mapping[str, Any] | None) -> bytes:
    cells, room = [], MAX_OWN
    for number, cell in enumerate(book.cells):
        inline: dict[str, bytes] = {}
        if cell.submitted is not None and cell.kind == "markdown" and not _is_own(cell):
            cell = replace(cell, source=cell.source.strip())  # as it was given, pictures and all
        elif cell.submitted is not None and cell.role in (ANSWER, FREE, EXTRA):
            source, inline = without_inline(cell.source) if cell.kind == "markdown" else (cell.source, inline)
            source = shortened(source, cell.kind, min(MAX_SOURCE, room) if cell.role == EXTRA else MAX_SOURCE)
            room -= len(source) if cell.role == EXTRA else 0
            cell = replace(cell, source=source)
        cells.append(_cell(cell, shown, inline, f"{book.name}-{number}"))
        if scans and _by_person(cell):
            cells.append({**scans, "id": f"scans-{number}"})
    metadata = {**book.base.get("metadata", {}), MARK: shown.result.stamp}
    data = {"cells": cells, **{name: value for name, value in book.base.items() if name != "cells"}}
    data["metadata"] = metadata  # after the cells: whose verdict this is stands near the end of the file
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def shortened(source: str, kind: str, room: int) -> str:
    """What is shown of a student's cell, with a line in place of what is left out."""
    text = source[: max(room, 0)]
    left_out = len(source) - len(text)
    text = eased(text) if kind == "code" else text
    note = NOTES.get(kind, NOTES["markdown"])
    return f"{text}\n{note.format(f'{left_out} characters')}" if left_out else text


def eased(code: str) -> str:
    """Code without what lexers are slow at: a line in place of many blank ones, and no line without an end."""
    shown: list[str] = []
    for blank, lines in itertools.groupby(code.splitlines(keepends=True), lambda line: not line.strip()):
        some = list(lines)
        if blank and len(some) > MAX_BLANK:
            some[MAX_BLANK:] = [NOTES["code"].format(f"{len(some) - MAX_BLANK} blank lines") + "\n"]
        shown += some
    return "".join(line if len(line) <= MAX_LINE else _cut(line) for line in shown)


def _cut(line: str) -> str:
    more = NOTES["code"].format(f"{len(line) - MAX_LINE} characters")
    return f"{line[:MAX_LINE].rstrip()}  {more}\n"


def _cell(cell: Cell, shown: Shown, inline: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """A cell as it is shown. inline: pictures that stood in its text, by the address that is there now."""
    raw: dict[str, Any] = dict(cell.raw) if cell.raw else {"id": f"own-{name}", "cell_type": cell.kind, "metadata": {}}
    source = cell.source
    if cell.submitted is not None and cell.kind == "markdown" and _is_own(cell):
        source = _clean_text_cell(cell, raw, shown, inline, name)
    raw["source"] = source.splitlines(keepends=True)
    if cell.kind == "code":
        raw["execution_count"] = None
        raw["outputs"] = list(_outputs(cell, shown))
    return raw


def _clean_text_cell(cell: Cell, raw: dict[str, Any], shown: Shown, inline: Mapping[str, bytes], name: str) -> str:
    """The text of a cell in Markdown, safe; its attachments go into `raw`."""
    base = raw.pop("attachments", {})
    given = (cell.submitted.attachments if cell.submitted else {}) or base
    places = Places({**attached(given), **inline}, shown.files, shown.pictures, f"picture-of-{name}")
    text = places.clean(cell.source)
    if places.laid:
        raw["attachments"] = places.laid
    shown.left.update(places.left)
    return text


def _outputs(cell: Cell, shown: Shown) -> Iterable[dict[str, Any]]:
    result = shown.result
    if cell.role == TEST:
        if cell.task in result.verdicts:
            yield _stream(verdict_text(result.verdicts[cell.task]))
        return
    if cell.submitted is not None:
        for output in cell.submitted.outputs:
            yield from _clean_output(output, shown.pictures)
    if cell.name in result.cell_errors:
        error = result.cell_errors[cell.name]
        where = f", line {error['line']}" if error["line"] else ""
        yield _stream(f"[when graded] this cell stopped{where} with {error['type']}: {error['text']}\n")
    elif cell.role == ANSWER and not cell.source.strip():
        yield _stream("[when graded] no answer stood here\n")


def verdict_text(verdict: Verdict) -> str:
    """What a student reads about one task: status, score, parts, message."""
    lines = [f"{verdict.task}: {verdict.status}, {shown(verdict.score)} of {shown(verdict.max_score)}"]
    if verdict.status != PASSED and len(verdict.parts) > 1:
        lines += [f"  {part.name}: {shown(part.score)} of {shown(part.max_score)}" for part in verdict.parts]
    return "\n".join([*lines, verdict.message, ""])


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": clean_text(text).splitlines(keepends=True)}


def _clean_output(output: Mapping[str, Any], pictures: Pictures) -> Iterable[dict[str, Any]]:
    kind = output.get("output_type")
    if kind == "stream":
        yield _stream(joined(output.get("text", "")))
    elif kind == "error":
        yield _stream(f"{joined(output.get('ename', ''))}: {joined(output.get('evalue', ''))}\n")
    elif kind in ("display_data", "execute_result"):
        found = output.get("data")
        data = found if isinstance(found, dict) else {}
        kinds = sorted((k for k in data if k.startswith("image/")), key=lambda k: (k not in (PNG, JPEG), k))
        shown = next(filter(None, (pictures.shown(bytes_of(data[kind]), ANY_WIDTH) for kind in kinds)), ())
        for picture in shown:
            yield {"output_type": "display_data", "data": picture.bundle, "metadata": {}}
        if kinds and not shown:
            yield _stream(NOT_SHOWN.format(kinds[0][:40]))
        if "text/plain" in data and not shown:
            yield _stream(joined(data["text/plain"]) + "\n")
