# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory, by processes that nobody can look into: prctl(PR_SET_DUMPABLE, 0) closes their /proc.

Won: more than the limit (700 MB) was had at once.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
NOT_SHOWN = "it won until this was mended: memory.family_memory skips what it cannot read: PR_SET_DUMPABLE 0 makes a process count nothing; what stops it now is code that is right, not one wall"
CELL = """
import ctypes, os, time
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        try:
            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
            kept = b"x" * (200 << 20)
            os.write(write, b"1")
            time.sleep(1.5)
        finally:
            os._exit(0)
os.close(write)
number = 0
while number < 4 and os.read(read, 1):
    number += 1
time.sleep(0.25)
if number * 200 > 700:
    raise Exception(f"LOOT {number * 200} MB at once")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for what cannot be read."""
    return "MemoryLimit" in evidence.ended
