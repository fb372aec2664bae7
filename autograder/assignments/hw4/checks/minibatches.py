"""T8: random minibatches. And the training that T8 to T10 watch.

It is long, so that what is asked of such a training and how its steps are read stand in one place.
"""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, Case, CheckContext, PartResult, Problem, either

from .inputs import EXACT, PARAMETERS, Rng, params_in, random_params

ROWS, BATCH = 60, 10  # where an epoch is a whole number of batches
EPOCH = ROWS // BATCH
REMAINDER = 4  # rows more, where it is not
SEEN_ROWS = 50  # of the validation set in a training that is watched
TURNS = 50  # gradients that are told from each other
LARGE = 12.0  # times the usual: gradients that a limit of 10 cuts
NEAR = 1e-5  # float32 code rounds the rows


def training(
    rng: Rng,
    rows: int,
    iterations: int,
    decay: float,
    turns: int = TURNS,
    sizes: tuple[int, int, int] = (7, 9, 6),  # D, H, C: no fewer entries of W1, and of W2, than turns
    large: Sequence[int] = (),
) -> dict[str, Any]:
    """A training to watch. Every look at the loss gets a gradient of its own.

    Those of W1 are orthogonal to each other, and those of W2: so each step tells which of the gradients it was
    made of, and how long it went along each, whatever else is wrong with it. `large`: turns with long gradients,
    which show what limits them.
    """
    D, H, C = sizes
    every = rng.normal(0, 1, (rows + SEEN_ROWS, D))
    while np.diff(np.sort(every[:, 0])).min() < 1e-4:  # rows are known again by their first column
        every = rng.normal(0, 1, (rows + SEEN_ROWS, D))
    case = {**random_params(rng, D, H, C), "X": every[:rows], "y": rng.integers(0, C, rows)}
    case |= {"X_val": every[rows:], "y_val": rng.integers(0, C, SEEN_ROWS)}
    for name in PARAMETERS:
        numbers = rng.normal(0, 1, (turns, case[name].size))
        if case[name].ndim == 2:
            numbers = np.linalg.qr(numbers.T)[0].T * np.sqrt(case[name].size)
        numbers[list(large)] *= LARGE
        case[f"grad_{name}"] = numbers.reshape(turns, *case[name].shape)
    case |= {"num_iters": np.array(iterations), "batch_size": np.array(BATCH)}
    return case | {"decay": np.array(decay), "learning_rate": np.array(rng.uniform(0.05, 0.3))}


@dataclass(frozen=True)
class Looks:
    """The calls of loss with labels, in a training or a row of draws: how many rows each had, and which.

    rows: their numbers in X, behind them those in X_val; -1 for a row that is in neither.
    minibatches: numbers of the looks at fresh rows: not at the whole set, at validation rows, or at the same again.
    """

    sizes: NDArray[np.int64]
    rows: Sequence[Sequence[int]]
    minibatches: NDArray[np.int64]


def looks_of(context: CheckContext, number: int, way: str) -> Looks | Problem:
    """The looks that came back under `way`; worked out once."""
    return context.once(("looks", number, way), lambda: _looks_of(context, number, way))


def _looks_of(context: CheckContext, number: int, way: str) -> Looks | Problem:
    case, sizes, rows = context.cases[number], *(context.value(number, f"{way}.{n}") for n in ("sizes", "rows"))
    if isinstance(sizes, Problem):
        return sizes
    if isinstance(rows, Problem):
        return rows
    X, columns = case["X"], case["X"].shape[1]
    counts = _counts(sizes, 10 * int(case["num_iters"]) + 30, rows.size // columns)
    if not sizes.size:
        return Problem("no_batches")
    if counts is None or rows.size != counts.sum() * columns:
        return Problem("unknown_rows")
    numbers = _numbers_of(np.concatenate([X, case["X_val"]]), rows.reshape(-1, columns))
    each = _cut(numbers, counts)
    apart = [n for n, some in enumerate(each) if len(some) != len(X) and not (some and min(some) >= len(X))]
    pairs = zip([None, *apart], apart, strict=False)
    fresh = [
        look for before, look in pairs if before is None or each[look] != each[before] or min(each[look], default=0) < 0
    ]
    return Looks(counts, each, np.array(fresh, dtype=np.int64))


def _cut(numbers: NDArray[Any], counts: NDArray[np.int64]) -> list[list[Any]]:
    """Numbers that stand after each other as lists, each as long as its count."""
    every = numbers.tolist()
    return [every[end - count : end] for count, end in zip(counts.tolist(), counts.cumsum().tolist(), strict=True)]


def _counts(sizes: Array, most: int, rows: int) -> NDArray[np.int64] | None:
    """How many of the rows each of at most `most` looks had; None where these are no such numbers.

    One by one they are held against the rows that are there: their sum may be right by going up and down, or around.
    """
    if not 0 < sizes.size <= most or not ((sizes >= 0) & (sizes <= rows)).all():
        return None
    return sizes.astype(np.int64).ravel()


def _numbers_of(known: Array, rows: Array) -> NDArray[np.int64]:
    """Which of the known rows each row is, or -1: the nearest in the first column, if all columns are the same."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(known[:, 0])
    first_column = known[order, 0]
    near = order[np.searchsorted((first_column[1:] + first_column[:-1]) / 2, rows[:, 0])]
    same = np.abs(rows - known[near]).max(axis=1) < NEAR
    return np.where(same, near, -1)


@dataclass(frozen=True)
class Steps:
    """The steps of a training, an entry a step. Looks that no step was made of, at other rows say, are none.

    looks: number of the look whose gradient a step went along; chief: of the one it went along farthest; ends: of
    the last look before it; iterations: how many minibatches had been drawn before that one; rates: how far it went;
    off: largest entry of what is left of a step after that, relative to the largest parameter then.
    """

    looks: NDArray[np.int64]
    chief: NDArray[np.int64]
    ends: NDArray[np.int64]
    iterations: NDArray[np.int64]
    rates: Array
    off: Array


def steps_of(context: CheckContext, number: int = 0, way: str = "train") -> Steps | Problem:
    """The steps of a watched training; worked out once."""
    return context.once(("steps", number, way), lambda: _steps_of(context, number, way))


def _steps_of(context: CheckContext, number: int, way: str) -> Steps | Problem:
    case, params, looks = context.cases[number], context.value(number, f"{way}.params"), looks_of(context, number, way)
    if isinstance(params, Problem):
        return params
    if isinstance(looks, Problem):
        return looks
    turns = len(case["grad_b2"])
    gradients = {name: case[f"grad_{name}"].reshape(turns, -1) for name in PARAMETERS}
    flat = np.concatenate([gradients[name] for name in PARAMETERS], axis=1)
    if params.ndim != 2 or params.shape[1] != flat.shape[1] or len(params) != looks.sizes.size + 1:
        return Problem("shape", {"got": str(params.shape), "wanted": f"(steps, {flat.shape[1]})", "sizes": ""})
    if not np.isfinite(params).all():
        return Problem("nonfinite", {"what": "nan", "count": "1", "of": "1"})
    change, scale = np.diff(params, axis=0), np.abs(params).max()
    ends = np.flatnonzero(np.abs(change).max(axis=1) > 1e-9 * scale)
    if not ends.size:
        return Problem("no_steps")
    along = _along(change[ends], gradients)
    # of the gradients that a step is made of, the newest: with momentum, there are older ones too
    newest_first = (ends[:, None] - np.arange(turns)) % turns
    parts = np.abs(np.take_along_axis(along, newest_first, axis=1))
    age = (parts > 0.02 * parts.max(axis=1, keepdims=True)).argmax(axis=1)
    used, chief = np.maximum(ends - age, 0), np.maximum(ends - parts.argmax(axis=1), 0)
    rates = np.take_along_axis(along, used[:, None] % turns, axis=1)[:, 0]
    off = np.abs(change[ends] + rates[:, None] * flat[used % turns]).max(axis=1) / np.abs(params[ends + 1]).max(axis=1)
    if ends.size > 2 and off[-1] > EXACT >= off[:-1].max():  # the best parameters, put back at the end
        ends, used, chief, rates, off = ends[:-1], used[:-1], chief[:-1], rates[:-1], off[:-1]
    drawn = drawn_with(looks, int(looks.sizes[used[0]]))
    one_each = ends.size == case["num_iters"] or not drawn.size  # whatever minibatch each step was made of
    each = max(1, round(drawn.size / int(case["num_iters"])))  # some draw another one, to watch the loss
    iterations = np.arange(ends.size) if one_each else (np.searchsorted(drawn, ends, side="right") - 1) // each
    return Steps(used, chief, ends, iterations, rates, off)


def drawn_with(looks: Looks, size: int) -> NDArray[np.int64]:
    """The looks at fresh minibatches of that size; all of them, where none has it."""
    found = looks.minibatches[looks.sizes[looks.minibatches] == size]
    return found if found.size else looks.minibatches


def unseen(context: CheckContext) -> str:
    """Why a training cannot be judged by its steps: its parameters moved, and nobody asked for a loss; else ""."""
    params, case = context.value(0, "train.params"), context.cases[0]
    if context.answers.class_is_given or isinstance(params, Problem) or params.ndim != 2 or len(params) != 1:
        return ""
    start = np.concatenate([value.ravel() for value in params_in(case).values()])
    if params.shape[1] != start.size or not np.isfinite(params).all() or np.allclose(params[0], start):
        return ""
    return "train of the student's own class works out its gradients where they cannot be seen"


def _along(change: Array, gradients: Mapping[str, Array]) -> Array:
    """How far each step went against each gradient: by the first weights that move, W1 or W2; else by all."""
    ends = np.cumsum([gradients[name].shape[1] for name in PARAMETERS])[:-1]
    blocks = dict(zip(PARAMETERS, np.split(change, ends, axis=1), strict=True))
    moving = [name for name in ("W1", "W2") if np.abs(blocks[name]).max() > 1e-9 * np.abs(change).max()]
    part, basis = (np.concatenate([of[n] for n in moving[:1] or PARAMETERS], axis=1) for of in (blocks, gradients))
    found: Array = -part @ basis.T / (basis**2).sum(axis=1)
    return found


def T8_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    # 160 batches of 10 out of 64 rows: some row is never drawn with a probability of at most
    # 64 (63/64)^1600 = 7e-10
    return [training(rng, ROWS + REMAINDER, 160, 1.0, turns=15, sizes=(4, 5, 3))]


@dataclass(frozen=True)
class Draws:
    """What can be said of the batches that were drawn. missing: numbers of the rows that never were."""

    sizes: frozenset[int]
    label_sizes: frozenset[int]
    flat_labels: bool  # one dimension
    rows_known: bool
    paired: bool
    in_other_order: bool  # the labels are those of the rows, but for their order
    labels_alike: bool  # in all batches
    repeated: bool  # most batches come more than once
    one_row: bool
    in_order: bool
    missing: tuple[int, ...]


def _draws(context: CheckContext, way: str) -> Draws | Problem:
    return context.once(("draws", way), lambda: _draws_of(context, way))


def _draws_of(context: CheckContext, way: str) -> Draws | Problem:
    looks = looks_of(context, 0, way)
    if isinstance(looks, Problem):
        return looks
    found = [context.value(0, f"{way}.{name}") for name in ("label_sizes", "label_dimensions", "labels")]
    if problem := next((value for value in found if isinstance(value, Problem)), None):
        return problem
    given_sizes, dimensions, flat = (np.ravel(value) for value in found if not isinstance(value, Problem))
    label_sizes = _counts(given_sizes, looks.sizes.size, flat.size)
    alike = label_sizes is not None and label_sizes.size == looks.sizes.size == dimensions.size
    if label_sizes is None or not alike or flat.size != label_sizes.sum():
        return Problem("unpaired")
    labels = _cut(flat, label_sizes)
    chosen = _of_training(context, looks) if way == "train" else np.arange(looks.sizes.size)
    X, y = context.cases[0]["X"], context.cases[0]["y"]
    batches, given = [looks.rows[look] for look in chosen], [labels[look] for look in chosen]
    drawn = set(itertools.chain.from_iterable(batches))
    known = all(0 <= row < len(X) for row in drawn)
    right = [y[batch].tolist() for batch in batches] if known else []
    paired = known and np.array_equal(looks.sizes, label_sizes) and right == given
    return Draws(
        sizes=frozenset(looks.sizes[chosen].tolist()),
        label_sizes=frozenset(label_sizes[chosen].tolist()),
        flat_labels=bool((dimensions[chosen] == 1).all()),
        rows_known=known,
        paired=paired,
        in_other_order=known and not paired and all(sorted(a) == sorted(b) for a, b in zip(right, given, strict=True)),
        labels_alike=all(one == given[0] for one in given),
        repeated=len({tuple(sorted(batch)) for batch in batches}) < 0.9 * len(batches),
        one_row=any(len(batch) > 1 and len(set(batch)) == 1 for batch in batches),
        in_order=len(batches) > 1 and all(_in_order(batch, len(X)) for batch in batches),
        missing=tuple(sorted(set(range(len(X))) - drawn)),
    )


def _in_order(batch: Sequence[int], rows: int) -> bool:
    return all((later - row) % rows == 1 for row, later in itertools.pairwise(batch))


def _of_training(context: CheckContext, looks: Looks) -> NDArray[np.int64]:
    """Which looks are minibatches: those that steps are made of, one an iteration; else those at fresh rows."""
    steps = steps_of(context)
    if not isinstance(steps, Problem):
        used = np.unique(steps.looks)
        if (looks.sizes[used] != len(context.cases[0]["X"])).all() and used.size == context.cases[0]["num_iters"]:
            return used
    return looks.minibatches if looks.minibatches.size else np.arange(looks.sizes.size)


def T8(context: CheckContext) -> list[PartResult]:
    """Minibatches have the right size, keep rows and labels paired, and are fresh random draws."""
    if fault := unseen(context):
        return [PartResult(part, 0.5, Problem("unjudged"), fault=fault) for part in ("pairs", "random")]
    found = [_draws(context, "train")]
    given = context.answers.class_is_given
    if given and (_pairs(found[0], given) or _random(found[0])):
        found.append(_draws(context, "own"))
    return [
        PartResult("pairs", 0.5, either(*(_pairs(draws, given) for draws in found))),
        PartResult("random", 0.5, either(*(_random(draws) for draws in found))),
    ]


def _pairs(draws: Draws | Problem, class_is_given: bool) -> Problem | None:
    if isinstance(draws, Problem):
        return draws
    # a class of the student's own may go through the set, and end an epoch with the rows that are left
    allowed = {BATCH} if class_is_given else {BATCH, REMAINDER}
    if BATCH not in draws.sizes or draws.sizes - allowed:
        return Problem("batch_size", {"got": ", ".join(map(str, sorted(draws.sizes)[:4]))})
    if draws.label_sizes != draws.sizes:
        got = ", ".join(map(str, sorted(draws.label_sizes)[:4]))
        return Problem("label_count", {"rows": str(BATCH), "got": got})
    if not draws.flat_labels:
        return Problem("label_shape")
    if not draws.rows_known:
        return Problem("unknown_rows")
    return None if draws.paired else Problem("unpaired")


def _random(draws: Draws | Problem) -> Problem | None:
    if isinstance(draws, Problem):
        return draws
    if not draws.rows_known:
        return Problem("unknown_rows")
    if draws.repeated:
        return Problem("same_batch")
    if draws.one_row:
        return Problem("one_row")
    if draws.in_order:
        return Problem("in_order")
    if draws.missing:
        return Problem("never_drawn", {"count": str(len(draws.missing)), "of": str(ROWS + REMAINDER)})
    return None


def T8_signature(context: CheckContext) -> Hashable:
    """Draws hang on chance: two submissions are alike where the same can be said of their batches."""
    draws = _draws(context, "own" if context.answers.class_is_given else "train")
    if isinstance(draws, Problem):
        return draws.kind, draws.facts.get("error", "").partition(":")[0]
    # of few batches, chance tells which rows are missing
    missing, last = () if draws.one_row or draws.repeated else draws.missing, ROWS + REMAINDER - 1
    at_an_end = len(missing) <= REMAINDER and (missing[:1] == (0,) or missing[-1:] == (last,))
    return missing if at_an_end else len(missing) > REMAINDER, replace(draws, missing=())
