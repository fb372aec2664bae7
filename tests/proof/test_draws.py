"""No luck: 200 draws of the hidden inputs for each known mistake, right variant and own class; no verdict differs."""

import time

import pytest
from draws import counted, known, of_classes, right
from hw4.test_own_classes import CASES

from autograder.grading import made_up

pytestmark = pytest.mark.proof

DRAWS = 200


def test_no_verdict_differs_in_200_draws(judge_context, course, hw4, record):
    started = time.monotonic()
    functions = made_up.answers(course, hw4)
    answers = [*known(judge_context), *right(judge_context, functions), *of_classes(CASES)]
    counts = counted(judge_context, answers, range(DRAWS))
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
