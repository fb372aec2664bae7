"""Wants the part "stability" of T6 by a loss that never looks at the scores.

Won: T6 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "stability_is_of_a_loss_that_moves"
ATTACK = Attack(answers={"T6": "def softmax_loss(scores, y, params, reg):\n    return float(reg), scores\n"})


def won(evidence: Evidence) -> bool:
    return evidence.score("T6") > 0
