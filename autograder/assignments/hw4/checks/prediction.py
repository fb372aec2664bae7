"""T11: predict."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either, first

from .inputs import Params, Rng, alive, hang, lead, others, random_params

GAP = 1e-4  # to the ReLU's kink, and between the two largest scores
FAR = 3000.0  # below zero: where every hidden unit of a row is off
LEAKS = 0.01, 0.001  # of a leaky ReLU
SCALES = 0.9, 0.8  # of hidden values: what dropout left behind, say
DECIMALS = 1, 2, 3  # of rounded scores
NARROW, HALVINGS = 3e-4, 6  # a lead that such rounding loses, and how it is found
POOL = 8  # rows to choose each from


def T11_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases = [_case(rng, reference, *sizes) for sizes in ((20, 5, 7, 4), (40, 6, 12, 10))]
    return [{**case, **others(rng, case)} for case in cases]


def _case(rng: Rng, reference: Mapping[str, Any], N: int, D: int, H: int, C: int) -> Case:
    """Labels that hang on all of predict: made so that no draw lets a mistake through.

    Each class is the largest somewhere; in half of the rows all scores are below zero; in some rows all hidden
    units are off, so that b2 alone decides, and what a leaky ReLU lets through decides otherwise.
    """
    while True:
        params = random_params(rng, D, H, C)
        params["W2"][:C] += 2 * np.eye(C)  # a hidden unit that speaks for each class
        best = int(params["b2"].argmax())
        leaked = [(params["b2"] - leak * FAR * params["W2"].sum(axis=0)).argmax() for leak in LEAKS]
        if best == 0 or best in leaked:
            continue
        pool = rng.normal(0, 1, (POOL * N, D))
        pool[::2] *= 2  # scores far above zero too
        if len(set(reference["forward"](params, pool)[0].argmax(axis=1).tolist())) < C:
            continue
        pool = np.concatenate([pool, _at_borders(reference["forward"], params, pool[: 2 * N])])
        scores, hidden = reference["forward"](params, pool)
        clear = (lead(scores) > GAP) & (np.abs(pool @ params["W1"] + params["b1"]).min(axis=1) > GAP)
        labels = np.where(clear, scores.argmax(axis=1), -1)
        firsts = [(labels == label).nonzero()[0][: N // C] for label in range(C)]
        # rows that are near enough to a border for hidden values that are a tenth too small
        near = [(clear & (_scaled(params, hidden, by).argmax(axis=1) != labels)).nonzero()[0][:2] for by in SCALES]
        # and near enough to one for scores that are rounded
        near += [(clear & (scores.round(d).argmax(axis=1) != labels)).nonzero()[0][:2] for d in DECIMALS]
        off = rng.choice(clear.nonzero()[0], N // 5, replace=False)
        rows = np.concatenate([*firsts, *near, off])
        off = np.append(np.zeros(len(rows) - len(off)), np.full(len(off), FAR))
        params["W1"] = np.vstack([params["W1"], -np.ones(H)])
        X = np.column_stack([pool[rows], off])
        every = [*firsts, *near]
        # whole numbers: rounding stays what it is
        middle = np.sort(scores[rows].max(axis=1))[len(rows) // 2]
        params["b2"] = params["b2"] - max(np.floor(middle), np.ceil(params["b2"].max()))
        scores, hidden = reference["forward"](params, X)
        below = (scores.max(axis=1) < 0) & (scores.argmax(axis=1) > 0)
        farthest = np.abs(scores).argmax(axis=1)
        apart = ((farthest != scores.argmin(axis=1)).sum(), (farthest != scores.argmax(axis=1)).sum())
        if below.sum() > 2 and min(apart) > 2 and all(len(some) for some in every):
            order = rng.permutation(len(X))
            return {**params, "X": X[order], "scores": scores[order], "hidden": hidden[order]}


def _at_borders(forward: Callable[..., tuple[Array, Array]], params: Params, pool: Array) -> Array:
    """Rows between two of the pool where the later of two classes is NARROW ahead.

    The way between is halved until the scores are linear in what is left, in most ways; then they tell where.
    """
    half = len(pool) // 2
    ends = pool[:half], pool[half : 2 * half]
    classes = [forward(params, end)[0].argmax(axis=1) for end in ends]
    later = (classes[0] > classes[1])[:, None]
    behind, ahead = np.where(later, ends[1], ends[0]), np.where(later, ends[0], ends[1])
    rows, last, first = np.arange(half), np.maximum(*classes), np.minimum(*classes)

    def lead_of_last(X: Array) -> Array:
        scores = forward(params, X)[0]
        found: Array = (scores[rows, last] - scores[rows, first])[:, None]
        return found

    for _ in range(HALVINGS):
        middle = (behind + ahead) / 2
        enough = lead_of_last(middle) > NARROW
        behind, ahead = np.where(enough, behind, middle), np.where(enough, middle, ahead)
    least, most = lead_of_last(behind), lead_of_last(ahead)
    at_border: Array = behind + (NARROW - least) / np.maximum(most - least, NARROW) * (ahead - behind)
    return at_border


def _scaled(params: Mapping[str, Array], hidden: Array, by: float) -> Array:
    scores: Array = by * hidden @ params["W2"] + params["b2"]
    return scores


def T11(context: CheckContext) -> list[PartResult]:
    """predict gives the class of the largest score, one label a row."""
    ways: list[list[Problem | None]] = [[], [], []]
    for number, case in enumerate(context.cases):
        right, everywhere = case["scores"].argmax(axis=1), np.full(len(case["X"]), True)
        ways[0].append(_same_labels(context, number, "labels", right, everywhere))
        if context.answers.class_is_given:
            ways[1].append(_same_labels(context, number, "own", right, everywhere))
        own_scores = context.value(number, "scores")
        if not isinstance(own_scores, Problem) and alive(own_scores, case) and hang(context, number, own_scores):
            own = own_scores.reshape(len(right), -1)
            clear = lead(own) > 1e-9 * np.ptp(own)  # a tie may be broken either way
            if clear.mean() >= 0.5 and len(set(own[clear].argmax(axis=1).tolist())) > 1:
                ways[2].append(_same_labels(context, number, "labels", own.argmax(axis=1), clear))
    if len(ways[2]) < len(context.cases):
        ways[2] = []
    return [PartResult("labels", 1.0, either(*(first(way) for way in (ways[2], ways[0], ways[1]) if way)))]


def _same_labels(
    context: CheckContext, number: int, name: str, right: Array, rows: NDArray[np.bool_]
) -> Problem | None:
    """Labels are compared as whole numbers, on the rows that count."""
    found = context.value(number, name)
    if isinstance(found, Problem) or found.shape != right.shape:
        wanted = {"wanted": str(right.shape), "sizes": context.sizes(context.cases[number])}
        return found if isinstance(found, Problem) else Problem("shape", {"got": str(found.shape), **wanted})
    labels = found
    if not np.array_equal(labels, np.round(labels)):
        return Problem("not_labels")
    wrong = int((labels != right)[rows].sum())
    return Problem("labels", {"wrong": str(wrong), "of": str(int(rows.sum()))}) if wrong else None
