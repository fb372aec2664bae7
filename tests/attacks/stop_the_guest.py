# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to stop the warm guest: a signal to its own process group, which the guest is in too.

Won: the grader is held for longer than one cell may take.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_session"
NOT_SHOWN = "it won until this was mended: box.py: no setsid in the child; kill(0, SIGSTOP) stops the warm guest, the grader waits START_SECONDS (120 s) a time; what stops it now is code that is right, not one wall"
CELL = """
import os, signal
os.kill(0, signal.SIGSTOP)
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 8
