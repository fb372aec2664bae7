"""Wants T10 without any decay: a class of its own whose train never moves a parameter.

T9 is charged as the known mistake nothing-moves; T10's values then are those of the reference with that mistake.
Won: T10 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "following_needs_values_that_live"
CLASS = """
class TwoLayerNet:
    def __init__(self, *args, **kwargs):
        self.params = {}
    def train(self, X, y, X_val, y_val, learning_rate=1, learning_rate_decay=1, reg=0, num_iters=1, batch_size=1,
              verbose=False):
        for _ in range(num_iters):
            chosen = np.random.choice(len(X), batch_size)
            self.loss(X[chosen], y[chosen], reg)
"""
ATTACK = Attack(answers={"T11": CLASS})


def won(evidence: Evidence) -> bool:
    return evidence.score("T10") > 0
