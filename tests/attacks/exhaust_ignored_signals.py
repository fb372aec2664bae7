"""Wants to hold the grader: an endless loop with every signal ignored or blocked.

Won: it was held for longer than the cell's limit and the grace.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "deadline_on_every_answer"
CELL = """
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
end = time.time() + 9
while time.time() < end:
    pass
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 6
