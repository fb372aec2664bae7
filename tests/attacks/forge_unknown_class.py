"""Wants the judge to stumble over a saved model whose class is not there.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "hostile_values_are_judged"
NOT_SHOWN = "what it is for is one text with its facts, no wall; it won until that was mended"


def attack(lab: Lab) -> Attack:
    import numpy as np

    from autograder.grading import made_up

    return Attack(model=made_up.model_file({"A": np.ones(3)}, "Nowhere"))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)


def took_place(evidence: Evidence) -> bool:
    """The judge asked for that class."""
    return "names is not in the notebook" in evidence.result.verdicts["T12"].message
