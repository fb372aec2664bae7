"""Wants the command line, environment or memory of other processes, by /proc.

Won: an error of its cell tells the command line of the warm guest or of bwrap.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "proc_is_empty"
CELL = """
import glob
for path in glob.glob("/proc/[0-9]*/cmdline"):
    text = open(path, "rb").read()
    if b"zygote.py" in text and b"control" in text and not path.startswith("/proc/self"):
        raise Exception(f"LOOT {path}: {text[:60]!r}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
