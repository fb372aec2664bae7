"""Wants the grader's memory, by a frame that declares 4 GB and sends nothing.

Won: the grader waited for it until the deadline, or grew.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "answers_are_bounded"
CELL = """
import os, stat, struct
for fd in range(3, 128):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, struct.pack("<II", 2, 2**32 - 1) + b"{}")
    except OSError:
        pass
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    waited = any(error["type"] == "TimeLimit" for error in evidence.result.cell_errors.values())
    return evidence.megabytes > 500 or waited
