"""Wants to hold the grader: a loop that swallows every exception.

Won: it was held for longer than the cell's limit and the grace.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "deadline_on_every_answer"
CELL = """
import time
end = time.time() + 9
while time.time() < end:
    try:
        while time.time() < end:
            pass
    except:
        pass
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 6
