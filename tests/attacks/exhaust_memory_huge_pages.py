# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory: of a huge page all but 4 KB is given back, and the kernel keeps the whole until it needs it.

Won: more than the limit (700 MB) was had so, as 4 KB each in the process. Outer limit: 900 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import ctypes, resource
libc, huge, had, parts = ctypes.CDLL(None), 2 << 20, 0, 0
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes, libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], [ctypes.c_void_p, ctypes.c_size_t]
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
while had < 900 << 20 and parts < 9:
    at = libc.mmap(None, 2 * huge, 3, 0x22, -1, 0)
    start = (at + huge - 1) // huge * huge
    error = libc.madvise(start, huge, 14)
    before = faults()
    ctypes.memset(start, 1, huge)
    if faults() - before < 100:
        had += huge  # its pages came as one
    else:
        parts += 1  # 512 of 4 KB, which takes longer
    libc.munmap(at, start - at)
    libc.munmap(start + 4096, at + 2 * huge - start - 4096)
raise Exception(f"LOOT {had >> 20} MB" if had > 700 << 20 else f"{parts} in small pages, error {error}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It asked for huge pages, and got small ones."""
    return "9 in small pages, error 0" in evidence.told
