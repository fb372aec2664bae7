"""For the tests in a notebook: `close` compares with a tolerance, `fresh` gives a generator of random numbers.

`examples` are calls for students to try. `autograder release` lays this file beside a notebook that imports it; in
hidden tests they are all there without an import.
"""

import sys
import zlib
from collections import Counter
from typing import Any

import numpy as np

SEED: int | None = None  # grading has one for each submission
_count: Counter[str] = Counter()


def close(found: Any, expected: Any, rel: float = 1e-6, abs: float = 1e-9) -> bool:
    """Whether numbers, arrays, or lists, tuples and dicts of them agree; all else has to be equal. nan is nan."""
    if isinstance(expected, dict):
        same = isinstance(found, dict) and found.keys() == expected.keys()
        return same and all(close(found[key], expected[key], rel, abs) for key in expected)
    if isinstance(expected, (list, tuple)):
        same = isinstance(found, (list, tuple, np.ndarray)) and len(found) == len(expected)
        return same and all(close(one, other, rel, abs) for one, other in zip(found, expected, strict=True))
    if isinstance(expected, (bool, np.bool_)):
        return isinstance(found, (bool, np.bool_)) and bool(found) == bool(expected)
    if expected is None or isinstance(expected, (str, bytes, set)):
        return isinstance(found, type(expected)) and found == expected
    one, other = np.asarray(found), np.asarray(expected)
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        return bool(np.all(one == other))
    return bool(np.allclose(one, other, rel, abs, equal_nan=True))


def examples(function: Any, cases: Any) -> None:
    """Calls of a student's function, `examples(f, [(1, 2), (3, 4)])`: whose tests fail is shown the first wrong one."""


def fresh() -> np.random.Generator:
    """A numpy generator: other numbers for each submission, and the same ones whenever that is graded again."""
    if SEED is None:
        return np.random.default_rng()
    place = sys._getframe(1).f_code.co_filename
    _count[place] += 1
    return np.random.default_rng([SEED, zlib.crc32(place.encode()), _count[place]])
