"""The audit of hw4, whose last task is a saved model: its rows and columns, without a run (`make test` has the run)."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from autograder.commands import console_tables
from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.judging.mutations import Mistake
from autograder.judging.verdicts import FAILED, PASSED, Result, Verdict
from autograder.releasing.trials import audit as audit_module
from autograder.releasing.trials.audit import Audit, Row


@pytest.mark.proof  # in each run the audit itself does it
def test_the_saved_model_is_audited_like_every_other_task(
    course: Course, hw4: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows, columns and refusals of hw4, without a run: `make test` runs the whole audit."""
    mistakes = [m for m in audit_module.planted(course, hw4)[0] if m.task == "T12"]
    assert mistakes
    monkeypatch.setattr(audit_module, "planted", lambda *which: (mistakes, ()))
    monkeypatch.setattr(audit_module.machine, "mutants_of", lambda *which: [])
    params = {"W1": np.zeros((2, 2)), "b1": np.zeros(2), "W2": np.zeros((2, 10)), "b2": np.zeros(10)}
    monkeypatch.setattr(audit_module.made_up, "train", lambda *which: params)
    monkeypatch.setattr(audit_module, "graded", graded(hw4, mistakes))
    found = audit_module.audit(course, hw4, tmp_path / "course", 1, lambda done, total: None)
    assert {row.lost for row in found.mistakes} == {("T12",)}
    assert len(found.mistakes) == len(mistakes) and not found.survivors
    assert "T12" in header(hw4, found)
    # of the others no mistake was planted, and so none is known to be caught
    assert {line.split(":")[0] for line in found.wrong} == {t.name for t in hw4.tasks} - {"T4", "T12"}


def graded(hw4: Assignment, mistakes: list[Mistake]) -> Callable[..., dict[str, Result]]:
    """What grading gives where each mistake costs its task and nothing else."""

    def graded(course: Course, assignment: Assignment, names: list[str], *more: Any) -> dict[str, Result]:
        assert {f"{m.task}: {m.name}" for m in mistakes} < set(names)
        return {name: Result(name, "hw4", "", "", {t.name: verdict(name, t) for t in hw4.tasks}) for name in names}

    def verdict(name: str, task: Any) -> Verdict:
        wrong = name == "blank" or name.startswith(f"{task.name}: ")
        return Verdict(task.name, FAILED if wrong else PASSED, 0.0 if wrong else task.points, task.points)

    return graded


def header(assignment: Assignment, found: Audit) -> list[str]:
    """The words of the line of columns."""
    said = io.StringIO()
    Console(file=said, width=200).print(console_tables.matrix(assignment, found))
    return next(line.split() for line in said.getvalue().splitlines() if "planted in" in line)


def test_the_table_has_a_column_for_every_judged_task(hw4: Assignment) -> None:
    rows = tuple(Row(f"{task.name}: x", task.name, (task.name,)) for task in hw4.tasks)
    judged = [task.name for task in hw4.tasks if task.graded_by == "judge"]
    assert [word for word in header(hw4, Audit(rows, ())) if word in judged] == judged


def test_a_mistake_of_the_model_that_cannot_be_made_is_named(
    course: Course, hw4: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module.made_up, "train", lambda *which: {"W1": np.zeros((2, 2))})
    monkeypatch.setattr(audit_module.machine, "mutants_of", lambda *which: [])
    broken = Mistake("T12", "without-W9", model=lambda params: params["W9"].tobytes())
    monkeypatch.setattr(audit_module, "planted", lambda *which: ([broken], ()))
    with pytest.raises(CourseError, match=r"mistakes\.py: T12: without-W9: KeyError: 'W9'"):
        audit_module.audit(course, hw4, tmp_path / "course", 1, lambda done, total: None)
