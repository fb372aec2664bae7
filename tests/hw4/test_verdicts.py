"""One submission of hw4 from its files to its verdicts, in the real sandbox, by the real judge."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from autograder import source_notebooks
from autograder.course import Assignment, Course, solution_regions
from autograder.grading import asking, made_up
from autograder.grading.asking import GraderContext
from autograder.judging import judge
from autograder.judging.mutations import Mistake
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result, result_from
from autograder.sandbox.answers import Answers
from autograder.submissions.submission import Submission

BASICS, NETWORK = "1-basics.ipynb", "2-two-layer-network.ipynb"
JUDGED = [f"T{n}" for n in range(1, 13) if n != 4]
OF_CLASS = ["T5", "T6", "T7", "T8", "T9", "T10", "T11"]
Mark = Callable[..., Result]
HandIn = Callable[..., dict[str, bytes]]


def total(result: Result) -> float:
    return sum(verdict.score or 0 for verdict in result.verdicts.values())


def lost(result: Result) -> set[str]:
    """Tasks that are not passed, T4 apart."""
    return {task for task in JUDGED if result.verdicts[task].status != PASSED}


def spoiled(files: Mapping[str, bytes], name: str, spoil: Callable[[list[dict[str, Any]]], Any]) -> dict[str, bytes]:
    notebook = json.loads(files[name])
    spoil(notebook["cells"])
    return {**files, name: json.dumps(notebook).encode()}


def at(cells: Sequence[dict[str, Any]], grade_id: str) -> int:
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def test_the_release_filled_in_scores_11_and_t4_waits_for_a_person(
    mark: Mark, hand_in: HandIn, right: dict[str, str]
) -> None:
    result = mark(hand_in(right))
    assert total(result) == 11
    assert {task: v.status for task, v in result.verdicts.items()} == dict.fromkeys(JUDGED, PASSED) | {
        "T4": NEEDS_GRADING
    }
    assert result.verdicts["T4"].score is None
    assert result.notes == ()
    assert result.dataset == "sample" and not result.unsafe


def test_the_blank_release_scores_0_and_says_what_is_not_written(mark: Mark, hand_in: HandIn) -> None:
    result = mark(hand_in({}, weights=None))
    assert total(result) == 0
    assert {v.status for v in result.verdicts.values()} == {NOT_CHECKED}
    assert all(v.score == 0 for v in result.verdicts.values())
    assert result.verdicts["T7"].message == "T7 is not written yet."
    assert "best_net.npz" in result.verdicts["T12"].message


def test_an_empty_submission_scores_0(mark: Mark) -> None:
    result = mark({})
    assert total(result) == 0
    assert set(result.notes) == {f"{name} is missing; nothing was handed in" for name in (BASICS, NETWORK)}
    assert result.verdicts["T7"].message == f"{NETWORK} was not handed in. Hand it in under this name."


def test_the_same_answers_as_one_class_in_the_last_function_cell_score_the_same(
    course: Course, hw4: Assignment, mark: Mark, hand_in: HandIn, right: dict[str, str]
) -> None:
    text = made_up.reference_text(course, hw4)
    functions = "\n\n".join(
        solution_regions.node_text(text, source_notebooks.function_name(right[task])) for task in OF_CLASS
    )
    whole = f"{functions}\n\n{solution_regions.node_text(text, 'TwoLayerNet')}"
    # methods of their own, no function of the notebook: a class written from nothing
    for name in ("forward", "softmax_loss", "backward", "sample_minibatch", "sgd_update", "decay_learning_rate"):
        whole = whole.replace(f"{name}(", f"my_{name}(")
    answers = {task: source for task, source in right.items() if task not in OF_CLASS} | {"T11": whole}
    result = mark(hand_in(answers))
    assert lost(result) == set()
    assert total(result) == 11


def test_a_bug_costs_its_own_task_and_the_message_names_it(
    course: Course, hw4: Assignment, mark: Mark, hand_in: HandIn, mistakes: dict[tuple[str, str], Mistake]
) -> None:
    answers, extra = made_up.with_mistake(course, hw4, mistakes["T7", "W2-regularization-missing"])
    result = mark(hand_in(answers, extra))
    verdict = result.verdicts["T7"]
    assert lost(result) == {"T7"}
    assert (verdict.status, verdict.score, verdict.mistake) == (FAILED, 0.75, "W2-regularization-missing")
    assert {part.name: part.score for part in verdict.parts} == {"W1": 0.25, "b1": 0.25, "W2": 0.0, "b2": 0.25}
    assert "reg * W2" in verdict.message


def test_a_bug_in_the_forward_pass_is_charged_once(
    course: Course, hw4: Assignment, mark: Mark, hand_in: HandIn, mistakes: dict[tuple[str, str], Mistake]
) -> None:
    answers, extra = made_up.with_mistake(course, hw4, mistakes["T5", "relu-missing"])
    assert lost(mark(hand_in(answers, extra))) == {"T5"}


@pytest.mark.parametrize(
    ("task", "old", "new"),
    [
        ("T11", "forward(params, X)", "forward(X, params)"),
        ("T11", "forward(params, X)", "forward(params, X[::-1])"),
        ("T11", "forward(params, X)", "forward({**params, 'b1': 0 * params['b1']}, X)"),
        ("T7", "N = X.shape[0]", "_, hidden = forward(X, params)\n    N = X.shape[0]"),
        ("T7", "N = X.shape[0]", "_, hidden = forward(params, X[::-1])\n    N = X.shape[0]"),
    ],
)
def test_a_function_that_asks_another_about_other_inputs_loses_its_own_task_alone(
    mark: Mark, hand_in: HandIn, right: dict[str, str], task: str, old: str, new: str
) -> None:
    assert old in right[task]
    assert lost(mark(hand_in({**right, task: right[task].replace(old, new)}))) == {task}


@pytest.mark.parametrize(
    "asked",
    [
        "forward(params, X)",
        "forward(X=X, params=params)",
        "forward(params, X.astype(np.float32))",
        "forward({name: np.array(params[name]) for name in params}, list(X))",
    ],
)
def test_a_predict_that_asks_a_wrong_forward_about_its_inputs_is_right(
    mark: Mark, hand_in: HandIn, right: dict[str, str], asked: str
) -> None:
    wrong = right["T5"].replace(" 0)", " 0.5)")
    answers = {**right, "T5": wrong, "T11": right["T11"].replace("forward(params, X)", asked)}
    assert wrong != right["T5"] and lost(mark(hand_in(answers))) == {"T5"}


def test_missing_weights_cost_t12_alone(mark: Mark, hand_in: HandIn, right: dict[str, str]) -> None:
    result = mark(hand_in(right, weights=None))
    assert lost(result) == {"T12"}
    assert result.verdicts["T12"].status == NOT_CHECKED
    assert "best_net.npz" in result.verdicts["T12"].message


@pytest.mark.parametrize(("weights", "said"), [(b"", "cannot be read"), (b"PK\3\4broken", "cannot be read")])
def test_broken_weights_cost_t12_alone(
    mark: Mark, hand_in: HandIn, right: dict[str, str], weights: bytes, said: str
) -> None:
    result = mark(hand_in(right, weights=weights))
    assert lost(result) == {"T12"}
    assert said in result.verdicts["T12"].message


def test_a_net_below_the_threshold_fails_t12_with_its_accuracy(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    weak = made_up.model_file(net | {"W2": net["W2"][:, ::-1]})
    verdict = mark(hand_in(right, weights=weak)).verdicts["T12"]
    assert (verdict.status, verdict.score) == (FAILED, 0)
    assert "it must be above 87.0 %" in verdict.message


def test_a_class_of_ones_own_is_judged_by_its_own_predict(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    own = """
class Flipped(TwoLayerNet):
    def __init__(self):
        raise RuntimeError("never called by the grader")

    def predict(self, X):
        return np.argmax(np.maximum(X @ self.params["first"] + self.params["c"], 0) @ self.params["second"], axis=1)
"""
    params = {"first": net["W1"], "c": net["b1"], "second": net["W2"]}
    result = mark(hand_in(right, extra=(own,), weights=made_up.model_file(params, "Flipped")))
    assert lost(result) == set()
    assert result.verdicts["T12"].flag == ""


TIRED = """
class Tired(TwoLayerNet):
    calls = 0

    def predict(self, X):
        Tired.calls += 1
        assert Tired.calls < 3, "two are enough"
        return np.argmax(np.maximum(X @ self.params["W1"] + self.params["b1"], 0) @ self.params["W2"], axis=1)
"""


def test_a_model_that_answers_for_the_known_images_alone_keeps_its_mark_and_is_flagged(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    result = mark(hand_in(right, extra=(TIRED,), weights=made_up.model_file(net, "Tired")))
    assert lost(result) == set()
    assert result.verdicts["T12"].flag == "unanswered"
    assert [note for note in result.notes if note.startswith("T12: flagged 'unanswered': the model answers for")]
    assert result_from(json.loads(json.dumps(result.as_json()))).verdicts["T12"].flag == "unanswered"


def test_a_model_that_earns_nothing_is_not_flagged(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    wrong = TIRED.replace("argmax", "argmin")
    result = mark(hand_in(right, extra=(wrong,), weights=made_up.model_file(net, "Tired")))
    assert (result.verdicts["T12"].score, result.verdicts["T12"].flag) == (0, "")


def test_weights_of_a_class_that_is_not_there_cost_t12_alone(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    result = mark(hand_in(right, weights=made_up.model_file(net, "Flipped")))
    assert lost(result) == {"T12"}
    assert "Flipped" in result.verdicts["T12"].message


def test_weights_of_the_wrong_shapes_cost_t12_alone(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    for params in ({"W1": net["W1"]}, net | {"W2": net["W2"].T}, net | {"b1": net["b1"][:-1]}):
        result = mark(hand_in(right, weights=made_up.model_file(params)))
        assert lost(result) == {"T12"}
        assert result.verdicts["T12"].message


def wide(hidden: int) -> bytes:
    shapes = {"W1": (784, hidden), "b1": (hidden,), "W2": (hidden, 10), "b2": (10,)}
    return made_up.model_file({name: np.zeros(shape) for name, shape in shapes.items()})


@pytest.mark.proof
def test_a_network_of_2000_hidden_units_is_worked_through_and_one_of_5000_is_left_to_the_students_class(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    narrow = mark(hand_in({}, weights=wide(2000))).verdicts["T12"]
    assert narrow.measured == {"validation": pytest.approx(0.1, abs=0.05), "test": pytest.approx(0.1, abs=0.05)}
    refused = mark(hand_in({}, weights=wide(5000))).verdicts["T12"]
    assert "5000 hidden units" in refused.message and "4000" in refused.message
    assert not refused.measured
    more = 5000 - net["W1"].shape[1]  # units that are never on
    padded = {"W1": ((0, 0), (0, more)), "b1": (0, more), "W2": ((0, more), (0, 0)), "b2": (0, 0)}
    same = {name: np.pad(net[name], by) for name, by in padded.items()}
    assert mark(hand_in(right, weights=made_up.model_file(same))).verdicts["T12"].status == PASSED


def test_a_model_is_worked_through_once_however_many_states_of_the_notebook_are_asked(
    hand_in: HandIn, grader: GraderContext
) -> None:
    worked: list[int] = []
    labels = grader.judge_context.checks.of("T12").check.__globals__["_labels"]
    with patch.dict(labels.__globals__, _labels=lambda *how: worked.append(len(how[2])) or labels(*how)):
        plan = asking.planned(grader, Submission("x", hand_in({}, weights=wide(50))), {})
        once = len(worked)
        for number in range(1, 9):
            asking._add_questions(grader, plan, [grader.assignment.task("T12")], number)
    assert len(worked) == once > 0


def test_no_denormal_number_comes_up_where_the_judge_works_in_single_precision(grader: GraderContext) -> None:
    labels = grader.judge_context.checks.of("T12").check.__globals__["_labels"]
    forward = grader.judge_context.reference["forward"]
    images = np.full((3, 784), 2e-5, np.float32)  # hardly any pixel is nearer to the mean
    for weight in (1e-41, 1e-25, 1e-16, 1e-14, 1.0):
        params = {"W1": np.full((784, 5), weight), "b1": np.zeros(5), "W2": np.full((5, 10), weight)}
        params["b2"] = np.zeros(10)
        seen: list[Any] = []
        context = SimpleNamespace(
            reference={"forward": lambda *given, seen=seen: seen.append(forward(*given)) or seen[-1]}
        )
        labels(context, params, images, np.float32)
        for values in seen[0]:
            assert not ((values != 0) & (np.abs(values) < np.finfo(np.float32).tiny)).any()


def test_losses_of_another_shape_are_not_held_against_each_other(grader: GraderContext) -> None:
    many = 10**7  # by many: more than any machine has
    found = {"losses_calm": np.zeros((many, 1)), "losses_of_other_X": np.zeros((1, many))}
    context = judge.check_context(grader.judge_context, "T6", 1, Answers())
    at = next(number for number, case in enumerate(context.cases) if "other_y" in case)
    answers = Answers({f"{at}/{name}": array for name, array in found.items()})
    results = grader.judge_context.checks.of("T6").check(replace(context, answers=answers, memo={}))
    stability = next(one for one in results if one.part == "stability")
    assert stability.problem is not None and stability.problem.kind == "shape"


def test_labels_of_the_wrong_number_cost_t12_alone(
    mark: Mark, hand_in: HandIn, right: dict[str, str], net: dict[str, Any]
) -> None:
    short = "class Short(TwoLayerNet):\n    def predict(self, X):\n        return np.zeros(3)"
    result = mark(hand_in(right, extra=(short,), weights=made_up.model_file(net, "Short")))
    assert lost(result) == {"T12"}
    assert "(3,)" in result.verdicts["T12"].message


def test_a_broken_notebook_costs_its_own_tasks_alone(mark: Mark, hand_in: HandIn, right: dict[str, str]) -> None:
    result = mark({**hand_in(right), NETWORK: b"{"})
    assert lost(result) == {"T5", "T6", "T7", "T8", "T9", "T10", "T11"}
    assert total(result) == 4
    assert any("not JSON" in note for note in result.notes)


def test_numbers_may_be_tuples_or_numpy_and_forward_values_need_no_mark(
    mark: Mark, hand_in: HandIn, right: dict[str, str]
) -> None:
    answers = right | {
        "T1": "import numpy as np\ndz_dw0, dz_dw1, dz_db0, dz_db1 = np.array([-0.2, 0.4, -0.2, 1])",
        "T2": "N = 8\nsize_A, size_B, size_C = (N, 1024), (N, 512), (N, 1)",
        "T3": "num_parameters = 557057.0",
    }
    assert lost(mark(hand_in(answers))) == set()


def test_t1_gives_a_quarter_for_each_gradient(mark: Mark, hand_in: HandIn, right: dict[str, str]) -> None:
    answers = right | {"T1": "dz_dw0, dz_dw1, dz_db0, dz_db1 = -0.2, 0.4, 0.2, 1"}
    verdict = mark(hand_in(answers)).verdicts["T1"]
    assert (verdict.status, verdict.score) == (FAILED, 0.75)
    assert [part.name for part in verdict.parts if part.score == 0] == ["dz_db0"]


def test_the_circulating_wrong_count_of_t3_fails(mark: Mark, hand_in: HandIn, right: dict[str, str]) -> None:
    result = mark(hand_in(right | {"T3": "num_parameters = 559_059"}))
    assert lost(result) == {"T3"}
    assert "557" not in result.verdicts["T3"].message


def test_no_message_says_an_expected_value(mark: Mark, hand_in: HandIn, right: dict[str, str]) -> None:
    wrong = right | {
        "T1": "dz_dw0 = dz_dw1 = dz_db0 = dz_db1 = 7",
        "T2": "size_A = size_B = size_C = 7",
        "T3": "num_parameters = 7",
        "T10": "def decay_learning_rate(learning_rate, learning_rate_decay):\n    return 7.0",
    }
    result = mark(hand_in(wrong))
    for task in ("T1", "T2", "T3", "T10"):
        verdict = result.verdicts[task]
        assert verdict.status == FAILED
        assert verdict.message
        for secret in ("1024", "1,024", "512", "557057", "557,057", "-0.2", "0.4"):
            assert secret not in verdict.message, (task, verdict.message)
