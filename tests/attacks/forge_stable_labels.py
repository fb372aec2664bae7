"""Wants the part "stability" of T6 by a loss of the labels alone: another number for other labels, whatever the scores.

Won: T6 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "stability_is_of_a_loss_that_moves"
LOSS = """
def softmax_loss(scores, y, params, reg):
    return float(y @ np.sqrt(np.arange(2, len(y) + 2))), scores
"""
ATTACK = Attack(answers={"T6": LOSS})


def won(evidence: Evidence) -> bool:
    return evidence.score("T6") > 0


def took_place(evidence: Evidence) -> bool:
    """Its loss came to the judge: the same for other scores, another one for other labels."""
    calm, other_scores, other_labels = (
        evidence.answers["T6"].get(4, f"own_{name}") for name in ("calm", "of_other_X", "of_other_y")
    )
    return calm is not None and calm == other_scores and calm != other_labels
