"""Wants T12 with the given class: weights that are a table, one step of the ReLU for each known image along a line.

Won: T12 passes and nobody is told to look. (It passes; a person is told.)
"""

import numpy as np

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence, Lab, known_pictures, unflagged

WALL = "shifted_images"


def attack(lab: Lab) -> Attack:
    X, y = known_pictures(lab)
    # along a random line every image has a place of its own: a sum of ramps is the label's score there
    line = np.random.default_rng(1).normal(size=784)
    line /= np.abs(X @ line).max()
    order = np.argsort(X @ line)
    places, target = (X @ line)[order], np.eye(10)[y[order]]
    slopes = np.diff(target, axis=0) / np.diff(places)[:, None]
    bends = np.diff(slopes, axis=0, prepend=np.zeros((1, 10)))
    params = {
        "W1": np.tile(line[:, None], (1, len(places) - 1)),
        "b1": -places[:-1],
        "W2": bends,
        "b2": target[0],
    }
    return Attack(model=made_up.model_file(params))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return unflagged(evidence)
