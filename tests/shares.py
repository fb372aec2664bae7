"""Long lists of cases: a share of them in each test run, all of them in `make proof`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def in_each_run(names: Iterable[str], kept: Collection[str]) -> list[Any]:
    """The names for `parametrize`: those that are not kept are for the proof alone."""
    return [name if name in kept else pytest.param(name, marks=pytest.mark.proof) for name in names]


def one_in(share: int, names: Iterable[str], first: int = 0) -> list[Any]:
    """The same, where every so many of them is kept."""
    names = list(names)
    return in_each_run(names, names[first::share])
