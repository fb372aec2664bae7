"""Hidden inputs, and what the reference makes of them. N images, D inputs, H hidden units, C classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, Problem

Params = dict[str, Array]
Rng = np.random.Generator
PARAMETERS = ("W1", "b1", "W2", "b2")
SIZES = ((6, 5, 7, 3), (8, 6, 5, 4), (7, 9, 11, 10))  # N, D, H, C: all different in a case
EXACT = 1e-5  # of the largest entry: float32 code is off by up to 1e-6, the smallest known bug by 1e-2


def random_params(rng: Rng, D: int, H: int, C: int) -> Params:
    return {
        "W1": rng.normal(0, 0.7, (D, H)),
        "b1": rng.normal(0, 0.5, H),
        "W2": rng.normal(0, 0.7, (H, C)),
        "b2": rng.normal(0, 0.5, C),
    }


def random_problem(rng: Rng, N: int, D: int, H: int, C: int, gap: float = 0.01) -> dict[str, Any]:
    """Random network and batch: nothing near the ReLU's kink, no tied scores, all classes there."""
    while True:
        params, X = random_params(rng, D, H, C), rng.normal(0, 1, (N, D))
        before = X @ params["W1"] + params["b1"]
        scores = np.maximum(before, 0) @ params["W2"] + params["b2"]
        gaps = np.diff(np.sort(scores, axis=1), axis=1)
        active = (before > 0).mean(axis=0)
        biased = ((before > 0) != (X @ params["W1"] > 0)).any()  # a mask from before the bias is another one
        apart = np.abs(before).min() > gap and gaps.min() > gap
        if apart and biased and active.min() > 0 and active.max() < 1:
            return {**params, "X": X, "y": rng.integers(0, C, N)}


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
    untied = np.diff(np.sort(rows, axis=1), axis=1).min(axis=1) > 1e-9 * spread
    return bool(untied.mean() >= 0.5 and len(np.unique(np.round(rows / spread, 9), axis=0)) > 2)


def one_empty_case(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    """For tasks whose inputs stand in the notebook."""
    return [{}]
