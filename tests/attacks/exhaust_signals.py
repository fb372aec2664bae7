"""Wants the kernel's memory, by signals that are sent and never heard.

Won: more than 1,100 of them waited (a machine allows some ten thousands).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "waiting_signals_are_limited"
CELL = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
for _ in range(3000):
    os.kill(os.getpid(), signal.SIGRTMIN)
waited = 0
while signal.sigtimedwait({signal.SIGRTMIN}, 0):
    waited += 1
if waited > 1100:
    raise Exception(f"LOOT {waited} signals")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
