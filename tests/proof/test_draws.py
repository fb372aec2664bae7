"""No luck: 200 draws of the hidden inputs for each known mistake, right variant and own class; no verdict differs."""

import time

import pytest
from draws import TASKS, Answer, differing, known, right
from hw4.test_own_classes import CASES

from autograder.grading import made_up

pytestmark = pytest.mark.proof

DRAWS = 200


def test_no_verdict_differs_in_200_draws(judge_context, course, hw4, record):
    started = time.monotonic()
    functions = made_up.answers(course, hw4)
    classes = [Answer(f"own class: {name}", source, TASKS, False) for name, (source, *_) in CASES.items()]
    answers = [*known(judge_context), *right(judge_context, functions), *classes]
    found = {answer.name: differing(judge_context, answer, range(DRAWS)) for answer in answers}
    differs = {name: {t: [*map(str, c)] for t, c in tasks.items()} for name, tasks in found.items() if tasks}
    record(
        "every-draw",
        {
            "draws": DRAWS,
            "answers": len(answers),
            "verdicts": DRAWS * sum(len(answer.tasks) for answer in answers),
            "differ": differs,
            "minutes": (time.monotonic() - started) / 60,
        },
    )
    assert differs == {}
