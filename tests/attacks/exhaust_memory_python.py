"""Wants the machine's memory, by Python lists and bytes.

Won: more than the limit (700 MB) was had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "address_space_is_limited"
CELL = """
import time
kept, end = [], time.time() + 1.5
while len(kept) < 18 and time.time() < end:
    kept.append(b"x" * (50 << 20))
raise Exception(f"LOOT {50 * len(kept)} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
