"""Wants the kernel's memory, by signals that are sent and never heard.

Won: more than 1,024 of them waited (a machine allows some ten thousands).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "waiting_signals_are_limited"
CELL = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
sent = 0
while sent < 3000 and libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), ctypes.c_void_p(0)) == 0:
    sent += 1
raise Exception(f"LOOT {sent} signals wait" if sent > 1024 else f"{sent} signals wait")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
