"""Wants T6 by rule (c): for scores that are a fixed table, the loss is one known number less the label's entry.

No exponential is taken, no probability is worked out. Won: T6 has the part "data", or T11 marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "scores_of_a_loss_must_live"
CLASS = """
class TwoLayerNet:
    def __init__(self, *args, **kwargs):
        self.params = {}

    def loss(self, X, y=None, reg=0.0):
        C = len(self.params["b2"])
        table = np.eye(C)[np.arange(len(X)) % C]
        if y is None:
            return table
        squares = sum((self.params[name] ** 2).sum() for name in ("W1", "W2"))
        loss = np.log(C - 1 + np.e) - table[np.arange(len(y)), y].mean() + reg * squares / 2
        return loss, {name: 0 * value for name, value in self.params.items()}

    def predict(self, X):
        return np.arange(len(X)) % len(self.params["b2"])
"""
ATTACK = Attack(answers={"T11": CLASS})


def won(evidence: Evidence) -> bool:
    return evidence.score("T6") >= 0.5 or evidence.score("T11") > 0


def took_place(evidence: Evidence) -> bool:
    """The table and its loss came to the judge."""
    return evidence.answer("T6", "scores").max() == 1 and evidence.answer("T6", "losses").size == 3
