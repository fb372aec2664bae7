"""T12 on the whole of MNIST: a tuned net passes, the first net of the notebook does not."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course import Course, load_course, load_module
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.submissions.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
MNIST = Path(os.environ.get("MNIST_DIR") or ROOT.parent / "shared" / "mnist")
pytestmark = [
    pytest.mark.skipif(not MNIST.is_dir(), reason=f"the whole of MNIST is not in {MNIST}; set MNIST_DIR"),
]


@pytest.fixture(scope="module")
def whole(repo: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraderContext]:
    """A grader that grades on the whole of MNIST."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_DIR", str(MNIST))
        made = made_up.scratch_course(repo, tmp_path_factory.mktemp("mnist") / "course")
        config = made.root / "course_config.py"
        config.write_text(config.read_text().replace('DATASET = "sample"', 'DATASET = "mnist"'))
        course = load_course(made.root)
        opened = pipeline.open_grader(course, course.assignment("hw4"))
        with opened.guest:
            yield opened


@pytest.fixture(scope="module")
def data(repo: Course) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_DIR", str(MNIST))
        helpers = load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")
        loaded: dict[str, Any] = helpers.load_mnist("mnist", verbose=False)
        return loaded


@pytest.fixture(scope="module")
def net_class(hand_in: Callable[..., dict[str, bytes]], right: dict[str, str]) -> Any:
    """The class of the released notebook with the answers in."""
    files = hand_in(right)
    names: dict[str, Any] = {"np": np}
    for grade_id in ("two-layer-net", *(f"T{n}-answer" for n in range(5, 12))):
        exec(made_up.source_of(files, grade_id), names)
    return names["TwoLayerNet"]


def trained(net_class: Any, data: dict[str, Any], hidden: int, **settings: Any) -> dict[str, Any]:
    np.random.seed(0)
    net = net_class(784, hidden, 10)
    parts = data["X_train"], data["y_train"], data["X_val"][:200], data["y_val"][:200]
    net.train(*parts, num_iters=2000, batch_size=200, **settings)
    params: dict[str, Any] = net.params
    return params


def accuracies(params: dict[str, Any], net_class: Any, data: dict[str, Any]) -> tuple[float, float]:
    net = net_class.__new__(net_class)
    net.params = params
    val, test = (float(np.mean(net.predict(data[f"X_{part}"]) == data[f"y_{part}"])) for part in ("val", "test"))
    return val, test


def verdict(whole: GraderContext, right: dict[str, str], params: dict[str, Any]) -> Any:
    course, hw4 = whole.judge_context.course, whole.assignment
    files = made_up.hand_in(course, hw4, {"T12": right["T12"]}, made_up.model_file(params))
    result = pipeline.grade_submission(whole, Submission("x", files))
    assert result.dataset == "mnist"
    return result.verdicts["T12"]


@pytest.mark.proof
def test_a_tuned_net_of_the_notebooks_class_passes(
    whole: GraderContext, data: dict[str, Any], net_class: Any, right: dict[str, str]
) -> None:
    params = trained(net_class, data, 150, learning_rate=1e-2, learning_rate_decay=0.95, reg=0.1)
    val, test = accuracies(params, net_class, data)
    assert val > 0.978 and test > 0.973
    assert (verdict(whole, right, params).status, verdict(whole, right, params).score) == ("passed", 1)


@pytest.mark.proof
def test_the_first_net_of_section_7_does_not_pass_and_hears_its_accuracy(
    whole: GraderContext, data: dict[str, Any], net_class: Any, right: dict[str, str]
) -> None:
    params = trained(net_class, data, 50, learning_rate=1e-4, learning_rate_decay=1.0, reg=0.0)
    val, test = accuracies(params, net_class, data)
    assert 0.90 < val < 0.93 and 0.89 < test < 0.93
    found = verdict(whole, right, params)
    assert (found.status, found.score) == ("failed", 0)
    assert f"The accuracy is {100 * val:.2f} %; it must be above 97.4 %" in found.message
