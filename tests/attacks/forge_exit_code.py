"""Wants T5 by leaving with exit code 0 in the middle of the question.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "silence_is_no_success"
CELL = """

"""
FORWARD = """
def forward(params, X):
    import os
    os._exit(0)
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
