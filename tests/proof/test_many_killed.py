"""The grader killed at a random moment and started again, 200 times: nothing lost, doubled or half-written."""

import json
import time
from pathlib import Path

import pytest
from killing import make_class, one_run, undisturbed

from autograder.course import load_course
from autograder.grading import made_up

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
BLOCKS, RUNS = 20, 10  # of runs: each block is a seeded test of its own, so that pieces can be run


@pytest.fixture(scope="module")
def template(right, mistakes, tmp_path_factory):
    course = made_up.scratch_course(load_course(ROOT), tmp_path_factory.mktemp("killed") / "template")
    hw4 = course.assignment("hw4")
    names = (("T7", "W2-regularization-missing"), ("T5", "relu-missing"))
    bua, chai = (made_up.with_mistake(course, hw4, mistakes[name])[0] for name in names)
    make_class(course, right, bua, chai, by_person="T4", bonus="T7")
    return course


@pytest.fixture(scope="module")
def whole(template):
    return undisturbed(template, template.root.with_name("whole"))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_killed_run_ends_as_the_undisturbed_one(template, whole, record, block):
    wanted, seconds, events = whole
    started, kills, different = time.monotonic(), [], []
    for seed in range(block * RUNS, (block + 1) * RUNS):
        how, found, said = one_run(template, template.root.with_name(f"run-{seed}"), seed, seconds, events)
        kills += how
        if found != wanted:
            different.append({"seed": seed, "kills": how, "said": said})
    tally = {
        "runs": RUNS,
        "kills": len(kills),
        "kills that came before the end": sum(kill["ended by"] != 0 for kill in kills),
        "at a file operation": sum("at file operation" in kill for kill in kills),
        "workers killed too": sum(kill["workers too"] for kill in kills),
        "different": different,
        "seconds": time.monotonic() - started,
    }
    record("killed", merged(block, tally))
    assert not different


def merged(block, tally):
    """The blocks recorded so far with this one, and their sums."""
    path = ROOT / "docs" / "proofs" / "killed.json"
    blocks = json.loads(path.read_text())["blocks"] if path.exists() and block else {}
    blocks = dict(sorted((blocks | {str(block): tally}).items(), key=lambda item: int(item[0])))
    sums = {key: sum(b[key] for b in blocks.values()) for key in tally if key != "different"}
    return {**sums, "different": sum(len(b["different"]) for b in blocks.values()), "blocks": blocks}
