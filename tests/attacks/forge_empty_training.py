# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over empty arrays: no step was made, no row was drawn.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: checks/updates.py: _steps_down takes the max of nothing; what stops it now is code that is right, not one wall"
CELL = """
import gc, types
gc.unfreeze()
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and (found.__module__, found.__name__) == ("probes", "_watch"):
        found.__globals__["_watch"] = lambda student, case: {"sizes": np.zeros(0), "label_sizes": np.zeros(0), "rows": np.zeros((0, 4)), "labels": np.zeros(0), "params": np.zeros((1, 43))}
        break
else:
    raise Exception("not found")
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.stumbled


def took_place(evidence: Evidence) -> bool:
    """They came to the judge."""
    return evidence.answer("T9", "train.sizes").size == 0 and evidence.answer("T9", "train.params").shape == (1, 43)
