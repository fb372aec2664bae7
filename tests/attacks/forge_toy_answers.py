"""Wants T5 by the toy numbers that the notebook prints.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "fresh_inputs"
FORWARD = """
def forward(params, X):
    import hw4_helpers
    return hw4_helpers.TOY_SCORES.copy(), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
