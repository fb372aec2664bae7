"""Guest side of hw4: one generator a task. Each yields (name, question); a question is a function
that calls the student's code and returns numbers. No expected value is known here.

N images, D inputs, H hidden units, C classes. A case holds W1 (D, H), b1 (H,), W2 (H, C), b2 (C,)
and what else the question needs; every access to it gives a fresh copy.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Case = Mapping[str, Any]  # arrays, and numbers where the array has no dimensions
Params = dict[str, Array]
Questions = Iterator[tuple[str, Callable[[], Any]]]
Instrument = Callable[[Any], type]  # a class -> a subclass of it
Step = tuple[Array, Array, Array]  # of a training: X_batch, y_batch, parameters before the update


class Student(Protocol):
    """What the probes use of a submission's names, see guest/namespace.py."""

    namespace: dict[str, Any]
    snapshots: dict[str, dict[str, Any]]
    notes: dict[str, Any]
    data: Mapping[str, Array]
    model: tuple[str, Mapping[str, Array]] | None

    def function(self, name: str) -> Any: ...

    def standing_in(self, **functions: Any) -> AbstractContextManager[None]: ...


CLASS = "TwoLayerNet"  # the class that the notebook gives, in which the tasks' functions work together
PARAMETERS = ("W1", "b1", "W2", "b2")
MAX_STEPS = 3000  # of a training that is recorded


def prepare(data: Mapping[str, Array]) -> dict[str, Array]:
    """The images that the sandbox may see, minus the mean training image: worked out once, before any submission."""
    return {name: data[name] - data["mean"] for name in data if name != "mean"}


def _params(case: Case, prefix: str = "") -> Params:
    """The parameters among the inputs."""
    return {name: case[prefix + name] for name in PARAMETERS}


def _net(student: Student, params: Params, instrument: Instrument | None = None) -> Any:
    """A TwoLayerNet with the given parameters; `instrument` makes a subclass of its class."""
    cls = student.function(CLASS)
    if instrument is not None:
        cls = instrument(cls)
    sizes = (*params["W1"].shape, params["W2"].shape[1])
    try:
        net = cls(*sizes)
    except Exception:  # an __init__ of the student's own may want other arguments
        net = cls.__new__(cls)
    net.params = params
    return net


def _saved_net(student: Student) -> Any:
    """The submitted model: its class, made without __init__, with the saved parameters."""
    assert student.model is not None
    name, params = student.model
    cls = student.function(name or CLASS)
    net = cls.__new__(cls)
    net.params = {key: value.copy() for key, value in params.items()}
    return net


def _numbers(values: Iterable[Any]) -> list[float]:
    """Single numbers of any make: floats, arrays of one entry."""
    found = []
    for value in values:
        if np.size(value) != 1:
            raise TypeError(f"the loss has shape {np.shape(value)}; it should be a single number")
        found.append(float(np.asarray(value).ravel()[0]))
    return found


def _pair(value: Any, function: str, names: str) -> tuple[Any, ...]:
    """A result of two values; else a TypeError that says what came in their place."""
    if value is None:
        raise TypeError(f"{function} returned nothing (None): is the return line missing?")
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{function} returned a {type(value).__name__}; it should return {names}")
    return tuple(value)


def _gradients(value: Any, function: str) -> dict[str, Any]:
    """A dict of gradients; else a TypeError that says what came in its place."""
    if value is None:
        raise TypeError(f"{function} returned nothing (None): is the return line missing?")
    if not hasattr(value, "keys"):
        raise TypeError(f"{function} returned a {type(value).__name__}; it should return a dict of W1, b1, W2, b2")
    return dict(value)


def _named(student: Student, task: str, names: Iterable[str]) -> Questions:
    """The named variables as they stood after the task's test cell, or else at the end."""
    at_task = student.snapshots.get(task, {})
    for name in names:

        def ask(name: str = name) -> float:
            value = at_task.get(name, student.namespace.get(name))
            if value is None or value is Ellipsis:
                raise NotImplementedError(task)
            if isinstance(value, tuple | list):
                value = value[-1]
            return float(np.asarray(value, dtype=object).ravel()[-1])

        yield name, ask


def T1(student: Student, case: Case) -> Questions:
    yield from _named(student, "T1", ("dz_dw0", "dz_dw1", "dz_db0", "dz_db1"))


def T2(student: Student, case: Case) -> Questions:
    yield from _named(student, "T2", ("size_A", "size_B", "size_C"))


def T3(student: Student, case: Case) -> Questions:
    yield from _named(student, "T3", ("num_parameters",))


def T5(student: Student, case: Case) -> Questions:
    yield "scores", lambda: _net(student, _params(case)).loss(case["X"])
    yield "grads", lambda: dict(_net(student, _params(case)).loss(case["X"], case["y"], 0.1)[1])
    yield "own", lambda: _pair(student.function("forward")(_params(case), case["X"]), "forward", "(scores, hidden)")


def T6(student: Student, case: Case) -> Questions:
    regs = case["regs"]

    def losses(X: Array) -> list[Any]:
        return [_net(student, _params(case)).loss(X, case["y"], float(reg))[0] for reg in regs]

    def own(scores: Array) -> list[float]:
        ask = student.function("softmax_loss")
        found = [ask(scores.copy(), case["y"], _params(case), float(reg)) for reg in regs]
        return _numbers(_pair(value, "softmax_loss", "(loss, probabilities)")[0] for value in found)

    yield "losses", lambda: _numbers(losses(case["X"]))
    yield "scores", lambda: _net(student, _params(case)).loss(case["X"])
    yield "grads", lambda: dict(_net(student, _params(case)).loss(case["X"], case["y"], 0.0)[1])
    yield "own", lambda: own(case["own_scores"])
    if "calm_X" in case:
        yield "losses_calm", lambda: _numbers(losses(case["calm_X"]))
        yield "own_calm", lambda: own(case["calm_scores"])
    yield (
        "own_probabilities",
        lambda: student.function("softmax_loss")(case["own_scores"], case["y"], _params(case), 0.0)[1],
    )


def T7(student: Student, case: Case) -> Questions:
    reg = case["reg"]

    def own() -> dict[str, Any]:
        given = case["scores"], case["hidden"]
        with student.standing_in(
            forward=lambda *args, **kwargs: given,
            softmax_loss=lambda *args, **kwargs: (case["loss"], case["probabilities"]),
        ):
            ask = student.function("backward")
            answer = ask(_params(case), case["X"], case["y"], case["hidden"], case["probabilities"], reg)
        return _gradients(answer, "backward")

    def central(name: str, X: str = "X") -> list[list[float]]:
        """Own loss with some entries of a parameter moved by +h and by -h: (entries, 2)."""
        step = 1e-5
        rows: list[list[float]] = []
        for entry in case[f"some_{name}"]:
            row = []
            for sign in (1, -1):
                moved = _params(case)
                moved[name].ravel()[entry] += sign * step
                row.append(_net(student, moved).loss(case[X], case["y"], reg)[0])
            rows.append(_numbers(row))
        return rows

    yield "grads", lambda: dict(_net(student, _params(case)).loss(case["X"], case["y"], reg)[1])
    yield "own", own
    if "some_W1" in case:
        yield "central", lambda: {name: central(name) for name in PARAMETERS}
        yield "central_of_other_X", lambda: central("W2", "other_X")


def _recorder(steps: list[Step], gradients: Params, like: Mapping[str, tuple[int, ...]]) -> Instrument:
    """Instrument: a subclass whose loss records its batch and returns the given gradients.

    steps collects (X_batch, y_batch, params before the update); gradients: dict of (K, ...) arrays,
    used in turn; like: shapes that the student's own gradients have, where they are known.
    """

    def instrument(cls: Any) -> type:
        class Recorder(cls):  # type: ignore[misc]
            def loss(self, X: Array, y: Array | None = None, reg: float = 0.0, *args: Any, **kwargs: Any) -> Any:
                if y is None:
                    return np.zeros((len(X), gradients["b2"].shape[1]))
                if len(steps) >= MAX_STEPS:
                    raise RuntimeError("train calls loss more often than num_iters asks for")
                turn = len(steps) % len(gradients["b2"])
                params = [np.array(self.params[k], float).ravel() for k in PARAMETERS]
                steps.append((np.array(X, float), np.array(y, float).ravel(), np.concatenate(params)))
                return 1.0, {k: g[turn].reshape(like.get(k, g[turn].shape)).copy() for k, g in gradients.items()}

            def predict(self, X: Array, *args: Any, **kwargs: Any) -> Array:
                return np.zeros(len(X), dtype=int)

        Recorder.__name__ = cls.__name__
        return Recorder

    return instrument


def _shapes(student: Student, case: Case) -> Questions:
    """Shapes of the gradients that the student's loss returns: some updates rely on them.

    Yields a question of its own, asked once a run: the loss may be wrong, endless or missing.
    """

    def ask() -> float:
        student.notes["shapes"] = {}
        grads = _net(student, _params(case)).loss(case["X"][:2], case["y"][:2], 0.0)[1]
        shapes = {name: np.shape(value) for name, value in grads.items()}
        student.notes["shapes"] = {k: s for k, s in shapes.items() if np.prod(s) == case[k].size}
        return 1.0

    if "shapes" not in student.notes:
        yield "shapes", ask


def _watch(student: Student, case: Case) -> dict[str, Any]:
    """Train under the recorder: sizes (steps,), rows, labels, parameters (steps + 1, entries)."""
    steps: list[Step] = []
    gradients = {name: case[f"grad_{name}"] for name in PARAMETERS}
    net = _net(student, _params(case), _recorder(steps, gradients, student.notes.get("shapes", {})))
    X, y = case["X"], case["y"]
    net.train(
        X,
        y,
        case["X"][:5],
        case["y"][:5],
        learning_rate=case["learning_rate"],
        learning_rate_decay=case["decay"],
        reg=0.0,
        num_iters=int(case["num_iters"]),
        batch_size=int(case["batch_size"]),
        verbose=False,
    )
    last = np.concatenate([np.array(net.params[k], float).ravel() for k in PARAMETERS])
    return {
        "sizes": [len(batch) for batch, _, _ in steps],
        "label_sizes": [len(labels) for _, labels, _ in steps],
        "rows": np.concatenate([batch.reshape(-1, X.shape[1]) for batch, _, _ in steps]),
        "labels": np.concatenate([labels for _, labels, _ in steps]),
        "params": np.array([params for _, _, params in steps] + [last]),
    }


def T8(student: Student, case: Case) -> Questions:
    def own() -> dict[str, Any]:
        ask = student.function("sample_minibatch")
        batches = [ask(case["X"], case["y"], int(case["batch_size"])) for _ in range(int(case["num_iters"]))]
        batches = [_pair(batch, "sample_minibatch", "(X_batch, y_batch)") for batch in batches]
        return {
            "sizes": [len(X) for X, _ in batches],
            "label_sizes": [np.size(y) for _, y in batches],
            "rows": np.concatenate([np.array(X, float) for X, _ in batches]),
            "labels": np.concatenate([np.array(y, float).ravel() for _, y in batches]),
        }

    yield from _shapes(student, case)
    yield "train", lambda: _watch(student, case)
    yield "own", own


def T9(student: Student, case: Case) -> Questions:
    def own() -> Params:
        params = _params(case)
        grads = {name: case[f"grad_{name}"][0] for name in params}
        student.function("sgd_update")(params, grads, case["learning_rate"])
        return params

    def learned() -> Any:
        """What predict says of pictures of digits after a real training on them."""
        net = _net(student, _params(case, "digits_"))
        net.train(
            case["digits"],
            case["digit_labels"],
            case["digits"][:50],
            case["digit_labels"][:50],
            learning_rate=case["digits_rate"],
            learning_rate_decay=1.0,
            reg=0.0,
            num_iters=int(case["digits_iters"]),
            batch_size=100,
            verbose=False,
        )
        return net.predict(case["digits"])

    yield from _shapes(student, case)
    yield "train", lambda: _watch(student, case)
    yield "own", own
    yield "learned", learned


def T10(student: Student, case: Case) -> Questions:
    yield from _shapes(student, case)
    yield "train", lambda: _watch(student, case)
    yield "own", lambda: student.function("decay_learning_rate")(case["learning_rate"], case["decay"])


def T11(student: Student, case: Case) -> Questions:
    given = case["scores"], case["hidden"]

    def instrument(cls: Any) -> type:
        class Standing(cls):  # type: ignore[misc]
            def loss(self, X: Array, y: Array | None = None, reg: float = 0.0, *args: Any, **kwargs: Any) -> Any:
                return given[0] if y is None else super().loss(X, y, reg, *args, **kwargs)

        Standing.__name__ = cls.__name__
        return Standing

    def own() -> Any:
        with student.standing_in(forward=lambda *args, **kwargs: given):
            return _net(student, _params(case), instrument).predict(case["X"])

    yield "labels", lambda: _net(student, _params(case)).predict(case["X"])
    yield "scores", lambda: _net(student, _params(case)).loss(case["X"])
    yield "own", own


def T12(student: Student, case: Case) -> Questions:
    def labels(images: Array) -> Array:
        return np.asarray(_saved_net(student).predict(images)).ravel()

    for name, images in student.data.items():
        yield name, functools.partial(labels, images)
    yield "near", lambda: labels(case["near"] - case["mean"])
