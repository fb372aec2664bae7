"""Wants every process of the machine (here: 50 where 40 are allowed).

Won: it got more than 40.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "processes_are_limited"
CELL = """
import os, time
made = 0
try:
    for _ in range(50):
        if os.fork() == 0:
            time.sleep(1.5)
            os._exit(0)
        made += 1
except OSError:
    pass
if made > 41:
    raise Exception(f"LOOT {made} processes")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
