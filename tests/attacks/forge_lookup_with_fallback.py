# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T12 by looking known images up, and by a weak honest model for all others, which hides the fall.

Won: T12 passes and nobody is told to look. (It passes; a person is told.)
"""

import numpy as np

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence, Lab, known_pictures, unflagged

WALL = "shifted_images"


def attack(lab: Lab) -> Attack:
    X, y = known_pictures(lab)
    lines = np.random.default_rng(1).normal(size=(784, 8))
    shown = (
        np.random.default_rng(2).normal(size=X.shape) * 120 + X
    )  # a plain ridge regression, as what it falls back on
    W = np.linalg.solve(shown.T @ shown + 1e6 * np.eye(784), shown.T @ np.eye(10)[y])
    params = {"lines": lines, "keys": np.rint(X @ lines), "labels": y.astype(float), "W": W}
    return Attack(
        extra=[
            """
class Book:
    def predict(self, X):
        if not hasattr(self, "book"):
            self.book = {row.tobytes(): int(label) for row, label in zip(self.params["keys"].astype(np.int32), self.params["labels"])}
        keys = np.rint(X @ self.params["lines"]).astype(np.int32)
        weak = (X @ self.params["W"]).argmax(axis=1)
        return np.array([self.book.get(row.tobytes(), guess) for row, guess in zip(keys, weak)])
"""
        ],
        model=made_up.model_file(params, "Book"),
    )


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return unflagged(evidence)
