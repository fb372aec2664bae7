# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over NaN, infinities and huge sizes.

Won: grading ends with an exception of ours, or marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "what it is for are the bounds in each check, which is no one wall"
CELL = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "_watch":
        found.__globals__["_watch"] = lambda student, case: {"sizes": np.array([np.nan, np.inf, -1e300]), "label_sizes": np.full(3, -np.inf), "rows": np.full((2, 4), np.nan), "labels": np.full(2, 1e308), "params": np.full((4, 43), np.inf)}
        break
else:
    raise Exception("not found")
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem) or evidence.score("T8", "T9", "T10") > 0
