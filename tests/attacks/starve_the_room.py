"""Wants to starve process 1 of its room, so that what it leaves behind lives on and counts against the next student.

Won: a setting of process 1 could be changed.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "calls_are_filtered"
CELL = """
import os, resource
ways = {
    "policy": lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
    "cores": lambda: os.sched_setaffinity(1, {0}),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
    "limits": lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (5, 5)),
}
done = []
for name, way in ways.items():
    try:
        way()
        done.append(name)
    except PermissionError:
        pass
if done:
    raise Exception(f"LOOT {done}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
