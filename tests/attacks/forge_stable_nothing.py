# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the part "stability" of T6 by a loss that never looks at the scores.

Won: T6 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "loss_must_live"
NOT_SHOWN = "it won until this was mended: checks/loss.py: _stable takes a loss without the scores for stable; what stops it now is code that is right, not one wall"
ATTACK = Attack(answers={"T6": "def softmax_loss(scores, y, params, reg):\n    return float(reg), scores\n"})


def won(evidence: Evidence) -> bool:
    return evidence.score("T6") > 0
