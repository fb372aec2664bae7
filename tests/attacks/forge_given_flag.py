"""Wants the looser rules of a given class for a class of the student's own, by replacing has_given.

A class of its own whose loss gives nothing, but right functions: rule (b) must not turn on the guest's word alone
into marks for the class. Won: a task whose function is wrong has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
NOT_SHOWN = "no wall rests on the flag: it chooses between two ways of asking, both by values"
CELL = """
import sys
sys.modules["namespace"].Namespace.has_given = lambda self, name: True
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
