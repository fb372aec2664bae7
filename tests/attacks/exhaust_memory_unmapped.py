"""Wants the machine's memory: shared memory without a file stays whole while one page of it is mapped.

Won: more than the limit (700 MB) was had so, as 4 KB each in the process. Outer limit: 900 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import ctypes, os
libc, size, had, told = ctypes.CDLL(None, use_errno=True), 90 << 20, 0, []
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
for flags, file in ((0x21, -1), (0x01, os.open("/dev/zero", os.O_RDWR))):
    for _ in range(5):
        at = libc.mmap(None, size, 3, flags, file, 0)
        if at == 2**64 - 1:
            told.append(ctypes.get_errno())
            continue
        ctypes.memset(at, 1, size)
        libc.munmap(at + 4096, size - 4096)
        had += size
raise Exception(f"LOOT {had >> 20} MB" if had > 700 << 20 else f"{had >> 20} MB, errors {told}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It asked both ways: such memory it may not have, and no device here can be mapped."""
    return "0 MB, errors [1, 1, 1, 1, 1, 19, 19, 19, 19, 19]" in evidence.told
