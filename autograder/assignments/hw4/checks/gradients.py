"""T7: the backward pass."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.author import Array, Case, CheckContext, PartResult, Problem, compare, either, first

from .inputs import EXACT, PARAMETERS, SIZES, Params, Rng, params_in, random_problem, reference_gradients

SOME = 10  # entries of each parameter


def T7_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for turn, (sizes, reg) in enumerate(zip(SIZES, (0.05, 0.7, 0.3), strict=True)):
        case = {**random_problem(rng, *sizes), "reg": np.array(reg)}
        params = params_in(case)
        case["scores"], case["hidden"] = reference["forward"](params, case["X"])
        loss, case["probabilities"] = reference["softmax_loss"](case["scores"], case["y"], params, reg)
        case["loss"] = np.array(loss)
        if turn < 2:  # at some entries of each parameter, the derivative of the own loss is asked too
            for name in PARAMETERS:
                size = case[name].size
                case[f"some_{name}"] = np.sort(rng.permutation(size)[:SOME])
            case["other_X"] = rng.normal(0, 1, case["X"].shape)
        cases.append(case)
    return cases


def T7(context: CheckContext) -> list[PartResult]:
    """Each of the four gradients is the derivative of the loss."""
    ways: dict[str, list[list[Problem | None]]] = {name: [[], [], []] for name in PARAMETERS}
    own_central = [_central(context, number, case) for number, case in enumerate(context.cases[:2])] + [None]
    # rule (c) is for a loss that is wrong, and that hangs on the images and on every parameter
    hangs = all(_moves_with_X(context, number, central) for number, central in enumerate(own_central[:2]))
    errs = (
        hangs
        and _hang_on_inputs(own_central[:2])
        and any(_loss_errs(context, case, c) for case, c in zip(context.cases, own_central, strict=False) if c)
    )
    for number, case in enumerate(context.cases):
        expected = reference_gradients(context, case, float(case["reg"]))
        for name in PARAMETERS:
            of_loss, of_class, of_own = ways[name]
            of_class.append(context.compare(number, f"grads.{name}", expected[name], EXACT))
            if context.answers.class_is_given:
                of_own.append(context.compare(number, f"own.{name}", expected[name], EXACT))
            central, gradient = own_central[number], context.value(number, f"grads.{name}")
            if errs and central is not None and not isinstance(gradient, Problem):
                right_size = gradient.size == case[name].size
                some = gradient.ravel()[case[f"some_{name}"]] if right_size else gradient
                of_loss.append(compare(some, central[name], EXACT))
    return [PartResult(name, 0.25, either(*(first(way) for way in ways[name] if way))) for name in PARAMETERS]


def _central(context: CheckContext, number: int, case: Case) -> Params | None:
    """Central difference of the student's own loss at some entries, by parameter."""
    answer = {}
    for name in PARAMETERS:
        losses = context.answers.get(number, f"central.{name}")
        if losses is None or losses.shape != (len(case[f"some_{name}"]), 2) or not np.isfinite(losses).all():
            return None
        answer[name] = (losses[:, 0] - losses[:, 1]) / 2e-5
    return answer


def _moves_with_X(context: CheckContext, number: int, central: Params | None) -> bool:
    """Whether the own loss has other slopes for other images."""
    other = context.answers.get(number, "central_of_other_X")
    if central is None or other is None or other.shape != (len(central["W2"]), 2):
        return False
    slopes = (other[:, 0] - other[:, 1]) / 2e-5
    return bool(np.abs(slopes - central["W2"]).max() > 1e-3 * np.abs(central["W2"]).max())


def _loss_errs(context: CheckContext, case: Case, central: Params) -> bool:
    """Whether the own loss has another slope than the right one."""
    right = reference_gradients(context, case, float(case["reg"]))
    return any(compare(central[n], right[n].ravel()[case[f"some_{n}"]], 1e-4) is not None for n in PARAMETERS)


def _hang_on_inputs(centrals: list[Params | None]) -> bool:
    """Rule (c) holds only where the own loss really hangs on X and on every parameter, without ties."""
    for central in centrals:
        if central is None:
            return False
        for slopes in central.values():
            scale = np.abs(slopes).max()
            if scale < 1e-6:
                return False
            moving = slopes[np.abs(slopes) > 1e-6 * scale]
            if np.unique(np.round(moving / scale, 6)).size < slopes.size / 2:
                return False
    return len(centrals) == 2
