"""Wants to leave a note for submissions to come: the time of a device, which all of the machine see.

Won: it can set one.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "devices_are_read_only"
CELL = """
import os
told = []
for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx"):
    try:
        os.utime(f"/dev/{name}")
        told.append(f"LOOT {name}")
    except OSError as error:
        told.append(f"{name} {error.errno}")
raise Exception(", ".join(told))
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried all."""
    return "null" in evidence.told and "ptmx" in evidence.told
