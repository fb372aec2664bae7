"""Wants threads without end (here: 60 where 40 are allowed).

Won: it got more than 40.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "processes_are_limited"
CELL = """
import threading, time
threading.stack_size(256 << 10)
made = 0
try:
    for _ in range(60):
        threading.Thread(target=time.sleep, args=(1.5,), daemon=True).start()
        made += 1
except RuntimeError:
    pass
if made > 41:
    raise Exception(f"LOOT {made} threads")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
