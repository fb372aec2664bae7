"""Two mistakes in different tasks lose together exactly what each loses alone.

But for one thing: a gradient that is the derivative of the student's own, wrong loss is right (rule (c)
of T7). So a loss without the ReLU and a gradient without its mask fit together; what fits is worked out
here from the two planted mistakes, without the kit's own check.
"""

import itertools

import numpy as np
import pytest

from autograder.course import load_module
from autograder.errors import CourseError
from autograder.judging.mutations import plant, run_text

pytestmark = pytest.mark.proof

PAIRS = 100
SEED = 3
TASKS = ("T5", "T6", "T7", "T8", "T9", "T10", "T11")


def scores(result):
    return {task: verdict.score for task, verdict in result.verdicts.items()}


def fitting(judge_context, one, other):
    """Parameters whose planted gradient is the derivative of the planted loss, at every entry."""
    text = plant(judge_context.reference_text, ((one.old, one.new), (other.old, other.new)), "pair")
    net = run_text(text, "pair")["TwoLayerNet"](5, 7, 4)
    helpers = load_module(judge_context.course.source("hw4") / "hw4_helpers.py", "hw4_helpers")
    rng = np.random.default_rng(0)
    net.params = {name: rng.normal(0, 0.7, value.shape) for name, value in net.params.items()}
    X, y = rng.normal(size=(6, 5)), rng.integers(0, 4, 6)
    try:
        gradients, found = net.loss(X, y, 0.3)[1], set()
    except ValueError:  # a mistake in a shape
        return set()
    for name, value in net.params.items():
        slopes = helpers.numeric_gradient(lambda: net.loss(X, y, 0.3)[0], value).ravel()
        if np.size(gradients[name]) == value.size and np.allclose(np.ravel(gradients[name]), slopes, atol=1e-6):
            found.add(name)
    return found


def pairs(judge_context):
    """Random pairs of function mistakes of different tasks whose edits do not overlap, without repeats."""
    mistakes = [mistake for mistake in judge_context.mistakes if mistake.task in TASKS and not mistake.in_class]
    every = [pair for pair in itertools.combinations(mistakes, 2) if pair[0].task != pair[1].task]
    for at in np.random.default_rng(SEED).permutation(len(every)):
        one, other = every[at]
        try:
            plant(judge_context.reference_text, ((one.old, one.new), (other.old, other.new)), "pair")
        except CourseError:
            continue
        yield one, other


def test_each_pair_loses_what_the_two_lose_alone(graded, judge_context, record):
    right = scores(graded((), "right"))
    alone = {}

    def lost_alone(mistake):
        if mistake not in alone:
            alone[mistake] = graded(((mistake.old, mistake.new),), "one")
        return scores(alone[mistake])

    differ, fitted, chosen, kinds, named = [], [], list(itertools.islice(pairs(judge_context), PAIRS)), {}, 0
    for one, other in chosen:
        kind = f"{one.task}+{other.task}"
        kinds[kind] = kinds.get(kind, 0) + 1
        expected = {**right, one.task: lost_alone(one)[one.task], other.task: lost_alone(other)[other.task]}
        if other.task == "T7" and one.task in ("T5", "T6"):
            fits, parts = fitting(judge_context, one, other), alone[other].verdicts["T7"].parts
            expected["T7"] = sum(part.max_score if part.name in fits else part.score for part in parts)
            if expected["T7"] != lost_alone(other)["T7"]:
                fitted.append(f"T7: {other.name} after {one.task}: {one.name}")
        together = graded(((one.old, one.new), (other.old, other.new)), "pair")
        named += together.verdicts[one.task].mistake == one.name
        named += together.verdicts[other.task].mistake == other.name
        if scores(together) != expected:
            moved = {
                task: [expected[task], score] for task, score in scores(together).items() if score != expected[task]
            }
            differ.append({"pair": [f"{one.task}: {one.name}", f"{other.task}: {other.name}"], "expected, got": moved})
    collateral = [
        f"{mistake.task}: {mistake.name}"
        for mistake, found in alone.items()
        if {**scores(found), mistake.task: right[mistake.task]} != right
    ]
    record(
        "pairs-of-bugs",
        {
            "pairs": len(chosen),
            "different mistakes among them": len(alone),
            "pairs by tasks": dict(sorted(kinds.items())),
            "pairs that lose anything else": differ,
            "gradients that fit the wrong loss": fitted,
            "mistakes that alone cost another task": collateral,
            "mistakes named in the pairs": f"{named} of {2 * len(chosen)}",
        },
    )
    assert not collateral
    assert not differ
