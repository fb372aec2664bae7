"""T11: predict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either, first

from .inputs import Rng, alive, params_in, random_problem


def T11_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for N, D, H, C in ((30, 5, 7, 4), (40, 6, 8, 10)):
        while True:
            case = random_problem(rng, N, D, H, C, gap=1e-4)
            case["scores"], case["hidden"] = reference["forward"](params_in(case), case["X"])
            if len(set(case["scores"].argmax(axis=1))) >= 3:
                break
        cases.append(case)
    return cases


def T11(context: CheckContext) -> list[PartResult]:
    """predict gives the class of the largest score, one label a row."""
    ways: list[list[Problem | None]] = [[], [], []]
    for number, case in enumerate(context.cases):
        right, everywhere = case["scores"].argmax(axis=1), np.full(len(case["X"]), True)
        ways[0].append(_same_labels(context, number, "labels", right, everywhere))
        if context.answers.class_is_given:
            ways[1].append(_same_labels(context, number, "own", right, everywhere))
        own_scores = context.value(number, "scores")
        if not isinstance(own_scores, Problem) and alive(own_scores, case):
            own = own_scores.reshape(len(right), -1)
            best = np.sort(own, axis=1)
            clear = best[:, -1] - best[:, -2] > 1e-9 * np.ptp(own)  # a tie may be broken either way
            if clear.mean() >= 0.5 and len(set(own[clear].argmax(axis=1).tolist())) > 1:
                ways[2].append(_same_labels(context, number, "labels", own.argmax(axis=1), clear))
    if len(ways[2]) < len(context.cases):
        ways[2] = []
    return [PartResult("labels", 1.0, either(*(first(way) for way in (ways[2], ways[0], ways[1]) if way)))]


def _same_labels(
    context: CheckContext, number: int, name: str, right: Array, rows: NDArray[np.bool_]
) -> Problem | None:
    """Labels are compared as whole numbers, on the rows that count."""
    found = context.value(number, name)
    if isinstance(found, Problem) or found.size != right.size:
        return context.compare(number, name, right, 0.0)
    labels = found.ravel()
    if not np.array_equal(labels, np.round(labels)):
        return Problem("not_labels")
    wrong = int((labels != right)[rows].sum())
    return Problem("labels", {"wrong": str(wrong), "of": str(int(rows.sum()))}) if wrong else None
