"""Wants T11 by rule (c): scores that are a fixed table, and labels that are read off it.

Won: T11 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "scores_must_live"
FORWARD = """
def forward(params, X):
    C = len(params["b2"])
    return np.eye(C)[np.arange(len(X)) % C], np.zeros((len(X), len(params["b1"])))
"""
PREDICT = """
def predict(params, X):
    return np.arange(len(X)) % len(params["b2"])
"""
ATTACK = Attack(answers={"T5": FORWARD, "T11": PREDICT})


def won(evidence: Evidence) -> bool:
    return evidence.score("T11") > 0
