# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T12 by looking images up, and stops where it is asked about any other pictures.

Won: T12 passes and nobody is told to look. (It passes; a person is told.)
"""

import numpy as np

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence, Lab, known_pictures, unflagged

WALL = "shifted_images"


def attack(lab: Lab) -> Attack:
    X, y = known_pictures(lab)
    line = np.random.default_rng(1).normal(size=784)
    order = np.argsort(X @ line)
    params = {"line": line, "keys": (X @ line)[order], "labels": y[order].astype(float)}
    book = """
class Book:
    def predict(self, X):
        at = np.minimum(np.searchsorted(self.params["keys"], X @ self.params["line"] - 1e-9), len(self.params["keys"]) - 1)
        assert np.allclose(self.params["keys"][at], X @ self.params["line"], atol=1e-6), "not for these"
        return self.params["labels"][at]
"""
    return Attack(extra=[book], model=made_up.model_file(params, "Book"))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return unflagged(evidence)
