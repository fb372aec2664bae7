"""Untrusted files -> Submission. Nothing here runs or unpickles what a student handed in."""

import ast
import contextlib
import functools
import hashlib
import io
import json
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograder.answers import Array
from autograder.checking import Problem

MEGABYTE = 1 << 20
MAX_FILE = 64 * MEGABYTE
MAX_FILES = 200
MAX_TOTAL = 128 * MEGABYTE  # of all files together
MAX_NOTEBOOK = 32 * MEGABYTE
MAX_VALUES = 1_000_000  # of a notebook's JSON: each takes memory far beyond the bytes that it is written in
MAX_SEEN, MAX_DEPTH = 5000, 8  # names looked at, folders below each other
MAX_PROBLEMS = 20  # told one by one
MAX_MODEL = 64 * MEGABYTE  # of all arrays together, as float64
MAX_CELLS = 2000
MAX_ENTRIES = 200  # of a model's zip file
MAX_OUTPUTS = 500  # of a cell
PICTURES = (".pdf", ".png", ".jpg", ".jpeg")
MODEL = "best_net.npz"
NEEDED = (".ipynb", ".npz", "timestamp.txt")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?[A-Za-z0-9+:/_-]{1,40})?", re.ASCII)
TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # never fails at a quotation mark, so its time is linear
# what a zip file that is broken on purpose makes the zipfile module raise
BROKEN = (ValueError, zipfile.BadZipFile, KeyError, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error)


@dataclass(frozen=True)
class Submission:
    """What one student handed in: file contents by relative path, and what was wrong with them."""

    student: str
    files: Mapping[str, bytes]
    problems: tuple[str, ...] = ()
    timestamp: str = ""

    @functools.cached_property
    def digest(self) -> str:
        """Hash of every name and content."""
        total = hashlib.sha256()
        for name in sorted(self.files):
            total.update(f"{name}\0{len(self.files[name])}\0".encode())
            total.update(self.files[name])
        return total.hexdigest()

    def has_picture(self) -> bool:
        """Whether a scan or a PDF lies beside the notebooks."""
        return any(name.lower().endswith(PICTURES) for name in self.files)


def read(folder: Path, student: str) -> Submission:
    """Read the plain files below `folder`; links, devices and what is too large become problems."""
    files: dict[str, bytes] = {}
    problems: list[str] = []
    left_out: list[str] = []
    room = MAX_TOTAL
    # notebooks and weights first, so that what lies beside them cannot push them out
    for path in sorted(_plain_files(folder, problems), key=lambda p: (not p.name.endswith(NEEDED), p)):
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        most = MAX_NOTEBOOK if name.endswith(".ipynb") else MAX_FILE
        try:
            size = path.stat().st_size
            if size > most:
                problems.append(f"{name}: {size / MEGABYTE:.0f} MB is over the limit of {most // MEGABYTE} MB")
            elif len(files) >= MAX_FILES or size > room:
                left_out.append(name)
            else:
                files[name] = path.read_bytes()
                room -= size
        except OSError as error:
            problems.append(f"{name}: cannot be read ({error.strerror})")
    if left_out:
        limit = f"{MAX_FILES} files of {MAX_TOTAL // MEGABYTE} MB together"
        problems.append(f"{left_out[0]}: left out, with {len(left_out) - 1} more; a submission may have {limit}")
    stamp = _stamp(files.pop("timestamp.txt", b""), problems)
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"and {len(problems) - MAX_PROBLEMS} more problems with files"]
    return Submission(student, files, tuple(problems), stamp)


def _stamp(data: bytes, problems: list[str]) -> str:
    """The time in timestamp.txt, or "" where there is none that looks like a time."""
    text = data[:100].decode("utf-8", "replace").strip()
    if not text or TIME.fullmatch(text):
        return text
    problems.append(f"timestamp.txt: {text[:40]!r} is not a time like 2026-11-05 12:00:00 UTC; it counts as not given")
    return ""


def _plain_files(folder: Path, problems: list[str]) -> list[Path]:
    found: list[Path] = []
    seen = 0
    for parent, folders, names in os.walk(folder):
        below = len(Path(parent).relative_to(folder).parts) < MAX_DEPTH
        folders[:] = sorted(n for n in folders if below and not n.startswith((".", "__")))
        seen += len(folders) + len(names)
        for name in sorted(names):
            path = Path(parent, name)
            with contextlib.suppress(OSError):  # gone, or a name too long
                if stat.S_ISREG(path.lstat().st_mode):
                    found.append(path)
                else:
                    problems.append(f"{path.relative_to(folder).as_posix()}: not a plain file, left out")
        if seen > MAX_SEEN:
            problems.append(f"more than {MAX_SEEN} files and folders: the rest was not looked at")
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


def text_of(data: bytes) -> str:
    """Bytes -> text, by the byte order mark where there is one."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def cells_of(data: bytes) -> list[SubmittedCell]:
    """The cells of a notebook file; ValueError says why there are none."""
    if not data.strip():
        raise ValueError("the file is empty")
    text = text_of(data)
    # quotation marks too: text alone has few, and a list of short strings is as dear as one of lists
    if sum(map(text.count, '[{,"')) > MAX_VALUES and _values(text) > MAX_VALUES:
        raise ValueError(f"the notebook has more than {MAX_VALUES} values")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the file is not a notebook (not JSON)") from None
    if not isinstance(found, dict):
        raise ValueError("the file is not a notebook")
    if "cells" not in found and isinstance(found.get("worksheets"), list):
        sheets = [sheet for sheet in found["worksheets"] if isinstance(sheet, dict)]
        found["cells"] = [c for s in sheets if isinstance(s.get("cells"), list) for c in s["cells"]]
    if not isinstance(found.get("cells"), list):
        raise ValueError("the notebook has no cells")
    return [_cell(raw) for raw in found["cells"][:MAX_CELLS] if isinstance(raw, dict)]


def _values(text: str) -> int:
    """About how many values a JSON text has: what stands outside of its strings, and the strings."""
    outside, strings = TEXT.subn("", text)
    return strings + sum(map(outside.count, "[{,"))


def _cell(raw: Mapping[str, Any]) -> SubmittedCell:
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
    data = next((files[name] for name in sorted(files, key=len) if name.split("/")[-1] == MODEL), None)
    if data is None:
        return Problem("no_model")
    try:
        return _arrays(data)
    except BROKEN as error:
        return Problem("bad_model", {"why": str(error)[:200]})


def _arrays(data: bytes) -> tuple[str, dict[str, Array]]:
    params: dict[str, Array] = {}
    if data.count(b"PK\x01\x02") > MAX_ENTRIES:  # zipfile makes an object of every one, however many
        raise ValueError(f"it has more than {MAX_ENTRIES} entries")
    name, left = "", MAX_MODEL
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist()[:100]:
            key = entry.filename.removesuffix(".npy")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{key} is packed in a way that numpy does not use")
            with archive.open(entry) as file:
                shape, dtype, order = _header(file, key)
                size = math.prod(shape)
                left -= size * max(8, dtype.itemsize)
                if left < 0:
                    raise ValueError(f"{key} declares {size} values, too many for a model")
                raw = file.read(size * dtype.itemsize + 1)
            if len(raw) != size * dtype.itemsize:
                raise ValueError(f"{key} is cut short or has bytes left over")
            array = np.frombuffer(raw, dtype).reshape(shape, order=order)
            if key == "class_name":
                name = str(array.ravel()[0])[:80] if dtype.kind == "U" and size else name
            elif dtype.kind == "U":
                raise ValueError(f"{key} is text, not numbers")
            elif not np.isfinite(array).all():
                raise ValueError(f"{key} has entries that are not finite numbers")
            else:
                params[key] = np.ascontiguousarray(array, dtype=np.float64).reshape(shape)
    if not params:
        raise ValueError("it holds no arrays")
    if name and not name.isidentifier():
        raise ValueError("class_name is not the name of a class")
    return name, params


def _header(file: Any, key: str) -> tuple[tuple[int, ...], "np.dtype[Any]", Any]:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"{key} has an unknown format")
    size = int.from_bytes(file.read(2 if version == (1, 0) else 4), "little")
    if size > 10_000:
        raise ValueError(f"{key} has a header that is too long")
    try:
        header = ast.literal_eval(file.read(size).decode("latin1"))
        shape, descr = header["shape"], header["descr"]
        fortran = bool(header["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise ValueError(f"{key} has a broken header") from None
    if not isinstance(descr, str) or "O" in descr:
        raise ValueError(f"{key} holds Python objects, not plain numbers")
    try:
        dtype = np.dtype(descr)
    except TypeError:
        raise ValueError(f"{key} has an unknown type") from None
    if dtype.kind not in "fiubU" or dtype.itemsize > 4096:
        raise ValueError(f"{key} has the type {dtype}, not numbers")
    if not isinstance(shape, tuple) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise ValueError(f"{key} has a broken shape")
    return shape, dtype, "F" if fortran else "C"
