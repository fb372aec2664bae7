"""The trial run of hw4's release: its saved model, and its dataset where it is not on this machine."""

from pathlib import Path
from typing import Any

import pytest

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.judging.contract import load_checks
from autograder.releasing.trials import trial_run


@pytest.mark.proof
def test_the_saved_model_lies_beside_the_notebook_and_its_accuracy_is_asked(
    course: Course, hw4: Assignment, net: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up, "train", lambda *which: net)
    assert trial_run.trial_run(course, hw4, course.release("hw4")) == []
    untrained = {name: value * 0 for name, value in net.items()}
    monkeypatch.setattr(made_up, "train", lambda *which: untrained)
    told = r"2-two-layer-network\.ipynb: the visible check T12 fails with the reference's answers in: .*0\.87"
    with pytest.raises(trial_run.CourseError, match=told):
        trial_run.trial_run(course, hw4, course.release("hw4"))


def test_the_mnist_of_hw4_is_told_where_it_is_not_on_this_machine(
    course: Course, hw4: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MNIST_DIR", raising=False)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    recipe = load_checks(course, hw4).dataset
    assert recipe is not None and recipe.at_hand is not None
    assert recipe.at_hand("sample", course.source("hw4")) == ""
    assert "MNIST_DIR" in recipe.at_hand("mnist", course.source("hw4"))
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    assert recipe.at_hand("mnist", course.source("hw4")) == ""
    assert dict(recipe.environment("mnist", course.source("hw4"))) == {"MNIST_DIR": str(tmp_path)}
    assert dict(recipe.environment("sample", course.source("hw4"))) == {"HW4_DATASET": "sample"}
