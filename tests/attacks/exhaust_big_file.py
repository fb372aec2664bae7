"""Wants the disk, by one large file and then by many.

Won: more than 40 MB where 16 are allowed.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "files_are_limited"
CELL = """
had = 0
try:
    for number in range(6):
        with open(f"/tmp/big{number}", "wb") as file:
            file.write(bytes(15 << 20))
        had += 15
except OSError:
    pass
if had > 40:
    raise Exception(f"LOOT {had} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
