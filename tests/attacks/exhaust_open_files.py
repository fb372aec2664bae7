"""Wants descriptors without end.

Won: more than 128.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "descriptors_are_limited"
CELL = """
kept = []
try:
    for _ in range(300):
        kept.append(open("/dev/null"))
except OSError:
    pass
if len(kept) > 128:
    raise Exception(f"LOOT {len(kept)} files")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
