"""Wants the machine's memory, by extended attributes of an open file in memory, which are in no process.

Won: 64 MB were had.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
NOT_SHOWN = "it won until this was mended: a notebook had an open memfd; what stops it now is that it has none"
CELL = """
import os
value, most = bytes(65536), 0
for place in range(3, 64):
    number = 0
    try:
        while number < 1024:
            os.setxattr(place, f"user.{number}", value)
            number += 1
    except OSError:
        pass
    most = max(most, number)
raise Exception(f"LOOT {most * 65536 >> 20} MB" if most == 1024 else f"{most} values of 64 KB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried."""
    return "0 values of 64 KB" in evidence.told
