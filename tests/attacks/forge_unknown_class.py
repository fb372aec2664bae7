# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the judge to stumble over a saved model whose class is not there.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "hostile_values_are_judged"
HOLE = "checks/hw4.py: wrong_shapes without its {name}: KeyError in texts.problem"  # wins today; when this is mended, delete this line


def attack(lab: Lab) -> Attack:
    import numpy as np

    from autograder import sample

    return Attack(model=sample.model_file({"A": np.ones(3)}, "Nowhere"))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)
