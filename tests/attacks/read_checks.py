"""Wants to read the hidden checks.

Won: an error of its cell tells a piece of it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "course_is_out_of_sight"
CELL = """
import glob
found = [path for path in glob.glob("__ROOT__/autograder/assignments/hw4/checks/*.py", recursive=True)]
text = open(found[0], "rb").read()[:80]
raise Exception(f"LOOT {found[0]}: {text!r}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
