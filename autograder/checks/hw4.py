"""Host side of hw4: the hidden checks, each with the generator of its cases.

A task is right when (a) the class gives the reference's values; or (b) the class is the one that
the notebook gave and the task's own function, given right inputs, gives right outputs; or (c) an
earlier task is wrong and the values follow from the student's own. docs/checks.md has the measured
margins. N images, D inputs, H hidden units, C classes.
"""

import itertools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.answers import Array
from autograder.checking import Case, Exam, Finding, Problem, compare, either, first
from autograder.course import load_module

Params = dict[str, Array]
Rng = np.random.Generator

PARAMETERS = ("W1", "b1", "W2", "b2")
GIVEN = ("TwoLayerNet", "")  # class names of a saved model that mean the given class
SIZES = ((6, 5, 7, 3), (8, 6, 5, 4), (7, 9, 11, 10))  # N, D, H, C: all different in a case
EXACT = 1e-5  # of the largest entry: float32 code is off by up to 1e-6, the smallest known bug by 1e-2
# which answers show a mistake: of the task's own function, of a class of the student's own
TELLING = {
    "T5": ("own", "scores"),
    "T6": ("own", "losses"),
    "T7": ("own", "grads"),
    "T9": ("own", "train.params"),
    "T10": ("own", "train.params"),
    "T11": ("own", "labels"),
}
IMAGES = ("val", "test", "mean")  # what the sandbox may see of the data: no labels


def prepare(dataset: str, source: Path) -> dict[str, Array]:
    """What the checks need of the data: images as bytes, labels, and some digits to train on."""
    helpers = load_module(source / "hw4_helpers.py", "hw4_helpers")
    data = helpers.load_mnist(dataset, verbose=False)
    mean = data["mean_image"]
    kept = {"mean": mean}
    for name in ("val", "test"):
        kept[name] = np.rint(data[f"X_{name}"] + mean).astype(np.uint8)
        kept[f"{name}_labels"] = data[f"y_{name}"]
    kept |= _hard(data)
    some = np.random.default_rng(0).permutation(len(data["X_train"]))[:3000]
    kept["digits"] = np.rint(data["X_train"][some] + mean).astype(np.uint8)
    kept["digit_labels"] = data["y_train"][some]
    return kept


def _hard(data: Mapping[str, Array]) -> dict[str, Array]:
    """Which known pictures a simple model gets wrong: ridge regression on random features of the training images."""
    rng = np.random.default_rng(0)
    lines, shifts = rng.normal(0, 1 / 800, (784, FEATURES)).astype(np.float32), rng.normal(0, 1, FEATURES)

    def features(X: Array) -> Array:
        found: Array = np.maximum(X.astype(np.float32) @ lines + shifts.astype(np.float32), 0)
        return found

    seen = features(data["X_train"])
    weights = np.linalg.solve(seen.T @ seen + np.eye(FEATURES), seen.T @ np.eye(10)[data["y_train"]])
    guessed = {name: (features(data[f"X_{name}"]) @ weights).argmax(axis=1) for name in ("val", "test")}
    return {f"{name}_hard": found != data[f"y_{name}"] for name, found in guessed.items()}


def derive(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """What is worked out once a process from the kept arrays: images minus the mean training image.

    A pixel is a whole number and the mean has 24 bits here: an input is off by 1e-5 at most.
    """
    mean = arrays["mean"].astype(np.float32)
    return {f"{part}_centred": arrays[part] - mean for part in ("val", "test")}


# ---- inputs -------------------------------------------------------------------------------------


def _params(rng: Rng, D: int, H: int, C: int) -> Params:
    return {
        "W1": rng.normal(0, 0.7, (D, H)),
        "b1": rng.normal(0, 0.5, H),
        "W2": rng.normal(0, 0.7, (H, C)),
        "b2": rng.normal(0, 0.5, C),
    }


def _problem(rng: Rng, N: int, D: int, H: int, C: int, gap: float = 0.01) -> dict[str, Any]:
    """Random network and batch: nothing near the ReLU's kink, no tied scores, all classes there."""
    while True:
        params, X = _params(rng, D, H, C), rng.normal(0, 1, (N, D))
        before = X @ params["W1"] + params["b1"]
        scores = np.maximum(before, 0) @ params["W2"] + params["b2"]
        gaps = np.diff(np.sort(scores, axis=1), axis=1)
        active = (before > 0).mean(axis=0)
        biased = ((before > 0) != (X @ params["W1"] > 0)).any()  # a mask from before the bias is another one
        apart = np.abs(before).min() > gap and gaps.min() > gap
        if apart and biased and active.min() > 0 and active.max() < 1:
            return {**params, "X": X, "y": rng.integers(0, C, N)}


def sizes_of(case: Case) -> str:
    """The sizes of a case for people: N images, D inputs, H hidden units, C classes; "" where it has none."""
    if not {"X", "W1", "W2"} <= set(case):
        return ""
    sizes = {"N": len(case["X"]), "D": case["W1"].shape[0], "H": case["W1"].shape[1], "C": case["W2"].shape[1]}
    return " (" + ", ".join(f"{name} = {size}" for name, size in sizes.items()) + ")"


def _only(case: Case) -> Params:
    return {name: case[name] for name in PARAMETERS}


def _loss(exam: Exam, params: Params, scores: Array, y: Array, reg: float) -> float:
    return float(exam.reference["softmax_loss"](scores, y, params, reg)[0])


def _gradients(exam: Exam, case: Case, reg: float) -> Params:
    reference, params = exam.reference, _only(case)
    scores, hidden = reference["forward"](params, case["X"])
    _, probabilities = reference["softmax_loss"](scores, case["y"], params, reg)
    answer: Params = reference["backward"](params, case["X"], case["y"], hidden, probabilities, reg)
    return answer


def _alive(scores: Array | Problem, case: Case) -> bool:
    """Own scores of the right size that hang on X and differ from class to class: not constants."""
    if isinstance(scores, Problem) or scores.size != len(case["X"]) * case["W2"].shape[1]:
        return False
    rows = scores.reshape(len(case["X"]), -1)
    if not np.isfinite(rows).all():
        return False
    spread = float(np.ptp(rows))
    if not spread > 0:
        return False
    untied = np.diff(np.sort(rows, axis=1), axis=1).min(axis=1) > 1e-9 * spread
    return bool(untied.mean() >= 0.5 and len(np.unique(np.round(rows / spread, 9), axis=0)) > 2)


# ---- T1 to T3: numbers --------------------------------------------------------------------------


def _numbers(exam: Exam, tolerance: float) -> list[Finding]:
    expected: Mapping[str, float] = exam.reference[exam.task]()
    wanted = [name for name in expected if name not in ("x1", "y1", "z")]
    findings = []
    for name in wanted:
        problem = exam.compare(0, name, expected[name], tolerance)
        if problem is not None and not problem.unchecked:
            problem = Problem("number")  # how far it is off would tell the number itself
        findings.append(Finding(name, 1 / len(wanted), problem))
    return findings


def one_empty_case(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    """For tasks whose inputs stand in the notebook."""
    return [{}]


def T1(exam: Exam) -> list[Finding]:
    """The four gradients of the residual block are right."""
    return _numbers(exam, 1e-3)  # typed by hand, perhaps rounded to three digits


def T2(exam: Exam) -> list[Finding]:
    """The sizes of the outputs A, B and C are right."""
    return _numbers(exam, 1e-9)  # whole numbers


def T3(exam: Exam) -> list[Finding]:
    """The number of learnable parameters is right."""
    return _numbers(exam, 1e-9)  # a whole number


T1_cases = T2_cases = T3_cases = one_empty_case


# ---- T5: scores ---------------------------------------------------------------------------------


def T5_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    return [_problem(rng, *sizes) for sizes in SIZES]


def T5(exam: Exam) -> list[Finding]:
    """The forward pass gives the reference's scores, and the hidden layer after the ReLU."""
    scores_class, scores_own, hidden, gradients = [], [], [], []
    for number, case in enumerate(exam.cases):
        scores, activations = exam.reference["forward"](_only(case), case["X"])
        scores_class.append(exam.compare(number, "scores", scores, EXACT))
        scores_own.append(exam.compare(number, "own.0", scores, EXACT))
        hidden.append(exam.compare(number, "own.1", activations, EXACT))
        for name, expected in _gradients(exam, case, 0.1).items():
            gradients.append(exam.compare(number, f"grads.{name}", expected, EXACT))
    if not exam.answers.given:
        return [Finding("scores", 1.0, first(scores_class))]
    # a hidden layer of another kind is no mistake where the gradients come out right
    return [
        Finding("scores", 0.75, either(first(scores_class), first(scores_own))),
        Finding("hidden", 0.25, either(first(gradients), first(hidden))),
    ]


# ---- T6: loss -----------------------------------------------------------------------------------

REGS = np.array([0.0, 0.3, 1.7])
LARGE = 4  # cases with large scores


def T6_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for N, D, H, C in SIZES:
        own = rng.normal(0, 2, (N, C))
        cases.append({**_problem(rng, N, D, H, C), "regs": REGS, "own_scores": own})
    # cases with large scores: all of them + 1000, and rows at very different levels, so often that no
    # mistake comes right by chance. The levels come in by an input and a hidden unit that add the same
    # number to every score of a row.
    N, D, H, C = SIZES[0]
    mixed = [rng.permutation(np.linspace(300.0, 850.0, N)) for _ in range(LARGE - 1)]
    for levels in (np.full(N, 1000.0), *mixed):
        case = _problem(rng, N, D, H, C)
        case["X"] = np.column_stack([case["X"], levels])
        case["W1"] = np.block([[case["W1"], np.zeros((D, 1))], [np.zeros((1, H)), np.ones((1, 1))]])
        case["b1"] = np.append(case["b1"], 0.0)
        case["W2"] = np.vstack([case["W2"], np.ones(C)])
        calm = case["X"] * np.append(np.ones(D), 0.0), rng.normal(0, 2, (N, C))
        case |= {"calm_X": calm[0], "calm_scores": calm[1], "own_scores": calm[1] + levels[:, None]}
        cases.append({**case, "regs": REGS[:1]})
    return cases


def T6(exam: Exam) -> list[Finding]:
    """The loss is right without regularization, its slope in reg is right, and it never overflows."""
    usual, large = exam.cases[:-LARGE], exam.cases[-LARGE:]
    data = [_data_loss(exam, number, case) for number, case in enumerate(usual)]
    slopes = [_slope(exam, number, case) for number, case in enumerate(usual)]
    stable = [_stable(exam, number, case) for number, case in enumerate(large, start=len(usual))]
    return [
        Finding("data", 0.5, first(data)),
        Finding("regularization", 0.25, first(slopes)),
        Finding("stability", 0.25, first(stable)),
    ]


def _losses(exam: Exam, number: int, name: str, count: int) -> Array | Problem:
    losses = exam.value(number, name)
    if not isinstance(losses, Problem) and losses.size != count:
        return Problem("shape", {"got": str(losses.shape), "wanted": "()", "sizes": ""})
    return losses


def _data_loss(exam: Exam, number: int, case: Case, tolerance: float = EXACT) -> Problem | None:
    """The loss at reg = 0: of the class, of the own function, or of the own scores."""
    count, params, y = len(case["regs"]), _only(case), case["y"]
    scores, _ = exam.reference["forward"](params, case["X"])
    ways = []
    of_class = _losses(exam, number, "losses", count)
    ways.append(_near(of_class, _loss(exam, params, scores, y, 0.0), tolerance))
    own_scores = exam.value(number, "scores")
    if not isinstance(own_scores, Problem) and _alive(own_scores, case):
        follows = _loss(exam, params, own_scores.reshape(len(y), -1), y, 0.0)
        ways.append(_near(of_class, follows, tolerance))
    if exam.answers.given:
        of_own = _losses(exam, number, "own", count)
        expected, probabilities = exam.reference["softmax_loss"](case["own_scores"], y, params, 0.0)
        right = either(
            first(
                exam.compare(number, f"grads.{name}", value, tolerance)
                for name, value in _gradients(exam, case, 0.0).items()
            ),
            exam.compare(number, "own_probabilities", probabilities, tolerance),
        )
        # probabilities of another kind are no mistake where the gradients come out right
        ways = [first([either(*ways), right]), first([_near(of_own, float(expected), tolerance), right])]
    return either(*ways)


def _near(losses: Array | Problem, expected: float, tolerance: float) -> Problem | None:
    if isinstance(losses, Problem):
        return losses
    return compare(losses.ravel()[:1], np.array([expected]), tolerance)


def _slope(exam: Exam, number: int, case: Case) -> Problem | None:
    """(loss(reg) - loss(0)) / reg is half the sum of the squared weights, at two values of reg."""
    expected = 0.5 * (np.sum(case["W1"] ** 2) + np.sum(case["W2"] ** 2))
    ways: list[Problem | None] = []
    for name in ("losses", "own") if exam.answers.given else ("losses",):
        losses = _losses(exam, number, name, len(case["regs"]))
        if isinstance(losses, Problem):
            ways.append(losses)
            continue
        slopes = (losses.ravel()[1:] - losses.ravel()[0]) / case["regs"][1:]
        ways.append(compare(slopes, np.full(slopes.shape, expected), EXACT))
    return either(*ways)


def _stable(exam: Exam, number: int, case: Case) -> Problem | None:
    """Large scores: the loss is finite and right, or finite and right for a loss of another kind."""
    loose = 1e-3  # float32 has steps of 6e-5 at 1000
    right = _data_loss(exam, number, case, loose)
    if right is None or right.unchecked:
        return right
    name = "own" if exam.answers.given else "losses"
    value, usual = exam.value(number, name), exam.value(0, name)
    if isinstance(value, Problem) or isinstance(usual, Problem):
        return right
    if not np.isfinite(value).all() or np.ptp(usual) == 0:  # a constant is stable and worth nothing
        return right
    # another mistake, charged elsewhere: the same scores at a moderate level must tell the same
    calm = exam.value(number, f"{name}_calm")
    others = [exam.answers.get(n, f"{name}_calm") for n in range(len(exam.cases) - LARGE, len(exam.cases))]
    seen = {float(other.ravel()[0]) for other in others if other is not None and other.size}
    if isinstance(calm, Problem) or len(seen) < LARGE:  # a loss that does not hang on the scores
        return right
    return compare(value, calm, loose)


# ---- T7: gradients ------------------------------------------------------------------------------


SOME = 10  # entries of each parameter


def T7_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for turn, (sizes, reg) in enumerate(zip(SIZES, (0.05, 0.7, 0.3), strict=True)):
        case = {**_problem(rng, *sizes), "reg": np.array(reg)}
        params = _only(case)
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


def T7(exam: Exam) -> list[Finding]:
    """Each of the four gradients is the derivative of the loss."""
    ways: dict[str, list[list[Problem | None]]] = {name: [[], [], []] for name in PARAMETERS}
    own_central = [_central(exam, number, case) for number, case in enumerate(exam.cases[:2])] + [None]
    # rule (c) is for a loss that is wrong, and that hangs on the images and on every parameter
    hangs = all(_moves_with_X(exam, number, central) for number, central in enumerate(own_central[:2]))
    errs = (
        hangs
        and _hang_on_inputs(own_central[:2])
        and any(_loss_errs(exam, case, c) for case, c in zip(exam.cases, own_central, strict=False) if c)
    )
    for number, case in enumerate(exam.cases):
        expected = _gradients(exam, case, float(case["reg"]))
        for name in PARAMETERS:
            of_loss, of_class, of_own = ways[name]
            of_class.append(exam.compare(number, f"grads.{name}", expected[name], EXACT))
            if exam.answers.given:
                of_own.append(exam.compare(number, f"own.{name}", expected[name], EXACT))
            central, gradient = own_central[number], exam.value(number, f"grads.{name}")
            if errs and central is not None and not isinstance(gradient, Problem):
                right_size = gradient.size == case[name].size
                some = gradient.ravel()[case[f"some_{name}"]] if right_size else gradient
                of_loss.append(compare(some, central[name], EXACT))
    return [Finding(name, 0.25, either(*(first(way) for way in ways[name] if way))) for name in PARAMETERS]


def _central(exam: Exam, number: int, case: Case) -> Params | None:
    """Central difference of the student's own loss at some entries, by parameter."""
    answer = {}
    for name in PARAMETERS:
        losses = exam.answers.get(number, f"central.{name}")
        if losses is None or losses.shape != (len(case[f"some_{name}"]), 2) or not np.isfinite(losses).all():
            return None
        answer[name] = (losses[:, 0] - losses[:, 1]) / 2e-5
    return answer


def _moves_with_X(exam: Exam, number: int, central: Params | None) -> bool:
    """Whether the own loss has other slopes for other images."""
    other = exam.answers.get(number, "central_of_other_X")
    if central is None or other is None or other.shape != (len(central["W2"]), 2):
        return False
    slopes = (other[:, 0] - other[:, 1]) / 2e-5
    return bool(np.abs(slopes - central["W2"]).max() > 1e-3 * np.abs(central["W2"]).max())


def _loss_errs(exam: Exam, case: Case, central: Params) -> bool:
    """Whether the own loss has another slope than the right one."""
    right = _gradients(exam, case, float(case["reg"]))
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


# ---- T8 to T10: training ------------------------------------------------------------------------

TRAIN_ROWS, BATCH, TURNS = 60, 10, 7
EPOCH = TRAIN_ROWS // BATCH


def _training(rng: Rng, rows: int, iterations: int, decay: float) -> dict[str, Any]:
    D, H, C = 4, 5, 3
    X = rng.normal(0, 1, (rows, D))
    while np.diff(np.sort(X[:, 0])).min() < 1e-4:  # rows are known again by their first column
        X = rng.normal(0, 1, (rows, D))
    case = {**_params(rng, D, H, C), "X": X, "y": rng.integers(0, C, rows)}
    for name in PARAMETERS:
        case[f"grad_{name}"] = rng.normal(0, 1, (TURNS, *case[name].shape))
    numbers = {"num_iters": iterations, "batch_size": BATCH}
    case |= {name: np.array(value) for name, value in numbers.items()}
    return case | {"decay": np.array(decay), "learning_rate": np.array(rng.uniform(0.05, 0.3))}


def T8_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    # 150 batches of 10 out of 60 rows: some row is never drawn with a probability of at most
    # 60 (59/60)^1500 = 7e-10
    return [_training(rng, TRAIN_ROWS, 150, 1.0)]


def _batches(exam: Exam, way: str) -> dict[str, Any] | Problem:
    """What was drawn: sizes, the training rows as indices (-1: not a row of X), whether labels fit."""
    found = {}
    for name in ("sizes", "label_sizes", "rows", "labels"):
        value = exam.value(0, f"{way}.{name}")
        if isinstance(value, Problem):
            return value
        found[name] = value
    case = exam.cases[0]
    X, y = case["X"], case["y"]
    count = found["sizes"].size
    if not 0 < count <= 10 * int(case["num_iters"]) or found["rows"].size % X.shape[1]:
        return Problem("batch_size", {"got": "?"})
    index = _rows_of(X, found["rows"].reshape(-1, X.shape[1]))
    labels = found["labels"].ravel()
    paired = labels.size == index.size and bool(np.all(y[index] == labels)) and bool((index >= 0).all())
    sizes = found["sizes"].astype(int)
    batches = np.split(index, np.cumsum(sizes)[:-1]) if sizes.sum() == index.size else []
    return {
        "sizes": set(sizes.tolist()),
        "label_sizes": set(found["label_sizes"].astype(int).tolist()),
        "rows_known": bool((index >= 0).all()),
        "paired": paired,
        "fresh": len(batches) > 1 and np.mean([not np.array_equal(a, b) for a, b in itertools.pairwise(batches)]) > 0.9,
        "one_row": any(len(b) > 1 and len(set(b.tolist())) == 1 for b in batches),
        "missing": tuple(sorted(set(range(len(X))) - set(index.tolist()))),
        "in_order": len(batches) > 1 and all(np.all(np.diff(b) % len(X) == 1) for b in batches),
    }


def _rows_of(X: Array, rows: Array) -> Array:
    """Which row of X each row is, or -1: the nearest in the first column, if all columns are the same."""
    order = np.argsort(X[:, 0])
    first_column = X[order, 0]
    at = np.searchsorted((first_column[1:] + first_column[:-1]) / 2, rows[:, 0])
    near = order[at]
    same = np.abs(rows - X[near]).max(axis=1) < 1e-5  # float32 code rounds the rows
    return np.where(same, near, -1)


def T8(exam: Exam) -> list[Finding]:
    """Minibatches have the right size, keep rows and labels paired, and are fresh random draws."""
    found = [_batches(exam, "train")]
    if exam.answers.given and (_pairs(found[0]) or _random(found[0])):
        found.append(_batches(exam, "own"))
    return [
        Finding("pairs", 0.5, either(*(_pairs(batch) for batch in found))),
        Finding("random", 0.5, either(*(_random(batch) for batch in found))),
    ]


def _pairs(batch: dict[str, Any] | Problem) -> Problem | None:
    if isinstance(batch, Problem):
        return batch
    # train may also look at other rows, for a loss history say: batches of the right size must be there
    if BATCH not in batch["sizes"] or batch["sizes"] - {BATCH, TRAIN_ROWS}:
        return Problem("batch_size", {"got": ", ".join(map(str, sorted(batch["sizes"])[:4]))})
    if batch["label_sizes"] != batch["sizes"]:
        got = ", ".join(map(str, sorted(batch["label_sizes"])[:4]))
        return Problem("label_count", {"rows": str(BATCH), "got": got})
    if not batch["rows_known"]:
        return Problem("unknown_rows")
    return None if batch["paired"] else Problem("unpaired")


def _random(batch: dict[str, Any] | Problem) -> Problem | None:
    if isinstance(batch, Problem):
        return batch
    if not batch["fresh"]:
        return Problem("same_batch")
    if batch["one_row"]:
        return Problem("one_row")
    if batch["in_order"]:
        return Problem("in_order")
    if batch["missing"]:
        return Problem("never_drawn", {"count": str(len(batch["missing"])), "of": str(TRAIN_ROWS)})
    return None


def T8_signature(exam: Exam) -> Hashable:
    """Draws hang on chance: two submissions are alike where the same can be said of their batches."""
    batch = _batches(exam, "own" if exam.answers.given else "train")
    if isinstance(batch, Problem):
        return batch.kind
    few = "many" if len(batch["missing"]) > 2 else batch["missing"]
    said = ("sizes", "label_sizes", "rows_known", "paired", "fresh", "in_order", "one_row")
    return (few, *(str(batch[name]) for name in said))


def T9_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    case = _training(rng, TRAIN_ROWS, 4 * EPOCH + 1, 1.0)
    return [case | _digits(rng, data)]


# Real training, a net under T5 to T11: 400 digits of 14 x 14, 100 minibatches. Right solutions reach
# 0.9475 of the digits they train on, with a standard deviation of 0.012, and 0.8875 at the least in
# 12,000 runs (docs/checks.md has the model); the bound is far below, and above what a network that
# does not learn reaches.
DIGITS, DIGITS_ITERATIONS, DIGITS_RATE, DIGITS_BOUND = 400, 100, 0.5, 0.6


def _digits(rng: Rng, data: Mapping[str, Array]) -> dict[str, Any]:
    chosen = rng.permutation(len(data["digits"]))[:DIGITS]
    images = data["digits"][chosen].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(DIGITS, -1) / 255
    params = {name: 0.1 * value for name, value in _params(rng, 196, 20, 10).items()}
    return {
        "digits": images - images.mean(axis=0),
        "digit_labels": data["digit_labels"][chosen].astype(np.int64),
        "digits_rate": np.array(DIGITS_RATE),
        "digits_iters": np.array(DIGITS_ITERATIONS),
        **{f"digits_{name}": value for name, value in params.items()},
    }


def T9(exam: Exam) -> list[Finding]:
    """Every step moves every parameter by exactly minus the rate times the minibatch's gradient."""
    ways = [_steps_down(exam)]
    if exam.answers.given:
        case = exam.cases[0]
        moved = {n: case[n] - float(case["learning_rate"]) * case[f"grad_{n}"][0] for n in PARAMETERS}
        ways.append(first(exam.compare(0, f"own.{name}", moved[name], EXACT) for name in PARAMETERS))
    return [Finding("update", 1.0, either(*ways))]


def _steps(exam: Exam, number: int = 0) -> tuple[Array, Array] | Problem:
    """Rate of every step (0: no step), and how far the step is from minus rate times gradient."""
    case = exam.cases[number]
    params = exam.value(number, "train.params")
    if isinstance(params, Problem):
        return params
    gradients = np.concatenate([case[f"grad_{name}"].reshape(TURNS, -1) for name in PARAMETERS], axis=1)
    sizes = exam.value(number, "train.sizes")
    if isinstance(sizes, Problem):
        return sizes
    if sizes.size < 2:
        return Problem("no_steps")
    if params.ndim != 2 or params.shape[1] != gradients.shape[1] or len(params) != sizes.size + 1:
        return Problem("shape", {"got": str(params.shape), "wanted": f"(steps, {gradients.shape[1]})", "sizes": ""})
    if not np.isfinite(params).all():
        return Problem("nonfinite", {"what": "nan", "count": "1", "of": "1"})
    # one update may follow several looks at the loss: its gradient must be the minibatch's
    minibatch = np.flatnonzero(sizes.ravel() <= BATCH)
    if minibatch.size == 0:
        minibatch = np.arange(sizes.size)
    ends = np.append(minibatch[1:], sizes.size)
    change = params[ends] - params[minibatch]
    slope = gradients[minibatch % TURNS]
    rates = -np.einsum("ij,ij->i", change, slope) / np.einsum("ij,ij->i", slope, slope)
    off = np.abs(change + rates[:, None] * slope).max(axis=1) / np.abs(params).max()
    return rates, off


def _steps_down(exam: Exam) -> Problem | None:
    steps = _steps(exam)
    if isinstance(steps, Problem):
        return steps
    rates, off = steps
    rate = float(exam.cases[0]["learning_rate"])
    if off.max() > EXACT:
        return Problem("not_along_gradient")
    if np.abs(rates[0] - rate) > 1e-3 * rate or np.abs(rates).min() < 1e-3 * rate:
        return Problem("wrong_step")
    # a rate that changes from epoch to epoch is T10's affair, one that changes within an epoch is not
    changes = np.flatnonzero(np.abs(np.diff(rates)) > 1e-3 * rate)
    if changes.size and (np.diff(changes) < EPOCH - 1).any() and exam.cases[0]["decay"] == 1.0:
        return Problem("wrong_step")
    return None


def T10_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    even = _training(rng, TRAIN_ROWS, 5 * EPOCH + 2, float(rng.uniform(0.65, 0.9)))
    uneven = _training(rng, TRAIN_ROWS + 4, 5 * EPOCH + 2, float(rng.uniform(0.65, 0.9)))
    return [even, uneven]


def T10_can_follow(exam: Exam) -> bool:
    """Rule (c) wants to see a rate: where nothing moves there is none."""
    steps = _steps(exam)
    return not isinstance(steps, Problem) and bool(np.abs(steps[0]).max() > 1e-9)


def T10(exam: Exam) -> list[Finding]:
    """The learning rate falls by the factor once an epoch, before or after the first one."""
    ways = [_falls(exam, 0)]
    if exam.answers.given:  # where the batch does not divide the set, the given class says what an epoch is
        ways[0] = first([ways[0], _falls(exam, 1)])
        ways.append(
            first(
                exam.compare(n, "own", float(c["learning_rate"]) * float(c["decay"]), EXACT)
                for n, c in enumerate(exam.cases)
            )
        )
    return [Finding("decay", 1.0, either(*ways))]


def _falls(exam: Exam, number: int) -> Problem | None:
    steps = _steps(exam, number)
    if isinstance(steps, Problem):
        return steps
    rates, decay = steps[0], float(exam.cases[number]["decay"])
    if np.abs(rates).min() < 1e-9 or len(rates) < 3 * EPOCH:
        return Problem("no_steps")
    ratios = rates[1:] / rates[:-1]
    falls = np.flatnonzero(np.abs(ratios - decay) < 1e-3)
    same = np.abs(ratios - 1) < 1e-3
    if not np.all(same | (np.abs(ratios - decay) < 1e-3)):
        return Problem("wrong_factor")
    if falls.size == 0:
        return Problem("never_falls")
    if falls[0] + 1 not in (1, EPOCH, EPOCH + 1) or (np.diff(falls) != EPOCH).any():
        return Problem("wrong_epoch")
    return Problem("wrong_epoch") if len(rates) - 1 - falls[-1] > EPOCH + 1 else None


# ---- T11 and T12 --------------------------------------------------------------------------------


def T11_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    cases: list[Case] = []
    for N, D, H, C in ((30, 5, 7, 4), (40, 6, 8, 10)):
        while True:
            case = _problem(rng, N, D, H, C, gap=1e-4)
            case["scores"], case["hidden"] = reference["forward"](_only(case), case["X"])
            if len(set(case["scores"].argmax(axis=1))) >= 3:
                break
        cases.append(case)
    return cases


def T11(exam: Exam) -> list[Finding]:
    """predict gives the class of the largest score, one label a row."""
    ways: list[list[Problem | None]] = [[], [], []]
    for number, case in enumerate(exam.cases):
        right, everywhere = case["scores"].argmax(axis=1), np.full(len(case["X"]), True)
        ways[0].append(_same_labels(exam, number, "labels", right, everywhere))
        if exam.answers.given:
            ways[1].append(_same_labels(exam, number, "own", right, everywhere))
        own_scores = exam.value(number, "scores")
        if not isinstance(own_scores, Problem) and _alive(own_scores, case):
            own = own_scores.reshape(len(right), -1)
            best = np.sort(own, axis=1)
            clear = best[:, -1] - best[:, -2] > 1e-9 * np.ptp(own)  # a tie may be broken either way
            if clear.mean() >= 0.5 and len(set(own[clear].argmax(axis=1).tolist())) > 1:
                ways[2].append(_same_labels(exam, number, "labels", own.argmax(axis=1), clear))
    if len(ways[2]) < len(exam.cases):
        ways[2] = []
    return [Finding("labels", 1.0, either(*(first(way) for way in (ways[2], ways[0], ways[1]) if way)))]


def _same_labels(exam: Exam, number: int, name: str, right: Array, rows: NDArray[np.bool_]) -> Problem | None:
    """Labels are compared as whole numbers, on the rows that count."""
    found = exam.value(number, name)
    if isinstance(found, Problem) or found.size != right.size:
        return exam.compare(number, name, right, 0.0)
    labels = found.ravel()
    if not np.array_equal(labels, np.round(labels)):
        return Problem("not_labels")
    wrong = int((labels != right)[rows].sum())
    return Problem("labels", {"wrong": str(wrong), "of": str(int(rows.sum()))}) if wrong else None


def T12_cases(rng: Rng, reference: Mapping[str, Any], data: Mapping[str, Array]) -> list[Case]:
    places = _places(rng, data)
    return [{"near": _nearby(rng, places, data), "mean": data["mean"].astype(np.float64)}]


def T12_asks(exam: Exam) -> bool:
    """Whether the sandbox is needed: not where the reference's forward pass already passes."""
    return isinstance(exam.model, tuple) and not all(finding.ok for finding in _by_reference(exam))


def T12(exam: Exam) -> list[Finding]:
    """The saved model is more accurate than the thresholds on the validation and the test set."""
    if not isinstance(exam.model, tuple):
        problem = exam.model or Problem("no_model")
        mistake = "missing-file" if problem.kind == "no_model" else "unreadable-file"
        return [Finding(part, 0.5, problem, mistake) for part in ("validation", "test")]
    by_reference = _by_reference(exam)
    if all(finding.ok for finding in by_reference):
        return _flagged(by_reference, _reference_flag(exam))
    answered = {name: exam.value(0, name) for name in ("val", "test")}
    by_class = _accuracies(exam, answered)
    findings = []
    for a, b in zip(by_reference, by_class, strict=True):
        # a class of another name is judged by its own predict alone
        decided = either(a.problem, b.problem) if exam.model[0] in GIVEN else b.problem
        best = max((f.measured for f in (a, b) if f.measured is not None), default=None)
        findings.append(Finding(a.part, a.share, decided, _model_mistake(decided), best))
    flag = _flag(exam, answered, exam.value(0, "near")) if any(finding.ok for finding in by_class) else ""
    if not flag and any(finding.ok for finding in by_reference):
        flag = _reference_flag(exam)
    return _flagged(findings, flag)


def _model_mistake(problem: Problem | None) -> str:
    """Name of what is wrong with a saved model, or ""."""
    if problem is not None and problem.kind == "error" and "NameError" in problem.facts["error"]:
        return "class-not-found"
    names = {"below": "below-threshold", "wrong_shapes": "wrong-shapes"}
    return names.get(problem.kind, "") if problem is not None else ""


CLOSE = 0.005  # to a threshold: single precision decides no nearer


def _by_reference(exam: Exam) -> list[Finding]:
    """What the reference's forward pass makes of the model; computed once an exam.

    Single precision is twice as fast and moves a handful of labels at most; where an accuracy is
    near its threshold, double precision decides.
    """
    if "by_reference" not in exam.memo:
        labels = _reference_labels(exam, np.float32)
        for name, bound in zip(("val", "test"), exam.thresholds, strict=True):
            found = labels[name]
            if not isinstance(found, Problem) and abs(np.mean(found == exam.data[f"{name}_labels"]) - bound) < CLOSE:
                labels = _reference_labels(exam, np.float64)
                break
        exam.memo["labels"], exam.memo["by_reference"] = labels, _accuracies(exam, labels)
    answer: list[Finding] = exam.memo["by_reference"]
    return answer


def _reference_labels(exam: Exam, precision: type[np.floating[Any]]) -> dict[str, Array | Problem]:
    """Labels by the reference's forward pass, where the model has the given network's parameters."""
    assert isinstance(exam.model, tuple)
    name, params = exam.model
    D = exam.data["val"].shape[1]
    fits = name in GIVEN and set(params) == set(PARAMETERS) and _fits(params, D)
    if not fits:
        return {n: Problem("wrong_shapes") for n in ("val", "test")}
    return {part: _labels(exam, params, exam.data[f"{part}_centred"], precision) for part in ("val", "test")}


def _fits(params: Mapping[str, Array], D: int) -> bool:
    """Whether the arrays are those of the given network."""
    W1, b1, W2, b2 = (params[key] for key in PARAMETERS)
    if W1.ndim != 2 or W2.ndim != 2 or W1.shape[0] != D or W2.shape != (W1.shape[1], 10):
        return False
    return b1.size == W1.shape[1] and b2.size == 10


def _labels(exam: Exam, params: Mapping[str, Array], images: Array, precision: type[np.floating[Any]]) -> Array:
    cast = {name: value.astype(precision) for name, value in params.items()}
    cast |= {name: cast[name].ravel() for name in ("b1", "b2")}
    labels = [
        exam.reference["forward"](cast, images[at : at + 1000].astype(precision, copy=False))[0].argmax(axis=1)
        for at in range(0, len(images), 1000)
    ]
    return np.concatenate(labels).astype(np.float64)


def _accuracies(exam: Exam, labels: Mapping[str, Array | Problem]) -> list[Finding]:
    findings = []
    for part, name, bound in zip(("validation", "test"), ("val", "test"), exam.thresholds, strict=True):
        found, right = labels[name], exam.data[f"{name}_labels"]
        accuracy = None
        if isinstance(found, Problem):
            problem: Problem | None = found
        elif found.size != right.size:
            problem = Problem("shape", {"got": str(found.shape), "wanted": str(right.shape), "sizes": ""})
        else:
            accuracy = float(np.mean(found.ravel() == right))
            facts = {"accuracy": f"{100 * accuracy:.2f}", "bound": f"{100 * bound:.1f}"}
            problem = None if accuracy > bound else Problem("below", facts)
        findings.append(Finding(part, 0.5, problem, measured=accuracy))
    return findings


# Who only looks pictures up knows them, and nothing near them. Their own labels count for as much as
# the mark needs; of pictures that differ by a pixel's shift, or by a little noise in the ink, an honest
# model knows nearly as many. The noise is put on pictures that a simple model gets wrong: there, a lookup
# knows all as published, and what it falls back on knows few; what an honest model does not know, it did
# not know before. docs/checks.md has what honest models of many kinds lose, and what others do.
FEATURES = 300  # of the simple model
SHIFTED, NOISY, INK = 200, 300, 16  # pictures of each kind, or as many as there are; levels of noise
MOST_LOST = {"shifted": 0.3, "noisy": 0.12}  # of the accuracy


@dataclass(frozen=True)
class Places:
    """Where the near pictures come from: `rows` of val, then of test; which of them are shifted."""

    rows: Mapping[str, NDArray[np.int64]]
    shifted: NDArray[np.int64]
    noisy: NDArray[np.int64]


def _places(rng: Rng, data: Mapping[str, Array]) -> Places:
    rows, kinds = {}, []
    for part in ("val", "test"):
        hard = np.flatnonzero(data[f"{part}_hard"])
        shifted = rng.choice(len(data[part]), SHIFTED // 2, replace=False)
        noisy = rng.choice(hard, min(NOISY // 2, len(hard)), replace=False)
        rows[part] = np.concatenate([shifted, noisy])
        kinds += [np.full(len(shifted), True), np.full(len(noisy), False)]
    moved = np.concatenate(kinds)
    return Places(rows, rng.permutation(np.flatnonzero(moved)), np.flatnonzero(~moved))


def _nearby(rng: Rng, places: Places, data: Mapping[str, Array]) -> Array:
    """The near pictures, as bytes."""
    near = np.concatenate([data[part][chosen] for part, chosen in places.rows.items()])
    for turn, step in enumerate(((0, 1), (0, -1), (1, 0), (-1, 0))):
        some = places.shifted[turn::4]
        near[some] = np.roll(near[some].reshape(-1, 28, 28), step, (1, 2)).reshape(len(some), -1)
    ink = near[places.noisy].astype(np.int16)
    other = np.clip(ink + rng.integers(-INK, INK + 1, ink.shape, dtype=np.int8), 1, 254)
    near[places.noisy] = np.where((ink > 0) & (ink < 255), other, ink)  # paper stays white: some models ask for that
    return near


def _flag(exam: Exam, labels: Mapping[str, Array | Problem], answered: Array | Problem) -> str:
    """Name of what a person should look at in a model that answers `labels` and, of near pictures, `answered`."""
    places = _places(np.random.default_rng(exam.seed), exam.data)
    if isinstance(answered, Problem) or answered.size != len(exam.cases[0]["near"]):
        return "unanswered"
    known: list[NDArray[np.bool_]] = []
    for part, rows in places.rows.items():
        found, right = labels[part], exam.data[f"{part}_labels"]
        if isinstance(found, Problem) or found.size != right.size:
            known.append(np.full(len(rows), True))  # this part earns nothing; the other one may
        else:
            known.append(found.ravel()[rows] == right[rows])
    right = np.concatenate([exam.data[f"{part}_labels"][rows] for part, rows in places.rows.items()])
    lost = np.concatenate(known).astype(float) - (answered.ravel() == right)
    fell = {"shifted": lost[places.shifted].mean(), "noisy": lost[places.noisy].mean()}
    return "memorised" if any(fell[kind] > most for kind, most in MOST_LOST.items()) else ""


def _reference_flag(exam: Exam) -> str:
    """The same for the reference's forward pass."""
    assert isinstance(exam.model, tuple)
    near = exam.cases[0]["near"] - exam.data["mean"].astype(np.float32)
    return _flag(exam, exam.memo["labels"], _labels(exam, exam.model[1], near, np.float32))


def _flagged(findings: list[Finding], flag: str) -> list[Finding]:
    return [replace(finding, flag=flag) for finding in findings]


# ---- the net under T5 to T11 --------------------------------------------------------------------

UNDER_THE_NET = ("T5", "T6", "T7", "T8", "T9", "T10", "T11")


def afterwards(exams: Mapping[str, Exam], findings: dict[str, list[Finding]]) -> None:
    """Where T5 to T11 all passed, real training must work too; or T9 fails."""
    if not all(finding.ok for task in UNDER_THE_NET for finding in findings.get(task, [])):
        return
    if not all(task in findings for task in UNDER_THE_NET):
        return
    value, right = exams["T9"].value(0, "learned"), exams["T9"].cases[0]["digit_labels"]
    problem: Problem | None = None
    if isinstance(value, Problem):  # slow code is not wrong
        problem = None if value.kind in ("time", "lost") else value
    elif value.size != right.size or not np.mean(value.ravel() == right) > DIGITS_BOUND:
        problem = Problem("does_not_learn")
    if problem is not None:
        findings["T9"] = [Finding("update", 1.0, problem)]
