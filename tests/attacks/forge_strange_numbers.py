# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over NaN, infinities and huge sizes, in place of what the recorder saw of a training.

Won: grading ends with an exception of ours, or marks.
"""

import numpy as np

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "what it is for are the bounds in each check, which is no one wall"
FORWARD = """
def forward(params, X):
    import sys
    frame = sys._getframe()
    while "probes" not in frame.f_locals:  # those of notebook_process.serve
        frame = frame.f_back
    frame.f_locals["probes"]._watch = lambda student, case: {"sizes": np.array([np.nan, np.inf, -1e300]), "label_sizes": np.full(3, -np.inf), "rows": np.full((2, 4), np.nan), "labels": np.full(2, 1e308), "params": np.full((4, 43), np.inf)}
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.stumbled or evidence.score("T8", "T9", "T10") > 0


def took_place(evidence: Evidence) -> bool:
    """They came to the judge."""
    rows = evidence.answer("T8", "train.rows")
    return rows.shape == (2, 4) and bool(np.isnan(rows).all())
