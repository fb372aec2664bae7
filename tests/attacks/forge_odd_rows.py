# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over rows that do not fit the number of columns.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "rows_are_counted"
CELL = """
import signal
odd = {"sizes": np.ones(3), "label_sizes": np.ones(3), "rows": np.zeros(7), "labels": np.zeros(3), "params": np.zeros((4, 43))}
ours = signal.getsignal(signal.SIGALRM).__globals__  # the names of notebook_process
ours["probe_cases"] = lambda *asked: ({f"0/{way}.{name}": array for way in ("train", "own") for name, array in odd.items()}, {}, 0.0)
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.stumbled


def took_place(evidence: Evidence) -> bool:
    """They came to the judge."""
    return all(evidence.answer("T8", f"{way}.rows").shape == (7,) for way in ("train", "own"))
