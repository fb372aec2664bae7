"""Wants the looser rules of a given class for a class of the student's own, by replacing has_given.

A class of its own whose loss gives nothing, but right functions: rule (b) must not turn on the guest's word alone
into marks for the class. Won: a task whose function is wrong has marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "only_values_count"
NOT_SHOWN = "no wall rests on the flag: it chooses between two ways of asking, both by values"
CELL = """
ours["Namespace"].has_given = lambda self, name: True
class TwoLayerNet:
    def loss(self, *asked):
        return None
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """The flag says that a class is the given one, which has no method but loss."""
    return evidence.answers["T11"].class_is_given and "has no predict" in evidence.told
