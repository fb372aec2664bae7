"""Wants the machine's memory, taken in C.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "address_space_is_limited"
CELL = """
import numpy as np
kept = np.zeros((900 << 20) // 8)  # not touched: that takes seconds in a virtual machine
raise Exception(f"LOOT {kept.nbytes >> 20} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
