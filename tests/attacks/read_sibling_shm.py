"""Wants what the submission before left in shared memory.

Won: the second of two submissions finds the first one's segment.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "shared_memory_is_private"
READ = """
import os
found = os.listdir("/dev/shm")
if found:
    raise Exception(f"LOOT {found}")
"""
WRITE = 'open("/dev/shm/left-here", "w").write("x")'  # in the last notebook: what the first one leaves is removed
ATTACK = Attack(first=[READ], extra=[WRITE], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
