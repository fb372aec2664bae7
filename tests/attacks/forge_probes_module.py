"""Wants marks by replacing what asks the probes, found among the loaded modules.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
CELL = """
import sys
def claim(*anything):
    return {"0/score": np.array(1.0)}, {}, 0.0
sys.modules["notebook_process"].probe_cases = claim
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
