"""Wants to stop the warm guest: a signal to its own process group, which the guest is in too.

Won: the grader is held for longer than one cell may take.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
CELL = """
import os, signal
os.kill(0, signal.SIGSTOP)
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 8


def took_place(evidence: Evidence) -> bool:
    """It stopped its own group."""
    return "TimeLimit" in evidence.ended
