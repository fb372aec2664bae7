# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory, by pages that two processes share: they are nobody's private memory.

The processes go on while three cells wait for them. Won: more than the limit (700 MB) was had at once.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_of_all_processes"
NOT_SHOWN = "it won until this was mended: memory.own_memory counts private pages only: shared anonymous memory of two processes counts nothing (count Pss instead); what stops it now is code that is right, and the filter, not one wall"
CELL = """
import mmap, os, time
import numpy as np
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        try:
            kept = mmap.mmap(-1, 200 << 20)  # shared, anonymous
            if os.fork() == 0:
                time.sleep(7)
                os._exit(0)
            pages = np.frombuffer(kept, np.uint8)[::4096]
            pages[:] = 1
            if os.fork() == 0:
                pages.sum()
                os.write(write, b"1")
                time.sleep(4)
                os._exit(0)
            time.sleep(5)
        except PermissionError:
            os.write(write, b"0")
        finally:
            os._exit(0)
"""
WAIT = "time.sleep(1.5)"
TELL = """
os.set_blocking(read, False)
told = os.read(read, 9)
number = told.count(b"1")
raise Exception(f"LOOT {number * 200} MB at once" if number * 200 > 700 else f"{told.count(b'0')} heard that they may not")
"""
ATTACK = Attack(first=[CELL, WAIT, WAIT, TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """All asked, and heard that they may not have such memory."""
    return "4 heard that they may not" in evidence.told
