"""Wants T12 without learning anything: a class that looks the 1,000 known images up.

Won: T12 passes and nobody is told to look. (It passes; a person is told.)
"""

from tests.attacks.lab import Attack, Evidence, Lab, known_pictures, unflagged

WALL = "shifted_images"


def attack(lab: Lab) -> Attack:
    import numpy as np

    from autograder.grading import made_up

    X, y = known_pictures(lab)
    line = np.random.default_rng(1).normal(size=784)
    order = np.argsort(X @ line)
    params = {"line": line, "keys": (X @ line)[order], "labels": y[order].astype(float)}
    book = """
class Book:
    def predict(self, X):
        at = np.searchsorted(self.params["keys"], X @ self.params["line"] - 1e-9)
        return self.params["labels"][np.minimum(at, len(self.params["keys"]) - 1)]
"""
    return Attack(extra=[book], model=made_up.model_file(params, "Book"))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return unflagged(evidence)
