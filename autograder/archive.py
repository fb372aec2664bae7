"""Archives that students and learning systems made, read as hostile bytes.

A name that would lead outside its folder, a link, a device, and what is over the bounds is refused and said; sizes
are bounded while reading, whatever an archive declares. Of an archive on the disk, which may be a whole class's, a
tar's files are laid in a folder of ours, by number; of one in memory nothing is laid anywhere.
It is long, so that all that an archive may try, and each bound on it, stand in one place.
"""

import contextlib
import gzip
import io
import os
import re
import secrets
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autograder.errors import CourseError
from autograder.files import unwritable

MEGABYTE = 1 << 20
PACKED = (".zip", ".tar", ".tar.gz", ".tgz")
UNREADABLE = (".rar", ".7z", ".tar.xz", ".tar.bz2")
MAX_DEPTH, MAX_PART = 12, 200  # folders below each other, bytes of a name
OF_NAMES = ("its name is not UTF-8", "control characters in its name", "its name is too long")
NOT_UTF8, CONTROLS, TOO_LONG = OF_NAMES
COPY = r"[-_]\d+| ?\(\d+\)"  # what browsers and platforms put behind the name of a file that is there already
SHOWN = 120  # characters of a hostile name
MAX_ENDS = 10  # times that a tar is read at its end: a whole one is so once or twice
TAR_ROOM = MEGABYTE  # bytes of a tar's own headers
MAX_TAR = 16 << 30  # bytes of the files in a tar: they are laid on the disk
ENTRY_BYTES = 400  # of a zip's directory, an entry: more than any real one
IGNORED = re.compile(  # what systems leave behind: nobody's
    r"(?si)\..*|~\$.*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini|lost\+found|@eaDir|\$RECYCLE\.BIN|System Volume .*"
)
ZIP_END, ZIP64_END, ZIP64_AT = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


Keep = Callable[[IO[bytes]], Callable[[], bytes]]  # a file of a tar as it comes -> its reader


class Refused(Exception):
    """An archive or a file in it that is not taken. The text says why."""


@dataclass(frozen=True)
class Bounds:
    """How much is taken of one archive: files, bytes of a file, bytes together."""

    files: int
    file_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Tree:
    """Files by safe relative name, each read when asked for; and what was refused: (its name, why)."""

    files: Mapping[str, Callable[[], bytes]]
    refused: tuple[tuple[str, str], ...] = ()


def safe_name(raw: str) -> str:
    """A relative name with / and composed letters; "" for what nobody needs; Refused for what leads outside."""
    name = unicodedata.normalize("NFC", raw.replace("\\", "/"))
    if name.startswith("/") or re.match(r"^[A-Za-z]:", name):
        raise Refused("an absolute name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused("leads outside its folder")
    if kinds := {"Cc", "Cs"} & set(map(unicodedata.category, name)):
        raise Refused(NOT_UTF8 if "Cs" in kinds else CONTROLS)
    if len(parts) > MAX_DEPTH or any(len(part.encode()) > MAX_PART for part in parts):
        raise Refused(TOO_LONG)
    return "" if any(map(IGNORED.fullmatch, parts)) else "/".join(parts)


def copy_number(name: str) -> tuple[int, ...]:
    """The numbers that browsers and platforms give a file that is there already, one behind the other: (10,) of
    `work (10).zip`, (2026, 1) of `work-2026 (1).zip`, which came after `work-2026.zip`."""
    found = re.search(rf"((?:{COPY})+)(\.[A-Za-z]+)+$", name)
    return tuple(map(int, re.findall(r"\d+", found[1]))) if found else ()


def is_packed(name: str) -> bool:
    """Whether a file is an archive, by its name."""
    return name.lower().endswith(PACKED)


@contextlib.contextmanager
def opened(path: Path, bounds: Bounds) -> Iterator[Tree]:
    """The files of an archive or a folder; Refused where it cannot be read at all."""
    if path.is_dir():
        yield _folder(path, bounds)
        return
    with contextlib.ExitStack() as stack:
        with _as_refused("cannot be opened"):
            file = stack.enter_context(path.open("rb"))
            if _is_zip(path.name):
                tree = _zip(file, bounds)
            else:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autograder-tar-")))
                tree = _tar(file, path.name, bounds, lambda entry: _laid(entry, folder))
        yield tree


def inside(data: bytes, name: str, bounds: Bounds) -> Tree:
    """The files of an archive in memory; Refused where it cannot be read at all."""
    with _as_refused("cannot be opened"):
        return _zip(io.BytesIO(data), bounds) if _is_zip(name) else _tar(io.BytesIO(data), name, bounds, _held)


def without_top(names: Iterable[str]) -> dict[str, str]:
    """Name -> the same without the one folder that all are in."""
    names = list(names)
    tops = {name.partition("/")[0] for name in names}
    if len(tops) == 1 and all("/" in name for name in names):
        return {name: name.partition("/")[2] for name in names}
    return {name: name for name in names}


@contextlib.contextmanager
def _as_refused(what: str) -> Iterator[None]:
    """Whatever an archive that is broken on purpose makes zipfile and tarfile stumble over costs that archive alone."""
    try:
        yield
    except (Refused, CourseError):
        raise
    except Exception as error:
        raise Refused(f"{what} ({error})") from error


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _folder(root: Path, bounds: Bounds) -> Tree:
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[tuple[str, str]] = []
    left = [bounds.total_bytes]
    for parent, folders, names in os.walk(root):
        folders.sort()
        for raw in sorted([*names, *(f for f in folders if Path(parent, f).is_symlink())]):
            path = Path(parent, raw)
            shown = path.relative_to(root).as_posix()
            try:
                name = safe_name(shown)
                if not stat.S_ISREG(path.lstat().st_mode):
                    raise Refused("not a plain file")
                if name and len(files) >= bounds.files:
                    raise Refused(f"more than {bounds.files} files")
            except Refused as why:
                refused.append((_shown(shown), str(why)))
                continue
            if name:
                files[name] = _reader(lambda path=path: path.open("rb"), bounds, left)  # type: ignore[misc]
    return Tree(files, tuple(refused))


def _zip(file: IO[bytes], bounds: Bounds) -> Tree:
    if _directory_bytes(file) > bounds.files * ENTRY_BYTES + MEGABYTE:
        raise Refused(f"holds more than {bounds.files} files")
    whole = zipfile.ZipFile(file)  # of a file that is open already: nothing to close
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[tuple[str, str]] = []
    left = [bounds.total_bytes]
    for entry in whole.infolist():
        raw = _decoded(entry)
        try:
            name = "" if raw.endswith("/") else safe_name(raw)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if name and kind not in (0, stat.S_IFREG):
                raise Refused("not a plain file")
            if name and entry.flag_bits & 1:
                raise Refused("locked with a password")
            if name and entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("packed in a way that is not read here")
            if name and len(files) >= bounds.files:
                raise Refused(f"more than {bounds.files} files")
        except Refused as why:
            refused.append((_shown(raw), str(why)))
            continue
        if name:
            files[name] = _reader(lambda entry=entry: whole.open(entry), bounds, left, entry.file_size)  # type: ignore[misc]
    return Tree(files, tuple(refused))


def _directory_bytes(file: IO[bytes]) -> int:
    """Size of a zip's directory as it declares it, before anything of it is read: in whichever place zipfile looks."""
    start = max(0, file.seek(0, os.SEEK_END) - (1 << 16) - 22 - 76)
    file.seek(start)
    tail = file.read()
    at = len(tail) - 22 if tail[-22:].startswith(ZIP_END) else tail.rfind(ZIP_END)
    if not 0 <= at <= len(tail) - 22:
        return 0
    sizes = [struct.unpack_from("<L", tail, at + 12)[0]]
    if at >= 76 and tail.startswith(ZIP64_AT, at - 20):  # the record of a large zip stands before it, or where it says
        for place in (start + at - 76, struct.unpack_from("<Q", tail, at - 12)[0]):
            file.seek(place)
            if (record := file.read(48)).startswith(ZIP64_END) and len(record) == 48:
                sizes.append(struct.unpack_from("<Q", record, 40)[0])
    return int(max(sizes))


def _decoded(entry: zipfile.ZipInfo) -> str:
    """An entry's name. Windows writes names in the code page of its language and does not say which."""
    if entry.flag_bits & 0x800:
        return entry.filename
    with contextlib.suppress(UnicodeError):
        raw = entry.filename.encode("cp437")
        for encoding in ("utf-8", "cp874"):
            with contextlib.suppress(UnicodeError):
                return raw.decode(encoding)
    return entry.filename


class _Metered(io.RawIOBase):
    """A stream that ends with Refused once more than `most` bytes came out of it, or more are wanted than there are."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._left, self._ends = file, most, 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, 1 << 20) if size > 0 else 1 << 20)
        self._left -= len(data)
        if self._left < 0:
            raise Refused("unpacks to more than is allowed")
        self._ends += not data
        if self._ends > MAX_ENDS:  # tarfile skips a file by its declared size, which may be 2**95
            raise Refused("ends before its files do")
        return data


def _tar(file: IO[bytes], name: str, bounds: Bounds, keep: Keep) -> Tree:
    """A tar is read through once: its files are kept as they come, within the bounds."""
    plain: IO[bytes] = file if name.lower().endswith(".tar") else gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[tuple[str, str]] = []
    left = min(bounds.total_bytes, MAX_TAR)
    with tarfile.open(fileobj=_Metered(plain, left + TAR_ROOM), mode="r|") as whole:
        for entry in whole:
            try:
                found = "" if entry.isdir() else safe_name(entry.name)
                if found and not entry.isreg():
                    raise Refused("not a plain file")
                if found and (entry.size > bounds.file_bytes or len(files) >= bounds.files):
                    raise Refused(f"over {bounds.file_bytes // MEGABYTE} MB, or more than {bounds.files} files")
                if found and entry.size > left:  # the holes of a sparse file are in no stream
                    raise Refused("unpacks to more than is allowed")
            except Refused as why:
                refused.append((_shown(entry.name), str(why)))
                continue
            reader = whole.extractfile(entry) if found else None
            if reader is not None:
                files[found] = keep(reader)
                left -= entry.size
    return Tree(files, tuple(refused))


def _held(reader: IO[bytes]) -> Callable[[], bytes]:
    """One file of a tar, kept in memory."""
    data = reader.read()
    return lambda: data


def _laid(reader: IO[bytes], folder: Path) -> Callable[[], bytes]:
    """One file of a tar, laid on the disk; CourseError where the disk, and not the archive, is at fault."""
    target = folder / secrets.token_hex(8)  # never by a name of theirs, and never twice
    with target.open("wb") as copy:
        while block := reader.read(MEGABYTE):
            try:
                copy.write(block)
            except OSError as error:
                raise unwritable(target.parent, error) from error
    return target.read_bytes


def _reader(start: Callable[[], IO[bytes]], bounds: Bounds, left: list[int], declared: int = 0) -> Callable[[], bytes]:
    """Reads a file whole, and counts what all readers of its archive took, in vain too: that is time as well."""

    def read() -> bytes:
        most = min(bounds.file_bytes, left[0])
        data = b""
        try:
            if declared <= most:
                with _as_refused("cannot be read"), start() as file:
                    data = file.read(most + 1)
        except Refused:
            left[0] -= min(declared, most)
            raise
        left[0] -= min(len(data), most)
        if max(len(data), declared) > most:
            raise Refused(f"unpacks to more than {most / MEGABYTE:.0f} MB")
        return data

    return read


def _shown(name: str) -> str:
    """A hostile name for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:SHOWN]
