"""Outside the sandbox: the hidden checks, each with the generator of its cases.

A check compares what the probe's questions gave with the reference. Its cases are new for every
submission: rng hangs on the course's secret.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.author import Array, AssignmentChecks, Case, CheckContext, PartResult, TaskChecks, first


def T1_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    return [{"X": rng.normal(3, 2, shape)} for shape in ((5, 3), (4, 7))]


def T1(context: CheckContext) -> list[PartResult]:
    """The mean of each column is right."""
    problems = []
    for number, case in enumerate(context.cases):
        expected = context.reference["column_means"](case["X"])
        problems.append(context.compare(number, "means", expected, 1e-4))  # float32 code is off by 1e-7
    return [PartResult("means", 1.0, first(problems))]  # the shares of a task's parts add up to 1


ASSIGNMENT = AssignmentChecks(
    tasks=(TaskChecks("T1", cases=T1_cases, check=T1),),
)
