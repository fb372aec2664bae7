# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T5 by an input transformer that replaces the source of the cells to come.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"] if any("expected" in l for l in lines) else lines)
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
