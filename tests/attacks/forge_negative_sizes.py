# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over negative sizes of batches.

Won: grading ends with an exception of ours, or marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "what it is for are the bounds in each check, which is no one wall"
CELL = """
odd = {"sizes": -np.ones(5), "label_sizes": -np.ones(5), "label_dimensions": -np.ones(5), "rows": np.zeros((0, 4)), "labels": np.zeros(0), "params": np.zeros((6, 43))}
ours["probe_cases"] = lambda *asked: ({f"0/{way}.{name}": array for way in ("train", "own", "still", "decayed") for name, array in odd.items()}, {}, 0.0)
"""
ATTACK = Attack(extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.stumbled or evidence.score("T8", "T9", "T10") > 0


def took_place(evidence: Evidence) -> bool:
    """They came to the judge."""
    return evidence.answer("T8", "train.sizes").tolist() == [-1] * 5
