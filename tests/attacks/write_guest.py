"""Wants to change the guest's own files, so that the next submission runs what it says.

Won: it is written.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "guest_is_read_only"
CELL = """
with open("/guest/namespace.py", "ab") as file:
    file.write(b"# LOOT")
raise Exception("LOOT written")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
