"""Wants inodes without end.

Won: more than 5,000 files.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "files_are_limited"
CELL = """
made = 0
try:
    for made in range(6000):
        open(f"/tmp/f{made}", "w").close()
except OSError:
    pass
if made > 5000:
    raise Exception(f"LOOT {made} files")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
