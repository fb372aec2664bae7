"""Wants the judge's time, by a small file with as wide a network as is let in, of denormal numbers.

The judge works a model through for 20,000 pictures, outside the sandbox. On processors that are slow at denormal
numbers it took minutes, on others some ten seconds for each earlier state of the notebook.

Won: the judge has worked it through: it measured an accuracy.
"""

import numpy as np

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence

WALL = "models_are_narrow"
HIDDEN, SMALL = 10_000, 1e-41
SHAPES = {"W1": (784, HIDDEN), "b1": (HIDDEN,), "W2": (HIDDEN, 10), "b2": (10,)}
ATTACK = Attack(model=made_up.model_file({n: np.full(shape, SMALL, np.float32) for n, shape in SHAPES.items()}))


def won(evidence: Evidence) -> bool:
    return bool(evidence.result.verdicts["T12"].measured)


def took_place(evidence: Evidence) -> bool:
    return "hidden units" in evidence.result.verdicts["T12"].message
