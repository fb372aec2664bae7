"""Wants the files that the submission before left in /tmp.

The same cell writes and reads; handed in twice. Won: the second one finds the first one's file.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "tmp_is_private"
CELL = """
import glob, os
found = glob.glob("/tmp/**/left-*", recursive=True) + glob.glob(os.path.dirname(os.getcwd()) + "/*/left-*")
open("/tmp/left-here", "w").write("x")
if found:
    raise Exception(f"LOOT {found}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
