"""T8: random minibatches. And the training that T8 to T10 watch."""

import itertools
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either

from .inputs import PARAMETERS, Rng, random_params

TRAIN_ROWS, BATCH, TURNS = 60, 10, 7
EPOCH = TRAIN_ROWS // BATCH


def training(rng: Rng, rows: int, iterations: int, decay: float) -> dict[str, Any]:
    D, H, C = 4, 5, 3
    X = rng.normal(0, 1, (rows, D))
    while np.diff(np.sort(X[:, 0])).min() < 1e-4:  # rows are known again by their first column
        X = rng.normal(0, 1, (rows, D))
    case = {**random_params(rng, D, H, C), "X": X, "y": rng.integers(0, C, rows)}
    for name in PARAMETERS:
        case[f"grad_{name}"] = rng.normal(0, 1, (TURNS, *case[name].shape))
    numbers = {"num_iters": iterations, "batch_size": BATCH}
    case |= {name: np.array(value) for name, value in numbers.items()}
    return case | {"decay": np.array(decay), "learning_rate": np.array(rng.uniform(0.05, 0.3))}


def T8_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    # 150 batches of 10 out of 60 rows: some row is never drawn with a probability of at most
    # 60 (59/60)^1500 = 7e-10
    return [training(rng, TRAIN_ROWS, 150, 1.0)]


def _batches(context: CheckContext, way: str) -> dict[str, Any] | Problem:
    """What was drawn: sizes, the training rows as indices (-1: not a row of X), whether labels fit."""
    found = {}
    for name in ("sizes", "label_sizes", "rows", "labels"):
        value = context.value(0, f"{way}.{name}")
        if isinstance(value, Problem):
            return value
        found[name] = value
    case = context.cases[0]
    X, y = case["X"], case["y"]
    count = found["sizes"].size
    few = 0 < count <= 10 * int(case["num_iters"]) and found["label_sizes"].size == count
    if not few or found["rows"].size % X.shape[1]:
        return Problem("batch_size", {"got": "?"})
    index = _rows_of(X, found["rows"].reshape(-1, X.shape[1]))
    labels = found["labels"].ravel()
    paired = labels.size == index.size and bool(np.all(y[index] == labels)) and bool((index >= 0).all())
    sizes = found["sizes"].astype(int)
    batches = np.split(index, np.cumsum(sizes)[:-1]) if sizes.sum() == index.size else []
    return {
        "sizes": set(sizes.tolist()),
        "label_sizes": set(found["label_sizes"].astype(int).tolist()),
        "rows_known": bool((index >= 0).all()),
        "paired": paired,
        "fresh": len(batches) > 1 and np.mean([not np.array_equal(a, b) for a, b in itertools.pairwise(batches)]) > 0.9,
        "one_row": any(len(b) > 1 and len(set(b.tolist())) == 1 for b in batches),
        "missing": tuple(sorted(set(range(len(X))) - set(index.tolist()))),
        "in_order": len(batches) > 1 and all(np.all(np.diff(b) % len(X) == 1) for b in batches),
    }


def _rows_of(X: Array, rows: Array) -> Array:
    """Which row of X each row is, or -1: the nearest in the first column, if all columns are the same."""
    order = np.argsort(X[:, 0])
    first_column = X[order, 0]
    at = np.searchsorted((first_column[1:] + first_column[:-1]) / 2, rows[:, 0])
    near = order[at]
    same = np.abs(rows - X[near]).max(axis=1) < 1e-5  # float32 code rounds the rows
    return np.where(same, near, -1)


def T8(context: CheckContext) -> list[PartResult]:
    """Minibatches have the right size, keep rows and labels paired, and are fresh random draws."""
    found = [_batches(context, "train")]
    if context.answers.class_is_given and (_pairs(found[0]) or _random(found[0])):
        found.append(_batches(context, "own"))
    return [
        PartResult("pairs", 0.5, either(*(_pairs(batch) for batch in found))),
        PartResult("random", 0.5, either(*(_random(batch) for batch in found))),
    ]


def _pairs(batch: dict[str, Any] | Problem) -> Problem | None:
    if isinstance(batch, Problem):
        return batch
    # train may also look at other rows, for a loss history say: batches of the right size must be there
    if BATCH not in batch["sizes"] or batch["sizes"] - {BATCH, TRAIN_ROWS}:
        return Problem("batch_size", {"got": ", ".join(map(str, sorted(batch["sizes"])[:4]))})
    if batch["label_sizes"] != batch["sizes"]:
        got = ", ".join(map(str, sorted(batch["label_sizes"])[:4]))
        return Problem("label_count", {"rows": str(BATCH), "got": got})
    if not batch["rows_known"]:
        return Problem("unknown_rows")
    return None if batch["paired"] else Problem("unpaired")


def _random(batch: dict[str, Any] | Problem) -> Problem | None:
    if isinstance(batch, Problem):
        return batch
    if not batch["fresh"]:
        return Problem("same_batch")
    if batch["one_row"]:
        return Problem("one_row")
    if batch["in_order"]:
        return Problem("in_order")
    if batch["missing"]:
        return Problem("never_drawn", {"count": str(len(batch["missing"])), "of": str(TRAIN_ROWS)})
    return None


def T8_signature(context: CheckContext) -> Hashable:
    """Draws hang on chance: two submissions are alike where the same can be said of their batches."""
    batch = _batches(context, "own" if context.answers.class_is_given else "train")
    if isinstance(batch, Problem):
        return batch.kind
    few = "many" if len(batch["missing"]) > 2 else batch["missing"]
    said = ("sizes", "label_sizes", "rows_known", "paired", "fresh", "in_order", "one_row")
    return (few, *(str(batch[name]) for name in said))
