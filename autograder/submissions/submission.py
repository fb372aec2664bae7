"""Untrusted files -> Submission. Nothing here runs or unpickles what a student handed in."""

import contextlib
import functools
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from autograder.sandbox.answers import printable
from autograder.submissions.problems import FileProblem

MEGABYTE = 1 << 20
MAX_FILE = 64 * MEGABYTE
MAX_FILES = 200
MAX_TOTAL = 128 * MEGABYTE  # of all files together
MAX_NOTEBOOK = 32 * MEGABYTE
MAX_SEEN, MAX_DEPTH = 5000, 8  # names looked at, folders below each other
MAX_PROBLEMS = 20  # told one by one
MAX_NAME = 200  # bytes of a file's or a folder's name: it is written again, with more around it
MAX_ENDING = 20  # bytes of what stands after its last dot
PICTURES = (".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
STAMP = "timestamp.txt"
NEEDED = (".ipynb", ".npz", STAMP)
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?[A-Za-z0-9+:/_-]{1,40})?", re.ASCII)
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
    problems: tuple[FileProblem, ...] = ()
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


def _sent(fields: Mapping[str, Any]) -> Submission:
    again = object.__new__(Submission)
    vars(again).update(fields, files={name: bytes(data) for name, data in fields["files"].items()})
    return again


def read_submission(folder: Path, student: str) -> Submission:
    """Read the plain files below `folder`; links, devices and what is too large become problems."""
    files: dict[str, bytes] = {}
    problems: list[FileProblem] = []
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
                problems.append(FileProblem("too_large", name, facts))
            elif len(files) >= MAX_FILES or size > room:
                over.append(name)
            else:
                files[name] = path.read_bytes()
                room -= size
        except OSError as error:
            problems.append(FileProblem("not_readable", name, {"why": error.strerror or "error"}))
    if over:
        facts = {"count": str(len(over) - 1), "limit": str(MAX_FILES), "size": str(MAX_TOTAL // MEGABYTE)}
        problems.append(FileProblem("too_many", over[0], facts))
    stamp = _stamp(files.pop(STAMP, b""), problems)
    if len(problems) > MAX_PROBLEMS:
        count = str(len(problems) - MAX_PROBLEMS)
        problems[MAX_PROBLEMS:] = [FileProblem("more_problems", problems[MAX_PROBLEMS].file, {"count": count})]
    return Submission(student, files, tuple(problems), stamp)


def read_timestamp(folder: Path) -> str:
    """The time in the timestamp.txt of a folder, or "" where there is none that looks like a time."""
    path = folder / STAMP
    try:
        data = path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size <= MAX_FILE else b""
    except OSError:
        return ""
    return _stamp(data, [])


def _name(path: Path, folder: Path) -> str:
    return "/".join(map(_part, path.relative_to(folder).parts))


def _part(raw: str) -> str:
    """A name that can be written and shown anywhere. One that was changed for that ends in a hash of what it was."""
    data = os.fsencode(raw)
    if raw.isprintable() and len(data) <= MAX_NAME:  # what is not UTF-8 is not printable
        return raw
    stem, ending = os.path.splitext(printable(data.decode("utf-8", "backslashreplace")))
    ending = ending if len(ending.encode()) <= MAX_ENDING else ""
    mark = f"-{hashlib.sha256(data).hexdigest()[:8]}{ending}"
    return stem.encode()[: MAX_NAME - len(mark.encode())].decode("utf-8", "ignore") + mark


def _stamp(data: bytes, problems: list[FileProblem]) -> str:
    """The time in timestamp.txt, or "" where there is none that looks like a time."""
    text = data[:100].decode("utf-8-sig", "replace").strip()
    if not text or TIME.fullmatch(text):
        return text
    problems.append(FileProblem("not_a_time", STAMP, {"text": repr(text[:40])}))
    return ""


def _plain_files(folder: Path, problems: list[FileProblem]) -> list[Path]:
    found: list[Path] = []
    seen = 0

    def closed(error: OSError) -> None:
        problems.append(
            FileProblem("not_readable", _name(Path(error.filename), folder), {"why": error.strerror or "error"})
        )

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
                    problems.append(FileProblem("not_plain", _name(path, folder), {"what": what}))
        if seen > MAX_SEEN:
            problems.append(FileProblem("too_many_names", _name(Path(parent), folder), {"limit": str(MAX_SEEN)}))
            break
    return found
