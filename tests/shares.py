"""Long lists of cases: a share of them in each test run, all of them in `make proof`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def in_each_run(cases: Iterable[Any], kept: Collection[Any]) -> list[Any]:
    """The cases for `parametrize`: those that are not kept are for the proof alone. A tuple holds several arguments."""
    return [
        case if case in kept else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.proof)
        for case in cases
    ]


def one_in(share: int, names: Iterable[Any], first: int = 0) -> list[Any]:
    """The same, where every so many of them is kept."""
    names = list(names)
    return in_each_run(names, names[first::share])
