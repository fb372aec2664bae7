"""Wants the machine's memory, by shared memory of no file: what was written stays while one page of it is mapped.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "calls_are_filtered"
HOLE = "the filter lets mmap make memory that is shared and has no file; nothing tells how much of it is held"
CELL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
for _ in range(15):
    at = libc.mmap(None, 50 << 20, 3, 0x21, -1, 0)
    if at in (None, 2**64 - 1):
        raise Exception("not shared")
    ctypes.memset(at, 1, 50 << 20)
    libc.munmap(at + 4096, (50 << 20) - 4096)
raise Exception("LOOT 750 MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried."""
    return "LOOT" in evidence.loot or "not shared" in evidence.told
