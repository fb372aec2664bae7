"""How far is every tolerance from right answers on one side, and from the nearest known mistake on the other?

A part's deviation is the smallest tolerance, relative to the largest entry, at which the check itself
would still accept it: found by loosening and tightening the check, so that every way of being right counts.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from autograder.grading import made_up, pipeline
from autograder.judging import checking, judge, known_mistakes, mutations
from autograder.judging.checking import CheckContext, Problem
from autograder.releasing.trials.audit import planted
from autograder.sandbox.answers import Answers
from autograder.submissions.submission import Submission

pytestmark = pytest.mark.proof

SECRETS = 4  # gradings of each right variant
SEEDS = 50  # of each function mistake
STEPS_A_DECADE = 10
LOOSEST, TIGHTEST = 9, -10  # decades around the stated tolerance

TOLERANCES = {
    **{("T1", part): 1e-3 for part in ("dz_dw0", "dz_dw1", "dz_db0", "dz_db1")},
    **{("T2", part): 1e-9 for part in ("size_A", "size_B", "size_C")},
    ("T3", "num_parameters"): 1e-9,
    ("T5", "scores"): 1e-5,
    ("T5", "hidden"): 1e-5,
    ("T6", "data"): 1e-5,
    ("T6", "regularization"): 1e-5,
    ("T6", "stability"): 1e-3,
    **{("T7", part): 1e-5 for part in ("W1", "b1", "W2", "b2")},
}
# compared outside of the checks' compare(): relative to the step's rate, or to the largest parameter
STEPS = {"T9 direction": 1e-5, "T9 rate": 1e-3, "T10 factor": 1e-3}


@dataclass
class Margin:
    """Of one part: the worst right answer and the nearest mistake, with their names."""

    tolerance: float
    right: float = 0.0
    worst_right: str = "-"
    mistake: float = math.inf
    nearest_mistake: str = "-"
    mistakes: set = field(default_factory=set)

    def add_right(self, name: str, deviation: float) -> None:
        if deviation > self.right:
            self.right, self.worst_right = deviation, name

    def add_mistake(self, name: str, deviation: float) -> None:
        self.mistakes.add(name)
        if deviation < self.mistake:
            self.mistake, self.nearest_mistake = deviation, name

    def row(self) -> dict[str, object]:
        return {
            "tolerance": self.tolerance,
            "worst right": self.right,
            "of": self.worst_right,
            "nearest mistake": self.mistake if math.isfinite(self.mistake) else "never accepted",
            "which": self.nearest_mistake,
            "mistakes seen": len(self.mistakes),
        }


@pytest.fixture
def scaled(judge_context, monkeypatch):
    """scaled(context, factor) -> parts that pass with every tolerance times the factor."""
    real, now = checking.compare, [1.0]

    def compare(value, expected, tolerance):
        return real(value, expected, tolerance * now[0])

    monkeypatch.setattr(checking, "compare", compare)
    for names in (record.check.__globals__ for record in judge_context.checks.tasks):
        if "compare" in names:
            monkeypatch.setitem(names, "compare", compare)

    def passing(context: CheckContext, factor: float) -> Mapping[str, bool]:
        now[0] = factor
        with np.errstate(all="ignore"):
            afresh = replace(context, memo={})  # what was worked out with another tolerance is another thing
            return {one.part: one.ok for one in judge_context.checks.of(context.task).check(afresh)}

    return passing


def brackets(scaled, context: CheckContext) -> dict[str, tuple[float, float]]:
    """By part: the largest factor that fails and the smallest that passes (0 and inf at the ends)."""
    known: dict[int, Mapping[str, bool]] = {}

    def ok(part: str, at: int) -> bool:
        if at not in known:
            known[at] = scaled(context, 10 ** (at / STEPS_A_DECADE))
        return known[at][part]

    low, high = TIGHTEST * STEPS_A_DECADE, LOOSEST * STEPS_A_DECADE
    answer = {}
    for part in scaled(context, 1.0):
        if ok(part, low):
            answer[part] = (0.0, 0.0)  # ten decades below the tolerance: nothing but rounding
        elif not ok(part, high):
            answer[part] = (math.inf, math.inf)
        else:
            below, above = low, high
            while above - below > 1:
                middle = (below + above) // 2
                below, above = (below, middle) if ok(part, middle) else (middle, above)
            answer[part] = (10 ** (below / STEPS_A_DECADE), 10 ** (above / STEPS_A_DECADE))
    return answer


def steps(checks, context: CheckContext) -> dict[str, float]:
    """T9 and T10: the deviations of the recorded steps of a right answer."""
    answer = {}
    found = checks.minibatches.steps_of(context)
    assert not isinstance(found, Problem), found
    rates, off = found.rates, found.off
    if context.task == "T9":
        rate = float(context.cases[0]["learning_rate"])
        answer["T9 direction"], answer["T9 rate"] = float(off.max()), float(np.abs(rates / rate - 1).max())
    else:
        ratios, decay = rates[1:] / rates[:-1], float(context.cases[0]["decay"])
        answer["T10 factor"] = float(np.minimum(np.abs(ratios - 1), np.abs(ratios - decay)).max())
    return answer


def contexts_of(grader, secret: bytes, files: Mapping[str, bytes], name: str) -> dict[str, CheckContext]:
    """What the judge sees of a submission that went through the sandbox."""
    seen: dict[str, CheckContext] = {}
    real = judge.verdicts

    def verdicts(judge_context, contexts):
        seen.update(contexts)
        return real(judge_context, contexts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.judge, "verdicts", verdicts)
        pipeline.grade_submission(replace(grader, secret=secret), Submission(name, files))
    return seen


def secret(number: int) -> bytes:
    return hashlib.sha256(f"margin {number}".encode()).digest()


def test_tolerances_are_far_from_right_answers_and_from_mistakes(
    grader, course, hw4, judge_context, checks, scaled, record
):
    margins = {part: Margin(tolerance) for part, tolerance in TOLERANCES.items()}
    moving = {name: Margin(tolerance) for name, tolerance in STEPS.items()}
    _, variants = planted(course, hw4)
    for variant in variants:
        answers, extra = made_up.with_variant(course, hw4, variant)
        files = made_up.hand_in(course, hw4, answers, extra=extra)
        for number in range(SECRETS):
            contexts = contexts_of(grader, secret(number), files, variant.name)
            for task in ("T1", "T2", "T3", "T5", "T6", "T7"):
                for part, (_, passes) in brackets(scaled, contexts[task]).items():
                    margin = margins[task, part]
                    margin.add_right(variant.name, passes * margin.tolerance)
            for task in ("T9", "T10"):
                for name, deviation in steps(checks, contexts[task]).items():
                    moving[name].add_right(variant.name, deviation)
    outcomes: dict[tuple[str, bool], set] = {}
    for mistake in (
        mistake for mistake in judge_context.mistakes if mistake.task not in ("T12",) and not mistake.in_class
    ):
        names = mutations.run_text(
            mutations.plant(judge_context.reference_text, ((mistake.old, mistake.new),), mistake.name), mistake.name
        )
        label = f"{mistake.task}: {mistake.name}"
        for seed in range(1 if mistake.task in ("T1", "T2", "T3") else SEEDS):
            context = judge.check_context(judge_context, mistake.task, seed, Answers())
            np.random.seed(seed)
            with np.errstate(all="ignore"):
                answers = known_mistakes.ask(judge_context.probes, mistake.task, names, context.cases, "", True)
            for given in (True, False):  # as functions of the given class, and as a class of the student's own
                asked = replace(context, answers=replace(answers, class_is_given=given), memo={})
                accepted = scaled(asked, 1.0)
                outcomes.setdefault((label, given), set()).add(tuple(part for part, ok in accepted.items() if not ok))
                if mistake.task in ("T9", "T10"):
                    name, deviation = nearest_step(checks, asked)
                    moving[name].add_mistake(label, deviation)
                elif (mistake.task, next(iter(accepted))) in margins:
                    for part, (fails, _) in brackets(scaled, asked).items():
                        if not accepted[part]:
                            margins[mistake.task, part].add_mistake(
                                label, fails * margins[mistake.task, part].tolerance
                            )
    # what only the functions can show, a class of the student's own may do as it likes
    survived = [label for (label, given), lost in outcomes.items() if given and () in lost]
    chance = [
        f"{label}{'' if given else ' (own class)'}: {' or '.join(', '.join(parts) or 'nothing' for parts in lost)}"
        for (label, given), lost in outcomes.items()
        if len(lost) > 1
    ]
    record(
        "margins",
        {
            "right variants": len(variants),
            "gradings of each": SECRETS,
            "seeds of each mistake": SEEDS,
            "mistakes": len({label for label, _ in outcomes}),
            "survived": survived,
            "parts lost hang on the seed": chance,
            "parts": {f"{task} {part}": margin.row() for (task, part), margin in margins.items()},
            "steps": {name: margin.row() for name, margin in moving.items()},
        },
    )
    assert not survived
    assert not chance
    for margin in [*margins.values(), *moving.values()]:
        assert margin.right < margin.tolerance / 2
        assert margin.mistake > 5 * margin.tolerance


def nearest_step(checks, context: CheckContext) -> tuple[str, float]:
    """T9 and T10: in which respect the steps of a mistake miss by most tolerances, and by how much."""
    found = checks.minibatches.steps_of(context)
    if isinstance(found, Problem):
        return ("T9 rate" if context.task == "T9" else "T10 factor"), math.inf
    rates, off = found.rates, found.off
    if context.task == "T9":
        rate = float(context.cases[0]["learning_rate"])
        said = {"T9 direction": float(off.max()), "T9 rate": float(np.abs(rates / rate - 1).max())}
    else:
        decay = float(context.cases[0]["decay"])
        ratios = rates[1:] / rates[:-1]
        falls = ratios[np.abs(ratios - 1) > STEPS["T10 factor"]]
        said = {"T10 factor": float(np.abs(falls - decay).min()) if falls.size else 1 - decay}
    return max(said.items(), key=lambda item: item[1] / STEPS[item[0]])
