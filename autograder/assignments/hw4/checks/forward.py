"""T5: the forward pass."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either, first

from .inputs import EXACT, SIZES, Rng, params_in, random_problem, reference_gradients

LARGE = 50.0  # hidden values that a limit of 20 cuts


def T5_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    *problems, last = [random_problem(rng, *sizes) for sizes in SIZES]
    return [*problems, _with_large_hidden_values(last)]


def _with_large_hidden_values(case: Case) -> Case:
    """The same scores by hidden values up to LARGE: a limit on them shows, of 6 say."""
    by = LARGE / np.max(case["X"] @ case["W1"] + case["b1"])
    return {**case, "W1": by * case["W1"], "b1": by * case["b1"], "W2": case["W2"] / by}


def T5(context: CheckContext) -> list[PartResult]:
    """The forward pass gives the reference's scores, and the hidden layer after the ReLU."""
    scores_class, scores_own, hidden = [], [], []
    for number, case in enumerate(context.cases):
        scores, activations = context.reference["forward"](params_in(case), case["X"])
        scores_class.append(context.compare(number, "scores", scores, EXACT))
        scores_own.append(context.compare(number, "own.0", scores, EXACT))
        hidden.append(context.compare(number, "own.1", activations, EXACT))
    if not context.answers.class_is_given:
        return [PartResult("scores", 1.0, first(scores_class))]
    of_hidden = first(hidden)
    if of_hidden is not None:  # a hidden layer of another kind is no mistake where the gradients come out right
        of_hidden = either(first(_gradients(context)), of_hidden)
    return [
        PartResult("scores", 0.75, either(first(scores_class), first(scores_own))),
        PartResult("hidden", 0.25, of_hidden),
    ]


def _gradients(context: CheckContext) -> Iterator[Problem | None]:
    """What is wrong with the class's gradients, one by one."""
    for number, case in enumerate(context.cases):
        for name, expected in reference_gradients(context, case, 0.1).items():
            yield context.compare(number, f"grads.{name}", expected, EXACT)
