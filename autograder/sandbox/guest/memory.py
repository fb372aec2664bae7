"""How much memory a box holds: that of its processes, and what the kernel holds for them.

A limit on each process would not do, and some of what one can have is in no process's memory: what lies unread in
sockets and pipes, page tables, the list of mappings. What cannot be read counts as hiding.
"""

import contextlib
import ctypes
import os
import platform
import re
import socket
import sys
from collections.abc import Callable, Container

LIBC = ctypes.CDLL(None, use_errno=True)
PAGE = os.sysconf("SC_PAGESIZE")
COLLAPSE = 25  # MADV_COLLAPSE of madvise(2), since Linux 6.1
EXITING = 4  # PF_EXITING among the flags of a thread
KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine(), -1)  # kcmp(2)
VIRTUAL_MEMORY, OPEN_FILES = 1, 2  # what it compares of two threads
FILE = 16 * PAGE  # bytes that the kernel may hold for an open file: a pipe that is full
MAPPING = PAGE  # for a mapping: itself, and a link to every process that it was copied from, up to 64
# in /proc/PID/status, in kB: what is swapped out and huge pages are not among what is resident
RESIDENT = re.compile(rb"^(?:VmRSS|VmSwap|VmPTE|HugetlbPages):\s*(\d+)", re.MULTILINE)
PARENT = re.compile(rb"^PPid:\s*(\d+)", re.MULTILINE)
TABLES = re.compile(rb"^(?:VmPTE|HugetlbPages):\s*(\d+)", re.MULTILINE)
OWN = re.compile(rb"^(?:Pss|SwapPss):\s*(\d+)", re.MULTILINE)  # in smaps_rollup
WALKED = re.compile(rb"^Rss:\s*(\d+)", re.MULTILINE)
SHARERS = 16  # that a page is shared out among, at most: to look at pages that all have many times takes seconds
PASSES = 50  # that a look may take, while there is always somebody new who is gone when it is looked at


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def of_a_socket() -> int:
    """Bytes that the kernel may hold for one: each way a message more than fits. seccomp.py keeps the sizes."""
    with socket.socket(socket.AF_UNIX) as one:
        return 2 * sum(one.getsockopt(socket.SOL_SOCKET, size) for size in (socket.SO_SNDBUF, socket.SO_RCVBUF))


def most_mappings() -> int:
    """How many mappings a process may have."""
    with contextlib.suppress(OSError):
        return int(_read("/proc/sys/vm/max_map_count"))
    return sys.maxsize // MAPPING


SOCKET, MOST_MAPPINGS = of_a_socket(), most_mappings()


def family_memory(most: int, first: int) -> int:
    """Bytes that a box holds; where that is far below `most`, a quick bound on it.

    Far: the kernel may tell resident memory some pages late. first: process 1 of the box, which is ours.
    """
    bound = _of_all(first, bound_of, most // 2)
    return bound if bound < most // 2 else _of_all(first, memory_of, most)


def _of_all(first: int, measure: Callable[[str], int | None], enough: int) -> int:
    """Bytes of sockets and of all processes; once there are more than enough, the rest is not looked at.

    What has ended meanwhile may have left its memory to a new process.
    """
    held, seen, counted = in_sockets(first), {1, first, os.getpid()}, set[int]()
    for _ in range(PASSES):
        new = {int(name) for name in os.listdir("/proc") if name.isdigit()} - seen
        for pid in sorted(new):  # a parent before its children
            found = of_process(pid, (lambda thread: 0) if lives_in_its_parent(pid, counted) else measure)
            if found is not None:
                counted.add(pid)
                held += found
            if held > enough:
                return held
        if new <= counted:
            return held
        seen |= new
    return sys.maxsize


def lives_in_its_parent(pid: int, counted: Container[int]) -> bool:
    """Whether a process has the same memory as its parent, which was counted: so it is between vfork() and exec().

    Who has memory when it has been compared had it before. Where the kernel does not say, it counts twice.
    """
    try:
        found = PARENT.search(_read(f"/proc/{pid}/status"))
        parent = int(found[1]) if found else 0
        same = parent in counted and share(VIRTUAL_MEMORY, pid, parent)
        return same and TABLES.search(_read(f"/proc/{pid}/status")) is not None
    except OSError:
        return False  # it has just ended


def share(what: int, one: int, other: int) -> bool:
    """Whether two threads have one and the same memory, or table of open files; False where the kernel does not say."""
    return bool(LIBC.syscall(KCMP, one, other, what, 0, 0) == 0)


def in_sockets(pid: int) -> int:
    """Bytes that sockets of a process's network may hold, also those that are open in no process.

    One that was closed counts until what it has sent is read.
    """
    try:
        return SOCKET * int(_read(f"/proc/{pid}/net/sockstat").split()[2])
    except OSError:
        return 0 if ending(f"/proc/{pid}") else sys.maxsize


def of_process(pid: int, measure: Callable[[str], int | None]) -> int | None:
    """Bytes of a process: its memory, by a thread that still has it, and its threads' files; None: it has ended.

    The first thread of a process may have ended; a thread may have files of its own, and leave its place to a new one.
    """
    held, memory, files, seen = 0, None, 0, set[int]()
    for _ in range(PASSES):
        try:
            new = {int(name) for name in os.listdir(f"/proc/{pid}/task")} - seen
        except OSError:
            return None
        for number in new:
            thread = f"/proc/{pid}/task/{number}"
            try:
                if not files or not share(OPEN_FILES, number, files):
                    held, files = held + FILE * len(os.listdir(f"{thread}/fd")), number
                memory = measure(thread) if memory is None else memory
            except PermissionError:
                if not ending(thread):  # it hides from its limit
                    return sys.maxsize
            except OSError:
                pass  # it has just ended
        if memory is not None:
            return held + memory
        if not new:
            return None
        seen |= new
    return sys.maxsize


def ending(thread: str) -> bool:
    """Whether a thread is at its end: it has given its memory back, and the kernel shows its files to root alone."""
    try:
        return bool(int(_read(f"{thread}/stat").rpartition(b")")[2].split()[6]) & EXITING)
    except OSError:
        return True  # it is gone


def bound_of(thread: str) -> int | None:
    """Bytes of memory of the process of a thread, never less; None where it has ended. Quick to have."""
    resident = _sum(RESIDENT, _read(f"{thread}/status"))
    return resident + MAPPING * MOST_MAPPINGS if resident else None


def memory_of(thread: str) -> int | None:
    """The same; what several processes share is shared out among them, and mappings are counted."""
    status = _read(f"{thread}/status")
    if not TABLES.search(status):
        return None
    pages = _read(f"{thread}/smaps_rollup")
    own = max(_sum(OWN, pages), _sum(WALKED, pages) // SHARERS)
    return own + _sum(TABLES, status) + MAPPING * _read(f"{thread}/maps").count(b"\n")


def _sum(fields: re.Pattern[bytes], text: bytes) -> int:
    return 1024 * sum(map(int, fields.findall(text)))


def in_large_pages() -> None:
    """Move this process's own memory into pages of 2 MB, where the kernel can: a fork copies an entry for each page."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        maps = [line.split() for line in file]
    for place, rights, *_, name in maps:
        start, end = (int(edge, 16) for edge in place.split("-"))
        if rights == "rw-p" and name in ("0", "[heap]"):  # a line without a name ends with its inode, 0
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)
