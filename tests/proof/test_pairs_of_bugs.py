"""Two mistakes in different tasks lose together exactly what each loses alone."""

import itertools

import numpy as np
import pytest

from autograder.course import CourseError
from autograder.planting import plant

pytestmark = pytest.mark.proof

PAIRS = 100
SEED = 3
TASKS = ("T5", "T6", "T7", "T8", "T9", "T10", "T11")


def scores(result):
    return {task: verdict.score for task, verdict in result.verdicts.items()}


def pairs(bench):
    """Random pairs of function bugs of different tasks whose edits do not overlap, without repeats."""
    bugs = [bug for bug in bench.bugs if bug.task in TASKS and not bug.in_class]
    every = [pair for pair in itertools.combinations(bugs, 2) if pair[0].task != pair[1].task]
    for at in np.random.default_rng(SEED).permutation(len(every)):
        one, other = every[at]
        try:
            plant(bench.reference_text, ((one.old, one.new), (other.old, other.new)), "pair")
        except CourseError:
            continue
        yield one, other


def test_each_pair_loses_what_the_two_lose_alone(graded, bench, record):
    right = scores(graded((), "right"))
    alone = {}

    def lost_alone(bug):
        if bug not in alone:
            alone[bug] = scores(graded(((bug.old, bug.new),), "one"))
        return alone[bug]

    differ, chosen, kinds, named = [], list(itertools.islice(pairs(bench), PAIRS)), {}, 0
    for one, other in chosen:
        kind = f"{one.task}+{other.task}"
        kinds[kind] = kinds.get(kind, 0) + 1
        expected = {**right, one.task: lost_alone(one)[one.task], other.task: lost_alone(other)[other.task]}
        together = graded(((one.old, one.new), (other.old, other.new)), "pair")
        named += together.verdicts[one.task].mistake == one.name
        named += together.verdicts[other.task].mistake == other.name
        if scores(together) != expected:
            moved = {
                task: [expected[task], score] for task, score in scores(together).items() if score != expected[task]
            }
            differ.append({"pair": [f"{one.task}: {one.name}", f"{other.task}: {other.name}"], "expected, got": moved})
    collateral = [
        f"{bug.task}: {bug.name}" for bug, found in alone.items() if {**found, bug.task: right[bug.task]} != right
    ]
    record(
        "pairs-of-bugs",
        {
            "pairs": len(chosen),
            "different bugs among them": len(alone),
            "pairs by tasks": dict(sorted(kinds.items())),
            "pairs that lose anything else": differ,
            "bugs that alone cost another task": collateral,
            "mistakes named in the pairs": f"{named} of {2 * len(chosen)}",
        },
    )
    assert not collateral
    assert not differ
