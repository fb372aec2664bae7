"""How often would real training on digits, the net under T5 to T11, fail a right solution?"""

import math
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograder.assignments.hw4.probes import small_digits
from autograder.judging import mutations
from autograder.judging.judge import JudgeContext

pytestmark = pytest.mark.proof

RUNS = 12_000  # of right solutions: 3,000 in each way of drawing minibatches
STRESSED = 400  # of right solutions under each worse condition
WRONG = 400  # of nets that do not learn, of each kind
ALLOWED = 1e-6

Draw = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def with_replacement(X, y, batch_size):
    chosen = np.random.choice(len(X), batch_size, replace=True)
    return X[chosen], y[chosen]


def without_replacement(X, y, batch_size):
    chosen = np.random.choice(len(X), batch_size, replace=False)
    return X[chosen], y[chosen]


def float32(X, y, batch_size):
    chosen = np.random.randint(0, len(X), batch_size)
    return X[chosen].astype(np.float32), y[chosen]


def labels_of_other_rows(X, y, batch_size):
    return X[np.random.choice(len(X), batch_size)], y[np.random.choice(len(X), batch_size)]


def permutation_an_epoch() -> Draw:
    order: list[int] = []

    def draw(X, y, batch_size):
        if len(order) < batch_size:
            order[:] = np.random.permutation(len(X))
        chosen, order[:] = order[:batch_size], order[batch_size:]
        return X[chosen], y[chosen]

    return draw


WAYS: Mapping[str, Callable[[], Draw]] = {
    "with replacement": lambda: with_replacement,
    "without replacement": lambda: without_replacement,
    "a permutation an epoch": permutation_an_epoch,
    "float32": lambda: float32,
}


class Trainer:
    """The probe's training, here on the host with the reference: the same numbers in the same order."""

    def __init__(self, judge_context: JudgeContext, checks: ModuleType) -> None:
        self.judge_context, self.checks = judge_context, checks
        self.names = mutations.run_text(judge_context.reference_text, "reference")

    def run(self, seed: int, draw: Draw, rate: float = 1.0, iterations: float = 1.0, weights: float = 1.0) -> float:
        """Accuracy at the end; rate, iterations and weights multiply what the check uses."""
        case = self.checks.updates._digits(np.random.default_rng([seed, 1]), self.judge_context.dataset.arrays)
        np.random.seed(seed)
        self.names["sample_minibatch"] = draw
        net = self.names["TwoLayerNet"](*case["digits_W1"].shape, case["digits_W2"].shape[1])
        net.params = {name: weights * case[f"digits_{name}"] for name in self.checks.inputs.PARAMETERS}
        X, y = small_digits(case), case["digit_labels"]
        net.train(
            X,
            y,
            X[:50],
            y[:50],
            learning_rate=rate * float(case["digits_rate"]),
            learning_rate_decay=1.0,
            reg=0.0,
            num_iters=round(iterations * int(case["digits_iters"])),
            batch_size=100,
        )
        return float(np.mean(net.predict(X) == y))


def summary(accuracies: np.ndarray) -> dict[str, Any]:
    return {
        "runs": accuracies.size,
        "min": accuracies.min(),
        "quantiles": {q: np.quantile(accuracies, float(q)) for q in ("0.0001", "0.001", "0.01", "0.1", "0.5")},
        "mean": accuracies.mean(),
        "max": accuracies.max(),
        "sd": accuracies.std(ddof=1),
    }


def tail(accuracies: np.ndarray, bound: float) -> dict[str, Any]:
    """Three answers to: with what probability does a right solution stay at or below the bound?"""
    errors, t = 1 - accuracies, 1 - bound
    count = errors.size
    # 1. nothing assumed: none of n runs failed, so with 95 % confidence the rate is below 3/n
    counted = 3 / count if errors.max() < t else float("nan")
    # 2. Markov's inequality on the sixth central moment, as measured
    moment = float(np.mean((errors - errors.mean()) ** 6)) / (t - errors.mean()) ** 6
    # 3. an exponential tail beyond the worst hundredth, which falls off more slowly than what is seen
    edge = float(np.quantile(errors, 0.99))
    excess = errors[errors > edge] - edge
    width = float(excess.mean())
    share = excess.size / count
    exponential = share * math.exp(-(t - edge) / width)
    # how many times wider than measured the tail would have to be for the allowed rate
    wider = (t - edge) / width / math.log(share / ALLOWED)
    return {
        "sd from mean to bound": (t - errors.mean()) / errors.std(ddof=1),
        "rate by counting (95 %)": counted,
        "rate by counting, of two trainings that both fail": counted**2,
        "rate by the sixth moment": moment,
        "tail starts at an accuracy of": 1 - edge,
        "mean excess beyond it": width,
        "largest excess over mean excess": float(excess.max()) / width,
        "rate by the exponential tail": exponential,
        "tail may be wider by the factor": wider,
    }


@pytest.fixture(scope="module")
def trainer(judge_context: JudgeContext, checks: ModuleType) -> Trainer:
    return Trainer(judge_context, checks)


def seeds(count: int, start: int) -> Iterator[int]:
    return iter(range(start, start + count))


def test_right_solutions_stay_far_above_the_bound_and_nets_that_do_not_learn_far_below(
    trainer, judge_context, checks, record
):
    bound = checks.updates.DIGITS_BOUND
    right = {}
    for number, (name, way) in enumerate(WAYS.items()):
        right[name] = np.array([trainer.run(s, way()) for s in seeds(RUNS // len(WAYS), 10**6 * (number + 1))])
    everything = np.concatenate(list(right.values()))

    stressed, wrong = {}, {}
    for name, settings in {
        "half the iterations": {"iterations": 0.5},
        "a third of the iterations": {"iterations": 1 / 3},
        "twice the rate": {"rate": 2.0},
        "four times the rate": {"rate": 4.0},
        "a third of the rate": {"rate": 1 / 3},
        "weights three times as large": {"weights": 3.0},
    }.items():
        runs = [trainer.run(s, with_replacement, **settings) for s in seeds(STRESSED, 10**7)]
        stressed[name] = np.array(runs)
    for name, draw, settings in (
        ("labels of other rows", labels_of_other_rows, {}),
        ("rate 0", with_replacement, {"rate": 0.0}),
        ("rate below 0", with_replacement, {"rate": -1.0}),
        ("a hundredth of the rate", with_replacement, {"rate": 0.01}),
    ):
        with np.errstate(all="ignore"):
            wrong[name] = np.array([trainer.run(s, draw, **settings) for s in seeds(WRONG, 2 * 10**7)])

    found = tail(everything, bound)
    record(
        "training-bound",
        {
            "settings": {n: getattr(checks.updates, n) for n in vars(checks.updates) if n.startswith("DIGITS")},
            "dataset": judge_context.dataset.name,
            "right": summary(everything),
            "right, by way of drawing": {name: summary(values) for name, values in right.items()},
            "false-fail rate": found,
            "right under worse conditions": {name: summary(values) for name, values in stressed.items()},
            "wrong": {name: summary(values) for name, values in wrong.items()},
        },
    )
    assert everything.size >= 10_000
    assert everything.min() > bound
    assert found["rate by the sixth moment"] < ALLOWED
    assert found["rate by the exponential tail"] < ALLOWED
    assert max(values.max() for values in wrong.values()) < bound
