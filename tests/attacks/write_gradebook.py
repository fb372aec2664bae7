"""Wants to change the gradebook.

Won: it is changed.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "course_is_out_of_sight"
CELL = """
with open("__ROOT__/gradebook.db", "ab") as file:
    file.write(b"# LOOT")
raise Exception("LOOT written")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
