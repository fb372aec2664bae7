"""How far is every tolerance from right answers on one side, and from the nearest known bug on the other?

A part's deviation is the smallest tolerance, relative to the largest entry, at which the check itself
would still accept it: found by loosening and tightening the check, so that every way of being right counts.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from autograder import checking, grade, judge, planting, sample
from autograder.answers import Answers
from autograder.audit import planted
from autograder.checking import Exam, Problem
from autograder.submission import Submission

pytestmark = pytest.mark.proof

SECRETS = 4  # gradings of each right variant
SEEDS = 50  # of each function bug
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
    """Of one part: the worst right answer and the nearest bug, with their names."""

    tolerance: float
    right: float = 0.0
    worst_right: str = "-"
    bug: float = math.inf
    nearest_bug: str = "-"
    bugs: set = field(default_factory=set)

    def add_right(self, name: str, deviation: float) -> None:
        if deviation > self.right:
            self.right, self.worst_right = deviation, name

    def add_bug(self, name: str, deviation: float) -> None:
        self.bugs.add(name)
        if deviation < self.bug:
            self.bug, self.nearest_bug = deviation, name

    def row(self) -> dict[str, object]:
        return {
            "tolerance": self.tolerance,
            "worst right": self.right,
            "of": self.worst_right,
            "nearest bug": self.bug if math.isfinite(self.bug) else "never accepted",
            "which": self.nearest_bug,
            "bugs seen": len(self.bugs),
        }


@pytest.fixture
def scaled(bench, monkeypatch):
    """scaled(exam, factor) -> parts that pass with every tolerance times the factor."""
    real, now = checking.compare, [1.0]

    def compare(value, expected, tolerance):
        return real(value, expected, tolerance * now[0])

    monkeypatch.setattr(checking, "compare", compare)
    monkeypatch.setattr(bench.checks, "compare", compare)

    def passing(exam: Exam, factor: float) -> Mapping[str, bool]:
        now[0] = factor
        with np.errstate(all="ignore"):
            return {finding.part: finding.ok for finding in getattr(bench.checks, exam.task)(exam)}

    return passing


def brackets(scaled, exam: Exam) -> dict[str, tuple[float, float]]:
    """By part: the largest factor that fails and the smallest that passes (0 and inf at the ends)."""
    known: dict[int, Mapping[str, bool]] = {}

    def ok(part: str, at: int) -> bool:
        if at not in known:
            known[at] = scaled(exam, 10 ** (at / STEPS_A_DECADE))
        return known[at][part]

    low, high = TIGHTEST * STEPS_A_DECADE, LOOSEST * STEPS_A_DECADE
    answer = {}
    for part in scaled(exam, 1.0):
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


def steps(bench, exam: Exam) -> dict[str, float]:
    """T9 and T10: the deviations of the recorded steps of a right answer."""
    checks, answer = bench.checks, {}
    found = checks._steps(exam, 0)
    assert not isinstance(found, Problem), found
    rates, off = found
    if exam.task == "T9":
        rate = float(exam.cases[0]["learning_rate"])
        answer["T9 direction"], answer["T9 rate"] = float(off.max()), float(np.abs(rates / rate - 1).max())
    else:
        ratios, decay = rates[1:] / rates[:-1], float(exam.cases[0]["decay"])
        answer["T10 factor"] = float(np.minimum(np.abs(ratios - 1), np.abs(ratios - decay)).max())
    return answer


def exams_of(desk, secret: bytes, files: Mapping[str, bytes], name: str) -> dict[str, Exam]:
    """What the judge sees of a submission that went through the sandbox."""
    seen: dict[str, Exam] = {}
    real = judge.verdicts

    def verdicts(bench, exams):
        seen.update(exams)
        return real(bench, exams)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grade.judge, "verdicts", verdicts)
        grade.grade_submission(replace(desk, secret=secret), Submission(name, files))
    return seen


def secret(number: int) -> bytes:
    return hashlib.sha256(f"margin {number}".encode()).digest()


def test_tolerances_are_far_from_right_answers_and_from_bugs(desk, course, hw4, bench, scaled, record):
    margins = {part: Margin(tolerance) for part, tolerance in TOLERANCES.items()}
    moving = {name: Margin(tolerance) for name, tolerance in STEPS.items()}
    _, variants = planted(course, hw4)
    for variant in variants:
        answers, extra = sample.with_variant(course, hw4, variant)
        files = sample.hand_in(course, hw4, answers, extra=extra)
        for number in range(SECRETS):
            exams = exams_of(desk, secret(number), files, variant.name)
            for task in ("T1", "T2", "T3", "T5", "T6", "T7"):
                for part, (_, passes) in brackets(scaled, exams[task]).items():
                    margin = margins[task, part]
                    margin.add_right(variant.name, passes * margin.tolerance)
            for task in ("T9", "T10"):
                for name, deviation in steps(bench, exams[task]).items():
                    moving[name].add_right(variant.name, deviation)
    outcomes: dict[tuple[str, bool], set] = {}
    for bug in (bug for bug in bench.bugs if bug.task not in ("T12",) and not bug.in_class):
        names = planting.run_text(planting.plant(bench.reference_text, ((bug.old, bug.new),), bug.name), bug.name)
        label = f"{bug.task}: {bug.name}"
        for seed in range(1 if bug.task in ("T1", "T2", "T3") else SEEDS):
            exam = judge.exam(bench, bug.task, seed, Answers())
            np.random.seed(seed)
            with np.errstate(all="ignore"):
                answers = judge.ask(bench.probes, bug.task, names, exam.cases, "", True)
            for given in (True, False):  # as functions of the given class, and as a class of the student's own
                asked = replace(exam, answers=replace(answers, given=given))
                accepted = scaled(asked, 1.0)
                outcomes.setdefault((label, given), set()).add(tuple(part for part, ok in accepted.items() if not ok))
                if bug.task in ("T9", "T10"):
                    name, deviation = nearest_step(bench, asked)
                    moving[name].add_bug(label, deviation)
                elif (bug.task, next(iter(accepted))) in margins:
                    for part, (fails, _) in brackets(scaled, asked).items():
                        if not accepted[part]:
                            margins[bug.task, part].add_bug(label, fails * margins[bug.task, part].tolerance)
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
            "seeds of each bug": SEEDS,
            "bugs": len({label for label, _ in outcomes}),
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
        assert margin.bug > 5 * margin.tolerance


def nearest_step(bench, exam: Exam) -> tuple[str, float]:
    """T9 and T10: in which respect the steps of a bug miss by most tolerances, and by how much."""
    found = bench.checks._steps(exam, 0)
    if isinstance(found, Problem):
        return ("T9 rate" if exam.task == "T9" else "T10 factor"), math.inf
    rates, off = found
    if exam.task == "T9":
        rate = float(exam.cases[0]["learning_rate"])
        said = {"T9 direction": float(off.max()), "T9 rate": float(np.abs(rates / rate - 1).max())}
    else:
        decay = float(exam.cases[0]["decay"])
        ratios = rates[1:] / rates[:-1]
        falls = ratios[np.abs(ratios - 1) > STEPS["T10 factor"]]
        said = {"T10 factor": float(np.abs(falls - decay).min()) if falls.size else 1 - decay}
    return max(said.items(), key=lambda item: item[1] / STEPS[item[0]])
