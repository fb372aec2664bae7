"""Wants the grader's memory, by answers of 48 MB together.

Won: the grader took more than its bound of 32 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "answers_are_bounded"
FORWARD = """
def forward(params, X):
    return np.zeros(16 << 17), 0.0
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.received > 33 << 20
