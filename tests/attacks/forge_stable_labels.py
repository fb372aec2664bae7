"""Wants the part "stability" of T6 by a loss of the labels alone: another number for other labels, whatever the scores.

Won: T6 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "loss_must_live"
NOT_SHOWN = "it won until this was mended: checks/loss.py: _moves asks for other scores and for other labels now"
LOSS = """
def softmax_loss(scores, y, params, reg):
    return float(y @ np.sqrt(np.arange(2, len(y) + 2))), scores
"""
ATTACK = Attack(answers={"T6": LOSS})


def won(evidence: Evidence) -> bool:
    return evidence.score("T6") > 0
