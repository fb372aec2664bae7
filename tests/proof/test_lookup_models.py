"""T12's flag: what honest models of many kinds lose on pictures near the known ones, and what lookups lose.

Each model is asked about DRAWS draws of nearby pictures, with the check's own code. With MNIST_DIR the
models are trained on the whole of MNIST, else on the offline sample of digits.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.course import load_course, load_module
from autograder.grading import made_up
from autograder.judging import judge, mutations
from autograder.judging.checking import CheckContext
from autograder.sandbox.answers import Answers

pytestmark = pytest.mark.proof

DRAWS = 20  # of nearby pictures, for each model
SEEDS = 1  # of each kind of model
DATASET = "mnist" if os.environ.get("MNIST_DIR") else "sample"
Predict = Callable[[np.ndarray], np.ndarray]


class World:
    """The data as students have it, the reference, and a generator."""

    def __init__(self, judge_context) -> None:
        course, assignment = judge_context.course, judge_context.assignment
        helpers = load_module(course.source("hw4") / "hw4_helpers.py", "hw4_helpers")
        data = helpers.load_mnist(DATASET, verbose=False)
        self.X, self.y, self.mean = data["X_train"], data["y_train"], data["mean_image"]
        self.known = np.concatenate([data["X_val"], data["X_test"]])
        self.labels = np.concatenate([data["y_val"], data["y_test"]])
        self.names = mutations.run_text(made_up.reference_text(course, assignment), "reference")
        self.steps = 4000 if DATASET == "mnist" else 1500
        some = self.X[:20_000]
        self.values, vectors = np.linalg.eigh(np.cov(some.T))
        self.axes, self.values = vectors[:, ::-1], self.values[::-1]

    def reference(self, rng, hidden=150, reg=0.1, X=None, y=None, rate=1e-2) -> dict[str, np.ndarray]:
        X, y = (self.X, self.y) if X is None else (X, y)
        np.random.seed(rng.integers(1 << 30))
        net = self.names["TwoLayerNet"](X.shape[1], hidden, 10)
        net.train(X, y, X[:100], y[:100], learning_rate=rate, reg=reg, num_iters=self.steps, batch_size=200)
        return net.params

    def forward(self, params) -> Predict:
        return lambda X: self.names["forward"](params, X)[0].argmax(axis=1)


def deep(rng, X, y, sizes, steps, rate, drop=0.0) -> Predict:
    """A net of any depth, with dropout and momentum."""
    layers = [
        [rng.normal(0, np.sqrt(2 / i), (i, o)), np.zeros(o)]
        for i, o in zip((X.shape[1], *sizes), (*sizes, 10), strict=True)
    ]
    speed = [[0.0, 0.0] for _ in layers]
    for _ in range(steps):
        rows = rng.integers(0, len(X), 128)
        values, masks = [X[rows]], []
        for number, (W, b) in enumerate(layers):
            h = values[-1] @ W + b
            if number < len(sizes):
                masks.append((h > 0) * (rng.random(h.shape) >= drop) / (1 - drop))
                h = h * masks[-1]
            values.append(h)
        p = np.exp(h - h.max(axis=1, keepdims=True))
        slope = (p / p.sum(axis=1, keepdims=True) - np.eye(10)[y[rows]]) / len(rows)
        for number in range(len(layers) - 1, -1, -1):
            gradients = values[number].T @ slope, slope.sum(axis=0)
            if number:
                slope = (slope @ layers[number][0].T) * masks[number - 1]
            for part, gradient in enumerate(gradients):
                speed[number][part] = 0.9 * speed[number][part] - rate * gradient
                layers[number][part] = layers[number][part] + speed[number][part]

    def predict(X):
        for number, (W, b) in enumerate(layers):
            X = X @ W + b
            X = np.maximum(X, 0) if number < len(sizes) else X
        return X.argmax(axis=1)

    return predict


def before(change: Callable[[np.ndarray], np.ndarray], predict: Predict) -> Predict:
    return lambda X: predict(change(X))


def nearest(axes, known, labels, k=1) -> Predict:
    """The label of the nearest known pictures, along some axes."""
    short = known @ axes
    squares = (short**2).sum(axis=1)

    def predict(X):
        far = squares - 2 * (X @ axes) @ short.T
        rows = np.argpartition(far, k, axis=1)[:, :k]
        return np.array([np.bincount(labels[row], minlength=10).argmax() for row in rows])

    return predict


def honest(world: World, rng) -> dict[str, Predict]:
    """Models that learn from the training images alone."""
    X, y, mean, steps = world.X, world.y, world.mean, world.steps
    plain = world.reference(rng)
    single = {name: value.astype(np.float32) for name, value in plain.items()}
    found = {
        "the reference, 150 hidden": world.forward(plain),
        "the reference in float32": before(lambda X: X.astype(np.float32), world.forward(single)),
        "the reference, 40 hidden": world.forward(world.reference(rng, hidden=40)),
        "the reference, no regularization": world.forward(world.reference(rng, reg=0.0)),
        "softmax alone": before(lambda X: X / 64, deep(rng, X / 64, y, (), steps, 0.01)),
        "three layers": before(lambda X: X / 64, deep(rng, X / 64, y, (200, 100), steps, 0.02)),
        "four layers, dropout": before(lambda X: X / 64, deep(rng, X / 64, y, (200, 100, 50), steps, 0.02, 0.2)),
    }
    for count, whitened in ((50, False), (50, True), (200, True)):
        scale = np.sqrt(world.values[:count]) if whitened else 100
        axes = world.axes[:, :count] / scale
        net = world.reference(rng, reg=1e-4, X=X @ axes, y=y, rate=0.1)
        found[f"PCA {count}{', whitened' if whitened else ''}"] = before(
            lambda X, axes=axes: X @ axes, world.forward(net)
        )
    # pixels that hardly ever have ink stay small, or training runs away on all of MNIST
    spread = np.maximum(world.X.std(axis=0), 10)
    changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "ink or no ink": lambda X: (np.rint(X + mean) > 0).astype(float),
        "black or white": lambda X: (X + mean > 127).astype(float),
        "rows of length 1": lambda X: 4 * X / np.linalg.norm(X, axis=1, keepdims=True),
        "pixels of variance 1": lambda X: X / spread,
    }
    for name, change in changes.items():
        found[name] = before(change, deep(rng, change(X), y, (200,), steps, 0.01 if "variance" in name else 0.05))
    lines, shifts = rng.normal(size=(784, 1000)) / 800, rng.normal(size=1000)
    many = np.maximum(X[:20_000] @ lines + shifts, 0)
    W = np.linalg.solve(many.T @ many + np.eye(1000), many.T @ np.eye(10)[y[:20_000]])
    found["random features, ridge"] = lambda X: (np.maximum(X @ lines + shifts, 0) @ W).argmax(axis=1)
    found["nearest neighbour, PCA 50"] = nearest(world.axes[:, :50], X[:10_000], y[:10_000])
    found["three neighbours, PCA 30"] = nearest(world.axes[:, :30], X[:10_000], y[:10_000], 3)
    return found


def dishonest(world: World, rng) -> dict[str, Predict]:
    """Models that look the known pictures up."""
    X, y, mean = world.known, world.labels, world.mean
    line = rng.normal(size=784)
    order = np.argsort(X @ line)
    places, at = (X @ line)[order], y[order]
    table = {row.tobytes(): label for row, label in zip(np.rint(X + mean).astype(np.uint8), y, strict=True)}

    def exact(other: Predict) -> Predict:
        def predict(X):
            keys, guesses = np.rint(X + mean).astype(np.uint8), other(X)
            return np.array([table.get(row.tobytes(), guess) for row, guess in zip(keys, guesses, strict=True)])

        return predict

    weak = world.forward(world.reference(rng, hidden=20))
    if DATASET == "sample":  # as weak as the threshold makes a lookup worth the trouble
        weak = before(lambda X: X / 64, deep(rng, world.X / 64, world.y, (), 200, 0.003))
    linear = before(lambda X: X / 64, deep(rng, world.X / 64, world.y, (), world.steps, 0.01))
    return {
        "places along a line": lambda X: at[np.minimum(np.searchsorted(places, X @ line - 1e-9), len(at) - 1)],
        "every pixel as a key": exact(lambda X: np.zeros(len(X), int)),
        "every pixel as a key, else softmax alone": exact(linear),
        "every pixel as a key, else a weak net": exact(weak),
    }


def beyond(world: World, rng) -> dict[str, Predict]:
    """Models that know the known pictures and whatever is near them: small changes cannot show it."""
    learned = world.reference(rng, hidden=300, reg=0.0, X=world.known, y=world.labels)
    return {
        "nearest of the known pictures, PCA 50": nearest(world.axes[:, :50], world.known, world.labels),
        "the reference, trained on the known pictures": world.forward(learned),
    }


def falls(judge_context, lookups, world: World, predict: Predict) -> dict[str, list[float]]:
    """What a model loses of its accuracy, by kind of change, in DRAWS draws."""
    data, found = judge_context.dataset.arrays, {"shifted": [], "noisy": []}
    labels = {part: np.concatenate([predict(rows - world.mean) for rows in np.array_split(data[part], 20)])
              for part in ("val", "test")}  # fmt: skip
    for seed in range(DRAWS):
        cases = judge_context.checks.of("T12").cases(np.random.default_rng(seed), judge_context.reference, data)
        places = lookups.places_of(np.random.default_rng(seed), data)
        right = np.concatenate([data[f"{part}_labels"][rows] for part, rows in places.rows.items()])
        clean = np.concatenate([labels[part][rows] for part, rows in places.rows.items()]) == right
        answered = predict(cases[0]["near"] - world.mean)
        lost = clean.astype(float) - (answered == right)
        found["shifted"].append(lost[places.shifted].mean())
        found["noisy"].append(lost[places.noisy].mean())
        arrays = {"0/near": answered.astype(float)}
        context = CheckContext("T12", cases, Answers(arrays), judge_context.reference, data, seed=seed)
        flag = lookups.flag_of(context, labels, arrays["0/near"])
        over = any(found[kind][-1] > most for kind, most in lookups.MOST_LOST.items())
        assert flag == ("memorised" if over else "")
    return found


@pytest.fixture(scope="module")
def judge_context(tmp_path_factory):
    """The course on the dataset in use."""
    course = made_up.scratch_course(load_course(Path(__file__).parents[2]), tmp_path_factory.mktemp("t12") / "c")
    config = course.root / "course_config.py"
    config.write_text(config.read_text("utf-8").replace('DATASET = "sample"', f'DATASET = "{DATASET}"'), "utf-8")
    course = load_course(course.root)
    return judge.open_context(course, course.assignment("hw4"))


def test_what_honest_models_and_lookups_lose_on_nearby_pictures(judge_context, checks, record) -> None:
    world, rows, lookups = World(judge_context), [], checks.lookups
    worst = {"honest": {}, "lookup": {}}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        for kind, make in (("honest", honest), ("lookup", dishonest), ("beyond", beyond)):
            for name, predict in make(world, rng).items():
                right = np.concatenate([predict(part) for part in np.array_split(world.known, 20)]) == world.labels
                lost = falls(judge_context, lookups, world, predict)
                row = {"kind": kind, "model": name, "seed": seed, "accuracy": float(right.mean())}
                rows.append({**row, **{k: {"least": min(v), "most": max(v)} for k, v in lost.items()}})
    for change, most in lookups.MOST_LOST.items():
        worst["honest"][change] = max(row[change]["most"] for row in rows if row["kind"] == "honest")
        worst["lookup"][change] = min(row[change]["least"] for row in rows if row["kind"] == "lookup")
        assert worst["honest"][change] < most
    flagged = [
        any(row[change]["least"] > most for change, most in lookups.MOST_LOST.items())
        for row in rows
        if row["kind"] == "lookup"
    ]
    summary = {"dataset": DATASET, "draws": DRAWS, "bounds": lookups.MOST_LOST, "worst": worst}
    record(f"lookup-models-{DATASET}", {**summary, "lookups found": sum(flagged), "of": len(flagged), "models": rows})
    assert all(flagged)
