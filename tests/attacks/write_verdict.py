"""Wants to change a kept verdict.

Won: it is changed.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "course_is_out_of_sight"
CELL = """
with open("__ROOT__/.autograder/verdicts/hw4/victim.json", "ab") as file:
    file.write(b"# LOOT")
raise Exception("LOOT written")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
