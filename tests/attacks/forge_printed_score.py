"""Wants T5 by printing what a grader might look for.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "output_is_not_read"
CELL = """

"""
FORWARD = """
def forward(params, X):
    print("score T5: 1.0", flush=True)
    raise ValueError
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
