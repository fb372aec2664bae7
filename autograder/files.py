"""Writing files so that nothing half-written stays: a temporary name, then a rename."""

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.errors import CourseError

PART = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}\.part(-journal)?")
REMEDIES = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.EIO: "look after the disk",
    errno.EMFILE: "allow more open files (`ulimit -n 4096`)",
}


MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE)


def of_the_machine(error: BaseException) -> bool:
    """Whether an error is one of the whole machine: it would come again at the next student."""
    why = error if isinstance(error, OSError) else error.__cause__
    return isinstance(why, OSError) and why.errno in MACHINE


def unwritable(path: Path | str, error: OSError) -> CourseError:
    """What a user is told about a file or folder that could not be written."""
    remedy = REMEDIES.get(error.errno or 0, "mend that")
    why = error.strerror or str(error)
    return CourseError(f"{path}: {why}; {remedy}, then run the same command again: what is done is kept")


def temporary_sibling(path: Path) -> Path:
    """A temporary name in the same folder, by which sweep() knows it."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data` in one step; CourseError where the disk or the folder does not let us."""
    part = temporary_sibling(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(mode)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise unwritable(path, error) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_folder(target: Path, files: Mapping[str, bytes], mode: int = 0o644) -> None:
    """Replace the folder `target` by these files, by relative name, whole or not at all."""
    new = temporary_sibling(target)
    try:
        for name, data in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(mode)
        replace_folder(new, target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def replace_folder(new: Path, target: Path) -> None:
    """Put the folder `new` in the place of `target`, which stays where that fails."""
    old = temporary_sibling(target)
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(old, ignore_errors=True)


def sweep(folders: Iterable[Path]) -> int:
    """Remove temporary files and folders whose process is gone -> how many."""
    count = 0
    for folder in folders:
        for path in folder.glob(".*.part*"):
            found = PART.fullmatch(path.name)
            if found and not _alive(int(found[1])):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                count += 1
    return count


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return process != os.getpid()


@contextlib.contextmanager
def exclusive_lock(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock on `path`; CourseError `busy` where another process holds it. It ends with its process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, blocking=False).acquire()
    except Timeout:
        raise CourseError(busy) from None
    except OSError as error:
        raise unwritable(path, error) from error
    with lock:
        yield
