"""Wants the machine's memory, by processes whose first thread has ended: what /proc has of them is that thread's.

Won: more than the limit (700 MB) was had by threads that went on.
"""

from tests.attacks.lab import Attack, Evidence

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
os.set_blocking(read, False)
number = 0
end = time.time() + 9
while number < 4 and time.time() < end:
    time.sleep(0.1)
    try:
        number += len(os.read(read, 9))
    except BlockingIOError:
        pass
if number * 200 > 700:
    raise Exception(f"LOOT {number * 200} MB at once")
"""
ATTACK = Attack(first=[CELL, TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
