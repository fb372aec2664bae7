"""T8 judges random draws: how often could chance alone fail a right sampler?"""

import math

import numpy as np
import pytest

from autograder.judging.checking import CheckContext
from autograder.sandbox.answers import Answers

pytestmark = pytest.mark.proof

RUNS = 500  # of each way of drawing
ALLOWED = 1e-6


def with_replacement(rng, n, k):
    return rng.integers(0, n, k)


def without_replacement(rng, n, k):
    return rng.permutation(n)[:k]


def in_sorted_order(rng, n, k):
    return np.sort(rng.permutation(n)[:k])


def test_no_right_sampler_fails_by_chance(checks, record):
    minibatches = checks.minibatches
    rows, size, batches = (
        minibatches.ROWS + minibatches.REMAINDER,
        minibatches.BATCH,
        int(minibatches.T8_cases(rng(0), {}, {})[0]["num_iters"]),
    )
    draws = size * batches
    bounds = {
        # a row that no draw hits, with replacement; without, a batch hits it with size / rows
        "a row is never drawn, with replacement": rows * (1 - 1 / rows) ** draws,
        "a row is never drawn, without replacement": rows * (1 - size / rows) ** batches,
        # the check wants nine of ten batches to be different: a tenth of them in equal pairs, by Markov's inequality
        "a tenth of the batches have the rows of another": math.comb(batches, 2)
        / math.comb(rows, size)
        / (batches / 10),
        "a batch is one row": batches * rows ** (1 - size),
        "one batch of all walks through the rows in order": batches * rows / rows**size,
        # the check looks up a drawn row by its values, to 1e-5: two normal rows of 4 would have to be that near
        "two rows of X look alike": math.comb(rows, 2) * (2e-5 / math.sqrt(4 * math.pi)) ** 4,
    }
    # a drawn row is looked up by its first column; float32 code moves an entry below 4 by up to 1.2e-7
    columns = (minibatches.T8_cases(rng(seed), {}, {})[0]["X"][:, 0] for seed in range(4 * RUNS))
    nearest = min(float(np.diff(np.sort(column)).min()) for column in columns)
    least, failed = {}, {}
    for name, draw in {f.__name__: f for f in (with_replacement, without_replacement, in_sorted_order)}.items():
        least[name], failed[name] = draws, 0
        for seed in range(RUNS):
            case = minibatches.T8_cases(rng(seed), {}, {})[0]
            chance = rng(seed + 10**6)
            index = np.array([draw(chance, rows, size) for _ in range(batches)])
            least[name] = min(least[name], int(np.bincount(index.ravel(), minlength=rows).min()))
            drawn = {"sizes": [size] * batches, "label_sizes": [size] * batches, "label_dimensions": [1] * batches}
            drawn |= {"rows": case["X"][index.ravel()].ravel(), "labels": case["y"][index.ravel()]}
            answers = Answers({f"0/train.{key}": np.asarray(value, float) for key, value in drawn.items()})
            failed[name] += not all(
                part_result.ok for part_result in minibatches.T8(CheckContext("T8", [case], answers, {}))
            )
    record(
        "minibatch-chance",
        {
            "rows, batch, batches": [rows, size, batches],
            "bounds on the false-fail rate": bounds,
            "sum of the bounds": sum(bounds.values()),
            "nearest first entries of two rows": nearest,
            "simulated gradings": dict.fromkeys(failed, RUNS),
            "failed": failed,
            "draws of a row: expected": draws / rows,
            "draws of the least drawn row in all runs": least,
        },
    )
    assert sum(bounds.values()) < ALLOWED
    assert not any(failed.values())
    assert min(least.values()) > 1
    assert nearest > 1e-6


def rng(seed):
    return np.random.default_rng(seed)
