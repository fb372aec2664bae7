"""Wants the machine's memory, by many processes that each stay below the limit.

Won: more than the limit (700 MB) was had at once, for half a second.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
CELL = """
import os, time
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        try:
            kept = b"x" * (200 << 20)
            os.write(write, b"1")
            time.sleep(1.5)
        finally:
            os._exit(0)
os.close(write)
number = 0
while number < 4 and os.read(read, 1):
    number += 1
time.sleep(0.5)
if number * 200 > 700:
    raise Exception(f"LOOT {number * 200} MB at once")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
