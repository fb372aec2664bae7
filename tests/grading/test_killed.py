"""The grader killed at a random moment and started again: a few runs of tests/proof/test_many_killed.py."""

from pathlib import Path

from killing import make_class, one_run, undisturbed

from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.mutations import Mistake


def test_a_killed_grader_started_again_ends_where_an_undisturbed_one_does(
    repo: Course, right: dict[str, str], mistakes: dict[tuple[str, str], Mistake], tmp_path: Path
) -> None:
    template = made_up.scratch_course(repo, tmp_path / "template")
    make_class(template, right, mistakes)
    whole, seconds, events = undisturbed(template, tmp_path / "whole")
    assert len(whole.verdicts) == 6 and sum(n.endswith(".ipynb") for n in whole.graded) == 12 and not whole.stray
    waits = {(student, task) for student, task, *_, waits in whole.rows["grades"] if waits}
    assert waits >= {("bua", "T4"), ("bua", "T7"), ("chai", "T4")} and ("anong", "T4") not in waits
    for seed in range(3):
        kills, found, said = one_run(template, tmp_path / f"run-{seed}", seed, seconds, events)
        assert found == whole, (kills, said)
