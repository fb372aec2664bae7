"""Public inputs of T5, T6, T7, T9, T10 and T11: small cells by which a student sees what is wrong.

Whole numbers from -2 to 2 of a seed that everybody may know, and rows that were chosen by hand: corners that the stubs
ask for. No hidden draw has anything to do with them. N images, D inputs, H hidden units, C classes.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autograder.author import Array, Case, Examples

from .checks.inputs import PARAMETERS, Rng, lead, likely

SEED = 20_101_129
BACK = ("b2", "W2", "b1", "W1")
CASES = 8  # of each kind
LEAST = 0.01  # of a gradient's largest entry
NOT_ZERO = np.array([-2.0, -1.0, 1.0, 2.0])
# N, D, H, C; with hidden values and probabilities there are more numbers
NETWORKS = ((1, 1, 1, 2), (1, 2, 1, 2), (2, 1, 2, 2), (2, 1, 1, 3), (2, 2, 2, 2), (3, 1, 2, 2))
BEHIND_LOSS = ((1, 1, 2, 2), (2, 1, 1, 2), (1, 2, 1, 3), (2, 1, 1, 2))
TRAINED = ((1, 1, 1, 2), (1, 1, 2, 2), (1, 2, 1, 2))
LABELLED = ("X", "y")

# ---- the numbers --------------------------------------------------------------------------------


def _whole(rng: Rng, *shape: int) -> Array:
    return rng.integers(-2, 3, shape).astype(np.float64)


def _params(rng: Rng, D: int, H: int, C: int) -> dict[str, Array]:
    return {"W1": _whole(rng, D, H), "b1": _whole(rng, H), "W2": _whole(rng, H, C), "b2": _whole(rng, C)}


def _networks(sizes: tuple[tuple[int, int, int, int], ...]) -> Iterator[Case]:
    """Networks with images, without luck: nothing at the ReLU's kink, no weight 0, no tied scores, likely labels
    that are not all the same. And no gradient whose rows cancel out: single precision would leave nothing of it.
    """
    rng = np.random.default_rng(SEED)
    for N, D, H, C in itertools.cycle(sizes):
        weights = {"W1": rng.choice(NOT_ZERO, (D, H)), "W2": rng.choice(NOT_ZERO, (H, C))}
        case = {**weights, "b1": _whole(rng, H), "b2": _whole(rng, C), "X": _whole(rng, N, D)}
        y = rng.integers(0, C, N)
        before = case["X"] @ case["W1"] + case["b1"]
        hidden = np.maximum(before, 0)
        scores: Array = hidden @ case["W2"] + case["b2"]
        shares: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        of_scores = shares - np.eye(C)[y]
        of_hidden = (hidden > 0) * (of_scores @ case["W2"].T)
        sums = of_scores.sum(axis=0), of_hidden.sum(axis=0), case["X"].T @ of_hidden, hidden.T @ of_scores
        plain = before.all() and hidden.any() and (N == 1 or np.ptp(y))
        apart = lead(scores).min() > 0 and min(np.abs(one).max() for one in sums) > LEAST
        if plain and apart and likely(scores)[np.arange(N), y].all():
            yield {**case, "y": y, "hidden": hidden, "probabilities": shares}


def _scores() -> Iterator[Case]:
    """Scores with likely labels, and parameters for the penalty."""
    rng = np.random.default_rng(SEED)
    for N, D, C in itertools.cycle(((1, 1, 2), (2, 2, 2), (2, 1, 3), (3, 1, 2))):
        scores, y = _whole(rng, N, C), rng.integers(0, C, N)
        params = _params(rng, D, 1, C)
        if np.ptp(scores) > 0 and likely(scores)[np.arange(N), y].all():
            yield {**params, "scores": scores, "y": y}


def _updates() -> Iterator[dict[str, Array]]:
    rng = np.random.default_rng(SEED)
    for D, H, C in itertools.cycle(((1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 1, 2))):
        yield {**_params(rng, D, H, C), **{f"d{name}": value for name, value in _params(rng, D, H, C).items()}}


def _some(cases: Iterable[Case], *names: str, **more: Any) -> list[dict[str, Any]]:
    """The first cases: the parameters, what is named beside them, and more; as plain numbers."""
    some = itertools.islice(cases, CASES)
    return [{name: _plain(case[name]) for name in (*PARAMETERS, *names)} | more for case in some]


def _plain(value: Any) -> Any:
    """Lists of numbers; whole numbers without a point."""
    if isinstance(value, np.ndarray | list):
        return [_plain(one) for one in value]
    rounded = round(float(value), 8)
    return int(rounded) if rounded == int(rounded) else rounded


def _by_hand(scores: list[list[int]], y: list[int]) -> dict[str, Any]:
    return {"W1": [[1]], "b1": [0], "W2": [[1, 1]], "b2": [0, 0], "scores": scores, "y": y}


def _one_unit(x: int, W2: list[float], b2: list[float]) -> dict[str, Any]:
    return {"W1": [[1]], "b1": [0], "W2": [W2], "b2": b2, "X": [[x]]}


WITH_LABELS = _some(_networks(NETWORKS), *LABELLED)
IMAGES = [{name: case[name] for name in case if name != "y"} for case in WITH_LABELS]
SCORES = _some(_scores(), "scores", "y")
LARGE_SCORES = [
    _by_hand([[1000, 1001]], [0]),
    _by_hand([[738, 0]], [0]),
    _by_hand([[1000, 1001], [0, 1]], [0, 1]),
    _by_hand([[-1000, -1001], [0, 1]], [0, 1]),
]
PROBABILITIES = _some(_networks(BEHIND_LOSS), *LABELLED, "hidden", "probabilities", reg=2)
# and parameters that are no whole numbers, which a step may have rounded
GRADIENTS = [
    *_some(_updates(), *(f"d{name}" for name in PARAMETERS), rate=0.5),
    {"W1": [[0.5]], "b1": [0.25], "W2": [[1.5]], "b2": [-0.75], "dW1": [[1]], "db1": [2], "dW2": [[-1]], "db2": [1]}
    | {"rate": 0.5},
]
RATES = [{"rate": rate, "decay": decay} for rate, decay in ((1, 0.5), (0.5, 0.9), (0.002, 0.7), (0.0001, 0.5))]
# scores below zero; a unit that is off, and that a leaky ReLU lets through; scores that rounding makes equal
CLOSE_CALLS = [_one_unit(1, [-2, -1], [0, 0]), _one_unit(-200, [-2, 0], [0, 1]), _one_unit(1, [0, 0], [0, 0.01])]
# two rows that are one, so that any minibatch of one row is the same
TWO_ROWS = [{**case, "X": case["X"] * 2, "y": case["y"] * 2} for case in _some(_networks(TRAINED), *LABELLED)]
SETTINGS: list[dict[str, Any]] = [{"steps": 1, "decay": 1}, {"steps": 1, "decay": 0.5}, {"steps": 2, "decay": 1}]
TRAININGS = [case | more for case, more in zip(TWO_ROWS, itertools.cycle(SETTINGS), strict=False)]

# ---- the cells ----------------------------------------------------------------------------------

PARAMS = """\
params = {"W1": np.array({W1}, float), "b1": np.array({b1}, float),
          "W2": np.array({W2}, float), "b2": np.array({b2}, float)}
"""
NET = f"""{PARAMS}\
net = TwoLayerNet(*params["W1"].shape, len(params["b2"]))
for name, value in params.items():
    net.params[name] = value.reshape(net.params[name].shape)
"""
OF_IMAGES = "X = np.array({X}, float)\n"
OF_LABELLED = "X, y = np.array({X}, float), np.array({y})\n"
LOSS = f"{PARAMS}scores, y = np.array({{scores}}, float), np.array({{y}})\n"
PENALTY = "softmax_loss(scores.copy(), y, params, 2)[0] - softmax_loss(scores.copy(), y, params, 0)[0]"
BACKWARD = f"""{PARAMS}{OF_LABELLED}\
hidden = np.array({{hidden}}, float)
probabilities = np.array({{probabilities}}, float)
backward(params, X, y, hidden, probabilities, {{reg}})"""
UPDATE = f"""{PARAMS}\
grads = {{"W1": np.array({{dW1}}, float), "b1": np.array({{db1}}, float),
         "W2": np.array({{dW2}}, float), "b2": np.array({{db2}}, float)}}
sgd_update(params, grads, {{rate}})
params"""
TRAIN = f"""{NET}{OF_LABELLED}\
net.train(X, y, X, y, learning_rate=1, learning_rate_decay={{decay}}, reg=0, num_iters={{steps}}, batch_size=1)
net.params"""
# an epoch is two iterations: wherever in it the rate falls, the sixth step is two decays behind the second
DECAY = f"""{PARAMS}{OF_LABELLED}\
def b2_after(steps):
    net = TwoLayerNet(*params["W1"].shape, len(params["b2"]))
    for name, value in params.items():
        net.params[name] = value.reshape(net.params[name].shape).copy()
    net.train(X, y, X, y, learning_rate=0.001, learning_rate_decay=0.5, reg=0, num_iters=steps, batch_size=1)
    return np.ravel(net.params["b2"])
# how long the sixth step is, beside the second
round(float((b2_after(6) - b2_after(5))[0] / (b2_after(2) - b2_after(1))[0]), 2)"""

EXAMPLES: dict[str, tuple[Examples, ...]] = {
    "T5": (
        Examples(f"{PARAMS}{OF_IMAGES}forward(params, X)[0]", IMAGES, "scores"),
        Examples(f"{PARAMS}{OF_IMAGES}forward(params, X)[1]", IMAGES, "hidden"),
        Examples(f"{NET}{OF_IMAGES}net.loss(X)", IMAGES, of_class=True),
    ),
    "T6": (
        Examples(f"{LOSS}softmax_loss(scores, y, params, 0)[0]", SCORES, "data"),
        Examples(f"{LOSS}softmax_loss(scores, y, params, 0)[1]", SCORES, "data"),
        Examples(LOSS + PENALTY, SCORES, "regularization"),
        Examples(f"{LOSS}softmax_loss(scores, y, params, 0)[0]", LARGE_SCORES, "stability", close=1e-3),
        Examples(f"{NET}{OF_LABELLED}net.loss(X, y, reg=0)[0]", WITH_LABELS, "data", of_class=True, behind=("T5",)),
        Examples(
            f"{NET}{OF_LABELLED}net.loss(X, y, reg=2)[0] - net.loss(X, y, reg=0)[0]",
            WITH_LABELS,
            "regularization",
            of_class=True,
        ),
    ),
    "T7": (
        # from the loss backward, as the way goes: the first that is wrong is nearest to the mistake
        *(Examples(f'{BACKWARD}["{name}"]', PROBABILITIES, name, same_shape=True) for name in BACK),
        *(
            Examples(
                f'{NET}{OF_LABELLED}net.loss(X, y, reg=2)[1]["{name}"]',
                WITH_LABELS,
                name,
                of_class=True,
                behind=("T5", "T6"),
            )
            for name in BACK
        ),
    ),
    "T9": (
        Examples(UPDATE, GRADIENTS, close=2e-6),
        Examples(TRAIN, TRAININGS, of_class=True, behind=("T5", "T6", "T7", "T8")),
    ),
    "T10": (
        Examples("decay_learning_rate({rate}, {decay})", RATES),
        Examples(DECAY, TWO_ROWS[:2], of_class=True, behind=("T5", "T6", "T7", "T8", "T9"), close=0.05),
    ),
    "T11": (
        Examples(f"{PARAMS}{OF_IMAGES}predict(params, X)", [*IMAGES, *CLOSE_CALLS], behind=("T5",)),
        Examples(f"{NET}{OF_IMAGES}net.predict(X)", [*IMAGES, *CLOSE_CALLS], of_class=True, behind=("T5",)),
    ),
}
