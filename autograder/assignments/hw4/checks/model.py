"""T12: the saved model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either

from .inputs import PARAMETERS, Rng
from .lookups import flag_of, nearby, places_of

GIVEN = ("TwoLayerNet", "")  # class names of a saved model that mean the given class
MOST_HIDDEN = 4000  # hidden units of a model that is worked through here: 6e10 multiply-adds, a few seconds
GUESSING = 20.0  # percent: little more than ten labels at random get right
SMALL = 1e-15  # a smaller weight tells nothing in single precision, but its products may be denormal, and slow


def T12_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    places = places_of(rng, data)
    return [{"near": nearby(rng, places, data), "mean": data["mean"].astype(np.float64)}]


def T12_asks(context: CheckContext) -> bool:
    """Whether the sandbox is needed: not where the reference's forward pass already passes."""
    return isinstance(context.model, tuple) and not all(part_result.ok for part_result in _by_reference(context))


def T12(context: CheckContext) -> list[PartResult]:
    """The saved model is more accurate than the thresholds on the validation and the test set."""
    if not isinstance(context.model, tuple):
        problem = context.model or Problem("no_model", {"file": "best_net.npz"})
        mistake = "missing-file" if problem.kind == "no_model" else "unreadable-file"
        if problem.facts.get("said") == "not_finite":
            mistake = "not-a-number"
        return [PartResult(part, 0.5, problem, mistake) for part in ("validation", "test")]
    by_reference = _by_reference(context)
    if all(part_result.ok for part_result in by_reference):
        return _flagged(by_reference, _reference_flag(context))
    answered = {name: context.value(0, name) for name in ("val", "test")}
    by_class = _accuracies(context, answered)
    part_results = []
    for a, b in zip(by_reference, by_class, strict=True):
        # a class of another name is judged by its own predict alone
        decided = either(a.problem, b.problem) if context.model[0] in GIVEN else b.problem
        if decided is not None and b.problem is not None and not context.answers.class_is_given:
            decided = b.problem  # a class of the student's own under the given name: its own error is the reason
        best = max((f.measured for f in (a, b) if f.measured is not None), default=None)
        part_results.append(PartResult(a.part, a.share, decided, _model_mistake(context, decided), best))
    flag = (
        flag_of(context, answered, context.value(0, "near")) if any(part_result.ok for part_result in by_class) else ""
    )
    if not flag and any(part_result.ok for part_result in by_reference):
        flag = _reference_flag(context)
    return _flagged(part_results, flag)


def T12_earlier(context: CheckContext) -> bool:
    """Whether an earlier state of the notebook may earn more: where its end has no class that answers."""
    values = [context.value(0, name) for name in ("val", "test")]
    return any(isinstance(value, Problem) and value.kind in ("error", "missing") for value in values)


def _model_mistake(context: CheckContext, problem: Problem | None) -> str:
    """Name of what is wrong with a saved model, or ""."""
    if problem is None:
        return ""
    if problem.kind == "error" and "undone" not in problem.facts:
        return _class_mistake(context, problem.facts)
    if problem.kind == "below" and float(problem.facts["accuracy"]) < GUESSING:
        return "like-guessing"
    return {"below": "below-threshold", "wrong_shapes": "wrong-shapes"}.get(problem.kind, "")


def _class_mistake(context: CheckContext, facts: Mapping[str, str]) -> str:
    """The same, of an error in the model's class: it is made without __init__, beside what the cells left behind."""
    if facts.get("said") == "undefined":
        return "class-not-found"
    if facts["type"] == "NameError" and facts["cell"]:
        return "name-not-there"
    assert isinstance(context.model, tuple)
    own = f"'{context.model[0] or GIVEN[0]}' object has no attribute"
    return "attribute-not-there" if facts["cell"] and own in facts["error"] else ""


CLOSE = 0.005  # to a threshold: single precision decides no nearer


def _by_reference(context: CheckContext) -> list[PartResult]:
    """What the reference's forward pass makes of the model; computed once a context."""
    return context.once("by_reference", lambda: _accuracies(context, _deciding_labels(context)))


def _deciding_labels(context: CheckContext) -> dict[str, Array | Problem]:
    """The labels that decide.

    Single precision is twice as fast and moves a handful of labels at most; where an accuracy is
    near its threshold, double precision decides.
    """

    def near(labels: Mapping[str, Array | Problem], name: str, bound: float) -> bool:
        found = labels[name]
        return not isinstance(found, Problem) and bool(
            abs(np.mean(found == context.data[f"{name}_labels"]) - bound) < CLOSE
        )

    def make() -> dict[str, Array | Problem]:
        labels = _reference_labels(context, np.float32)
        if any(near(labels, name, bound) for name, bound in zip(("val", "test"), context.thresholds, strict=True)):
            return _reference_labels(context, np.float64)
        return labels

    return context.once_a_model("labels", make)


def _reference_labels(context: CheckContext, precision: type[np.floating[Any]]) -> dict[str, Array | Problem]:
    """Labels by the reference's forward pass, where the model has the given network's parameters."""
    assert isinstance(context.model, tuple)
    name, params = context.model
    D = context.data["val"].shape[1]
    fits = name in GIVEN and set(params) == set(PARAMETERS) and _fits(params, D)
    if not fits:
        return {n: Problem("wrong_shapes") for n in ("val", "test")}
    if (hidden := len(params["W2"])) > MOST_HIDDEN:  # the student's own class is asked, within the sandbox's limits
        facts = {"hidden": str(hidden), "most": str(MOST_HIDDEN)}
        return {n: Problem("too_wide", facts) for n in ("val", "test")}
    return {part: _labels(context, params, context.data[f"{part}_centred"], precision) for part in ("val", "test")}


def _fits(params: Mapping[str, Array], D: int) -> bool:
    """Whether the arrays are those of the given network."""
    W1, b1, W2, b2 = (params[key] for key in PARAMETERS)
    if W1.ndim != 2 or W2.ndim != 2 or W1.shape[0] != D or W2.shape != (W1.shape[1], 10):
        return False
    return b1.size == W1.shape[1] and b2.size == 10


def _labels(
    context: CheckContext, params: Mapping[str, Array], images: Array, precision: type[np.floating[Any]]
) -> Array:
    cast = {name: value.astype(precision) for name, value in params.items()}
    if precision is np.float32:
        cast = {name: np.where(np.abs(value) < SMALL, precision(0), value) for name, value in cast.items()}
    cast |= {name: cast[name].ravel() for name in ("b1", "b2")}
    labels = [
        context.reference["forward"](cast, images[at : at + 1000].astype(precision, copy=False))[0].argmax(axis=1)
        for at in range(0, len(images), 1000)
    ]
    return np.concatenate(labels).astype(np.float64)


def _accuracies(context: CheckContext, labels: Mapping[str, Array | Problem]) -> list[PartResult]:
    part_results = []
    for part, name, bound in zip(("validation", "test"), ("val", "test"), context.thresholds, strict=True):
        found, right = labels[name], context.data[f"{name}_labels"]
        accuracy = None
        if isinstance(found, Problem):
            problem: Problem | None = found
        elif found.size != right.size:
            problem = Problem("label_number", {"got": str(found.shape), "images": str(right.size)})
        else:
            accuracy = float(np.mean(found.ravel() == right))
            facts = {"accuracy": f"{100 * accuracy:.2f}", "bound": f"{100 * bound:.1f}"}
            problem = None if accuracy > bound else Problem("below", facts)
        part_results.append(PartResult(part, 0.5, problem, measured=accuracy))
    return part_results


def _reference_flag(context: CheckContext) -> str:
    """The same for the reference's forward pass."""
    assert isinstance(context.model, tuple)
    near = context.cases[0]["near"] - context.data["mean"].astype(np.float32)
    return flag_of(context, _deciding_labels(context), _labels(context, context.model[1], near, np.float32))


def _flagged(part_results: list[PartResult], flag: str) -> list[PartResult]:
    return [replace(part_result, flag=flag) for part_result in part_results]
