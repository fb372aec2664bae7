"""The grader killed at a random moment and started again: a few runs of tests/proof/test_many_killed.py."""

from pathlib import Path

from killing import make_class, one_run, undisturbed

from autograder import sample
from autograder.course import Course
from autograder.planting import Bug


def test_a_killed_grader_started_again_ends_where_an_undisturbed_one_does(
    repo: Course, right: dict[str, str], bugs: dict[tuple[str, str], Bug], tmp_path: Path
) -> None:
    template = sample.scratch_course(repo, tmp_path / "template")
    make_class(template, right, bugs)
    whole, seconds, events = undisturbed(template, tmp_path / "whole")
    assert len(whole.verdicts) == 6 and sum(n.endswith(".ipynb") for n in whole.graded) == 12 and not whole.stray
    waits = {(student, task) for student, task, *_, waits in whole.rows["grades"] if waits}
    assert waits >= {("bua", "T4"), ("bua", "T7"), ("chai", "T4")} and ("anong", "T4") not in waits
    for seed in range(5):
        kills, found, said = one_run(template, tmp_path / f"run-{seed}", seed, seconds, events)
        assert found == whole, (kills, said)
