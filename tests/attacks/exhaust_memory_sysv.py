"""Wants the machine's memory, by System V segments that are attached one at a time.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
CELL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
had = 0
for _ in range(9):
    key = libc.shmget(0, 100 << 20, 0o1600)
    at = libc.shmat(key, None, 0)
    if key < 0 or at in (None, 2**64 - 1):
        break
    ctypes.memset(at, 1, 100 << 20)
    libc.shmdt(ctypes.c_void_p(at))
    had += 100
if had > 700:
    raise Exception(f"LOOT {had} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
