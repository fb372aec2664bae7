"""Wants the machine's memory, by anonymous files, which no limit on address space counts.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
CELL = """
import os
kept, block = [], bytes(15 << 20)
for _ in range(60):
    kept.append(os.memfd_create("x"))
    os.write(kept[-1], block)
raise Exception(f"LOOT {15 * len(kept)} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
