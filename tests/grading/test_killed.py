"""The grader killed at a random moment and started again: one run of tests/proof/test_many_killed.py."""

from pathlib import Path

from killing import make_class, one_run, undisturbed
from toy import Toy


def test_a_killed_grader_started_again_ends_where_an_undisturbed_one_does(toy: Toy, tmp_path: Path) -> None:
    template = toy.copy(tmp_path / "template")
    bua = {**toy.right, "T2": "def fit_line(x, y):\n    return 7.0, 7.0"}
    chai = {**toy.right, "T1": "def standardise(X):\n    return X"}
    make_class(template, toy.right, bua, chai, by_person="T3", bonus="T2")
    whole, seconds, events = undisturbed(template, tmp_path / "whole")
    assert len(whole.verdicts) == 6 and sum(n.endswith(".ipynb") for n in whole.graded) == 6 and not whole.stray
    waits = {(student, task) for student, task, *_, waits in whole.rows["grades"] if waits}
    assert waits >= {("bua", "T3"), ("bua", "T2"), ("chai", "T3")} and ("anong", "T3") not in waits
    kills, found, said = one_run(template, tmp_path / "run", 0, seconds, events)
    assert found == whole, (kills, said)
