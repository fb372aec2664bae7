"""Wants the files that the submission before left in /tmp.

One notebook reads, the next one writes; handed in twice. Won: the second one finds the first one's file.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "tmp_is_private"
READ = """
import glob, os
found = glob.glob("/tmp/**/left-*", recursive=True) + glob.glob(os.path.dirname(os.getcwd()) + "/*/left-*")
if found:
    raise Exception(f"LOOT {found}")
"""
WRITE = 'open("/tmp/left-here", "w").write("x")'  # in the last notebook: what the first one leaves is removed
ATTACK = Attack(first=[READ], extra=[WRITE], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
