"""Outside the sandbox: the hidden checks of the warm-up."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.answers import Array
from autograder.checking import Case, Exam, Finding, Problem, first

CLOSE = 1e-4  # of the largest entry: float32 code is off by 1e-6, the smallest known mistake by 4e-2


def T1_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    usual = [{"X": rng.normal(5, 3, shape)} for shape in ((6, 3), (4, 5))]
    constant = rng.normal(5, 3, (5, 3))
    constant[:, 1] = 7.0
    return [*usual, {"X": constant}]


def T1(exam: Exam) -> list[Finding]:
    """The columns have mean 0 and deviation 1; a constant column is all zeros."""

    def problem(number: int) -> Problem | None:
        expected = exam.reference["standardise"](exam.cases[number]["X"])
        return exam.compare(number, "columns", expected, CLOSE)

    return [
        Finding("usual", 0.75, first(map(problem, (0, 1)))),
        Finding("constant", 0.25, problem(2)),
    ]


def T2_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    return [{"x": rng.normal(2, 1, N), "y": rng.normal(-3, 2, N)} for N in (7, 12)]


def T2(exam: Exam) -> list[Finding]:
    """Slope and intercept of the least-squares line are right."""
    slopes, intercepts = [], []
    for number, case in enumerate(exam.cases):
        slope, intercept = exam.reference["fit_line"](case["x"], case["y"])
        slopes.append(exam.compare(number, "line.0", slope, CLOSE))
        intercepts.append(exam.compare(number, "line.1", intercept, CLOSE))
    return [Finding("slope", 0.5, first(slopes)), Finding("intercept", 0.5, first(intercepts))]
