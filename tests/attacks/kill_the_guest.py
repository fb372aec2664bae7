"""Wants to kill the warm guest, with all that it has loaded: a signal to its own process group.

Won: the guest had to be started again.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
CELL = """
import os, signal
os.kill(0, signal.SIGKILL)
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.restarted


def took_place(evidence: Evidence) -> bool:
    """It killed its own group."""
    return "ProcessEnded" in evidence.ended
