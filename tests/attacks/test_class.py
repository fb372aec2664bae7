"""A class in which every third submission is an attack: the honest ones have the marks that they have without it."""

from collections.abc import Sequence

import pytest

from autograder.grading import pipeline
from autograder.judging.verdicts import Result
from autograder.submissions.submission import Submission
from tests.attacks.lab import Attack, Lab
from tests.attacks.test_attacks import MODULES, NAMES, attack_of
from tests.attacks.walls import Gap

# those that hold the grader until a limit are few in a class: one of them is among these
QUICK = [
    "exhaust_bare_except",
    "exhaust_processes",
    "forge_frames",
    "forge_patched_numpy",
    "forge_settrace",
    "forge_shell_hook",
    "leave_process",
    "read_sibling_tmp",
    "write_modules_in_memory",
]


def class_of(lab: Lab, attacks: Sequence[str]) -> list[Submission]:
    """Two honest or half-right submissions, then an attack, and so on."""
    found = []
    for number in range(2 * len(attacks)):
        files = dict(lab.honest.files)
        if number % 2:  # half right: this one has no model, and so no mark for T12
            del files["best_net.npz"]
        found.append(Submission(f"student{number}", files))
        if number % 2:
            attack: Attack = attack_of(MODULES[attacks[number // 2]], lab)
            found.append(lab.hand_in(attack, number + 1))
    return found


def marks(results: Sequence[Result]) -> dict[str, dict[str, tuple[str, float | None]]]:
    """Status and score by student and task."""
    return {r.student: {t: (v.status, v.score) for t, v in r.verdicts.items()} for r in results}


@pytest.mark.proof
def test_honest_marks_are_those_of_a_class_without_attacks(lab: Lab, gap: Gap) -> None:
    gap.close()
    assert set(QUICK) <= set(NAMES)
    everyone = class_of(lab, QUICK)
    honest = [s for s in everyone if s.student.startswith("student")]
    assert len(everyone) == 3 * len(QUICK)
    alone = marks([pipeline.grade_submission(lab.grader, s) for s in honest])
    mixed = marks([pipeline.grade_submission(lab.grader, s) for s in everyone])
    assert {student: mixed[student] for student in alone} == alone
    assert all(found["T12"][1] == (0 if int(student[7:]) % 2 else 1) for student, found in alone.items())
