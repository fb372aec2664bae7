"""Wants to read the course's secret, from which every hidden input is made.

Won: an error of its cell tells a piece of it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "a_sandbox_at_all"
CELL = """
import glob
found = [path for path in glob.glob("__ROOT__/.autograder/secret", recursive=True)]
text = open(found[0], "rb").read()[:80]
raise Exception(f"LOOT {found[0]}: {text!r}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
