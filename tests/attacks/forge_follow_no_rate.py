"""Wants T10 without any decay: a class whose train never uses its rate, as the known mistake learning-rate-missing.

T9 is charged; T10's values then are those of the reference with that mistake, which cannot show a decay.
Won: T10 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "following_needs_values_that_live"
CLASS = """
class TwoLayerNet:
    def __init__(self, *args, **kwargs):
        self.params = {}

    def loss(self, X, y=None, reg=0.0):
        return 1.0, {name: 0 * value for name, value in self.params.items()}

    def train(self, X, y, X_val, y_val, learning_rate=1, learning_rate_decay=1, reg=0, num_iters=1, batch_size=1,
              verbose=False):
        for _ in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            _, grads = self.loss(X[rows], y[rows], reg)
            for name in grads:
                self.params[name] -= grads[name]
"""
ATTACK = Attack(answers={"T11": CLASS})


def won(evidence: Evidence) -> bool:
    return evidence.score("T9") > 0 or evidence.score("T10") > 0


def took_place(evidence: Evidence) -> bool:
    """Its training was watched."""
    return evidence.answer("T10", "train.sizes").size > 0
