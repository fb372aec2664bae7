# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over single numbers where arrays are expected.

Won: grading ends with an exception of ours, or marks.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "what it is for are the bounds in each check, which is no one wall"
CELL = """
import types
ours["frames"].np = types.SimpleNamespace(**{**vars(np), "ascontiguousarray": np.asarray})  # which makes rows of numbers
odd = {"sizes": np.array(10.0), "label_sizes": np.array(10.0), "label_dimensions": np.array(1.0), "rows": np.array(1.0), "labels": np.array(1.0), "params": np.array(1.0)}
ours["probe_cases"] = lambda *asked: ({f"0/{way}.{name}": array for way in ("train", "own", "still", "decayed") for name, array in odd.items()}, {}, 0.0)
"""
ATTACK = Attack(extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.stumbled or evidence.score("T8", "T9", "T10") > 0


def took_place(evidence: Evidence) -> bool:
    """They came to the judge."""
    return evidence.answer("T8", "train.sizes").shape == () and evidence.answer("T8", "train.sizes") == 10
