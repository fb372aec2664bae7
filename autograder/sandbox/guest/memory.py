"""How much memory the processes of a box hold together: a limit on each would not do."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
PAGE = os.sysconf("SC_PAGESIZE")
COLLAPSE = 25  # MADV_COLLAPSE of madvise(2), since Linux 6.1
EXITING = 4  # PF_EXITING among the flags of a process
SOCKET = 2 * 212_992  # bytes that the kernel may hold for one: wmem_default of socket(7), which seccomp.py keeps


def own_memory(pid: int) -> int:
    """Bytes of memory of a process; what several share is shared out among them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return 1024 * sum(int(line[1]) for line in lines if line[0] == "Pss:") + SOCKET * sockets(pid)


def sockets(pid: int) -> int:
    """How many sockets a process has open: what lies unread in them is in no process's memory."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


def ending(pid: int) -> bool:
    """Whether a process is at its end: it has given its memory back, and the kernel shows its files to root alone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return bool(int(file.read().rpartition(")")[2].split()[6]) & EXITING)
    except OSError:
        return True  # it is gone


def resident_memory(pid: int) -> int:
    """The same, where nothing is shared out: never less, and quick to have."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return PAGE * int(file.read().split()[1]) + SOCKET * sockets(pid)


def family_memory(most: int) -> int:
    """Bytes that all processes but this one hold for themselves; where that is far below `most`, a quick bound on it.

    Far: the kernel may tell resident memory some pages late.
    """
    bound = _of_all(resident_memory)
    return bound if bound < most // 2 else _of_all(own_memory)


def _of_all(measure: Callable[[int], int]) -> int:
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            try:
                total += measure(int(name))
            except PermissionError:
                if not ending(int(name)):  # it hides from its limit
                    return sys.maxsize
            except (OSError, ValueError, IndexError):
                pass  # it has just ended
    return total


def in_large_pages() -> None:
    """Move this process's own memory into pages of 2 MB, where the kernel can: a fork copies an entry for each page."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        maps = [line.split() for line in file]
    for place, rights, *_, name in maps:
        start, end = (int(edge, 16) for edge in place.split("-"))
        if rights == "rw-p" and name in ("0", "[heap]"):  # a line without a name ends with its inode, 0
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)
