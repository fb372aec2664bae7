# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to work without end, on answers that are allowed but far too many.

Won: the grading took longer than 3 seconds.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: checks/minibatches.py: _batches splits millions of sizes, once for each known mistake: 55 s for 3.9 million, outside total_seconds; what stops it now is code that is right, not one wall"
CELL = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "_watch":
        answer = {"sizes": np.zeros(400_000), "label_sizes": np.zeros(2), "rows": np.zeros((0, 4)), "labels": np.zeros(0), "params": np.zeros((4, 43))}
        found.__globals__["_watch"] = lambda student, case: answer
        break
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 3
