# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to kill the warm guest, with all that it has loaded: a signal to its own process group.

Won: the guest had to be started again.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
NOT_SHOWN = "it won until this was mended: box.py: no setsid in the child; kill(0, SIGKILL) kills the warm guest; what stops it now is code that is right, not one wall"
CELL = """
import os, signal
os.kill(0, signal.SIGKILL)
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.restarted
