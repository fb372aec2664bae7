"""The text of a submitted notebook -> its cells, each field of a known type. Nothing here runs them."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_VALUES = 1_000_000  # of a notebook's JSON: each takes memory far beyond the bytes that it is written in
MAX_CELLS = 2000
MAX_OUTPUTS = 500  # of a cell
MAX_ID = 200  # characters: ids of the release are shorter
FLAGS = ("grade", "solution", "locked", "task", "points", "schema_version")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # never fails at a quotation mark, so its time is linear
NAMED = re.compile(r"\A# \S+-answer(?:\n|\Z)")  # the first line of a stub: which answer's cell it is


@dataclass(frozen=True)
class SubmittedCell:
    """One cell of a submitted notebook, each field of a known type."""

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    outputs: tuple[Mapping[str, Any], ...] = ()
    attachments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)  # what nbgrader's metadata says of it

    # worked out once a cell: one of 30 MB may be compared with 2,000 others

    @functools.cached_property
    def plain(self) -> str:
        """Its source, but for white space at the ends of lines and around it."""
        return plain(self.source)

    @functools.cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions that it defines."""
        return frozenset(re.findall(r"^def\s+(\w+)\s*\(", self.source, re.MULTILINE))


class NoCells(ValueError):
    """A file holds no cells; `kind` says why, as a FileProblem does."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
# a notebook without a mark: its first character is a brace, and half of it is zero
HALVES = ((b"{\0", "utf-16-le"), (b"\0{", "utf-16-be"))


def decoded(data: bytes) -> tuple[str, str]:
    """Bytes -> (text, name of the encoding where it is not plain UTF-8)."""
    for mark, encoding in (*MARKS, *HALVES):
        if data.startswith(mark):
            name = "UTF-8 with a byte order mark" if encoding == "utf-8-sig" else "UTF-16"
            return data.decode(encoding, "replace"), name
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace"), "something that is not UTF-8"


def text_of(data: bytes) -> str:
    """Bytes -> text, by the byte order mark where there is one."""
    return decoded(data)[0]


def content_of(text: str) -> dict[str, Any]:
    """A notebook file's content, its "cells" a list; NoCells says why there are none."""
    if not text.strip():
        raise NoCells("empty", "the file is empty")
    # quotation marks too: text alone has few, and a list of short strings is as dear as one of lists
    if sum(map(text.count, '[{,"')) > MAX_VALUES and _values(text) > MAX_VALUES:
        raise NoCells("too_many_values", f"the notebook has more than {MAX_VALUES} values")
    try:
        found = json.loads(text, strict=False)  # raw tabs in strings, say
    except (ValueError, RecursionError):
        raise NoCells("not_json", "the file is not a notebook (not JSON)") from None
    if not isinstance(found, dict):
        raise NoCells("not_notebook", "the file is not a notebook")
    if "cells" not in found and isinstance(found.get("worksheets"), list):
        sheets = [sheet for sheet in found["worksheets"] if isinstance(sheet, dict)]
        found["cells"] = [c for s in sheets if isinstance(s.get("cells"), list) for c in s["cells"]]
    if not isinstance(found.get("cells"), list):
        raise NoCells("no_cells", "the notebook has no cells")
    return found


def _values(text: str) -> int:
    """About how many values a JSON text has: what stands outside of its strings, and the strings."""
    outside, strings = TEXT.subn("", text)
    return strings + sum(map(outside.count, "[{,"))


def plain(source: str) -> str:
    """A source without the white space at the ends of lines and around it, and without the name of its cell on top.

    The name is a help for readers: releases before 0.8 had none, and a stub with it or without it is the same stub.
    """
    return NAMED.sub("", "\n".join(line.rstrip() for line in source.splitlines()).strip()).strip()


def cell(raw: Mapping[str, Any]) -> SubmittedCell:
    """A cell of the file as a record."""
    metadata = _dict(raw.get("metadata"))
    grading = _dict(metadata.get("nbgrader"))
    outputs = raw.get("outputs")
    return SubmittedCell(
        kind=joined(raw.get("cell_type", "code")),
        source=joined(raw.get("source", raw.get("input", ""))),
        grade_id=joined(grading.get("grade_id"))[:MAX_ID],
        cell_id=joined(raw.get("id"))[:MAX_ID],
        outputs=tuple(o for o in outputs[:MAX_OUTPUTS] if isinstance(o, dict)) if isinstance(outputs, list) else (),
        attachments={joined(name): _texts(found) for name, found in _dict(raw.get("attachments")).items()},
        flags={name: grading[name] for name in FLAGS if name in grading},
    )


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(found: object) -> Mapping[str, str]:
    """What is attached under one name: texts by media type."""
    return {joined(kind): joined(value) for kind, value in _dict(found).items()}


def joined(value: object) -> str:
    """A notebook's text, which is a string or a list of strings; without lone surrogates, which nobody can write."""
    if isinstance(value, list):
        parts = [part for part in value if isinstance(part, str)]
        # lines, and some tools write them without their ends
        value = ("" if any("\n" in part for part in parts[:-1]) else "\n").join(parts)
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")
