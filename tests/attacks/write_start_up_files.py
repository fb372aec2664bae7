# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to leave start-up files where Python or IPython look: sitecustomize, .pth, ipython profiles.

Won: one is written outside its own /tmp.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "packages_are_read_only"
CELL = """
import sys, os, site
places = [p for p in [*sys.path, os.path.dirname(os.__file__), "/usr/lib/python3", "/etc"] if p and not p.startswith("/tmp")]
written = []
for place in places:
    for name in ("sitecustomize.py", "usercustomize.py", "left.pth"):
        try:
            with open(os.path.join(place, name), "w") as file:
                file.write("# LOOT")
            written.append(place)
        except OSError:
            pass
if written:
    raise Exception(f"LOOT {written}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
