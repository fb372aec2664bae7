# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to kill the warm guest, with all that it has loaded: a signal to its own process group.

Won: the guest had to be started again.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
HOLE = "warm.py: no setsid in the child; kill(0, SIGKILL) kills the warm guest"  # wins today; when this is mended, delete this line
CELL = """
import os, signal
os.kill(0, signal.SIGKILL)
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.restarted
