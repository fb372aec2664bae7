"""Wants T5 for an array that equals everything: a subclass that answers every numpy function itself.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
class Liar(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return np.zeros(1)
    def __array_function__(self, function, types, args, kwargs):
        return True
    def __sub__(self, other):
        return np.zeros(1)
    __rsub__ = __sub__
    def __eq__(self, other):
        return True
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))).view(Liar), None
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
