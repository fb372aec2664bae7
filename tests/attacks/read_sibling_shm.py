"""Wants what the submission before left in shared memory.

Won: the second of two submissions finds the first one's segment.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "shared_memory_is_private"
CELL = """
import os
found = os.listdir("/dev/shm")
open("/dev/shm/left-here", "w").write("x")
if found:
    raise Exception(f"LOOT {found}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
