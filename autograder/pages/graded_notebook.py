"""The graded notebook: the release's cells, the student's answers and pictures, and the verdicts.

What a student wrote is cleaned here, so that no reader of these files (formgrader, feedback,
Jupyter) runs anything of it in a browser: outputs become plain text and PNG or JPEG pictures, and
in text nothing is live but LaTeX that makes letters and the student's own pictures.
"""

import base64
import binascii
import html
import itertools
import json
import re
import urllib.parse
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from autograder.course import Assignment
from autograder.judging.verdicts import PASSED, Result, Verdict
from autograder.submissions import by_hand, merge
from autograder.submissions.align import ANSWER, EXTRA, FREE, TEST, Cell
from autograder.submissions.cells import joined
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

MARK = "autograder_verdict"  # in a graded notebook's metadata: the stamp of its result
MAX_TEXT = 10_000  # characters of an output
MAX_PICTURE = 4 << 20  # bytes of a picture
# files that a browser shows without running anything, or lets one save
SERVED = (".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".txt", ".md", ".tex",
          ".csv", ".doc", ".docx", ".odt", ".rtf", ".pages", ".zip")  # fmt: skip
# of a cell that a student wrote, characters without pictures, and of all own cells of a notebook: readers of Python
# and Markdown take quadratic time for what is made to be slow
MAX_SOURCE, MAX_OWN = 20_000, 300_000
MAX_BLANK = 20  # blank lines of code in a row: for each, pygments looks through all that follow
MAX_LINE = 2000  # characters of a line of code: for each asterisk, IPython's lexer looks through all that follow
NOTES = {
    "code": "# [when graded] {} more are not shown",
    "markdown": "\n(when graded: {} more are not shown)\n",
}
PICTURE_COUNTS = 100  # characters, as which an inline picture counts
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
CONTROLS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u2424]")  # mistune takes the last for a line's end
TAG, LINK = re.compile(r"<(?=[A-Za-z/!?])"), re.compile(r"\](?=[(:])")
# a link need not be a script: an address on the reader's own Jupyter server does as much
ADDRESS = re.compile(r"(?i)(://|\bwww\.)(?=\S)")
TEX = "bbox|class|cssId|data|href|html\\w*|includegraphics|mmlToken|require|style|unicode|url"
LATEX = re.compile(rf"\\(?=(?:{TEX})(?![A-Za-z]))")  # commands that do more than print
ALT, FILE = r"[^\[\]<>(){}&\"'`\\!$\n]*", r"[^\s<>()\[\]{}&\"'`\\/:?#%]+"
INLINE = r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+"
PICTURE = re.compile(f"({INLINE})")
DECODED = 4  # times: a reader may do so more than once
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def notebooks(
    merged: Mapping[str, Merged], result: Result, handed_in: Submission | None = None, ours: Collection[str] = ()
) -> dict[str, bytes]:
    """The graded notebooks of a submission as files, by name.

    handed_in: what lies beside them is shown below each answer that a person marks, but for files of our names.
    """
    scans = _scans(handed_in, ours) if handed_in else None
    return {f"{name}.ipynb": _notebook(book, result, scans) for name, book in merged.items()}


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
    return {**models, **{_served(name): data for name, data in by_hand.files(handed_in, ours).items()}}


def _served(name: str) -> str:
    """The name under which a file is laid: one that a browser may run is given out as a plain download."""
    return name if name.lower().endswith(SERVED) else f"{name}.download"


def _scans(handed_in: Submission, ours: Collection[str]) -> dict[str, Any] | None:
    """A cell that shows what was handed in: pictures in it, a link to anything else, which the formgrader serves."""
    lines: list[str] = []
    pictures: dict[str, dict[str, str]] = {}
    for name, data in by_hand.files(handed_in, ours).items():
        lines.append(f"- [{plain_markdown(' '.join(name.split()))}]({urllib.parse.quote(_served(name))})")
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
    cells, room = [], MAX_OWN
    for number, cell in enumerate(book.cells):
        if cell.submitted is not None and cell.role in (ANSWER, FREE, EXTRA):
            source = shortened(cell.source, cell.kind, min(MAX_SOURCE, room) if cell.role == EXTRA else MAX_SOURCE)
            room -= len(source) if cell.role == EXTRA else 0
            cell = replace(cell, source=source)
        cells.append(_cell(cell, number, result))
        if scans and _by_person(cell):
            cells.append({**scans, "id": f"scans-{number}"})
    metadata = {**book.base.get("metadata", {}), MARK: result.stamp}
    data = {"cells": cells, **{name: value for name, value in book.base.items() if name != "cells"}}
    data["metadata"] = metadata  # after the cells: whose verdict this is stands near the end of the file
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def shortened(source: str, kind: str, room: int) -> str:
    """What is shown of a student's cell, with a line in place of what is left out."""
    shown: list[str] = []
    left_out = 0
    for number, piece in enumerate(PICTURE.split(source)):
        counts = PICTURE_COUNTS if number % 2 else len(piece)  # every second piece is a picture
        kept = piece if counts <= room else "" if number % 2 else piece[: max(room, 0)]
        shown.append(kept)
        left_out += len(piece) - len(kept)
        room -= counts
    text = "".join(shown)
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


def _cell(cell: Cell, number: int, result: Result) -> dict[str, Any]:
    raw: dict[str, Any] = (
        dict(cell.raw) if cell.raw else {"id": f"own-{number}", "cell_type": cell.kind, "metadata": {}}
    )
    own = cell.role == EXTRA or cell.written
    source = cell.source
    if cell.submitted is not None and cell.kind == "markdown":
        raw.pop("attachments", None)
        found = _attachments(cell.submitted.attachments or (cell.raw or {}).get("attachments", {}))
        names = {name: _safe_name(name, number) for number, name in enumerate(found)}
        if found:
            raw["attachments"] = {names[name]: bundle for name, bundle in found.items()}
        source = clean_markdown(source, names) if own else source
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
    text = ANSI.sub("", text[: 10 * MAX_TEXT])  # terminal codes are most of some
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
            if len(name) < 200 and isinstance(bundle, dict) and (picture := _picture(mime, bundle.get(mime))):
                kept[str(name)] = {mime: picture}
    return kept


def _safe_name(name: str, number: int) -> str:
    """A name for an attachment that every reader finds again: they differ in how they read others."""
    return name if SAFE_NAME.fullmatch(name) else f"picture-{number}"


def plain_markdown(text: str) -> str:
    """A message as Markdown that shows it as it is: a comment may quote a student's own words."""
    text = _without_live(clean_text(text), (ADDRESS, LATEX)).replace("&", "&amp;")
    for mark in "<>[]`":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text


def clean_markdown(text: str, names: Mapping[str, str] | None = None) -> str:
    """A student's text in which nothing is live but LaTeX and the student's own pictures.

    Tags, links and addresses become visible text. Pictures stay where they are attached (names: of
    the attachments, and what they are called from now on), inline, or a file beside the notebook.
    """
    for _ in range(DECODED):
        text = html.unescape(text)
    if html.unescape(text) != text:  # nobody writes so, but who wants to keep the grader busy
        text = text.replace("&", "& ")
    text = _without_live(CONTROLS.sub("", text), (TAG,))
    forms = {form: old for old in names or {} for form in (old, quote(old), quote(old, safe="/()!*',;:@&=+$#?"))}
    attached = "|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or "(?!)"
    beside = rf"{FILE}\.(?i:pdf|png|jpe?g)"
    kept = re.compile(rf"(!?\[{ALT}\])\((?:< )?(?:attachment:({attached})|({INLINE}|{beside}))>?\)")
    done, at = [], 0
    for match in kept.finditer(text):
        target = match[3] or f"attachment:{(names or {})[forms[match[2]]]}"
        done += [_without_live(text[at : match.start()], (LINK, ADDRESS, LATEX)), f"{match[1]}({target})"]
        at = match.end()
    return "".join([*done, _without_live(text[at:], (LINK, ADDRESS, LATEX))])


def _without_live(text: str, signs: Iterable["re.Pattern[str]"]) -> str:
    """The text with a space where a reader would begin something live: in words and LaTeX it changes nothing."""
    for sign in signs:
        text = sign.sub(lambda match: f"{match[0]} ", text)
    return text
