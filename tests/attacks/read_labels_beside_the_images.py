# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the labels of the validation and test images: in /data, in memory, anywhere.

Won: an error of its cell tells where.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "labels_stay_outside"
CELL = """
import gc
import numpy as np
names = np.load("/data/arrays.npz").files
found = [name for name in names if "label" in name]
for thing in gc.get_objects():
    if isinstance(thing, dict):
        found += [k for k, v in list(thing.items()) if isinstance(v, np.ndarray) and v.shape == (500,) and str(k).endswith("_labels")]
if found:
    raise Exception(f"LOOT {found}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
