"""The graded notebook: the release's cells, the student's answers and pictures, and the verdicts.

What a student wrote is cleaned here, so that no reader of these files (formgrader, feedback,
Jupyter) runs anything of it in a browser: outputs become plain text and PNG or JPEG pictures, raw
HTML and script links in text become visible text.
"""

import base64
import binascii
import html
import json
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from autograder.notebook import ANSWER, EXTRA, TEST, Cell, Merged
from autograder.submission import PICTURES, Submission, joined
from autograder.verdicts import PASSED, Result, Verdict

MAX_TEXT = 10_000  # characters of an output
MAX_PICTURE = 4 << 20  # bytes of a picture
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
SPACED = [r"[\s\x00-\x20]*".join(word) for word in ("javascript:", "vbscript:", "livescript:", "data:")]
SCRIPT_LINK = re.compile(rf"(?i)({'|'.join(SPACED[:3])}|{SPACED[3]}(?!image/(png|jpeg);base64,))")


def notebooks(merged: Mapping[str, Merged], result: Result, handed_in: Submission | None = None) -> dict[str, bytes]:
    """The graded notebooks of a submission as files, by name.

    handed_in: what lies beside them is shown below each answer that a person marks.
    """
    scans = _scans(other_files(handed_in)) if handed_in else None
    return {f"{name}.ipynb": _notebook(book, result, scans) for name, book in merged.items()}


def other_files(handed_in: Submission) -> dict[str, bytes]:
    """Files to lay beside the graded notebooks: scans and PDFs for the person who grades."""
    names = [
        name
        for name in handed_in.files
        if name.lower().endswith((*PICTURES, ".npz")) and not re.search(r"\.ipynb(/|$)|timestamp\.txt(/|$)", name)
    ]
    return {name: handed_in.files[name] for name in names}


def _scans(files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """A cell that shows the scans: pictures in it, a link to each PDF. The formgrader serves the files beside."""
    lines: list[str] = []
    pictures: dict[str, dict[str, str]] = {}
    for name, data in files.items():
        if not name.lower().endswith(PICTURES):
            continue
        lines.append(f"- [{plain_markdown(' '.join(name.split()))}]({urllib.parse.quote(name)})")
        mime = next((mime for mime, magic in MAGIC.items() if data.startswith(magic)), "")
        if mime and len(data) <= MAX_PICTURE:
            pictures[f"scan-{len(pictures) + 1}"] = {mime: base64.b64encode(data).decode("ascii")}
    if not lines:
        return None
    shown = [f"![scan {number}](attachment:{key})" for number, key in enumerate(pictures, 1)]
    source = "\n\n".join(["*Handed in beside the notebooks:*", "\n".join(lines), *shown])
    metadata = {"editable": False, "deletable": False}
    return {"cell_type": "markdown", "metadata": metadata, "source": source, "attachments": pictures}


def _by_person(cell: Cell) -> bool:
    """Whether a person marks what stands in this very cell."""
    return cell.role == ANSWER and cell.name == cell.task


def _notebook(book: Merged, result: Result, scans: Mapping[str, Any] | None) -> bytes:
    cells = []
    for number, cell in enumerate(book.cells):
        cells.append(_cell(cell, number, result))
        if scans and _by_person(cell):
            cells.append({**scans, "id": f"scans-{number}"})
    data = {**book.base, "cells": cells}
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def _cell(cell: Cell, number: int, result: Result) -> dict[str, Any]:
    raw: dict[str, Any] = (
        dict(cell.raw) if cell.raw else {"id": f"own-{number}", "cell_type": cell.kind, "metadata": {}}
    )
    own = cell.role == EXTRA or cell.written
    source = cell.source if cell.kind == "code" or not own else clean_markdown(cell.source)
    if cell.submitted is not None and cell.kind == "markdown":
        raw.pop("attachments", None)
        pictures = _attachments(cell.submitted.attachments or (cell.raw or {}).get("attachments", {}))
        if pictures:
            raw["attachments"] = pictures
        source = _references(source, pictures)
    raw["source"] = source.splitlines(keepends=True)
    if cell.kind == "code":
        raw["execution_count"] = None
        raw["outputs"] = list(_outputs(cell, result))
    return raw


def _outputs(cell: Cell, result: Result) -> Iterable[dict[str, Any]]:
    if cell.role == TEST:
        if cell.task in result.verdicts:
            yield _stream(verdict_text(result.verdicts[cell.task]))
        return
    if cell.submitted is not None:
        for output in cell.submitted.outputs:
            yield from _clean_output(output)
    if cell.name in result.cell_errors:
        error = result.cell_errors[cell.name]
        where = f", line {error['line']}" if error["line"] else ""
        yield _stream(f"[when graded] this cell stopped{where} with {error['type']}: {error['text']}\n")
    elif cell.role == ANSWER and not cell.source.strip():
        yield _stream("[when graded] no answer stood here\n")


def verdict_text(verdict: Verdict) -> str:
    """What a student reads about one task: status, score, parts, message."""
    score = "-" if verdict.score is None else f"{verdict.score:g}"
    lines = [f"{verdict.task}: {verdict.status}, {score} of {verdict.max_score:g}"]
    if verdict.status != PASSED and len(verdict.parts) > 1:
        lines += [f"  {part.name}: {part.score:g} of {part.max_score:g}" for part in verdict.parts]
    return "\n".join([*lines, verdict.message, ""])


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": clean_text(text).splitlines(keepends=True)}


def clean_text(text: str) -> str:
    """Without terminal codes and control characters, and not too long."""
    text = ANSI.sub("", text)
    text = "".join(c for c in text if c in "\n\t" or c.isprintable())
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n... (cut)\n"


def _clean_output(output: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    kind = output.get("output_type")
    if kind == "stream":
        yield _stream(joined(output.get("text", "")))
    elif kind == "error":
        yield _stream(f"{joined(output.get('ename', ''))}: {joined(output.get('evalue', ''))}\n")
    elif kind in ("display_data", "execute_result"):
        found = output.get("data")
        data = found if isinstance(found, dict) else {}
        for mime in MAGIC:
            if picture := _picture(mime, data.get(mime)):
                yield {"output_type": "display_data", "data": {mime: picture}, "metadata": {}}
                return
        if "text/plain" in data:
            yield _stream(joined(data["text/plain"]) + "\n")


def _picture(mime: str, value: object) -> str:
    """The picture again in base64 where it is one, else ""."""
    text = "".join(joined(value).split())
    if not text or len(text) > 2 * MAX_PICTURE:
        return ""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode("ascii") if data.startswith(MAGIC[mime]) else ""


def _attachments(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in list(found.items())[:20]:
        for mime in MAGIC:
            if isinstance(bundle, dict) and (picture := _picture(mime, bundle.get(mime))):
                kept[str(name)] = {mime: picture}
    return kept


def _references(text: str, pictures: Mapping[str, Any]) -> str:
    """The text, with references to attachments that are not there made plain: readers fail on them."""

    def mend(match: re.Match[str]) -> str:
        there = any(text.startswith(name, match.end()) for name in pictures)
        return match[0] if there else "missing picture: "

    return re.sub(r"attachment:", mend, text)


def plain_markdown(text: str) -> str:
    """A message as Markdown that shows it as it is: a comment may quote a student's own words."""
    text = clean_text(text).replace("&", "&amp;")
    for mark in "<>[]`":
        text = text.replace(mark, f"&#{ord(mark)};")
    return SCRIPT_LINK.sub("blocked:", text)


def clean_markdown(text: str) -> str:
    """A student's text without live HTML and script links; LaTeX and pictures stay."""
    while (plain := html.unescape(text)) != text:  # a reader may decode more than once
        text = plain
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return SCRIPT_LINK.sub("blocked:", text)
