"""solutions/hw4.py gives the numbers of the homework, to the digit."""

from typing import Any

import numpy as np
import pytest

from autograder.course import Course, load_module

SCORES = np.array(
    [
        [-0.81233741, -1.27654624, -0.70335995],
        [-0.17129677, -1.18803311, -0.47310444],
        [-0.51590475, -1.01354314, -0.8504215],
        [-0.15419291, -0.48629638, -0.52901952],
        [-0.00618733, -0.12435261, -0.15226949],
    ]
)


@pytest.fixture(scope="module")
def reference(repo: Course) -> Any:
    return load_module(repo.solution("hw4"), "solutions_hw4")


@pytest.fixture(scope="module")
def helpers(repo: Course) -> Any:
    return load_module(repo.source("hw4") / "hw4_helpers.py", "hw4_helpers")


def toy(reference: Any) -> tuple[Any, Any, Any]:
    np.random.seed(0)
    net = reference.TwoLayerNet(4, 10, 3, std=1e-1)
    np.random.seed(1)
    return net, 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


def test_t1_to_t3_are_the_worked_answers(reference: Any) -> None:
    t1 = reference.T1()
    assert {name: round(value, 12) for name, value in t1.items()} == {
        "dz_dw0": -0.2,
        "dz_dw1": 0.4,
        "dz_db0": -0.2,
        "dz_db1": 1.0,
        "x1": 0.4,
        "y1": -0.38,
        "z": 0.62,
    }
    assert reference.T2() == {"size_A": 1024, "size_B": 512, "size_C": 1}
    assert reference.T3() == {"num_parameters": 557_057}


def test_the_toy_scores_differ_by_the_printed_sum(reference: Any) -> None:
    net, X, _ = toy(reference)
    assert float(np.abs(net.loss(X) - SCORES).sum()) == pytest.approx(3.6802720745909845e-08, rel=1e-12)


def test_the_toy_loss_is_the_printed_one(reference: Any) -> None:
    net, X, y = toy(reference)
    loss, _ = net.loss(X, y, 0.1)
    assert abs(loss - 1.3037878913298202) < 1e-15
    assert abs(loss - 1.30378789133) < 1e-12


def test_the_toy_gradients_agree_with_central_differences(reference: Any, helpers: Any) -> None:
    net, X, y = toy(reference)
    _, grads = net.loss(X, y, 0.05)
    for name, param in net.params.items():
        slopes = helpers.numeric_gradient(lambda: net.loss(X, y, 0.05)[0], param)
        assert helpers.relative_error(slopes, grads[name]) < 1e-8, name
        assert grads[name].shape == param.shape


def test_the_toy_training_ends_at_the_printed_loss(reference: Any) -> None:
    net, X, y = toy(reference)
    np.random.seed(0)
    net = reference.TwoLayerNet(4, 10, 3, std=1e-1)
    np.random.seed(1)
    X = 10 * np.random.randn(5, 4)
    np.random.seed(0)
    net = reference.TwoLayerNet(4, 10, 3, std=1e-1)
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    assert history["loss_history"][-1] == pytest.approx(0.0171436435329238, abs=1e-13)


def rates_of(reference: Any, rows: int, batch: int, iterations: int) -> list[float]:
    """The rate of every step of a training whose gradient is always one."""
    seen: list[float] = []

    class Recorder(reference.TwoLayerNet):  # type: ignore[misc]
        def loss(self, X: Any, y: Any = None, reg: float = 0.0) -> Any:
            if y is None:
                return np.zeros((len(X), 3))
            seen.append(float(self.params["b2"][0]))
            return 1.0, {name: np.ones_like(value) for name, value in self.params.items()}

    net = Recorder(4, 5, 3)
    X, y = np.zeros((rows, 4)), np.zeros(rows, dtype=int)
    net.train(X, y, X, y, learning_rate=1.0, learning_rate_decay=0.5, num_iters=iterations, batch_size=batch)
    return [round(a - b, 12) for a, b in zip(seen, [*seen[1:], float(net.params["b2"][0])], strict=True)]


def test_the_rate_decays_once_each_epoch(reference: Any) -> None:
    assert rates_of(reference, rows=20, batch=5, iterations=10) == [1.0] * 4 + [0.5] * 4 + [0.25] * 2


def test_the_rate_decays_once_each_whole_epoch_where_the_batch_does_not_divide_the_set(reference: Any) -> None:
    assert rates_of(reference, rows=23, batch=5, iterations=10) == [1.0] * 4 + [0.5] * 4 + [0.25] * 2


def test_a_batch_larger_than_the_set_makes_every_iteration_an_epoch(reference: Any) -> None:
    assert rates_of(reference, rows=5, batch=200, iterations=3) == [1.0, 0.5, 0.25]


def test_an_epoch_records_both_accuracies(reference: Any) -> None:
    net, X, y = toy(reference)
    history = net.train(X, y, X, y, num_iters=7, batch_size=2)
    assert [len(history[k]) for k in ("loss_history", "train_acc_history", "val_acc_history")] == [7, 3, 3]


def test_the_loss_does_not_overflow_where_rows_stand_at_different_levels(reference: Any) -> None:
    scores = np.array([[1000.0, 1001.0], [-900.0, -899.0]])
    params = {"W1": np.zeros((1, 1)), "W2": np.zeros((1, 2))}
    loss, _ = reference.softmax_loss(scores, np.array([1, 1]), params, 0.0)
    assert loss == pytest.approx(np.log(1 + np.exp(-1)))


def test_predict_gives_one_label_a_row(reference: Any) -> None:
    net, X, _ = toy(reference)
    assert net.predict(X).tolist() == [2, 0, 0, 0, 0]
