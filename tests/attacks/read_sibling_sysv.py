"""Wants a System V shared memory segment that the submission before left.

Won: the second of two submissions attaches to it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "ipc_is_private"
CELL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
found = libc.shmget(0x4c4f4f54, 4096, 0)
libc.shmget(0x4c4f4f54, 4096, 0o1666)
if found >= 0:
    raise Exception(f"LOOT segment {found}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
