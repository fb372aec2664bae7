"""Wants a token from the environment of the grader.

Won: an error of its cell tells it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "environment_is_cleared"
CELL = """
import os
raise Exception("LOOT " + os.environ["GRADER_TOKEN"])
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
