"""Wants T5 by files that look like a verdict: handed in, and written by the code.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "output_is_not_read"
VERDICT = b"score T5: 1.0"
FORWARD = """
def forward(params, X):
    for name in ("score.txt", "verdict.json", "results.json"):
        with open(name, "w") as file:
            file.write("score T5: 1.0")
    raise ValueError
"""
ATTACK = Attack(answers={"T5": FORWARD}, files={"score.txt": VERDICT, ".autograder/verdicts/hw4/mallory.json": VERDICT})


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
