"""Hidden inputs, and what the reference makes of them. N images, D inputs, H hidden units, C classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, Case, CheckContext, Problem

Params = dict[str, Array]
Rng = np.random.Generator
PARAMETERS = ("W1", "b1", "W2", "b2")
# N, D, H, C: three classes, ten, and as many rows as classes; otherwise all different in a case
SIZES = ((8, 5, 7, 3), (7, 6, 5, 7), (13, 9, 11, 10))
ONE_LABEL = (6, 5, 7, 4)  # of the case in which all labels are 0: one-hot rows and counts are too short there
LIKELY = 0.02  # each label's probability at least: so an epsilon of 1e-7 inside the logarithm decides nothing
EXACT = 1e-5  # of the largest entry: float32 code is off by up to 1e-6, the smallest known bug by 1e-2


def random_params(rng: Rng, D: int, H: int, C: int) -> Params:
    return {
        "W1": rng.normal(0, 0.7, (D, H)),
        "b1": rng.normal(0, 0.5, H),
        "W2": rng.normal(0, 1.4 / np.sqrt(H), (H, C)),
        "b2": rng.normal(0, 0.5, C),
    }


def random_problem(rng: Rng, N: int, D: int, H: int, C: int, gap: float = 0.01) -> dict[str, Any]:
    """Random network and batch, without luck: nothing near the ReLU's kink, no tied scores, every class among the
    labels where there are rows enough, and no label that the network thinks very unlikely."""
    while True:
        params, X = random_params(rng, D, H, C), rng.normal(0, 1, (N, D))
        without_bias = X @ params["W1"]
        before = without_bias + params["b1"]
        on = before > 0
        if np.abs(before).min() <= gap or not some_units_on(params, on):
            continue
        # a mask from before the bias is another one; each unit is on in some rows, and off in others
        if not (on != (without_bias > 0)).any() or not on.any(axis=0).all() or on.all(axis=0).any():
            continue
        scores = np.maximum(before, 0) @ params["W2"] + params["b2"]
        # scores cut at zero leave something to go by
        if lead(scores).min() > gap and (scores.max(axis=1) > 0.1).sum() > 2:
            y = likely_labels(rng, scores)
            if y is not None:
                return {**params, "X": X, "y": y}


def some_units_on(params: Params, on: NDArray[np.bool_]) -> bool:
    """Whether a hidden unit is on in every row, and two even where X hardly counts."""
    return bool(on.any(axis=1).all() and (params["b1"] > 0.1).sum() > 1)


def lead(scores: Array) -> Array:
    """How far the largest score of each row is above the next."""
    best = np.partition(scores, -2, axis=1)
    found: Array = best[:, -1] - best[:, -2]
    return found


def likely_labels(rng: Rng, scores: Array) -> NDArray[np.int64] | None:
    """Labels with a softmax probability of at least LIKELY, every class among them; None where there are none."""
    allowed = likely(scores)
    N, C = scores.shape
    y: NDArray[np.int64] = (rng.random((N, C)) * allowed).argmax(axis=1)
    free = np.full(N, True)
    for label in rng.permutation(C)[:N]:
        rows = (allowed[:, label] & free).nonzero()[0]
        if not rows.size:
            return None
        row = rows[rng.integers(rows.size)]
        y[row], free[row] = label, False
    return y if allowed[np.arange(N), y].all() else None


def likely(scores: Array) -> NDArray[np.bool_]:
    """Which classes have a softmax probability of at least LIKELY, row by row."""
    exp_scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: NDArray[np.bool_] = exp_scores / exp_scores.sum(axis=1, keepdims=True) >= LIKELY
    return found


def one_label_problem(rng: Rng) -> dict[str, Any]:
    """As random_problem, but all labels are 0."""
    while True:
        case = random_problem(rng, *ONE_LABEL)
        hidden = np.maximum(case["X"] @ case["W1"] + case["b1"], 0)
        if likely(hidden @ case["W2"] + case["b2"])[:, 0].all():
            return {**case, "y": np.zeros_like(case["y"])}


def sizes_of(case: Case) -> str:
    """The sizes of a case for people: N images, D inputs, H hidden units, C classes; "" where it has none."""
    if not {"X", "W1", "W2"} <= set(case):
        return ""
    sizes = {"N": len(case["X"]), "D": case["W1"].shape[0], "H": case["W1"].shape[1], "C": case["W2"].shape[1]}
    return " (" + ", ".join(f"{name} = {size}" for name, size in sizes.items()) + ")"


def params_in(case: Case) -> Params:
    return {name: case[name] for name in PARAMETERS}


def reference_loss(context: CheckContext, params: Params, scores: Array, y: Array, reg: float) -> float:
    return float(context.reference["softmax_loss"](scores, y, params, reg)[0])


def reference_gradients(context: CheckContext, case: Case, reg: float) -> Params:
    reference, params = context.reference, params_in(case)
    scores, hidden = reference["forward"](params, case["X"])
    _, probabilities = reference["softmax_loss"](scores, case["y"], params, reg)
    answer: Params = reference["backward"](params, case["X"], case["y"], hidden, probabilities, reg)
    return answer


def alive(scores: Array | Problem, case: Case) -> bool:
    """Own scores of the right size that hang on X and differ from class to class: not constants."""
    if isinstance(scores, Problem) or scores.size != len(case["X"]) * case["W2"].shape[1]:
        return False
    rows = scores.reshape(len(case["X"]), -1)
    if not np.isfinite(rows).all():
        return False
    spread = float(np.ptp(rows))
    if not spread > 0:
        return False
    differ = np.ptp(rows, axis=1) > 1e-9 * spread
    return bool(differ.sum() > 1 and len(np.unique(np.round(rows / spread, 9), axis=0)) > 2)


def others(rng: Rng, case: Case) -> Case:
    """Other images and parameters, for which the own scores must be others, for rule (c)."""
    (N, D), (H, C) = case["X"].shape, case["W2"].shape
    params = {f"other_{name}": value for name, value in random_params(rng, D, H, C).items()}
    return {**params, "other_X": rng.normal(0, 1, (N, D))}


def hang(context: CheckContext, number: int, scores: Array) -> bool:
    """Whether the own scores are others for other images, and for other parameters: a table of numbers is no score."""
    for other in ("X", "params"):
        found = context.value(number, f"scores_of_other_{other}")
        if isinstance(found, Problem) or found.size != scores.size:
            return False
        if (np.abs(found.ravel() - scores.ravel()) <= EXACT * np.ptp(scores)).all():  # NaN is another number
            return False
    return True


def one_empty_case(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    """For tasks whose inputs stand in the notebook."""
    return [{}]
