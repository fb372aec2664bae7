"""T7: the backward pass."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, compare, either, first

from .inputs import (
    EXACT,
    PARAMETERS,
    SIZES,
    Params,
    Rng,
    alive,
    one_label_problem,
    params_in,
    random_params,
    random_problem,
    reference_gradients,
)
from .loss import crashed_behind_loss, data_losses

SOME = 4  # entries of each parameter
MOST_SEEN = 60  # arrays of the student's own frames: more do not come from the probe
REGS = (0.05, 0.7, 0.3, 0.2)


def T7_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    problems = [*(random_problem(rng, *sizes) for sizes in SIZES), one_label_problem(rng)]
    for problem, reg in zip(problems, REGS, strict=True):
        case = {**problem, "reg": np.array(reg)}
        params = params_in(case)
        case["scores"], case["hidden"] = reference["forward"](params, case["X"])
        loss, case["probabilities"] = reference["softmax_loss"](case["scores"], case["y"], params, reg)
        case["loss"] = np.array(loss)
        for name in PARAMETERS:  # at some entries of each parameter, the derivative of the own loss is asked too
            case[f"some_{name}"] = np.sort(rng.permutation(case[name].size)[:SOME])
        C = case["W2"].shape[1]  # two of W2 are of units that are on even where X hardly counts
        case["some_W2"][:2] = case["b1"].argsort()[-2:] * C + rng.integers(0, C, 2)
        cases.append(case)
    return [{**cases[0], **_others(rng, cases[0])}, *cases[1:]]


def _others(rng: Rng, case: Case) -> Case:
    """What else the own loss must hang on, for rule (c)."""
    (N, D), (H, C) = case["X"].shape, case["W2"].shape
    return {
        "other_X": rng.normal(0, 1, (N, D)),
        "other_y": (case["y"] + rng.integers(1, C, N)) % C,
        "other_W1": random_params(rng, D, H, C)["W1"],
        "rescale": rng.uniform(1.5, 3, (2, H)),
    }


def T7(context: CheckContext) -> list[PartResult]:
    """Each of the four gradients is the derivative of the loss."""
    judged = _judged_cases(context)
    right = {n: reference_gradients(context, context.cases[n], float(context.cases[n]["reg"])) for n in judged}
    of_class = {name: [_right(context, n, "grads", name, right[n][name]) for n in judged] for name in PARAMETERS}
    if all(first(found) is None for found in of_class.values()):  # of the other ways, none is needed
        return [PartResult(name, 0.25) for name in PARAMETERS]
    ways: dict[str, list[list[Problem | None]]] = {name: [[], [], of_class[name], []] for name in PARAMETERS}
    central = {number: _central(context, number) for number in judged}
    errs = _follows(context, central)
    for number in judged:
        formula = _by_formula(context, number)
        for name in PARAMETERS:
            of_loss, of_formula, _, of_own = ways[name]
            if context.answers.class_is_given:
                of_own.append(_right(context, number, "own", name, right[number][name]))
            if formula is not None:
                of_formula.append(_right(context, number, "grads", name, formula[name]))
            slopes = central[number]
            if errs and slopes is not None:
                of_loss.append(_at_some(context, number, name, slopes[name]))
    for name in PARAMETERS:  # rule (c) holds for every case that is judged, or not at all
        ways[name] = [way for way in ways[name] if len(way) == len(judged)]
    return [PartResult(name, 0.25, either(*(first(way) for way in ways[name]))) for name in PARAMETERS]


def _right(context: CheckContext, number: int, way: str, name: str, expected: Array) -> Problem | None:
    """A gradient is right in its values; in the given class it is an array in its parameter's shape too."""
    problem = context.compare(number, f"{way}.{name}", expected, EXACT)
    if problem is not None or not context.answers.class_is_given:
        return problem
    return _shaped(context, number, way, name)


def _shaped(context: CheckContext, number: int, way: str, name: str) -> Problem | None:
    gradient, wanted = context.value(number, f"{way}.{name}"), context.cases[number][name].shape
    is_array = context.answers.get(number, f"{way}.array_{name}")
    if isinstance(gradient, Problem):
        return gradient
    if gradient.shape != wanted:
        sizes = context.sizes(context.cases[number])
        return Problem("shape", {"got": str(gradient.shape), "wanted": str(wanted), "sizes": sizes})
    return None if is_array is not None and is_array.all() else Problem("no_array", {"name": name})


def _judged_cases(context: CheckContext) -> list[int]:
    """The cases that can tell about T7: in a class of the student's own, not those that T6's lines spoil.

    Where the loss is right in some cases, and in others wrong or not reached, T6 pays for these others.
    """
    every = list(range(len(context.cases)))
    if context.answers.class_is_given:
        return every
    right = [number for number in every if _data_is_right(context, number)]
    behind = [number for number in every if crashed_behind_loss(context, number) is not None]
    if right:
        return sorted({*right, *behind})
    returned = [number for number in every if not isinstance(context.value(number, "data"), Problem)]
    return sorted({*returned, *behind}) or every


def _data_is_right(context: CheckContext, number: int) -> bool:
    """Whether the own loss at reg = 0 is right, or right for the own scores."""
    found = context.value(number, "data")
    if isinstance(found, Problem) or found.size != 1:
        return False
    return any(compare(found.ravel(), np.array([wanted]), EXACT) is None for wanted in data_losses(context, number))


def _by_formula(context: CheckContext, number: int) -> Params | None:
    """The right formula's gradients for hidden values and probabilities that stand in the student's own frames.

    So a right backward pass keeps its marks behind a wrong forward pass or wrong probabilities. The hidden
    values must be those that the own scores come from, and the probabilities those that the own loss, or the own
    scores, come from. Of several that do, those that fit best count.
    """
    case, scores, data = context.cases[number], context.value(number, "scores"), context.value(number, "data")
    seen = dict(itertools.islice(context.answers.group(number, "seen").items(), MOST_SEEN))
    if context.answers.class_is_given or not seen or isinstance(scores, Problem) or not alive(scores, case):
        return None
    N, C = len(case["X"]), case["W2"].shape[1]
    scores = scores.reshape(N, C)
    right_hidden = context.reference["forward"](params_in(case), case["X"])[1]
    hidden = [
        h
        for h in seen.values()
        if h.shape == (N, case["W2"].shape[0])
        and (_leads_to(h, scores, case) or compare(h, right_hidden, EXACT) is None)
    ]
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = [shifted / shifted.sum(axis=1, keepdims=True)]
    if not isinstance(data, Problem) and data.size == 1:
        some = [p for p in seen.values() if p.shape == (N, C) and np.isfinite(p).all()]
        some += [N * p + np.eye(C)[case["y"]] for p in some]  # where they became the scores' gradient, in place
        probabilities += [p for p in some if _explains(p, float(data.ravel()[0]), case["y"])]
    made = [
        context.reference["backward"](params_in(case), case["X"], case["y"], h, p, float(case["reg"]))
        for h in hidden
        for p in probabilities
    ]

    def fitting(gradients: Params) -> int:
        return sum(context.compare(number, f"grads.{n}", gradients[n], EXACT) is None for n in PARAMETERS)

    return max(made, key=fitting, default=None)


def _leads_to(hidden: Array, scores: Array, case: Case) -> bool:
    """Whether the scores are the second layer's of these hidden values, but for a bias."""
    if not np.isfinite(hidden).all() or not np.ptp(hidden) > 0:
        return False
    rest = scores - hidden @ case["W2"]
    return bool(np.ptp(rest, axis=0).max() <= EXACT * np.abs(scores).max())


def _explains(probabilities: Array, loss: float, y: Array) -> bool:
    """Whether the loss is the mean of -log of the labels' probabilities."""
    found = -np.log(probabilities[np.arange(len(y)), y]).mean()
    return bool(np.isfinite(found) and np.ptp(probabilities) > 0 and abs(found - loss) <= EXACT * abs(loss))


def _central(context: CheckContext, number: int) -> Params | None:
    """Central difference of the student's own loss at some entries, by parameter."""
    answer = {}
    for name in PARAMETERS:
        slopes = _slopes(context, number, f"central.{name}", len(context.cases[number][f"some_{name}"]))
        if slopes is None:
            return None
        answer[name] = slopes
    return answer


def _slopes(context: CheckContext, number: int, name: str, count: int) -> Array | None:
    losses = context.answers.get(number, name)
    if losses is None or losses.shape != (count, 2) or not np.isfinite(losses).all():
        return None
    slopes: Array = (losses[:, 0] - losses[:, 1]) / 2e-5
    return slopes


def _at_some(context: CheckContext, number: int, name: str, slopes: Array) -> Problem | None:
    """The gradient at the entries where the own loss's slopes are known."""
    gradient, case = context.value(number, f"grads.{name}"), context.cases[number]
    if isinstance(gradient, Problem):
        return gradient
    if context.answers.class_is_given and (problem := _shaped(context, number, "grads", name)):
        return problem
    some = gradient.ravel()[case[f"some_{name}"]] if gradient.size == case[name].size else gradient
    return compare(some, slopes, EXACT)


def _follows(context: CheckContext, central: Mapping[int, Params | None]) -> bool:
    """Rule (c) is for a loss that is wrong, and that hangs on images, labels, scores and every parameter.

    A loss without these is an easy one, whose derivative shows nothing.
    """
    slopes = [one for one in central.values() if one is not None]
    if not slopes or len(slopes) < len(central) or not _hangs_on_parameters(slopes):
        return False
    hangs = 0 in central and all(_moves_with(context, central[0], other) for other in ("X", "y", "W1"))
    return (
        hangs
        and _hangs_on_scores(context)
        and any(_loss_errs(context, context.cases[n], one) for n, one in central.items() if one)
    )


def _moves_with(context: CheckContext, central: Params | None, other: str) -> bool:
    """Whether the own loss's slopes in W2 are others for other images, other labels, another first layer."""
    if central is None:
        return False
    slopes = _slopes(context, 0, f"central_of_other_{other}", len(central["W2"]))
    return slopes is not None and bool(np.abs(slopes - central["W2"]).max() > 1e-5 * np.abs(central["W2"]).max())


def _hangs_on_scores(context: CheckContext) -> bool:
    """Whether the own loss at reg = 0 stays where the parameters change and the own scores do not.

    A penalty that does not heed reg may change with the weights: in proportion to their squares.
    """
    case, scores, losses = context.cases[0], context.value(0, "rescaled.scores"), context.value(0, "rescaled.losses")
    if isinstance(scores, Problem) or isinstance(losses, Problem) or losses.size != 3 or len(scores) != 3:
        return False
    if not alive(scores[0], case) or not np.isfinite(losses).all():
        return False
    if compare(scores[1:], np.stack([scores[0]] * 2), EXACT) is not None:
        return True  # no network of ReLUs: the scores changed, and nothing can be told
    change = np.diff(losses.ravel())
    if np.abs(change).max() <= EXACT * np.abs(losses).max():
        return True
    squares = [np.sum((case["W1"] * by) ** 2) + np.sum((case["W2"] / by[:, None]) ** 2) for by in case["rescale"]]
    grown = np.diff([np.sum(case["W1"] ** 2) + np.sum(case["W2"] ** 2), *squares])
    return bool(abs(change[0] * grown[1] - change[1] * grown[0]) <= EXACT * abs(change[0] * grown[1]))


def _loss_errs(context: CheckContext, case: Case, central: Params) -> bool:
    """Whether the own loss has another slope than the right one."""
    right = reference_gradients(context, case, float(case["reg"]))
    return any(compare(central[n], right[n].ravel()[case[f"some_{n}"]], 1e-4) is not None for n in PARAMETERS)


def _hangs_on_parameters(slopes: Sequence[Params]) -> bool:
    """Whether the own loss really hangs on every parameter, without ties. Some hidden units may be off everywhere."""
    for name in PARAMETERS:
        moving: list[float] = []
        for of_case in slopes:
            scale = np.abs(of_case[name]).max()
            if scale >= 1e-6:
                shares = of_case[name] / scale
                moving += shares[np.abs(shares) > 1e-6].tolist()
        if len(moving) < SOME * len(slopes) / 8 or np.unique(np.round(moving, 6)).size < 0.5 * len(moving):
            return False
    return True
