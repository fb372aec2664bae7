# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to leave a process behind that outlives its submission: forked twice, in a session of its own.

It puts a time stamp into the lab's canary folder (seen only where the walls are down) or shared /tmp.
Won: the second of two submissions sees it still running.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "everything_is_killed"
CELL = """
import os, signal, time
found = []
for place in ("__CANARY__", "/dev/shm", "/tmp"):
    try:
        found += [n for n in os.listdir(place) if n.startswith("alive-") and time.time() - os.stat(f"{place}/{n}").st_mtime < 0.3]
    except OSError:
        pass
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        for _ in range(60):
            for place in ("__CANARY__", "/tmp"):
                try:
                    open(f"{place}/alive-{os.getpid()}", "w").close()
                except OSError:
                    pass
            time.sleep(0.05)
    os._exit(0)
time.sleep(0.3)
if found:
    raise Exception(f"LOOT {found}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
