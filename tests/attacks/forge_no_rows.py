"""Wants T8's part "pairs" without a row: batches of ten are declared, and all of nothing is paired.

Won: T8 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "rows_are_counted"
CELL = """
import signal
none = {"sizes": np.full(160, 10.0), "label_sizes": np.full(160, 10.0), "label_dimensions": np.ones(160),
        "rows": np.zeros(0), "labels": np.zeros(0), "params": np.zeros((4, 43))}
ours = signal.getsignal(signal.SIGALRM).__globals__  # the names of notebook_process
answers = {f"0/{way}.{name}": array for way in ("train", "own") for name, array in none.items()}
ours["probe_cases"] = lambda *asked: (answers, {}, 0.0)
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T8") > 0


def took_place(evidence: Evidence) -> bool:
    """The declared sizes came to the judge, without rows."""
    return evidence.answer("T8", "train.sizes").size == 160 and evidence.answer("T8", "train.rows").size == 0
