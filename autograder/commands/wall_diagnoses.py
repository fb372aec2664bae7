"""Which walls stand here, seen from outside: of a process that stands where a student's would."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.commands.diagnoses import Diagnosis, guest_of
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.sandbox import cgroups
from autograder.sandbox.cgroups import NoCgroup
from autograder.sandbox.guest import memory
from autograder.sandbox.guest_process import Guest

NAMESPACES = {"user": "user", "pid": "process", "mnt": "mount", "net": "network", "ipc": "IPC"}
CRASHES = Path("/proc/sys/kernel/core_pattern")
ELSEWHERE = "see docs/other-systems.md; nothing should be graded here"


def examine(root: Path) -> Iterator[Diagnosis]:
    """Look at the walls around a notebook's process of the first assignment; nothing where it does not start."""
    try:
        course = load_course(root)
        with guest_of(course, course.assignments[0]) as guest, contextlib.closing(guest.open()):  # it ends when closed
            pid = innermost(guest.pid)
            yield namespaces(pid)
            yield system_calls(Path(f"/proc/{pid}/status").read_text("ascii"))
            yield watcher(pid)
            yield cgroup(guest)
            yield crashes(CRASHES.read_text("utf-8"))
    except (CourseError, OSError):  # told already
        return


def innermost(pid: int) -> int:
    """The newest process below a guest: that of its notebook."""
    below = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return innermost(below[-1]) if below else pid


def namespaces(pid: int) -> Diagnosis:
    """What a notebook's process sees of this machine."""
    shared = [name for kind, name in NAMESPACES.items() if _namespace(pid, kind) == _namespace(os.getpid(), kind)]
    if shared:
        return Diagnosis("namespaces", False, f"shared with this machine: {', '.join(shared)}", ELSEWHERE)
    return Diagnosis("namespaces", True, f"{', '.join(NAMESPACES.values())}: a box has its own")


def _namespace(pid: int, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def system_calls(status: str) -> Diagnosis:
    """Whether the filter is on a notebook's process, by its /proc/PID/status."""
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}
    if fields["Seccomp"] != "2":
        found = f"there is none for {os.uname().machine}: memory is not bounded in every way, the other walls stand"
        return Diagnosis("filter", False, found, "grade on x86_64 or aarch64", stops=False)
    if int(fields["CapEff"], 16):
        return Diagnosis("filter", False, "a notebook has rights of root", ELSEWHERE)
    return Diagnosis("filter", True, "system calls are filtered, and nobody has rights of root")


def watcher(pid: int) -> Diagnosis:
    """Whether what a box holds can be read: a box that hides it is closed."""
    held = memory.in_sockets(pid) + (memory.of_process(pid, memory.memory_of) or 0)
    if held >= sys.maxsize:
        return Diagnosis("watcher", False, "the memory of a box cannot be read", "mount /proc without hidepid")
    return Diagnosis("watcher", True, f"the memory of a box is watched; an empty one holds {held >> 20} MB")


def crashes(pattern: str) -> Diagnosis:
    """Who gets the memory of a process that crashes: a limit of 1 forbids it, and code in a box may make that 0."""
    if pattern.startswith("|"):
        found = f"{pattern[1:].split()[0]} gets the memory of what crashes in a box on purpose, outside of all walls"
        return Diagnosis("crashes", False, found, "sysctl -w kernel.core_pattern=core", stops=False)
    return Diagnosis("crashes", True, "what crashes in a box is given to no program of this machine")


def cgroup(guest: Guest) -> Diagnosis:
    """Whether the kernel bounds a guest as well; grading can do without."""
    try:
        parent = cgroups.find()
    except NoCgroup as error:
        return Diagnosis("cgroup", True, f"none: {error}; filter and watcher hold memory without")
    if guest.cgroup is None or guest.pid not in guest.cgroup.members():
        return Diagnosis(
            "cgroup", True, f"none: {parent.folder} lets nothing in; filter and watcher hold memory without"
        )
    bound = " and ".join(cgroups.NEEDED[parent.version])
    return Diagnosis("cgroup", True, f"version {parent.version} bounds {bound}, below {parent.folder}")
