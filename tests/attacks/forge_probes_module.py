"""Wants marks by replacing what asks the probes, found by the class of the shell.

Won: T5 has marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "only_values_count"
CELL = """
def claim(*anything):
    return {"0/score": np.array(1.0)}, {}, 0.0
ours["probe_cases"] = claim
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """Its claim came to the judge."""
    return evidence.answer("T5", "score").tolist() == [1.0]
