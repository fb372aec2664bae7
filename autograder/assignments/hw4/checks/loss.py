"""T6: the softmax loss, its regularization, and its stability."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, Case, CheckContext, PartResult, Problem, compare, either, first

from .inputs import (
    EXACT,
    SIZES,
    Rng,
    alive,
    hang,
    likely,
    one_label_problem,
    others,
    params_in,
    random_params,
    random_problem,
    reference_gradients,
    reference_loss,
    some_units_on,
)

REGS = np.array([0.0, 0.3, 1.7])
LEVELS, SPREAD = 2, 738.0  # cases with rows at very different levels; between the scores of one row
MANY = 30  # classes of the spread row: so many that the row's mean lies more than 709 below its largest score
LOOSE = 1e-3  # where scores are large: float32 has steps of 1e-4 at 1700


def T6_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    usual: list[Case] = []
    for N, D, H, C in SIZES:
        case = random_problem(rng, N, D, H, C)
        usual.append({**case, "regs": REGS, "own_scores": _calm_scores(rng, case["y"], C)})
    case = one_label_problem(rng)
    usual.append({**case, "regs": REGS, "own_scores": _calm_scores(rng, case["y"], case["W2"].shape[1])})
    N = SIZES[0][0]
    levels = [np.full(N, 1000.0), *(rng.permutation(np.linspace(100.0, 1700.0, N)) for _ in range(LEVELS))]
    problem = _speaking(rng, reference)
    large = [_at_levels(rng, problem, some, sign) for some, sign in zip(levels, (1.0, 1.0, -1.0), strict=True)]
    large[0] = {**large[0], **_others(rng, large[0])}
    spread = _spread(rng)
    return [{**usual[0], **others(rng, usual[0])}, *usual[1:], *large, spread]


def _speaking(rng: Rng, reference: Mapping[str, Any]) -> dict[str, Any]:
    """A problem with the labels that its scores speak for: a loss that levels change is then far from what it was."""
    while True:
        problem = random_problem(rng, *SIZES[0])
        problem["y"] = reference["forward"](params_in(problem), problem["X"])[0].argmax(axis=1)
        if problem["y"].max() == SIZES[0][3] - 1 > problem["y"].min():  # the last class among them, and another
            return problem


def _calm_scores(rng: Rng, y: NDArray[np.int64], C: int) -> Array:
    """Scores that have these labels for likely ones."""
    while True:
        scores = rng.normal(0, 1, (len(y), C))
        if likely(scores)[np.arange(len(y)), y].all():
            return scores


def _at_levels(rng: Rng, problem: Case, levels: Array, sign: float) -> Case:
    """Rows whose scores all stand at a level of the row's own, above zero or below. `calm`: the same rows without it.

    The levels come in by an input and a hidden unit that add the same number to every score of a row. Between
    the rows of one batch they are more than 709 apart: beyond that, exp of a difference is 0 or overflows.
    """
    N, D, _, C = SIZES[0]
    case = _with_unit(problem, levels, np.full(C, sign))
    calm_X = case["X"] * np.append(np.ones(D), 0.0)
    calm = rng.normal(0, 1, (N, C)) + 2 * np.eye(C)[case["y"]]
    return {
        **case,
        "regs": REGS[:1],
        "calm_X": calm_X,
        "calm_scores": calm,
        "own_scores": calm + sign * levels[:, None],
    }


def _others(rng: Rng, case: Case) -> Case:
    """Other images, scores and labels, for which a loss is another one."""
    N, D, _, C = SIZES[0]
    return {
        "other_X": case["calm_X"] + np.append(rng.normal(0, 1, (N, D)), np.zeros((N, 1)), axis=1),
        "other_scores": rng.normal(0, 1, (N, C)),
        "other_y": np.full(N, (case["y"][0] + 1) % C),  # other labels, whatever their order
    }


def _spread(rng: Rng) -> Case:
    """A batch with one row whose scores are further apart than 709, its label the largest.

    738 is below 745, so no probability becomes 0: a logarithm of all of them stays finite.
    """
    N, D, H, C = 5, 6, 7, MANY
    y = rng.integers(0, C, N)
    while True:
        params, X = random_params(rng, D, H, C), rng.normal(0, 1, (N, D))
        if some_units_on(params, X @ params["W1"] + params["b1"] > 0):
            break
    alike = {"W2": 0.1 * params["W2"], "b2": 0.1 * params["b2"]}
    case = {**params, **alike, "X": X, "y": y}
    row = int(rng.integers(N))
    y[row] = rng.integers(1, C - 1)  # neither the first class nor the last: one may subtract the score of either
    y[(row + 1) % N] = C - 1  # so many classes are not all among the labels, but the last one is
    down = np.full(C, -1.0)
    down[y[row]] = 0.0
    spread = np.zeros(N)
    spread[row] = SPREAD
    own = rng.normal(0, 0.1, (N, C)) + spread[:, None] * down
    return {**_with_unit(case, spread, down), "regs": REGS[:1], "own_scores": own}


def _with_unit(case: Mapping[str, Any], values: Array, weights: Array) -> dict[str, Any]:
    """The case with one more input, whose `values` a hidden unit of its own adds to the scores by `weights`."""
    D, H = case["W1"].shape
    W1 = np.zeros((D + 1, H + 1))
    W1[:D, :H], W1[D, H] = case["W1"], 1.0
    return {
        **case,
        "X": np.column_stack([case["X"], values]),
        "W1": W1,
        "b1": np.append(case["b1"], 0.0),
        "W2": np.vstack([case["W2"], weights]),
    }


def T6(context: CheckContext) -> list[PartResult]:
    """The loss is right without regularization, its slope in reg is right, and it never overflows."""
    usual = [number for number, case in enumerate(context.cases) if len(case["regs"]) > 1]
    large = range(len(usual), len(context.cases))
    return [
        PartResult("data", 0.5, first(_data_loss(context, number) for number in usual)),
        PartResult("regularization", 0.25, first(_slope(context, number) for number in usual)),
        PartResult("stability", 0.25, _moves(context, large[0]) or first(_stable(context, number) for number in large)),
    ]


def _losses(context: CheckContext, number: int, name: str) -> Array | Problem:
    """The losses of a case at its values of reg; where loss raises only behind them, those that it had found."""
    case = context.cases[number]
    losses = context.value(number, name)
    if isinstance(losses, Problem):
        return _before_crash(context, number, losses) if name == "losses" else losses
    if losses.size != len(case["regs"]):
        return Problem("shape", {"got": str(losses.shape), "wanted": "()", "sizes": ""})
    return losses


def _before_crash(context: CheckContext, number: int, problem: Problem) -> Array | Problem:
    """Losses among the numbers that stood in the frames of a loss that raised: the crash is then another task's."""
    case = context.cases[number]
    data = crashed_behind_loss(context, number)
    if data is None:
        return problem
    half = _squares(case)
    losses = [data]
    for turn, reg in enumerate(case["regs"][1:], start=1):
        seen = context.answers.get(number, f"crash.{turn}")
        if seen is None or not seen.size:
            return problem
        losses.append(float(seen.ravel()[np.abs(seen.ravel() - (data + reg * half)).argmin()]))
    return np.array(losses)


def crashed_behind_loss(context: CheckContext, number: int) -> float | None:
    """The data loss, right or right for the student's own scores, where it stood in a frame of a loss that raised."""
    seen = context.answers.get(number, "crash.0")
    if seen is None:
        return None
    for wanted in data_losses(context, number):
        near = seen.ravel()[np.abs(seen.ravel() - wanted) <= EXACT * abs(wanted)]
        if near.size:
            return float(near[0])
    return None


def data_losses(context: CheckContext, number: int) -> list[float]:
    """The right loss at reg = 0; and the one that follows from the student's own scores, where they are alive."""
    return context.once(("data_losses", number), lambda: _data_losses(context, number))


def _data_losses(context: CheckContext, number: int) -> list[float]:
    case, params = context.cases[number], params_in(context.cases[number])
    scores, _ = context.reference["forward"](params, case["X"])
    found = [reference_loss(context, params, scores, case["y"], 0.0)]
    own_scores = context.value(number, "scores")
    if isinstance(own_scores, Problem) or compare(own_scores, scores, EXACT) is None:
        return found
    own_of_first = context.value(0, "scores")
    if "other_b2" in context.cases[0] and (isinstance(own_of_first, Problem) or not hang(context, 0, own_of_first)):
        return found
    # at large scores, those of a forward pass of another kind may all be the same
    if alive(own_scores, case) or ("calm_X" in case and _alive_at_usual_scores(context, case, own_scores)):
        found.append(reference_loss(context, params, own_scores.reshape(len(case["y"]), -1), case["y"], 0.0))
    return found


def _alive_at_usual_scores(context: CheckContext, case: Case, own_scores: Array) -> bool:
    right_size = own_scores.size == len(case["y"]) * case["W2"].shape[1]
    return right_size and bool(np.isfinite(own_scores).all()) and alive(context.value(0, "scores"), context.cases[0])


def _squares(case: Case) -> float:
    return 0.5 * float(np.sum(case["W1"] ** 2) + np.sum(case["W2"] ** 2))


def _data_loss(context: CheckContext, number: int, tolerance: float = EXACT) -> Problem | None:
    """The loss at reg = 0: of the class, of the own function, or of the own scores."""
    return context.once(("data_loss", number, tolerance), lambda: _data_loss_of(context, number, tolerance))


def _data_loss_of(context: CheckContext, number: int, tolerance: float) -> Problem | None:
    case, params = context.cases[number], params_in(context.cases[number])
    of_class = _losses(context, number, "losses")
    ways = [_near(of_class, wanted, tolerance) for wanted in data_losses(context, number)]
    if context.answers.class_is_given:
        of_own = _losses(context, number, "own")
        expected, probabilities = context.reference["softmax_loss"](case["own_scores"], case["y"], params, 0.0)
        right = context.compare(number, "own_probabilities", probabilities, tolerance)
        if right is not None:  # probabilities of another kind are no mistake where the gradients come out right
            gradients = reference_gradients(context, case, 0.0).items()
            right = either(
                first(context.compare(number, f"grads.{name}", value, tolerance) for name, value in gradients), right
            )
        ways = [first([either(*ways), right]), first([_near(of_own, float(expected), tolerance), right])]
    return either(*ways)


def _near(losses: Array | Problem, expected: float, tolerance: float) -> Problem | None:
    if isinstance(losses, Problem):
        return losses
    return compare(losses.ravel()[:1], np.array([expected]), tolerance)


def _slope(context: CheckContext, number: int) -> Problem | None:
    """(loss(reg) - loss(0)) / reg is half the sum of the squared weights, at two values of reg."""
    case = context.cases[number]
    ways: list[Problem | None] = []
    for name in ("losses", "own") if context.answers.class_is_given else ("losses",):
        losses = _losses(context, number, name)
        if isinstance(losses, Problem):
            ways.append(losses)
            continue
        slopes = (losses.ravel()[1:] - losses.ravel()[0]) / case["regs"][1:]
        ways.append(compare(slopes, np.full(slopes.shape, _squares(case)), EXACT))
    return either(*ways)


def _asked_of(context: CheckContext) -> str:
    return "own" if context.answers.class_is_given else "losses"


def _moves(context: CheckContext, number: int) -> Problem | None:
    """A loss that does not hang on the scores and on the labels overflows never, and is worth nothing."""
    if not _errs(context):
        return None  # it does, then
    name = _asked_of(context)
    calm = context.value(number, f"{name}_calm")
    for other in (f"{name}_of_other_X", f"{name}_of_other_y"):
        found = context.value(number, other)
        if isinstance(calm, Problem) or isinstance(found, Problem):
            return calm if isinstance(calm, Problem) else found if isinstance(found, Problem) else None
        if not calm.size == found.size == 1:
            return Problem("shape", {"got": str(calm.shape), "wanted": "()", "sizes": ""})
        if not (np.isfinite(calm).all() and np.isfinite(found).all()):
            return Problem("nonfinite", {"what": "nan", "count": "1", "of": "1"})
        if np.allclose(calm.ravel(), found.ravel(), rtol=EXACT, atol=0):
            return Problem("constant")
    return None


def _stable(context: CheckContext, number: int) -> Problem | None:
    """Large scores: the loss is finite and right, or finite and right for a loss of another kind."""
    right = _data_loss(context, number, LOOSE)
    if right is None or right.unchecked:
        return right
    name = _asked_of(context)
    value = context.value(number, name)
    if isinstance(value, Problem) or not np.isfinite(value).all():
        return right
    # another mistake, charged elsewhere: the same scores at a moderate level must tell the same
    calm = context.value(number, f"{name}_calm")
    if "calm_X" in context.cases[number]:
        return calm if isinstance(calm, Problem) else compare(value, calm, LOOSE)
    return None if _errs(context) else right


def _errs(context: CheckContext) -> bool:
    """Whether the loss is of another kind at usual scores too."""
    return context.once("errs", lambda: any(_data_loss(context, usual) for usual in range(len(SIZES))))
