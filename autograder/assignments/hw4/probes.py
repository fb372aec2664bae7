"""Guest side of hw4: one generator a task. Each yields (name, question); a question is a function
that calls the student's code and returns numbers. No expected value is known here.

N images, D inputs, H hidden units, C classes. A case holds W1 (D, H), b1 (H,), W2 (H, C), b2 (C,)
and what else the question needs; every access to it gives a fresh copy.
"""

import collections
import contextlib
import functools
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import FrameType, FunctionType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Case = Mapping[str, Any]  # arrays, and numbers where the array has no dimensions
Params = dict[str, Array]
Questions = Iterator[tuple[str, Callable[[], Any]]]
Instrument = Callable[[Any], type]  # a class -> a subclass of it


class Student(Protocol):
    """What the probes use of a submission's names, see guest/namespace.py."""

    namespace: dict[str, Any]
    snapshots: dict[str, dict[str, Any]]
    notes: dict[str, Any]
    data: Mapping[str, Array]
    model: tuple[str, Mapping[str, Array]] | None

    def function(self, name: str) -> Any: ...

    def has_given(self, name: str) -> bool: ...

    def standing_in(self, **functions: Any) -> AbstractContextManager[None]: ...


class Unfit(TypeError):
    """What a student's code returned is no answer. facts: `said` names a text of [returned] in messages.toml."""

    def __init__(self, said: str, **facts: str) -> None:
        super().__init__(said)
        self.facts = {"said": said, **facts}


class Unwritten(NotImplementedError):
    """A name of the task has no value yet."""

    def __init__(self, task: str, name: str) -> None:
        super().__init__(task)
        self.facts = {"said": "no_value", "name": name}


CLASS = "TwoLayerNet"  # the class that the notebook gives, in which the tasks' functions work together
PARAMETERS = ("W1", "b1", "W2", "b2")
OWN_STEPS = 3  # of an update that is asked alone
MAX_DOTS = 10  # of a tuple that is told
MAX_LOOKS = 3000  # at the loss, in a training that is watched
STEP = 1e-5  # of central differences
MAX_FRAMES, MAX_SEEN, MAX_ENTRIES = 20, 60, 400  # of the numbers in a student's frames: frames, arrays, entries of each


def prepare(data: Mapping[str, Array]) -> dict[str, Array]:
    """The images that the sandbox may see, minus the mean training image: worked out once, before any submission."""
    return {name: data[name] - data["mean"] for name in data if name != "mean"}


def _params(case: Case, prefix: str = "") -> Params:
    """The parameters among the inputs."""
    return {name: case[prefix + name] for name in PARAMETERS}


def _net(student: Student, params: Params, instrument: Instrument | None = None, given: bool = False) -> Any:
    """A TwoLayerNet with the given parameters; `instrument` makes a subclass of its class.

    given: that class is the one that the notebook gave, whose __init__ does nothing but draw parameters.
    """
    cls = student.function(CLASS)
    if instrument is not None:
        cls = instrument(cls)
    net = cls.__new__(cls) if given else _made(cls, (*params["W1"].shape, params["W2"].shape[1]))
    own = getattr(net, "params", None)
    if not isinstance(own, dict):
        net.params = params
        return net
    # what else stands there, a velocity say, stays; and other names of its arrays stay names of them
    for name, value in params.items():
        there = own.get(name)
        if type(there) is np.ndarray and there.size == value.size and there.dtype == value.dtype:
            there[...] = value.reshape(there.shape)
        else:
            own[name] = value
    return net


def _made(cls: Any, sizes: tuple[int, ...]) -> Any:
    """An object of a class; without __init__, where a student's own wants other arguments."""
    for arguments in (sizes, (*sizes, 1e-4)):
        with contextlib.suppress(Exception):
            return cls(*arguments)
    return cls.__new__(cls)


def _in_place_of(student: Student, name: str, answer: Any, **asked: Any) -> Callable[..., Any]:
    """Stands in for a function of the student's: the right answer to what the task asks, theirs to anything else."""
    theirs = student.namespace.get(name)

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        inputs = {**dict(zip(asked, args, strict=False)), **kwargs}
        if all(key in inputs and _alike(inputs[key], value) for key, value in asked.items()):
            return answer
        if theirs is None:
            raise NameError(f"name {name!r} is not defined")
        return theirs(*args, **kwargs)

    return stand_in


def _alike(value: Any, right: Any) -> bool:
    """Whether these are the same numbers, perhaps as float32 or as lists."""
    if isinstance(right, dict):
        return isinstance(value, dict) and all(key in value and _alike(value[key], right[key]) for key in right)
    with contextlib.suppress(Exception):
        return np.shape(value) == np.shape(right) and np.allclose(value, right, rtol=1e-4, atol=1e-4)
    return False


def _loss(net: Any, X: Array, y: Array, reg: float) -> Any:
    """The loss of labelled images. reg goes by its name where the class has it: it may stand elsewhere there."""
    code = getattr(net.loss, "__code__", None)
    named = code is not None and "reg" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return net.loss(X, y, reg=reg) if named else net.loss(X, y, reg)


def _value(returned: Any) -> Any:
    """The loss itself, of what loss returned."""
    return returned[0] if isinstance(returned, tuple | list) else returned


def _second(returned: Any) -> Any:
    """The gradients, of what loss returned."""
    try:
        return returned[1]
    except Exception:
        raise _unfit(returned, "loss", "no_gradients") from None


def _unfit(value: Any, function: str, said: str) -> Unfit:
    """What to say of a value that is no answer of that function."""
    return Unfit("nothing_of", name=function) if value is None else Unfit(said, name=function, got=_make(value))


def _make(value: Any) -> str:
    """Of which make a value is, in words of Python: as many dots as a tuple has values."""
    dots = ", ".join(["..."] * min(len(value), MAX_DOTS)) if isinstance(value, tuple | list) else ""
    shown = f" ({dots})" if isinstance(value, tuple) else f" [{dots}]" if isinstance(value, list) else ""
    return f"array {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__ + shown


def _scores(net: Any, X: Array) -> Any:
    """What loss gives without labels; an Unfit where that is something else than scores."""
    scores = net.loss(X)
    if scores is None or isinstance(scores, tuple | dict):
        raise _unfit(scores, "loss", "scores_alone")
    if isinstance(scores, list) and len({np.shape(row) for row in scores}) > 1:
        raise _unfit(scores, "loss", "scores_alone")
    return scores


def _other_scores(student: Student, case: Case) -> Questions:
    """Do the scores hang on the images, and on the parameters?"""
    yield "scores_of_other_X", lambda: _scores(_net(student, _params(case)), case["other_X"])
    yield "scores_of_other_params", lambda: _scores(_net(student, _params(case, "other_")), case["X"])


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
        if value is None or isinstance(value, dict) or np.size(value) != 1:
            raise _unfit(value, "loss", "loss_number")
        found.append(float(np.asarray(value).ravel()[0]))
    return found


def _pair(value: Any, function: str, names: str) -> tuple[Any, ...]:
    """A result of two values; else an Unfit that says what came in their place."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        if value is None:
            raise Unfit("nothing_of", name=function)
        raise Unfit("pair", name=function, got=_make(value), wanted=names)
    return tuple(value)


def _gradients(value: Any, function: str) -> dict[str, Any]:
    """A dict of gradients; else an Unfit that says what came in its place."""
    if not hasattr(value, "keys"):
        raise _unfit(value, function, "no_dict")
    return {**value, **{f"array_{name}": hasattr(value[name], "shape") for name in PARAMETERS if name in value}}


def _named(student: Student, task: str, names: Iterable[str]) -> Questions:
    """The named variables as they stood after the task's test cell, or else at the end."""
    at_task = student.snapshots.get(task, {})
    for name in names:

        def ask(name: str = name) -> Any:
            value = at_task.get(name, student.namespace.get(name))
            if value is None or value is Ellipsis:
                raise Unwritten(task, name)
            flat = np.ravel(np.array(value, dtype=object))
            try:
                last = flat[-1]
                number = float(last.replace(",", "") if isinstance(last, str) else last)  # '557,057' too
            except (IndexError, TypeError, ValueError):
                raise Unfit("no_number", name=name) from None
            return [_mark(flat[0]), number] if flat.size == 2 else [number]  # a pair is (N, number)

        yield name, ask


def _mark(N: Any) -> float:
    """A number for N, which may be a text or None: the same for the same."""
    with contextlib.suppress(TypeError, ValueError):
        if np.isfinite(float(N)):
            return float(N)
    return float(zlib.crc32(str(N).encode()))


def T1(student: Student, case: Case) -> Questions:
    yield from _named(student, "T1", ("dz_dw0", "dz_dw1", "dz_db0", "dz_db1"))


def T2(student: Student, case: Case) -> Questions:
    yield from _named(student, "T2", ("size_A", "size_B", "size_C"))


def T3(student: Student, case: Case) -> Questions:
    yield from _named(student, "T3", ("num_parameters",))


def T5(student: Student, case: Case) -> Questions:
    yield "scores", lambda: _scores(_net(student, _params(case)), case["X"])
    yield "own", lambda: _pair(student.function("forward")(_params(case), case["X"]), "forward", "(scores, hidden)")
    yield "grads", lambda: dict(_second(_loss(_net(student, _params(case)), case["X"], case["y"], 0.1)))


def T6(student: Student, case: Case) -> Questions:
    regs, given = case["regs"], student.has_given(CLASS)
    net = functools.partial(_net, student, given=given)

    def losses(X: Array, y: Array) -> list[float]:
        return _numbers(_value(_loss(net(_params(case)), X, y, float(reg))) for reg in regs)

    def own(scores: Array, y: Array) -> list[float]:
        ask = student.function("softmax_loss")
        found = [ask(scores.copy(), y, _params(case), float(reg)) for reg in regs]
        return _numbers(_pair(value, "softmax_loss", "(loss, probabilities)")[0] for value in found)

    # the function alone comes first: a backward without an end takes the time of what asks the class
    yield "own", lambda: own(case["own_scores"], case["y"])
    yield (
        "own_probabilities",
        lambda: student.function("softmax_loss")(case["own_scores"], case["y"], _params(case), 0.0)[1],
    )
    if "calm_X" in case:
        yield "own_calm", lambda: own(case["calm_scores"], case["y"])
    if "other_y" in case:  # does the loss hang on the scores, and on the labels?
        yield "own_of_other_X", lambda: own(case["other_scores"], case["y"])
        yield "own_of_other_y", lambda: own(case["calm_scores"], case["other_y"])
    yield "losses", lambda: losses(case["X"], case["y"])
    yield "scores", lambda: _scores(net(_params(case)), case["X"])
    yield "grads", lambda: dict(_second(_loss(net(_params(case)), case["X"], case["y"], 0.0)))
    if "calm_X" in case:
        yield "losses_calm", lambda: losses(case["calm_X"], case["y"])
    if "other_y" in case:
        yield "losses_of_other_X", lambda: losses(case["other_X"], case["y"])
        yield "losses_of_other_y", lambda: losses(case["calm_X"], case["other_y"])
    if "other_b2" in case:
        yield from _other_scores(student, case)
    if not given:
        yield "crash", lambda: _crash(student, case, regs)


def T7(student: Student, case: Case) -> Questions:
    reg, given = case["reg"], student.has_given(CLASS)
    net = functools.partial(_net, student, given=given)

    def own() -> dict[str, Any]:
        first = _in_place_of(student, "forward", (case["scores"], case["hidden"]), params=_params(case), X=case["X"])
        then = case["loss"], case["probabilities"]
        second = _in_place_of(student, "softmax_loss", then, scores=case["scores"], y=case["y"])
        with student.standing_in(forward=first, softmax_loss=second):
            ask = student.function("backward")
            answer = ask(_params(case), case["X"], case["y"], case["hidden"], case["probabilities"], reg)
        return _gradients(answer, "backward")

    def grads() -> dict[str, Any]:
        value = _second(_loss(net(_params(case)), case["X"], case["y"], reg))
        return _gradients(value, "loss")

    def central(name: str, X: str = "X", y: str = "y", other: str = "") -> list[list[float]]:
        """Own loss with some entries of a parameter moved by +h and by -h: (entries, 2)."""
        rows: list[list[float]] = []
        for entry in case[f"some_{name}"]:
            row = []
            for sign in (1, -1):
                moved = _params(case) | ({other: case[f"other_{other}"]} if other else {})
                moved[name].ravel()[entry] += sign * STEP
                row.append(_value(_loss(net(moved), case[X], case[y], reg)))
            rows.append(_numbers(row))
        return rows

    def rescaled() -> dict[str, Any]:
        """Scores and loss at parameters that differ, and give the same scores in a network of ReLUs."""
        nets = [net(_params(case))]
        for by in case["rescale"]:
            scaled = {"W1": case["W1"] * by, "b1": case["b1"] * by, "W2": case["W2"] / by[:, None]}
            nets.append(net(_params(case) | scaled))
        return {
            "scores": [_scores(one, case["X"]) for one in nets],
            "losses": _numbers(_value(_loss(one, case["X"], case["y"], 0.0)) for one in nets),
        }

    yield "own", own
    yield "grads", grads
    yield "central", lambda: {name: central(name) for name in PARAMETERS}
    if "other_X" in case:
        yield "central_of_other_X", lambda: central("W2", X="other_X")
        yield "central_of_other_y", lambda: central("W2", y="other_y")
        yield "central_of_other_W1", lambda: central("W2", other="W1")
        yield "rescaled", rescaled
    if not given:
        yield "scores", lambda: _scores(net(_params(case)), case["X"])
        yield "data", lambda: _numbers([_value(_loss(net(_params(case)), case["X"], case["y"], 0.0))])
        yield "crash", lambda: _crash(student, case, [0.0])
        yield "seen", lambda: _seen(student, case, reg)


def _look_inside(call: Callable[[], Any], take: Callable[[Any], bool]) -> tuple[list[Array], bool]:
    """Call -> (numbers in the frames of the student's functions as each ended, whether it raised)."""
    frames: collections.deque[list[Array]] = collections.deque(maxlen=MAX_FRAMES)  # the latest: loss itself is the last

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if event != "return" or not frame.f_code.co_filename.startswith("cell "):
            return
        kinds = int | float | np.ndarray | np.number
        some = [value for value in list(frame.f_locals.values()) if isinstance(value, kinds) and take(value)]
        frames.append([np.array(value, dtype=np.float64) for value in some[:MAX_SEEN]])

    def found() -> list[Array]:
        return [array for arrays in reversed(frames) for array in arrays][:MAX_SEEN]

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        call()
        raised = False
    except Exception:
        raised = True
    finally:
        sys.setprofile(before)
    return found(), raised


def _crash(student: Student, case: Case, regs: Sequence[float]) -> dict[str, list[float]]:
    """Where the student's loss raises: the single numbers that stood in its frames, for each reg. Else nothing."""
    found: dict[str, list[float]] = {}
    for turn, reg in enumerate(regs):
        net = _net(student, _params(case))
        seen, raised = _look_inside(
            functools.partial(_loss, net, case["X"], case["y"], float(reg)), lambda value: np.size(value) == 1
        )
        if not raised:
            return {}
        found[str(turn)] = _numbers(seen)
    return found


def _seen(student: Student, case: Case, reg: float) -> dict[str, Array]:
    """Arrays with a row for each image in the frames of the student's loss: perhaps hidden values, probabilities."""
    N, (H, C) = len(case["X"]), case["W2"].shape
    net = _net(student, _params(case))
    seen, _ = _look_inside(
        functools.partial(_loss, net, case["X"], case["y"], reg),
        lambda value: np.shape(value) in ((N, H), (N, C)) and np.size(value) <= MAX_ENTRIES,
    )
    return {str(turn): array for turn, array in enumerate(seen)}


@dataclass(frozen=True)
class Form:
    """How the student's loss gives its gradients: how they are named and shaped, and where they stand."""

    names: Mapping[str, Any] = field(default_factory=dict)
    # shapes of a parameter and of its gradient, where they are not the same
    shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    returned: Any = (0.0, {})  # what loss returned
    at: int | None = 1  # where in it the dict of gradients stands; None: they stand in it one by one, or elsewhere
    attribute: str | None = None  # of the net, that holds the dict of gradients; "" where they are its attributes

    def give(self, net: Any, loss: float, grads: Mapping[Any, Any]) -> Any:
        """Put gradients where the student's train looks for them -> what to return in place of the student's loss."""
        if self.attribute is not None:
            given = {self.attribute: dict(grads)} if self.attribute else grads
            for name, value in given.items():
                setattr(net, name, value)
        if not isinstance(self.returned, tuple | list):
            return loss
        parts = [loss, *self.returned[1:]]
        if self.at is not None:
            parts[self.at] = grads
        elif self.attribute is None:
            for place, value in grads.items():
                parts[place] = value
        return type(self.returned)(parts)

    def shaped(self, name: str, gradient: Array) -> Array:
        """A gradient in its parameter's shape -> in the shape that the student's own would have."""
        parameter, own = self.shapes.get(name, ((), ()))
        if parameter == own:
            return gradient
        return gradient.T if own == parameter[::-1] else gradient.reshape([1 if size == 1 else -1 for size in own])


class Look(NamedTuple):
    """One call of loss with labels, in a training."""

    X: Array
    y: Array
    label_dimensions: int
    params: Array  # flat, as they stood then


def _names(grads: Mapping[Any, Any], params: Mapping[str, Array]) -> dict[str, str]:
    """Name of each parameter's gradient in a dict of gradients, dW1 for W1 say; {} where they are not all there."""
    found = {}
    for name in PARAMETERS:
        keys = [key for key in grads if str(key) == name] or [
            key for key in grads if str(key).lower().endswith(name.lower())
        ]
        if len(keys) != 1 or np.size(grads[keys[0]]) != params[name].size:
            return {}
        found[name] = keys[0]
    order = list(grads)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1])))  # in the order of the student's own


def _form(student: Student, case: Case) -> Questions:
    """The form of the student's own loss: train relies on it.

    Yields a question of its own, asked once a run: the loss may be wrong, endless or missing.
    """

    def ask() -> float:
        student.notes["form"] = Form()
        net = _net(student, _params(case))
        value = _loss(net, case["X"][:2], case["y"][:2], 0.0)
        grads, names, at, attribute = _where_gradients_are(net, value)
        shapes = {name: (case[name].shape, np.shape(grads[key])) for name, key in names.items()}
        other = {name: both for name, both in shapes.items() if both[0] != both[1]}
        if names:
            student.notes["form"] = Form(names, other, value, at, attribute)
        return 1.0

    if "form" not in student.notes:
        yield "form", ask


def _where_gradients_are(net: Any, returned: Any) -> tuple[Mapping[Any, Any], dict[str, Any], int | None, str | None]:
    """What holds the gradients, in what loss returned or in the net, and the key of each parameter's there.

    Then, as Form has them: the place of a dict in what loss returned, and the net's attribute.
    """
    params = net.params
    parts = dict(enumerate(returned if isinstance(returned, tuple | list) else [returned]))
    for at, part in parts.items():
        if isinstance(part, Mapping) and (names := _names(part, params)):
            return part, names, at, None
    one_by_one = {name: [at for at in parts if np.size(parts[at]) == params[name].size > 1] for name in PARAMETERS}
    if all(len(places) == 1 for places in one_by_one.values()):
        return parts, {name: at for name, (at,) in one_by_one.items()}, None, None
    own = {name: value for name, value in vars(net).items() if name not in (*PARAMETERS, "params")}
    for name in sorted(own, key=lambda name: "grad" not in name.lower()):
        if isinstance(own[name], Mapping) and (names := _names(own[name], params)):
            return own[name], names, None, name
    return own, _names(own, params), None, ""


def _flat(params: Mapping[str, Array]) -> Array:
    """All parameters after each other."""
    return np.concatenate([np.asarray(params[name], float).ravel() for name in PARAMETERS])


def _bytes_of(rows: Array) -> list[Any]:
    """Each row of numbers as bytes."""
    flat = rows.reshape(len(rows), -1) if rows.size else np.zeros((0, 1))
    return list(flat.view(np.dtype((np.void, flat.itemsize * flat.shape[1]))).ravel().tolist())


class Recorder:
    """Stands in for the student's loss in a training that is watched: notes each batch, returns given gradients.

    gradients: by parameter, (turns, ...) arrays that are used in turn.
    """

    def __init__(self, case: Case, form: Form) -> None:
        self.looks: list[Look] = []
        self._gradients = {name: case[f"grad_{name}"] for name in PARAMETERS}
        self._params, self._form = _params(case), form
        self._last: Any = None  # the gradients that were given last
        self._seen: tuple[Any, Any] = None, None  # the batch and the labels that a helper was given last
        self._predictions = 0
        pairs = (("X", "y"), ("X_val", "y_val"))
        self._labels = {row: y for X, of_X in pairs for row, y in zip(_bytes_of(case[X]), case[of_X], strict=True)}

    def of(self, net: Any, X: Any, y: Any) -> dict[str, Array]:
        """Note a look at the loss -> the gradients that it gets."""
        if len(self.looks) >= MAX_LOOKS:
            raise Unfit("too_many_looks", most=str(MAX_LOOKS))
        turn = len(self.looks) % len(self._gradients["b2"])
        flat = _flat(net.params)
        labels = np.array(y, float)
        self.looks.append(Look(np.array(X, float), labels.ravel(), labels.ndim, flat))
        grads = {}
        for name in self._form.names or PARAMETERS:
            grads[self._form.names.get(name, name)] = self._form.shaped(name, self._gradients[name][turn]).copy()
        self._last = grads
        return grads

    def methods(self) -> dict[str, Callable[..., Any]]:
        """In place of the class's own."""

        def loss(net: Any, *args: Any, **kwargs: Any) -> Any:
            given = [*args, *kwargs.values()]  # whatever the student's own calls them
            X, y = given[0], next((one for one in given[1:] if np.ndim(one) > 0), None)
            if X is None or X is Ellipsis:
                raise NotImplementedError("T8")  # the minibatch is still the stub's
            if y is None:
                return np.zeros((len(X), len(self._params["b2"])))
            # a loss that falls, and an accuracy that rises: some stop where they do not
            return self._form.give(net, 1 / (1 + len(self.looks)), self.of(net, X, y))

        def predict(net: Any, X: Any, *args: Any, **kwargs: Any) -> Array:
            self._predictions += 1
            rows, C = np.ascontiguousarray(X, dtype=float), len(self._params["b2"])
            labels = np.array([self._labels.get(row, 0) for row in _bytes_of(rows)], dtype=int)
            labels[self._predictions :] = (labels[self._predictions :] + 1) % C
            return labels

        return {"loss": loss, "predict": predict}

    def around(self, function: Callable[..., Any], net: Any) -> Callable[..., Any]:
        """A helper of the student's own, whose gradients are replaced where it returns some."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._note([*args, *kwargs.values()])
            value = function(*args, **kwargs)
            parts = list(value) if isinstance(value, tuple | list) else [value]
            for at, part in enumerate(parts):
                names = self._gradients_in(part, net)
                if names and all(one is not None for one in self._seen):
                    ours = self.of(net, *self._seen)
                    parts[at] = {
                        key: ours[self._form.names.get(name, name)].reshape(np.shape(part[key]))
                        for name, key in names.items()
                    }
                    self._last = parts[at]
            return tuple(parts) if isinstance(value, tuple) else parts if isinstance(value, list) else parts[0]

        return call

    def _note(self, given: Sequence[Any]) -> None:
        """Remember a batch and its labels among what a helper is given: another one may return the gradients."""
        arrays = [one for one in given if isinstance(one, np.ndarray)]
        X, y = self._seen
        X = next((one for one in arrays if one.ndim == 2 and one.shape[1] == len(self._params["W1"])), X)
        y = next((one for one in arrays if X is not None and one is not X and one.size == len(X)), y)
        self._seen = X, y

    def _gradients_in(self, part: Any, net: Any) -> dict[str, str]:
        """Names of the gradients in what a helper returns; {} where it is none: parameters, a velocity at its start."""
        if not isinstance(part, dict) or part is self._last or part is net.params:
            return {}
        names = _names(part, self._params)
        values = [(np.ravel(part[key]), np.ravel(net.params[name])) for name, key in names.items()]
        if all(not found.any() for found, _ in values) or any(np.array_equal(a, b) for a, b in values if a.any()):
            return {}
        return names

    def explains(self, last: Array) -> bool:
        """Whether the parameters moved along gradients of ours alone."""
        flat = np.array([look.params for look in self.looks] + [last])
        size = self._params["W1"].size
        change, basis = np.diff(flat[:, :size], axis=0), self._gradients["W1"].reshape(-1, size)
        rest = change - change @ basis.T / (basis**2).sum(axis=1) @ basis
        return bool(np.abs(rest).max() <= 1e-5 * np.abs(change).max())


@contextlib.contextmanager
def _in_place(owner: Any, **functions: Any) -> Iterator[None]:
    """Put other methods into a class for a while: helpers may name the class itself."""
    before = {name: vars(owner)[name] for name in functions if name in vars(owner)}
    for name, function in functions.items():
        setattr(owner, name, function)
    try:
        yield
    finally:
        for name in functions:
            delattr(owner, name)
        for name, function in before.items():
            setattr(owner, name, function)


def _train(student: Student, case: Case, recorder: Recorder, with_helpers: bool) -> Any:
    """Train under the recorder -> the net. with_helpers: for a train that asks something else than loss."""
    cls = student.function(CLASS)
    net = _net(student, _params(case))
    with contextlib.ExitStack() as stack:
        stack.enter_context(_in_place(cls, **recorder.methods()))
        if with_helpers:
            for owner in [owner for owner in cls.__mro__ if owner.__module__ == cls.__module__]:
                own: dict[str, Any] = {}
                for name, member in vars(owner).items():
                    if isinstance(member, staticmethod | classmethod):
                        own[name] = type(member)(recorder.around(member.__func__, net))
                    elif isinstance(member, FunctionType) and name not in ("__init__", "train", "loss", "predict"):
                        own[name] = recorder.around(member, net)
                stack.enter_context(_in_place(owner, **own))
            functions = {
                name: recorder.around(value, net)
                for name, value in student.namespace.items()
                if isinstance(value, FunctionType) and value.__module__ == cls.__module__
            }
            stack.enter_context(student.standing_in(**functions))
        net.train(
            case["X"],
            case["y"],
            case["X_val"],
            case["y_val"],
            learning_rate=case["learning_rate"],
            learning_rate_decay=case["decay"],
            reg=0.0,
            num_iters=int(case["num_iters"]),
            batch_size=int(case["batch_size"]),
            verbose=False,
        )
    return net


def _watch(student: Student, case: Case) -> dict[str, Any]:
    """Train under the recorder -> of each look its rows, labels, and the parameters before it; and those at the end."""
    form = student.notes.get("form", Form())
    recorder = Recorder(case, form)
    last = _flat(_train(student, case, recorder, with_helpers=False).params)
    if not student.has_given(CLASS) and not (recorder.looks and recorder.explains(last)):
        with contextlib.suppress(Exception):  # gradients that come from elsewhere than loss
            other = Recorder(case, form)
            moved = _flat(_train(student, case, other, with_helpers=True).params)
            if other.looks and other.explains(moved):
                recorder, last = other, moved
    looks = recorder.looks
    return {
        **_drawn([look.X for look in looks], [look.y for look in looks], [look.label_dimensions for look in looks]),
        "params": np.array([look.params for look in looks] + [last]),
    }


def _drawn(batches: Sequence[Array], labels: Sequence[Array], label_dimensions: Sequence[int]) -> dict[str, Any]:
    """Batches as plain arrays: how large each is, and all rows and labels after each other."""
    return {
        "sizes": [len(batch) for batch in batches],
        "label_sizes": [one.size for one in labels],
        "label_dimensions": list(label_dimensions),
        "rows": np.concatenate([batch.ravel() for batch in batches]) if batches else [],
        "labels": np.concatenate([one.ravel() for one in labels]) if batches else [],
    }


def T8(student: Student, case: Case) -> Questions:
    def own() -> dict[str, Any]:
        ask = student.function("sample_minibatch")
        batches = [ask(case["X"], case["y"], int(case["batch_size"])) for _ in range(int(case["num_iters"]))]
        batches = [_pair(batch, "sample_minibatch", "(X_batch, y_batch)") for batch in batches]
        labels = [np.array(y, float) for _, y in batches]
        return _drawn([np.array(X, float) for X, _ in batches], labels, [one.ndim for one in labels])

    yield "own", own
    yield from _form(student, case)
    yield "train", lambda: _watch(student, case)


def small_digits(case: Case) -> Array:
    """Images of digits for a real training, (N, 196): pixels from 0 to 1 minus their mean over the images."""
    pixels: Array = case["digits"] / 255
    pixels -= pixels.mean(axis=0)
    return pixels


def T9(student: Student, case: Case) -> Questions:
    def own(form: Form) -> Params:
        params = _params(case)
        for turn in range(OWN_STEPS):  # in the same dict: what an update keeps from one to the next would show
            grads = {name: form.shaped(name, case[f"grad_{name}"][turn]) for name in PARAMETERS}
            student.function("sgd_update")(params, grads, case["learning_rate"])
        return {name: params[name] for name in PARAMETERS}

    def learned() -> Any:
        """What predict says of pictures of digits after a real training on them."""
        net, X, y = _net(student, _params(case, "digits_")), small_digits(case), case["digit_labels"]
        net.train(
            X,
            y,
            X[:50].copy(),
            y[:50].copy(),
            learning_rate=case["digits_rate"],
            learning_rate_decay=1.0,
            reg=0.0,
            num_iters=int(case["digits_iters"]),
            batch_size=100,
            verbose=False,
        )
        return _labels(net.predict(small_digits(case)))

    if "digits" not in case:
        if not student.has_given(CLASS):
            yield "decayed", lambda: _watch(student, case)
        return
    yield "own", lambda: own(Form())
    yield from _form(student, case)
    yield "train", lambda: _watch(student, case)
    form = student.notes.get("form", Form())
    if form.shapes:
        yield "own_shaped", lambda: own(form)
    yield "learned", learned


def T10(student: Student, case: Case) -> Questions:
    yield "own", lambda: student.function("decay_learning_rate")(case["learning_rate"], case["decay"])
    yield from _form(student, case)
    yield "train", lambda: _watch(student, case)
    if "still" in case and not student.has_given(CLASS):
        yield "still", lambda: _watch(student, {name: case[name] for name in case} | {"decay": case["still"]})


def _labels(returned: Any) -> Any:
    """What predict returned; a tuple of labels is as good as a list."""
    one_each = isinstance(returned, tuple) and not any(np.ndim(one) for one in returned)
    return list(returned) if one_each else returned


def T11(student: Student, case: Case) -> Questions:
    given = case["scores"], case["hidden"]

    def instrument(cls: Any) -> type:
        class Standing(cls):  # type: ignore[misc]
            def loss(self, X: Array, y: Array | None = None, reg: float = 0.0, *args: Any, **kwargs: Any) -> Any:
                return given[0] if y is None else super().loss(X, y, reg, *args, **kwargs)

        Standing.__name__ = cls.__name__
        return Standing

    def own() -> Any:
        forward = _in_place_of(student, "forward", given, params=_params(case), X=case["X"])
        with student.standing_in(forward=forward):
            return _labels(_net(student, _params(case), instrument).predict(case["X"]))

    yield "labels", lambda: _labels(_net(student, _params(case)).predict(case["X"]))
    yield "scores", lambda: _scores(_net(student, _params(case)), case["X"])
    yield from _other_scores(student, case)
    yield "own", own


def T12(student: Student, case: Case) -> Questions:
    def labels(images: Array) -> Array:
        found = _saved_net(student).predict(images)
        if found is None:
            raise Unfit("nothing_of", name="predict")
        return np.asarray(found).ravel()

    for name, images in student.data.items():
        yield name, functools.partial(labels, images)
    yield "near", lambda: labels(case["near"] - case["mean"])
