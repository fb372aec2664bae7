# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants every later submission to run at the lowest priority: nice 19 for the whole process group.

Won: the second of two submissions starts with a nice value that is not 0.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
NOT_SHOWN = "it won until this was mended: box.py: no setsid in the child; setpriority(PRIO_PGRP) reaches the warm guest for good; what stops it now is code that is right, not one wall"
CELL = """
import os
before = os.getpriority(os.PRIO_PROCESS, 0)
try:
    os.setpriority(os.PRIO_PGRP, 0, 5)
    told = "slower"
except PermissionError:
    told = "refused"  # of bwrap's own process, the others are slower now
raise Exception(f"LOOT nice {before}" if before else f"priority: {told}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It asked for it."""
    return "priority: refused" in evidence.told
