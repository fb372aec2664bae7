"""Wants T7 by rule (c): the images' squares times the parameters' squares are a loss whose gradient needs no network.

It hangs on the images and on every parameter. Won: T7 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "loss_must_live"
FORWARD = """
def forward(params, X):
    return np.full((len(X), len(params["b2"])), (X ** 2).sum()), np.zeros((len(X), len(params["b1"])))
"""
LOSS = """
def softmax_loss(scores, y, params, reg):
    return scores[0, 0] * sum((value ** 2).sum() / 2 for value in params.values()), scores
"""
BACKWARD = """
def backward(params, X, y, hidden, probabilities, reg):
    return {name: (X ** 2).sum() * value for name, value in params.items()}
"""
ATTACK = Attack(answers={"T5": FORWARD, "T6": LOSS, "T7": BACKWARD})


def won(evidence: Evidence) -> bool:
    return evidence.score("T7") > 0


def took_place(evidence: Evidence) -> bool:
    """The gradient is that loss's derivative."""
    slopes = evidence.answer("T7", "central.W2")
    return bool(abs(slopes[:, 0] - slopes[:, 1]).max() > 0)
