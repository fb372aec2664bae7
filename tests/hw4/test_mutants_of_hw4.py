"""Edits of hw4's reference by machine: a sample of them is graded here, all of them in `make proof`."""

from pathlib import Path

import pytest

from autograder.course import Assignment, Course
from autograder.releasing.trials.audit import audit
from autograder.releasing.trials.mutants import Mutant, load_equivalents, mutants_of

OF_EACH = 2


@pytest.fixture(scope="module")
def mutants(repo: Course) -> list[Mutant]:
    hw4 = repo.assignment("hw4")
    return mutants_of(repo, hw4, [task.name for task in hw4.tasks])


@pytest.mark.proof
def test_a_sample_of_edits_costs_its_own_task_and_no_other(course: Course, hw4: Assignment, tmp_path: Path) -> None:
    found = audit(course, hw4, tmp_path / "course", 2, lambda done, total: None, by_machine=True, sample=OF_EACH)
    assert found.passed, [found.wrong, *((row.task, row.mutant) for row in found.survivors + found.collateral)]
    assert len(found.mutants) == OF_EACH * len({row.task for row in found.mutants}) == OF_EACH * 10
    assert not found.mistakes and not found.variants


@pytest.mark.proof  # as `autograder audit --mutants` holds it
def test_every_entry_of_the_list_is_an_edit_that_is_made(repo: Course, mutants: list[Mutant]) -> None:
    made, listed = {mutant.edit.key for mutant in mutants}, load_equivalents(repo, repo.assignment("hw4"))
    assert listed and {(one.function, one.before, one.after, one.place) for one in listed} <= made


def test_a_cell_that_is_never_run_has_no_edits(mutants: list[Mutant]) -> None:
    assert {mutant.task for mutant in mutants} == {f"T{n}" for n in range(1, 12)} - {"T4"}


def test_an_edit_that_leaves_plain_values_as_they_are_is_no_answer_of_its_own(mutants: list[Mutant]) -> None:
    made = {(mutant.edit.before, mutant.edit.after) for mutant in mutants if mutant.task == "T1"}
    assert ("dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1") in made
    assert ("dz_dx1 = dz_dy1 * w1", "dz_dx1 = w1") not in made, "dz_dy1 is 1"
    assert not any("return" in before for before, _ in made), "the last line is not in the notebook"
