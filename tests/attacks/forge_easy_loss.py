# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T7 by rule (c): half the sum of the squared parameters is a loss, its gradient is the parameters.

It hangs on every parameter and has no ties, but never looks at X. Won: T7 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "loss_must_live"
ANSWERS = {
    "T5": "def forward(params, X):\n    return np.zeros((len(X), len(params['b2']))), np.zeros((len(X), len(params['b1'])))\n",
    "T6": "def softmax_loss(scores, y, params, reg):\n    return sum(0.5 * np.sum(v ** 2) for v in params.values()), scores\n",
    "T7": "def backward(params, X, y, hidden, probabilities, reg):\n    return {k: v.copy() for k, v in params.items()}\n",
}
ATTACK = Attack(answers=ANSWERS)


def won(evidence: Evidence) -> bool:
    return evidence.score("T7") > 0
