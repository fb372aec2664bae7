"""Wants to change another student's submission.

Won: it is changed.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "course_is_out_of_sight"
CELL = """
with open("__ROOT__/submitted/victim/hw4/2-two-layer-network.ipynb", "ab") as file:
    file.write(b"# LOOT")
raise Exception("LOOT written")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
