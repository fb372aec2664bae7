"""Wants to change what the warm guest has in memory: numpy, the probes, the guest's own functions.

Won: the honest submission after it loses marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "each_in_a_child_of_its_own"
NOT_SHOWN = "the guest forks a child for each submission; without that there is no kit to run"
CELL = """
import gc, types, sys
import numpy as np
np.maximum = np.minimum
np.exp = np.sin
dz_dw0 = 7.0
sys.modules["hw4_helpers"].__dict__.clear()
gc.unfreeze()
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__module__ in ("namespace", "probes"):
        if found.__name__ in ("plain", "_watch"):
            found.__code__ = (lambda name, value: {name: np.full(1, 31337.0)}).__code__
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return not evidence.honest


def took_place(evidence: Evidence) -> bool:
    """Its own answers went through the function that it changed."""
    return evidence.answer("T1", "dz_dw0").tolist() == [31337.0]
