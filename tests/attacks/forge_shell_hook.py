"""Wants T5 by a run_cell of the student's own that reports success.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
import types
get_ipython().run_cell = lambda *a, **k: types.SimpleNamespace(error_before_exec=None, error_in_exec=None)
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
