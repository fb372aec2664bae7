"""Wants the machine's memory, by pages that two processes share: they are nobody's private memory.

Won: more than the limit (700 MB) was had at once.
"""

from tests.attacks.lab import Attack, Evidence


WALL = "memory_of_all_processes"
HOLE = "warm.own_memory counts private pages only: shared anonymous memory of two processes counts nothing"  # wins today; when this is mended, delete this line
CELL = """
import mmap, os, time
import numpy as np
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        try:
            kept = mmap.mmap(-1, 200 << 20)  # shared, anonymous
            pages = np.frombuffer(kept, np.uint8)[::4096]
            pages[:] = 1
            if os.fork() == 0:
                pages.sum()
                time.sleep(1.2)
                os._exit(0)
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
