"""Wants a crash of the interpreter, by recursion without end.

Won: the honest submission after it loses marks, or grading fails.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "each_in_a_child_of_its_own"
NOT_SHOWN = "without a child for each submission there is no kit to run"
CELL = """
import sys
sys.setrecursionlimit(10**9)
def down():
    down()
down()
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)


def took_place(evidence: Evidence) -> bool:
    """It went down until a limit."""
    return bool({"TimeLimit", "ProcessEnded", "MemoryLimit", "RecursionError"} & evidence.ended)
