"""The hidden inputs differ at every grading; the verdict must not."""

import hashlib
import time

import pytest

from autograder.judging import judge

pytestmark = pytest.mark.proof

GRADINGS = 1000
WRONG = ("T7", "W2-regularization-missing")
# and one submission with a mistake in every task from T5 on
MANY = {
    "T5": "b1-missing",
    "T6": "half-missing",
    "T7": "mean-missing",
    "T8": "last-row-never-drawn",
    "T9": "gradient-normalised",
    "T10": "one-minus-decay",
    "T11": "second-largest",
}
GRADINGS_OF_MANY = 200


def secret(number: int) -> bytes:
    return hashlib.sha256(f"proof {number}".encode()).digest()


def said(result):
    """What must not differ: all of the verdicts but the words of the message."""
    return {
        task: (v.status, v.score, v.max_score, v.mistake, tuple((p.name, p.score, p.max_score) for p in v.parts))
        for task, v in result.verdicts.items()
    }


def edits(judge_context, *wanted):
    return tuple(
        (mistake.old, mistake.new) for mistake in judge_context.mistakes if (mistake.task, mistake.name) in wanted
    )


@pytest.mark.parametrize(
    ("name", "wanted", "gradings"),
    [
        ("right", (), GRADINGS),
        ("wrong", (WRONG,), GRADINGS),
        ("wrong-in-seven-tasks", tuple(MANY.items()), GRADINGS_OF_MANY),
    ],
)
def test_not_one_verdict_differs_between_secrets(graded, judge_context, record, name, wanted, gradings):
    planted = edits(judge_context, *wanted)
    assert len(planted) == len(wanted)
    started = time.monotonic()
    first = graded(planted, name, secret(0))
    seeds, different = {tuple(first.seeds.items())}, []
    for number in range(1, gradings):
        result = graded(planted, name, secret(number))
        seeds.add(tuple(result.seeds.items()))
        if said(result) != said(first):
            different.append({"secret": number, "said": said(result)})
    record(
        f"same-verdict-{name}",
        {
            "planted": [f"{task}: {mistake}" for task, mistake in wanted],
            "gradings": gradings,
            "different seeds": len(seeds),
            "different verdicts": len(different),
            "examples": different[:5],
            "verdict": said(first),
            "seconds a grading": (time.monotonic() - started) / gradings,
        },
    )
    assert len(seeds) == gradings
    assert not different
    lost = {task for task, v in first.verdicts.items() if v.status == judge.FAILED}
    assert lost == {task for task, _ in wanted}
