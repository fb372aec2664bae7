# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over rows that do not fit the number of columns.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: checks/minibatches.py: _batches reshapes what the guest sent; what stops it now is code that is right, not one wall"
CELL = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "_watch":
        found.__globals__["_watch"] = lambda student, case: {"sizes": np.ones(3), "label_sizes": np.ones(3), "rows": np.zeros(7), "labels": np.zeros(3), "params": np.zeros((4, 43))}
        break
else:
    raise Exception("not found")
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)
