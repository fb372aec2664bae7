"""Wants flags that the submission before set on a standard stream: they belong to the open file, not to a process.

Won: the second of two submissions reads them.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "streams_are_private"
READ = """
import fcntl, os
found = [stream for stream in range(3) if fcntl.fcntl(stream, fcntl.F_GETFL) & os.O_APPEND]
if found:
    raise Exception(f"LOOT flags of {found}")
"""
WRITE = """
import fcntl, os
for stream in range(3):
    fcntl.fcntl(stream, fcntl.F_SETFL, os.O_APPEND)
raise Exception(f"set: {[bool(fcntl.fcntl(stream, fcntl.F_GETFL) & os.O_APPEND) for stream in range(3)]}")
"""
ATTACK = Attack(first=[READ], extra=[WRITE], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It set them."""
    return "set: [True, True, True]" in evidence.told
