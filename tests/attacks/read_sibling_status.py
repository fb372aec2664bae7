"""Wants what the submission before left on the page of the status, which tells the grader the question it is at.

Its last notebook fills the page behind the status, and lets nobody wipe it.
Won: the second of two submissions reads it.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "status_is_private"
FIND = (
    BY_ALARM
    + """
import gc
status = next(found for found in gc.get_objects() if type(found) is ours["Status"])
page = status._page
"""
)
READ = """
if b"left-here" in page[:]:
    raise Exception("LOOT a page of 4096 bytes")
"""
WRITE = """
page[200:209] = b"left-here"
type(status).write = lambda *given: None
raise Exception(f"{page[:].count(b'left-here')} left on {len(page)} bytes")
"""
ATTACK = Attack(first=[FIND + READ], extra=[FIND + WRITE], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It stood there."""
    return "1 left on 4096 bytes" in evidence.told
