"""Outside the sandbox: the hidden checks of the warm-up."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.author import Array, AssignmentChecks, Case, CheckContext, PartResult, Problem, TaskChecks, first

CLOSE = 1e-4  # of the largest entry: float32 code is off by 1e-6, the smallest known mistake by 4e-2


def T1_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    usual = [{"X": rng.normal(5, 3, shape)} for shape in ((6, 3), (4, 5))]
    constant = rng.normal(5, 3, (5, 3))
    constant[:, 1] = 7.0
    return [*usual, {"X": constant}]


def T1(context: CheckContext) -> list[PartResult]:
    """The columns have mean 0 and deviation 1; a constant column is all zeros."""

    def problem(number: int) -> Problem | None:
        expected = context.reference["standardise"](context.cases[number]["X"])
        return context.compare(number, "columns", expected, CLOSE)

    return [
        PartResult("usual", 0.75, first(map(problem, (0, 1)))),
        PartResult("constant", 0.25, problem(2)),
    ]


def T2_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    return [{"x": rng.normal(2, 1, N), "y": rng.normal(-3, 2, N)} for N in (7, 12)]


def T2(context: CheckContext) -> list[PartResult]:
    """Slope and intercept of the least-squares line are right."""
    slopes, intercepts = [], []
    for number, case in enumerate(context.cases):
        slope, intercept = context.reference["fit_line"](case["x"], case["y"])
        slopes.append(context.compare(number, "line.0", slope, CLOSE))
        intercepts.append(context.compare(number, "line.1", intercept, CLOSE))
    return [PartResult("slope", 0.5, first(slopes)), PartResult("intercept", 0.5, first(intercepts))]


ASSIGNMENT = AssignmentChecks(
    tasks=(
        TaskChecks("T1", cases=T1_cases, check=T1),
        TaskChecks("T2", cases=T2_cases, check=T2),
    ),
)
