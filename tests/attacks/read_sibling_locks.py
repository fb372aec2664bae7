"""Wants to see who else runs: a submission in another guest locks a file that all see. (Here the lab has it locked.)

Won: it sees that somebody has a lock.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "locks_do_nothing"
CELL = """
import fcntl, os, struct
file = os.open("/helpers/hw4_helpers.py", os.O_RDONLY)
told = []
for name, lock in (
    ("flock", lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    ("fcntl", lambda: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    ("open file", lambda: fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))),
):
    try:
        lock()
        told.append(f"{name} ours")
    except OSError as error:
        told.append(f"LOOT {name} {error.errno}")
raise Exception(", ".join(told))
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It asked for each kind of lock."""
    return all(name in evidence.told for name in ("flock", "fcntl", "open file"))
