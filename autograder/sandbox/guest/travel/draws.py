"""The state of the drawing of random numbers, as a value: where a test has seeded it, the student's code draws on."""

import random
from typing import Any

import numpy as np


def state() -> tuple[Any, ...]:
    """Of numpy's and of Python's own generator."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return (name, keys, position, has_gauss, gauss), random.getstate()


def key(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """A state as what can be compared."""
    return found[0][1].tobytes(), found[0][2:], found[1]


def put(found: tuple[Any, ...] | None) -> None:
    """Draw on from this state; None: from where it stands."""
    if found is not None:
        np.random.set_state(found[0])
        random.setstate(found[1])
