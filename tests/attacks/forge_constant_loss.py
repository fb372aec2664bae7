# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T7 by rule (c): a loss that never changes, and gradients of zero.

Won: T7 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "loss_must_live"
ANSWERS = {
    "T5": "def forward(params, X):\n    return np.zeros((len(X), len(params['b2']))), np.zeros((len(X), len(params['b1'])))\n",
    "T6": "def softmax_loss(scores, y, params, reg):\n    return 1.0, scores\n",
    "T7": "def backward(params, X, y, hidden, probabilities, reg):\n    return {k: 0 * v for k, v in params.items()}\n",
}
ATTACK = Attack(answers=ANSWERS)


def won(evidence: Evidence) -> bool:
    return evidence.score("T7") > 0
