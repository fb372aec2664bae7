# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory, by page tables: a page that is only read takes none, but two tables of 4 KB where it lies alone.

Won: more than the limit (700 MB) was had in page tables at once.
"""

from tests.attacks.lab import GATHERED, Attack, Evidence

WALL = "page_tables_are_counted"
CELL = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
read, write = os.pipe()
for _ in range(2):
    if os.fork() == 0:
        for n in range(48_000):
            ctypes.c_char.from_address(libc.mmap((1 << 40) + (n << 30), 4096, 1, 0x32, -1, 0)).value
        os.write(write, b"1")
        time.sleep(12)
        os._exit(0)
time.sleep(1.5)
"""
TELL = """
if len(said) == 2:
    raise Exception(f"LOOT {2 * 48_000 * 8 >> 10} MB of page tables")
"""
ATTACK = Attack(first=[CELL, f"wanted = 2{GATHERED}", TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
