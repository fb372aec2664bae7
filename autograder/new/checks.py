"""Outside the sandbox: the hidden checks, each with the generator of its cases.

A check compares what the probe's questions gave with the reference. Its cases are new for every
submission: rng hangs on the course's secret.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.answers import Array
from autograder.checking import Case, Exam, Finding, first


def T1_cases(rng: np.random.Generator, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    return [{"X": rng.normal(3, 2, shape)} for shape in ((5, 3), (4, 7))]


def T1(exam: Exam) -> list[Finding]:
    """The mean of each column is right."""
    problems = []
    for number, case in enumerate(exam.cases):
        expected = exam.reference["column_means"](case["X"])
        problems.append(exam.compare(number, "means", expected, 1e-4))  # float32 code is off by 1e-7
    return [Finding("means", 1.0, first(problems))]
