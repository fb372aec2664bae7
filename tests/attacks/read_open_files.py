"""Wants files that the grader has open: descriptors that came along.

Won: an error of its cell tells the content of one.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "descriptors_are_closed"
CELL = """
import os, stat
for fd in range(3, 128):
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            text = os.pread(fd, 60, 0)
            if b"grader" in text:
                raise Exception(f"LOOT {fd}: {text!r}")
    except OSError:
        pass
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
