"""The packages of an assignment's own: an environment made from its lock file, for the box and the examiner alone."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.errors import CourseError

NEEDED = ("IPython", "numpy")  # by what runs in the box beside the notebook
FOLDER = "environments"  # of the course's own state
LOOSE = re.compile(r"(?!.*(?:==|@|/|\.whl))\s*([A-Za-z0-9][\w.-]*)")  # a line that leaves the version open
SECONDS = 1800  # to fetch and install it


def packages_of(lock: Path, folder: Path) -> Path:
    """The folder of the packages that a lock file names, made below `folder` where it is not there yet.

    CourseError with pip's last line where it cannot be made, and where a line has no version: marks hang on it.
    """
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
        if found := LOOSE.match(line.partition(";")[0]):
            raise CourseError(
                f"{lock}: line {number} leaves the version of {found[1]} open; write `{found[1]}==VERSION`"
            )
    place = folder / hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        making = folder / f"{place.name}-{os.getpid()}"
        try:
            _make(lock, making)
            with contextlib.suppress(OSError):  # another worker was first
                making.rename(place)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return _site(place)


def _make(lock: Path, folder: Path) -> None:
    python = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
    _run([python, "-m", "venv", "--clear", str(folder)], lock)
    _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(lock)], lock)
    if missing := [name for name in NEEDED if not (_site(folder) / name).is_dir()]:
        raise CourseError(f"{lock}: has no {missing[0].lower()}, which the sandbox needs; add it to the lock file")


def _run(line: list[str], lock: Path) -> None:
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise CourseError(f"{lock}: not installed in {SECONDS} s; try the same command again") from None
    if done.returncode:
        lines = [text for text in done.stderr.splitlines() if text.startswith("ERROR")] or done.stderr.splitlines()
        raise CourseError(f"{lock}: its packages cannot be installed: {(lines or ['no message'])[-1]}")


def _site(folder: Path) -> Path:
    """Where an environment of this Python has its packages."""
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
