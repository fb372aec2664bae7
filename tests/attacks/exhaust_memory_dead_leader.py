"""Wants the machine's memory, by processes whose first thread has ended: what /proc has of them is that thread's.

Won: more than the limit (700 MB) was had by threads that went on.
"""

from tests.attacks.lab import GATHERED, Attack, Evidence

WALL = "every_thread_counts"
CELL = """
import ctypes, os, platform, threading, time
exit_thread = {"x86_64": 60, "aarch64": 93}[platform.machine()]
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        def hold():
            time.sleep(0.2)  # until the first thread has ended
            kept = [b"x" * (20 << 20) for _ in range(10)]
            time.sleep(0.8)
            os.write(write, b"1")
            time.sleep(12)
            os._exit(0)
        threading.Thread(target=hold).start()
        ctypes.CDLL(None).syscall(exit_thread, 0)
time.sleep(1.5)
"""
TELL = """
if len(said) * 200 > 700:
    raise Exception(f"LOOT {len(said) * 200} MB at once")
"""
ATTACK = Attack(first=[CELL, f"wanted = 4{GATHERED}", TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
