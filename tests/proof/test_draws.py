"""No luck: 200 draws of the hidden inputs for each known mistake, right variant and own class; no verdict differs."""

import multiprocessing
import os
import time
from collections import Counter

import pytest
from draws import counted, known, of_classes, right
from hw4.test_own_classes import CASES

from autograder.grading import made_up

pytestmark = pytest.mark.proof

DRAWS = 200


KEPT = {}  # of a process: what is asked


def _keep(judge_context, answers):
    KEPT["asked"] = judge_context, answers


def _counted(seeds):
    return counted(*KEPT["asked"], seeds)


def merged(parts):
    """The counts of all processes together."""
    found = {}
    for counts in parts:
        for key, of_key in counts.items():
            found[key] = Counter(found.get(key, {})) + Counter(of_key)
    return found


def test_no_verdict_differs_in_200_draws(judge_context, course, hw4, record):
    started = time.monotonic()
    functions = made_up.answers(course, hw4)
    answers = [*known(judge_context), *right(judge_context, functions), *of_classes(CASES)]
    count = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("fork").Pool(count, _keep, (judge_context, answers)) as pool:
        counts = merged(pool.map(_counted, [range(first, DRAWS, count) for first in range(count)]))
    differ = {f"{name}: {task}": {str(k): v for k, v in c.items()} for (name, task), c in counts.items() if len(c) > 1}
    record(
        "every-draw",
        {
            "draws": DRAWS,
            "answers": len(answers),
            "verdicts": DRAWS * len(counts),
            "differ": differ,
            "minutes": (time.monotonic() - started) / 60,
        },
    )
    assert differ == {}
