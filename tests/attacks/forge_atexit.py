"""Wants T5 by an atexit function and SystemExit: the process ends as a success.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "silence_is_no_success"
CELL = """
import atexit, os
atexit.register(os._exit, 0)
"""
FORWARD = """
def forward(params, X):
    import atexit
    atexit._run_exitfuncs()
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
