"""Untrusted files -> Submission. Nothing here runs or unpickles what a student handed in."""

import contextlib
import functools
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from autograder import npz
from autograder.answers import Array
from autograder.checking import Problem
from autograder.damage import Damage

MEGABYTE = 1 << 20
MAX_FILE = 64 * MEGABYTE
MAX_FILES = 200
MAX_TOTAL = 128 * MEGABYTE  # of all files together
MAX_NOTEBOOK = 32 * MEGABYTE
MAX_VALUES = 1_000_000  # of a notebook's JSON: each takes memory far beyond the bytes that it is written in
MAX_SEEN, MAX_DEPTH = 5000, 8  # names looked at, folders below each other
MAX_PROBLEMS = 20  # told one by one
MAX_CELLS = 2000
MAX_OUTPUTS = 500  # of a cell
FLAGS = ("grade", "solution", "locked", "task", "points", "schema_version")
PICTURES = (".pdf", ".png", ".jpg", ".jpeg")
MODEL = "best_net.npz"
NEEDED = (".ipynb", ".npz", "timestamp.txt")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?[A-Za-z0-9+:/_-]{1,40})?", re.ASCII)
TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # never fails at a quotation mark, so its time is linear
OUT_OF_BAND = 5  # the first protocol in which arrays go beside the rest
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Submission:
    """What one student handed in: file contents by relative path, and what was wrong with them."""

    student: str
    files: Mapping[str, bytes]
    problems: tuple[Damage, ...] = ()
    timestamp: str = ""

    @functools.cached_property
    def digest(self) -> str:
        """Hash of every name and content."""
        total = hashlib.sha256()
        for name in sorted(self.files):
            total.update(f"{name}\0{len(self.files[name])}\0".encode())
            total.update(self.files[name])
        return total.hexdigest()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Sent to a worker with the files as arrays, where they can go beside the rest: dask then copies none."""
        beside = {name: np.frombuffer(data, np.uint8) for name, data in self.files.items()}
        return _sent, ({**vars(self), "files": beside if protocol.__index__() >= OUT_OF_BAND else self.files},)

    def has_picture(self) -> bool:
        """Whether a scan or a PDF lies beside the notebooks."""
        return any(name.lower().endswith(PICTURES) for name in self.files)


def _sent(fields: Mapping[str, Any]) -> Submission:
    again = object.__new__(Submission)
    vars(again).update(fields, files={name: bytes(data) for name, data in fields["files"].items()})
    return again


def read(folder: Path, student: str) -> Submission:
    """Read the plain files below `folder`; links, devices and what is too large become problems."""
    files: dict[str, bytes] = {}
    problems: list[Damage] = []
    over: list[str] = []
    room = MAX_TOTAL
    # notebooks and weights first, so that what lies beside them cannot push them out
    for path in sorted(_plain_files(folder, problems), key=lambda p: (not p.name.endswith(NEEDED), p)):
        name = _name(path, folder)
        most = MAX_NOTEBOOK if name.endswith(".ipynb") else MAX_FILE
        try:
            size = path.stat().st_size
            if size > most:
                facts = {"size": f"{size / MEGABYTE:.0f}", "limit": str(most // MEGABYTE)}
                problems.append(Damage("too_large", name, facts))
            elif len(files) >= MAX_FILES or size > room:
                over.append(name)
            else:
                files[name] = path.read_bytes()
                room -= size
        except OSError as error:
            problems.append(Damage("not_readable", name, {"why": error.strerror or "error"}))
    if over:
        facts = {"count": str(len(over) - 1), "limit": str(MAX_FILES), "size": str(MAX_TOTAL // MEGABYTE)}
        problems.append(Damage("too_many", over[0], facts))
    stamp = _stamp(files.pop("timestamp.txt", b""), problems)
    if len(problems) > MAX_PROBLEMS:
        count = str(len(problems) - MAX_PROBLEMS)
        problems[MAX_PROBLEMS:] = [Damage("more_problems", problems[MAX_PROBLEMS].file, {"count": count})]
    return Submission(student, files, tuple(problems), stamp)


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()


def _stamp(data: bytes, problems: list[Damage]) -> str:
    """The time in timestamp.txt, or "" where there is none that looks like a time."""
    text = data[:100].decode("utf-8", "replace").strip()
    if not text or TIME.fullmatch(text):
        return text
    problems.append(Damage("not_a_time", "timestamp.txt", {"text": repr(text[:40])}))
    return ""


def _plain_files(folder: Path, problems: list[Damage]) -> list[Path]:
    found: list[Path] = []
    seen = 0

    def closed(error: OSError) -> None:
        problems.append(Damage("not_readable", _name(Path(error.filename), folder), {"why": error.strerror or "error"}))

    for parent, folders, names in os.walk(folder, onerror=closed):
        linked = [n for n in folders if Path(parent, n).is_symlink()]
        below = len(Path(parent).relative_to(folder).parts) < MAX_DEPTH
        folders[:] = sorted(n for n in folders if below and not n.startswith((".", "__")))
        seen += len(folders) + len(names)
        for name in sorted([*names, *linked]):
            path = Path(parent, name)
            with contextlib.suppress(OSError):  # gone, or a name too long
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode):
                    found.append(path)
                else:
                    what = KINDS.get(stat.S_IFMT(mode), "?")
                    problems.append(Damage("not_plain", _name(path, folder), {"what": what}))
        if seen > MAX_SEEN:
            problems.append(Damage("too_many_names", _name(Path(parent), folder), {"limit": str(MAX_SEEN)}))
            break
    return found


# ---- notebooks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SubmittedCell:
    """One cell of a submitted notebook, each field of a known type."""

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    outputs: tuple[Mapping[str, Any], ...] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)  # what nbgrader's metadata says of it


class NoCells(ValueError):
    """A file holds no cells; `kind` says why, as a Damage does."""

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
        found = json.loads(text)
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


def functions(source: str) -> set[str]:
    """Names of the functions that a cell defines."""
    return set(re.findall(r"^def\s+(\w+)\s*\(", source, re.MULTILINE))


def cell(raw: Mapping[str, Any]) -> SubmittedCell:
    """A cell of the file as a record."""
    metadata = _dict(raw.get("metadata"))
    grading = _dict(metadata.get("nbgrader"))
    outputs = raw.get("outputs")
    return SubmittedCell(
        kind=str(raw.get("cell_type", "code")),
        source=joined(raw.get("source", raw.get("input", ""))),
        grade_id=str(grading.get("grade_id", "")),
        cell_id=str(raw.get("id", "")),
        outputs=tuple(o for o in outputs[:MAX_OUTPUTS] if isinstance(o, dict)) if isinstance(outputs, list) else (),
        attachments=_dict(raw.get("attachments")),
        flags={name: grading[name] for name in FLAGS if name in grading},
    )


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def joined(value: object) -> str:
    """A notebook's text, which is a string or a list of strings."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")


# ---- the saved model ----------------------------------------------------------------------------


def saved_model(files: Mapping[str, bytes]) -> tuple[str, dict[str, Array]] | Problem:
    """(class name or "", params as float64) of best_net.npz, or the Problem with it. Never unpickles."""
    if not (name := model_name(files)):
        return Problem("no_model")
    try:
        return npz.arrays(files[name])
    except npz.BROKEN as error:
        return Problem("bad_model", {"why": str(error)[:200]})


def model_name(files: Mapping[str, bytes]) -> str:
    """The file with the saved model: by its name, else the only .npz there is; "" where there is none."""
    named = [name for name in sorted(files, key=lambda name: (len(name), name)) if name.split("/")[-1] == MODEL]
    any_npz = [name for name in files if name.lower().endswith(".npz")]
    return named[0] if named else any_npz[0] if len(any_npz) == 1 else ""


def model_damage(files: Mapping[str, bytes], found: tuple[str, Any] | Problem) -> list[Damage]:
    """Lines about a saved model that has another name or place, or cannot be read."""
    name = model_name(files)
    told = [Damage("model_found_as", MODEL, {"found": name})] if name not in ("", MODEL) else []
    if isinstance(found, Problem) and found.kind == "bad_model":
        told.append(Damage("bad_model", name, found.facts))
    return told
