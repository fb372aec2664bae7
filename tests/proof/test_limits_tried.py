"""Each limit of the sandbox is tried: what an attack gets where its wall stands, and where it is gone.

AUTOGRADER_RECORD=1 keeps the figures in docs/proofs/limits.json; the table in docs/limits.md is made from them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from toy import Toy

from autograder.course import Limits
from autograder.grading import pipeline
from autograder.submissions.submission import Submission
from tests.attacks import limits
from tests.attacks.conftest import gap as gap
from tests.attacks.conftest import lab as lab
from tests.attacks.lab import Evidence, Lab
from tests.attacks.test_attacks import attack_of
from tests.attacks.walls import Gap

pytestmark = pytest.mark.proof
SLEEP, LOOP = "import time; time.sleep(30)", "while True: pass"
BODY = "    mean = X.mean(axis=0)\n"
AMPLE = Limits(cell_seconds=20, check_seconds=0.2, reference_times=1, patience=1, memory_mb=1536)


@dataclass(frozen=True)
class Trial:
    """What runs into a limit of time, in cells of its own or in the function of T1; and two values of that limit."""

    short: float
    long: float
    extra: tuple[str, ...] = ()
    in_t1: str = ""
    limits: Limits = AMPLE


TRIALS = {
    "cell_seconds": Trial(1, 3, extra=(LOOP,)),
    "question_seconds": Trial(0.5, 1.5, in_t1=LOOP),
    "probe_seconds": Trial(1, 3, in_t1=SLEEP, limits=replace(AMPLE, question_seconds=20)),
    "check_seconds": Trial(1, 3, in_t1=SLEEP, limits=replace(AMPLE, question_seconds=0.2)),
    "total_seconds": Trial(2, 5, extra=(SLEEP, f"{SLEEP}  # again")),
    "patience": Trial(1, 3, extra=(SLEEP,), limits=replace(AMPLE, cell_seconds=1)),
}


def seconds(toy: Toy, trial: Trial, bounds: Limits) -> float:
    """How long such a submission is graded."""
    answer = toy.right["T1"].replace(BODY, f"    {trial.in_t1}\n{BODY}")
    grader = pipeline.open_grader(toy.course, replace(toy.assignment, limits=bounds))
    with grader.guest:
        grader.guest.start()
        started = time.monotonic()
        pipeline.grade_submission(grader, Submission("x", toy.hand_in({**toy.right, "T1": answer}, trial.extra)))
        return time.monotonic() - started


def got(evidence: Evidence) -> str:
    """What an attack shows that it got, in a line."""
    if evidence.loot:
        return evidence.loot.splitlines()[0].removeprefix("LOOT ")
    if evidence.received > 1 << 20:
        return f"{evidence.received >> 20} MB taken in"
    return f"{max(evidence.megabytes, 0):.0f} MB of ours, {evidence.seconds:.1f} s"


def tried(lab: Lab, gap: Gap, name: str) -> dict[str, str]:
    """An attack with its wall, and without it."""
    module = limits.module_of(name)
    gap.close()
    evidence = lab.run(attack_of(module, lab))
    won = module.won(evidence)
    if won and hasattr(module, "HOLE"):
        return {"stands": f"**wins**: {got(evidence)}", "gone": "no wall of ours holds it"}
    assert not won, name
    how = "ended" if "MemoryLimit" in evidence.ended else "nothing"
    stands = f"{how}, {evidence.seconds:.1f} s"
    if not hasattr(module, "WALL") or hasattr(module, "NOT_SHOWN"):
        return {"stands": stands, "gone": "not shown"}
    evidence = lab.run(attack_of(module, lab), gap.open(module.WALL))
    assert module.won(evidence), name
    return {"stands": stands, "gone": got(evidence)}


def test_every_limit_is_tried_with_its_wall_and_without(
    toy: Toy, lab: Lab, gap: Gap, record: Callable[[str, Mapping[str, Any]], None]
) -> None:
    figures = {}
    for name, trial in TRIALS.items():
        took = {v: seconds(toy, trial, replace(trial.limits, **{name: v})) for v in (trial.short, trial.long)}
        assert took[trial.short] < took[trial.long], name
        said = [f"{value:g} {'times' if name == 'patience' else 's'}: {took[value]:.1f} s" for value in took]
        figures[name] = dict(zip(("stands", "gone"), said, strict=True))
    for name in limits.attacks():
        figures[name] = tried(lab, gap, name)
    record("limits", {"figures": figures})
