"""As many workers as cores: each stays on its own core, with all that it starts. Fewer stay nowhere."""

import os
import time
from typing import Any

import pytest

from autograder.grading import workers

CORES = sorted(os.sched_getaffinity(0))


def places(jobs: int) -> list[set[int]]:
    """On which cores the workers may run."""
    pool: Any = workers.local(jobs).start()
    with pool:
        for begun in [pool.submit(time.sleep, 1) for _ in range(jobs)]:  # none is free meanwhile, so each begins one
            begun.result()
        return [os.sched_getaffinity(pid) for pid in pool._processes]


@pytest.mark.skipif(len(CORES) > 8, reason="starts a process for each core")
def test_each_of_as_many_workers_as_cores_has_its_own() -> None:
    assert sorted(places(len(CORES)), key=min) == [{core} for core in CORES]


@pytest.mark.skipif(len(CORES) == 1, reason="there is one core alone")
def test_a_single_worker_goes_where_there_is_room() -> None:
    assert places(1) == [set(CORES)]
