"""Untrusted files -> Submission. Nothing here runs or unpickles what a student handed in, or writes it anywhere.

An archive with notebooks in it, as check_submission packs one, is read as if its files lay beside it. Files that lie
there win over those in it, which are then kept as if in a folder of the archive's name.

It is long, so that all that one folder may hold, and each bound on it, stand in one place.
"""

import contextlib
import functools
import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from autograder import archive
from autograder.archive import MEGABYTE, Bounds, Refused
from autograder.course import stamps
from autograder.sandbox.answers import printable
from autograder.submissions.problems import FileProblem

MAX_FILE = 64 * MEGABYTE
MAX_FILES = 200
MAX_TOTAL = 128 * MEGABYTE  # of all files together
MAX_NOTEBOOK = 32 * MEGABYTE
MAX_SEEN, MAX_DEPTH = 5000, 8  # names looked at, folders below each other
MAX_ARCHIVES = 5  # that are looked into
MAX_PROBLEMS = 20  # told one by one
MAX_NAME = 200  # bytes of a file's or a folder's name: it is written again, with more around it
MAX_ENDING = 20  # bytes of what stands after its last dot
PICTURES = (".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
STAMP = "timestamp.txt"
SECRET = "submission_secret.txt"  # of nbgrader's exchange: by it the student finds the feedback of this attempt
NOTEBOOK, ZIP = ".ipynb", ".zip"
NEEDED = (NOTEBOOK, ".npz", STAMP, SECRET)
NOT_THEIRS = (STAMP, SECRET)  # in what a student packed: they say nothing
EXCHANGED = re.compile(r"[\w.+/=-]{8,200}", re.ASCII)  # what such a secret looks like: nbgrader's is 128 hex digits
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
    as_it_came: str = ""  # hash of what was handed in, where files of an archive stand in its place
    secret: str = ""  # as nbgrader's exchange gave it to this attempt; "" for what came in another way

    @functools.cached_property
    def digest(self) -> str:
        """Hash of every name and content that was handed in."""
        return self.as_it_came or _hash(self.files)

    @property
    def receipt(self) -> dict[str, bytes]:
        """What nbgrader's exchange laid beside the work, by file name. It goes wherever the graded work goes."""
        secret = {SECRET: self.secret.encode()} if self.secret else {}  # with a time, none too: nbgrader opens both
        return {STAMP: self.timestamp.encode(), **secret} if self.timestamp or secret else {}

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Sent to a worker with the files as arrays, where they can go beside the rest: dask then copies none."""
        beside = {name: np.frombuffer(data, np.uint8) for name, data in self.files.items()}
        return _sent, ({**vars(self), "files": beside if protocol.__index__() >= OUT_OF_BAND else self.files},)


def _sent(fields: Mapping[str, Any]) -> Submission:
    again = object.__new__(Submission)
    vars(again).update(fields, files={name: bytes(data) for name, data in fields["files"].items()})
    return again


def _hash(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode())
        total.update(files[name])
    return total.hexdigest()


class _Room:
    """The bounds of one submission, for all that is taken of it: plain files and those in archives."""

    def __init__(self, problems: list[FileProblem]) -> None:
        self.files, self.bytes = MAX_FILES, MAX_TOTAL
        self.problems, self._over = problems, list[str]()

    def takes(self, name: str, size: int) -> bool:
        """Whether there is room for a file of that size; where there is none, it is told."""
        most = MAX_NOTEBOOK if name.endswith(NOTEBOOK) else MAX_FILE
        if size > most:
            facts = {"size": f"{size / MEGABYTE:.0f}", "limit": str(most // MEGABYTE)}
            self.problems.append(FileProblem("too_large", name, facts))
        elif not self.files or size > self.bytes:
            self._over.append(name)
        else:
            self.files, self.bytes = self.files - 1, self.bytes - size
            return True
        return False

    def tell(self) -> None:
        """One line on all files that there was no room for."""
        if self._over:
            count, size = str(len(self._over) - 1), str(MAX_TOTAL // MEGABYTE)
            facts = {"count": count, "limit": str(MAX_FILES), "size": size}
            self.problems.append(FileProblem("too_many", self._over[0], facts))


@dataclass(frozen=True)
class _Packed:
    """A file in an archive: which archive, its name as if it lay beside it, and what reads it."""

    archive: str
    name: str
    read: Callable[[], bytes]


def read_submission(folder: Path, student: str) -> Submission:
    """Read the plain files below `folder`, and zips of them; links, devices and what is too large become problems."""
    problems: list[FileProblem] = []
    room = _Room(problems)
    plain = sorted(_plain_files(folder, problems))
    needed, archives, others = ([path for path in plain if _rank(path.name) == rank] for rank in range(3))
    # notebooks and weights first, in archives as well, so that what lies beside them cannot push them out
    files = {**_read(folder, needed, room), **_read(folder, archives, room)}
    packed = list(_packed(files, problems))
    unpacked = _unpacked([one for one in packed if _rank(one.name) == 0], room)
    files |= _read(folder, others, room)
    unpacked |= _unpacked([one for one in packed if _rank(one.name) > 0], room)
    room.tell()
    stamp = _stamp(files.pop(STAMP, b""), problems)
    secret = _secret(files.pop(SECRET, b""))
    as_it_came = _hash(files) if unpacked else ""
    files = _side_by_side(files, unpacked, problems)
    if len(problems) > MAX_PROBLEMS:
        count = str(len(problems) - MAX_PROBLEMS)
        problems[MAX_PROBLEMS:] = [FileProblem("more_problems", problems[MAX_PROBLEMS].file, {"count": count})]
    return Submission(student, files, tuple(problems), stamp, as_it_came, secret)


def _rank(name: str) -> int:
    """In which turn a file is read."""
    return 0 if name.endswith(NEEDED) else 1 if name.lower().endswith(ZIP) else 2


def _read(folder: Path, paths: Iterable[Path], room: _Room) -> dict[str, bytes]:
    """Plain files, as far as there is room."""
    files: dict[str, bytes] = {}
    for path in paths:
        name = _name(path, folder)
        try:
            if room.takes(name, path.stat().st_size):
                files[name] = path.read_bytes()
        except OSError as error:
            room.problems.append(FileProblem("not_readable", name, {"why": error.strerror or "error"}))
    return files


def _packed(files: Mapping[str, bytes], problems: list[FileProblem]) -> Iterator[_Packed]:
    """The files in those zips that have notebooks in them."""
    archives = [name for name in files if _rank(name) == 1][:MAX_ARCHIVES]
    for file in sorted(archives, key=archive.copy_number, reverse=True):  # the last download first: its files count
        try:
            tree = archive.inside(files[file], file, Bounds(MAX_SEEN, MAX_FILE, MAX_TOTAL))
        except Refused as why:
            problems.append(FileProblem("broken_archive", file, {"why": str(why)}))
            continue
        if not any(name.lower().endswith(NOTEBOOK) for name in (*tree.files, *(raw for raw, _ in tree.refused))):
            continue
        problems += [FileProblem("left_in_archive", f"{file}/{raw}", {"why": why}) for raw, why in tree.refused]
        for full, short in archive.without_top(tree.files).items():
            name = "/".join(map(_part, short.split("/")))
            if f"{file}/{name}".count("/") > MAX_DEPTH:
                problems.append(FileProblem("left_in_archive", f"{file}/{name}", {"why": "too many folders"}))
            elif short.rsplit("/", 1)[-1] not in NOT_THEIRS:
                yield _Packed(file, name, tree.files[full])


def _unpacked(packed: Iterable[_Packed], room: _Room) -> dict[tuple[str, str], bytes]:
    """(archive, name) -> content, as far as there is room."""
    found: dict[tuple[str, str], bytes] = {}
    for one in packed:
        told = f"{one.archive}/{one.name}"
        try:
            data = one.read()
        except Refused as why:
            room.problems.append(FileProblem("left_in_archive", told, {"why": str(why)}))
            continue
        if room.takes(told, len(data)):
            found[one.archive, one.name] = data
    return found


def _side_by_side(
    files: Mapping[str, bytes], unpacked: Mapping[tuple[str, str], bytes], problems: list[FileProblem]
) -> dict[str, bytes]:
    """All files as if they lay beside each other; in place of archives those that were in them."""
    opened = {file for file, _ in unpacked}
    laid = {name: data for name, data in files.items() if name not in opened}
    for (file, name), data in unpacked.items():
        folder, slash, _ = file.rpartition("/")
        for place in (f"{folder}{slash}{name}", f"{file}/{name}"):
            if laid.get(place) == data:
                break
            if not _is_taken(place, laid):
                laid[place] = data
                break
        else:
            problems.append(FileProblem("left_in_archive", f"{file}/{name}", {"why": "its name is there twice"}))
    return laid


def _is_taken(place: str, files: Collection[str]) -> bool:
    """Whether a file, or a folder, has this name, or a file that of a folder that it would need."""
    parts = place.split("/")
    folders = {"/".join(parts[:count]) for count in range(1, len(parts))}
    return any(name == place or name in folders or name.startswith(f"{place}/") for name in files)


def read_receipt(folder: Path) -> tuple[str, str]:
    """(time, secret) as nbgrader's exchange leaves them in a folder; "" where there is none that looks like one."""
    return _stamp(_plain(folder / STAMP), []), _secret(_plain(folder / SECRET))


def _plain(path: Path) -> bytes:
    try:
        return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size <= MAX_FILE else b""
    except OSError:
        return b""


def _secret(data: bytes) -> str:
    text = data.decode("ascii", "replace")
    return text if EXCHANGED.fullmatch(text) else ""


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
    text = data[: stamps.MAX_TEXT].decode("utf-8-sig", "replace").strip()
    try:
        if text:
            stamps.parts(text)
        return text
    except stamps.Unreadable:
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
