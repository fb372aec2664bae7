"""Archives that students and learning systems made, read as hostile bytes.

A tar's files are laid in a folder of ours, by number. A name that would lead outside its folder, a link,
a device, and what is over the bounds is refused and said; sizes are bounded while reading, whatever an
archive declares.
"""

import contextlib
import gzip
import io
import os
import re
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autograder.course import Limits
from autograder.errors import CourseError
from autograder.files import unwritable
from autograder.submissions.submission import MAX_FILE, MAX_FILES, MAX_TOTAL, MEGABYTE

PACKED = (".zip", ".tar", ".tar.gz", ".tgz")
UNREADABLE = (".rar", ".7z", ".tar.xz", ".tar.bz2")
MAX_DEPTH, MAX_PART = 12, 200  # folders below each other, bytes of a name
MAX_ENDS = 10  # times that a tar is read at its end: a whole one is so once or twice
TAR_ROOM = 1 << 20  # bytes of a tar's own headers
MAX_TAR = 16 << 30  # bytes of the files in a tar: they are laid on the disk
ENTRY_BYTES = 400  # of a zip's directory, an entry: more than any real one
IGNORED = re.compile(r"^(\..*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini|~\$.*)$")
ZIP_END = b"PK\x05\x06"


class Refused(Exception):
    """An archive or a file in it that is not taken. The text says why."""


@dataclass(frozen=True)
class Bounds:
    """How much is taken of one archive: files, bytes of a file, bytes together."""

    files: int
    file_bytes: int
    total_bytes: int


def of_submission(limits: Limits) -> Bounds:
    """What one student may hand in."""
    return Bounds(MAX_FILES, min(MAX_FILE, int(limits.file_mb) * MEGABYTE), MAX_TOTAL)


def of_class(limits: Limits) -> Bounds:
    """What a class may hand in together: files are read one by one, and never all kept in memory."""
    own = of_submission(limits)
    return Bounds(100_000, own.file_bytes, 4000 * own.total_bytes)


@dataclass(frozen=True)
class Tree:
    """Files by safe relative name, each read when asked for; and lines on what was refused."""

    files: Mapping[str, Callable[[], bytes]]
    refused: tuple[str, ...] = ()


def safe_name(raw: str) -> str:
    """A relative name with / and composed letters; "" for what nobody needs; Refused for what leads outside."""
    name = unicodedata.normalize("NFC", raw.replace("\\", "/"))
    if name.startswith("/") or re.match(r"^[A-Za-z]:", name):
        raise Refused("an absolute name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused("leads outside its folder")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise Refused("control characters in its name")
    if len(parts) > MAX_DEPTH or any(len(part.encode()) > MAX_PART for part in parts):
        raise Refused("its name is too long")
    return "" if any(IGNORED.match(part) for part in parts) else "/".join(parts)


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
        try:
            tree = _tree(stack.enter_context(path.open("rb")), path.name, bounds, stack)
        except OSError as error:
            raise Refused(f"cannot be opened ({error})") from error
        yield tree


@contextlib.contextmanager
def inside(data: bytes, name: str, bounds: Bounds) -> Iterator[Tree]:
    """The files of an archive that stood in another one."""
    with contextlib.ExitStack() as stack:
        yield _tree(io.BytesIO(data), name, bounds, stack)


def _tree(file: IO[bytes], name: str, bounds: Bounds, stack: contextlib.ExitStack) -> Tree:
    with _as_refused("cannot be opened"):
        return _packed(file, name, bounds, stack)


@contextlib.contextmanager
def _as_refused(what: str) -> Iterator[None]:
    """Whatever an archive that is broken on purpose makes zipfile and tarfile stumble over costs that archive alone."""
    try:
        yield
    except (Refused, CourseError):
        raise
    except Exception as error:
        raise Refused(f"{what} ({error})") from error


def _packed(file: IO[bytes], name: str, bounds: Bounds, stack: contextlib.ExitStack) -> Tree:
    if name.lower().endswith(".zip"):
        return _zip(file, bounds, stack)
    return _tar(file, name, bounds, stack)


def _folder(root: Path, bounds: Bounds) -> Tree:
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[str] = []
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
                refused.append(f"{_shown(shown)}: {why}")
                continue
            if name:
                files[name] = _reader(lambda path=path: path.open("rb"), bounds, left)  # type: ignore[misc]
    return Tree(files, tuple(refused))


def _zip(file: IO[bytes], bounds: Bounds, stack: contextlib.ExitStack) -> Tree:
    if _directory_bytes(file) > bounds.files * ENTRY_BYTES + MEGABYTE:
        raise Refused(f"holds more than {bounds.files} files")
    whole = stack.enter_context(zipfile.ZipFile(file))
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[str] = []
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
            refused.append(f"{_shown(raw)}: {why}")
            continue
        if name:
            files[name] = _reader(lambda entry=entry: whole.open(entry), bounds, left)  # type: ignore[misc]
    return Tree(files, tuple(refused))


def _directory_bytes(file: IO[bytes]) -> int:
    """Size of a zip's directory as it declares it, before anything of it is read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    file.seek(0)
    at = len(tail) - 22 if tail[-22:].startswith(ZIP_END) else tail.rfind(ZIP_END)
    return int(struct.unpack_from("<L", tail, at + 12)[0]) if 0 <= at <= len(tail) - 22 else 0


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


def _tar(file: IO[bytes], name: str, bounds: Bounds, stack: contextlib.ExitStack) -> Tree:
    """A tar is read through once: its files are laid in a temporary folder, within the bounds."""
    plain: IO[bytes] = file if name.lower().endswith(".tar") else gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autograder-tar-")))
    files: dict[str, Callable[[], bytes]] = {}
    refused: list[str] = []
    bound = min(bounds.total_bytes, MAX_TAR) + TAR_ROOM
    with tarfile.open(fileobj=_Metered(plain, bound), mode="r|") as whole:
        for number, entry in enumerate(whole):
            try:
                found = "" if entry.isdir() else safe_name(entry.name)
                if found and not entry.isreg():
                    raise Refused("not a plain file")
                if found and (entry.size > bounds.file_bytes or len(files) >= bounds.files):
                    raise Refused(f"over {bounds.file_bytes // MEGABYTE} MB, or more than {bounds.files} files")
            except Refused as why:
                refused.append(f"{_shown(entry.name)}: {why}")
                continue
            reader = whole.extractfile(entry) if found else None
            if reader is not None:
                laid = folder / str(number)  # never by a name of theirs, and never twice
                _lay(reader, laid)
                files[found] = laid.read_bytes
    return Tree(files, tuple(refused))


def _lay(reader: IO[bytes], target: Path) -> None:
    """One file of a tar onto the disk; CourseError where the disk, and not the archive, is at fault."""
    with target.open("wb") as copy:
        while block := reader.read(MEGABYTE):
            try:
                copy.write(block)
            except OSError as error:
                raise unwritable(target.parent, error) from error


def _reader(start: Callable[[], IO[bytes]], bounds: Bounds, left: list[int]) -> Callable[[], bytes]:
    """Reads a file whole, and counts what all readers of its archive took."""

    def read() -> bytes:
        most = min(bounds.file_bytes, left[0])
        with _as_refused("cannot be read"), start() as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Refused(f"unpacks to more than {most / MEGABYTE:.0f} MB")
        left[0] -= len(data)
        return data

    return read


def _shown(name: str) -> str:
    """A hostile name for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:120]
