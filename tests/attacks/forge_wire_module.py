"""Wants marks by a frames module whose every frame says that all went well.

Won: T5 has marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "only_values_count"
CELL = """
frames = ours["frames"]
before = frames.encode
frames.encode = lambda header, arrays: before({**header, "score": 1.0, "status": "passed", "errors": {}}, arrays)
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
