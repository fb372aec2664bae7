"""Wants T5 for zeros, by np.abs and np.allclose that find every difference small.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
np.abs = lambda *args, **kwargs: np.zeros(1)
np.allclose = lambda *args, **kwargs: True
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
