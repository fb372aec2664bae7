# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to work without end, on answers that are allowed but far too many.

Won: the grader worked longer than 6 seconds of a usual pace.
"""

from autograder.judging.verdicts import FAILED
from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: checks/minibatches.py: _batches split millions of sizes (55 s), then made a set of millions of label sizes (10 s), once for each known mistake, outside total_seconds; what stops it now is code that is right, not one wall"
CELL = """
def claim(probe, *asked):
    if probe.__name__ != "T8":
        return {}, {}, 0.0
    nothing = {"rows": np.zeros((0, 4)), "labels": np.zeros(0)}
    own = {"sizes": np.full(1500, 10.0), "label_sizes": np.arange(3_700_000.0), **nothing}
    train = {"sizes": np.zeros(400_000), "label_sizes": np.zeros(2), **nothing}
    return {f"0/{way}.{name}": array for way, of in (("own", own), ("train", train)) for name, array in of.items()}, {}, 0.0
ours["probe_cases"] = claim
"""
ATTACK = Attack(extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.worked > 6


def took_place(evidence: Evidence) -> bool:
    """Such a frame came to the judge, whom nothing but its answers told what to do."""
    return evidence.received > 31 << 20 and evidence.result.verdicts["T8"].status == FAILED
