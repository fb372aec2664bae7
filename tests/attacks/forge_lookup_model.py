# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants T12 without learning anything: a class that looks the 1,000 known images up.

Won: T12 passes and nobody is told to look.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "shifted_images"
HOLE = "T12: models that only look images up are not found (no small shifts yet)"  # wins today; when this is mended, delete this line


def attack(lab: Lab) -> Attack:
    import numpy as np

    from autograder import sample
    from autograder.course import load_module

    data = load_module(lab.course.source("hw4") / "hw4_helpers.py", "hw4_helpers").load_mnist("sample", verbose=False)
    X, y = np.concatenate([data["X_val"], data["X_test"]]), np.concatenate([data["y_val"], data["y_test"]])
    line = np.random.default_rng(1).normal(size=784)
    order = np.argsort(X @ line)
    params = {"line": line, "keys": (X @ line)[order], "labels": y[order].astype(float)}
    book = """
class Book:
    def predict(self, X):
        at = np.searchsorted(self.params["keys"], X @ self.params["line"] - 1e-9)
        return self.params["labels"][np.minimum(at, len(self.params["keys"]) - 1)]
"""
    return Attack(extra=[book], model=sample.model_file(params, "Book"))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    told = " ".join(evidence.result.notes) + evidence.result.verdicts["T12"].message
    return evidence.result.verdicts["T12"].status == "passed" and "look" not in told
