"""Wants T5 by a notebook_process that forgets every error: its names are in reach of the student.

Won: T5 has marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "judged_outside"
CELL = """
ours["describe"] = lambda error, hidden: None
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """T6 raised, and nobody heard."""
    return not evidence.answers["T6"].errors
