"""hw4's hidden tests do their work: three listed mistakes a task, and some right variants. `make proof` plants all."""

import re
from collections.abc import Callable
from typing import Any


def test_no_mistake_of_a_sample_survives_and_each_is_named(run: Callable[..., Any]) -> None:
    done = run("autograder", "audit", "hw4", "--sample", 3, "--jobs", 1, seconds=560)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"mistakes: 0 survivors, 0 with collateral, 100 % named; \d+ right variants: 0 lost", done.stdout)
    planted, every = map(int, re.findall(r"a sample: (\d+) of (\d+) mistakes", done.stdout)[0])
    assert 33 < planted < every
