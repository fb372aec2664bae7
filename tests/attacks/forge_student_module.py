"""Wants marks by replacing namespace.plain, through which every answer goes.

Won: T5 has marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "only_values_count"
CELL = """
def claim(name, value):
    return {"0/score": np.array(1.0), name: np.array(1.0)}
ours["plain"] = claim
"""
FORWARD = """
def forward(params, X):
    return 1.0, 1.0
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """Its claim came to the judge."""
    return evidence.answer("T5", "score").tolist() == [1.0]
