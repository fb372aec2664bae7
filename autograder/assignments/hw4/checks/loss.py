"""T6: the softmax loss, its regularization, and its stability."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, compare, either, first

from .inputs import EXACT, SIZES, Rng, alive, params_in, random_problem, reference_gradients, reference_loss

REGS = np.array([0.0, 0.3, 1.7])
LARGE = 4  # cases with large scores


def T6_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for N, D, H, C in SIZES:
        own = rng.normal(0, 2, (N, C))
        cases.append({**random_problem(rng, N, D, H, C), "regs": REGS, "own_scores": own})
    # cases with large scores: all of them + 1000, and rows at very different levels, so often that no
    # mistake comes right by chance. The levels come in by an input and a hidden unit that add the same
    # number to every score of a row.
    N, D, H, C = SIZES[0]
    mixed = [rng.permutation(np.linspace(300.0, 850.0, N)) for _ in range(LARGE - 1)]
    for levels in (np.full(N, 1000.0), *mixed):
        case = random_problem(rng, N, D, H, C)
        case["X"] = np.column_stack([case["X"], levels])
        case["W1"] = np.block([[case["W1"], np.zeros((D, 1))], [np.zeros((1, H)), np.ones((1, 1))]])
        case["b1"] = np.append(case["b1"], 0.0)
        case["W2"] = np.vstack([case["W2"], np.ones(C)])
        calm = case["X"] * np.append(np.ones(D), 0.0), rng.normal(0, 2, (N, C))
        case |= {"calm_X": calm[0], "calm_scores": calm[1], "own_scores": calm[1] + levels[:, None]}
        cases.append({**case, "regs": REGS[:1]})
    return cases


def T6(context: CheckContext) -> list[PartResult]:
    """The loss is right without regularization, its slope in reg is right, and it never overflows."""
    usual, large = context.cases[:-LARGE], context.cases[-LARGE:]
    data = [_data_loss(context, number, case) for number, case in enumerate(usual)]
    slopes = [_slope(context, number, case) for number, case in enumerate(usual)]
    stable = [_stable(context, number, case) for number, case in enumerate(large, start=len(usual))]
    return [
        PartResult("data", 0.5, first(data)),
        PartResult("regularization", 0.25, first(slopes)),
        PartResult("stability", 0.25, first(stable)),
    ]


def _losses(context: CheckContext, number: int, name: str, count: int) -> Array | Problem:
    losses = context.value(number, name)
    if not isinstance(losses, Problem) and losses.size != count:
        return Problem("shape", {"got": str(losses.shape), "wanted": "()", "sizes": ""})
    return losses


def _data_loss(context: CheckContext, number: int, case: Case, tolerance: float = EXACT) -> Problem | None:
    """The loss at reg = 0: of the class, of the own function, or of the own scores."""
    count, params, y = len(case["regs"]), params_in(case), case["y"]
    scores, _ = context.reference["forward"](params, case["X"])
    ways = []
    of_class = _losses(context, number, "losses", count)
    ways.append(_near(of_class, reference_loss(context, params, scores, y, 0.0), tolerance))
    own_scores = context.value(number, "scores")
    if not isinstance(own_scores, Problem) and alive(own_scores, case):
        follows = reference_loss(context, params, own_scores.reshape(len(y), -1), y, 0.0)
        ways.append(_near(of_class, follows, tolerance))
    if context.answers.class_is_given:
        of_own = _losses(context, number, "own", count)
        expected, probabilities = context.reference["softmax_loss"](case["own_scores"], y, params, 0.0)
        right = either(
            first(
                context.compare(number, f"grads.{name}", value, tolerance)
                for name, value in reference_gradients(context, case, 0.0).items()
            ),
            context.compare(number, "own_probabilities", probabilities, tolerance),
        )
        # probabilities of another kind are no mistake where the gradients come out right
        ways = [first([either(*ways), right]), first([_near(of_own, float(expected), tolerance), right])]
    return either(*ways)


def _near(losses: Array | Problem, expected: float, tolerance: float) -> Problem | None:
    if isinstance(losses, Problem):
        return losses
    return compare(losses.ravel()[:1], np.array([expected]), tolerance)


def _slope(context: CheckContext, number: int, case: Case) -> Problem | None:
    """(loss(reg) - loss(0)) / reg is half the sum of the squared weights, at two values of reg."""
    expected = 0.5 * (np.sum(case["W1"] ** 2) + np.sum(case["W2"] ** 2))
    ways: list[Problem | None] = []
    for name in ("losses", "own") if context.answers.class_is_given else ("losses",):
        losses = _losses(context, number, name, len(case["regs"]))
        if isinstance(losses, Problem):
            ways.append(losses)
            continue
        slopes = (losses.ravel()[1:] - losses.ravel()[0]) / case["regs"][1:]
        ways.append(compare(slopes, np.full(slopes.shape, expected), EXACT))
    return either(*ways)


def _stable(context: CheckContext, number: int, case: Case) -> Problem | None:
    """Large scores: the loss is finite and right, or finite and right for a loss of another kind."""
    loose = 1e-3  # float32 has steps of 6e-5 at 1000
    right = _data_loss(context, number, case, loose)
    if right is None or right.unchecked:
        return right
    name = "own" if context.answers.class_is_given else "losses"
    value, usual = context.value(number, name), context.value(0, name)
    if isinstance(value, Problem) or isinstance(usual, Problem):
        return right
    if not np.isfinite(value).all() or not usual.size or np.ptp(usual) == 0:  # a constant is stable and worth nothing
        return right
    # another mistake, charged elsewhere: the same scores at a moderate level must tell the same
    calm = context.value(number, f"{name}_calm")
    others = [context.answers.get(n, f"{name}_calm") for n in range(len(context.cases) - LARGE, len(context.cases))]
    seen = {float(other.ravel()[0]) for other in others if other is not None and other.size}
    if isinstance(calm, Problem) or len(seen) < LARGE:  # a loss that does not hang on the scores
        return right
    return compare(value, calm, loose)
