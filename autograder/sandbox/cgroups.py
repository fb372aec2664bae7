"""Control groups: where the system gives one, the kernel bounds memory and processes of a guest as well.

Of version 2 with the controllers memory and pids, below the nearest group that hands them down and may be written; else
of version 1, pids alone. Nothing that runs already is moved, and no setting of a group that is not ours is changed.
"""

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Limits

PREFIX = "autograder-"
MEGABYTE = 1 << 20
NEEDED = {2: ("memory", "pids"), 1: ("pids",)}  # never memory of version 1: to nest there is not ours to decide
AROUND_MB = 1024  # beside a box's own memory: the zygote with its data, and what is cached
AROUND = 16  # beside a box's own processes: bubblewrap's, the zygote, process 1 of the box
GONE_SECONDS = 2.0  # until the kernel has buried what was killed
ENTER = '{ echo $$ > "$0"/cgroup.procs; } 2> /dev/null; exec "$@"'


class NoCgroup(OSError):
    """The system gives none; the text says why."""


@dataclass(frozen=True)
class Parent:
    """A group below which ours are made."""

    folder: Path
    version: int


@dataclass(frozen=True)
class Cgroup:
    """A guest's own group. lock: an open file that holds a lock on it, as long as the process that made it lives."""

    folder: Path
    lock: int

    def entering(self, line: list[str]) -> list[str]:
        """A command line that is in the group from its start; where it is not let in, it runs all the same."""
        return ["/bin/sh", "-c", ENTER, str(self.folder), *line]

    def members(self) -> list[int]:
        """The processes in it."""
        return [int(line) for line in (self.folder / "cgroup.procs").read_text("ascii").split()]

    def ran_out(self) -> bool:
        """Whether the kernel has killed what is in it for its memory."""
        with contextlib.suppress(OSError):
            events = (self.folder / "memory.events").read_text("ascii").splitlines()
            return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in events)
        return False

    def remove(self) -> None:
        """End all that is in it, and the group."""
        _remove(self.folder)
        os.close(self.lock)


def given(limits: Limits) -> Cgroup | None:
    """A new group with these limits, where the system gives one."""
    with contextlib.suppress(OSError):
        return make(find(), limits)
    return None


def find(proc: Path = Path("/proc/self")) -> Parent:
    """The group below which ours can be made; NoCgroup where there is none."""
    why = "no cgroups of version 2 are mounted here"
    for version, needed in NEEDED.items():
        for mount, own in _own_groups(proc, version):
            if version == 1 and _writable(own):
                return Parent(own, 1)
            if version == 2:
                above = [folder for folder in (own, *own.parents) if folder.is_relative_to(mount)]
                for folder in above:
                    if _names(folder / "cgroup.subtree_control") >= set(needed) and _writable(folder):
                        return Parent(folder, 2)
                offered = _names(mount / "cgroup.controllers")
                lacking = ", ".join(name for name in needed if name not in offered)
                why = f"version 2 has no {lacking} here" if lacking else f"no group above {own} may be written"
    raise NoCgroup(why)


def make(parent: Parent, limits: Limits) -> Cgroup:
    """A new group; what guests that have crashed left there is removed."""
    with _locked(parent.folder):
        for left in parent.folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError), _locked(left, fcntl.LOCK_NB):
                _remove(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent.folder))
        made = Cgroup(folder, _lock(folder))
    try:
        (folder / "pids.max").write_text(str(limits.processes + AROUND), "ascii")
        if parent.version == 2:
            most = (limits.memory_mb + 2 * limits.file_mb + AROUND_MB) * MEGABYTE  # there are two folders in memory
            (folder / "memory.max").write_text(str(most), "ascii")
            for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                with contextlib.suppress(OSError):  # not in every kernel
                    (folder / name).write_text(value, "ascii")
    except OSError:
        made.remove()
        raise
    return made


def _own_groups(proc: Path, version: int) -> Iterator[tuple[Path, Path]]:
    """Where cgroups of a version are mounted, and the group in there that this process is in."""
    groups = [line.split(":", 2) for line in (proc / "cgroup").read_text("utf-8").splitlines()]
    for line in (proc / "mountinfo").read_text("utf-8").splitlines():
        place, _, rest = line.partition(" - ")
        root, mount = place.split()[3:5]
        kind, options = rest.split()[0], rest.split()[-1].split(",")
        for _, controllers, path in groups:
            of_two = version == 2 and kind == "cgroup2" and not controllers
            of_one = version == 1 and kind == "cgroup" and "pids" in options and "pids" in controllers.split(",")
            if (of_two or of_one) and Path(path).is_relative_to(root):
                yield Path(mount), Path(mount, Path(path).relative_to(root))


def _names(file: Path) -> set[str]:
    return set(file.read_text("ascii").split()) if file.is_file() else set()


def _writable(folder: Path) -> bool:
    """Whether groups can be made in it, and processes below it moved there."""
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _lock(folder: Path, how: int = 0) -> int:
    """An open file that holds a lock on a folder: it lasts as long as the file."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | how)
    except OSError:
        os.close(place)
        raise
    return place


@contextlib.contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[None]:
    place = _lock(folder, how)
    try:
        yield
    finally:
        os.close(place)


def _remove(folder: Path) -> None:
    """End what is in a group, and the group; where that cannot be done now, the next one to be made tries again."""
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        try:
            return folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                return None
        with contextlib.suppress(OSError):
            (folder / "cgroup.kill").write_text("1", "ascii")  # of version 2
        time.sleep(0.005)
    return None
