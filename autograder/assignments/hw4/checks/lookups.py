"""T12: models that look pictures up. They earn what they earn, and a person is told."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograder.author import Array, CheckContext, Problem

from .inputs import Rng

SHIFTED, NOISY, INK = 200, 300, 16  # pictures of each kind, or as many as there are; levels of noise
MOST_LOST = {"shifted": 0.3, "noisy": 0.12}  # of the accuracy


@dataclass(frozen=True)
class Places:
    """Where the near pictures come from: `rows` of val, then of test; which of them are shifted."""

    rows: Mapping[str, NDArray[np.int64]]
    shifted: NDArray[np.int64]
    noisy: NDArray[np.int64]


def places_of(rng: Rng, data: Mapping[str, Array]) -> Places:
    rows, kinds = {}, []
    for part in ("val", "test"):
        hard = np.flatnonzero(data[f"{part}_hard"])
        shifted = rng.choice(len(data[part]), SHIFTED // 2, replace=False)
        noisy = rng.choice(hard, min(NOISY // 2, len(hard)), replace=False)
        rows[part] = np.concatenate([shifted, noisy])
        kinds += [np.full(len(shifted), True), np.full(len(noisy), False)]
    moved = np.concatenate(kinds)
    return Places(rows, rng.permutation(np.flatnonzero(moved)), np.flatnonzero(~moved))


def nearby(rng: Rng, places: Places, data: Mapping[str, Array]) -> Array:
    """The near pictures, as bytes."""
    near = np.concatenate([data[part][chosen] for part, chosen in places.rows.items()])
    for turn, step in enumerate(((0, 1), (0, -1), (1, 0), (-1, 0))):
        some = places.shifted[turn::4]
        near[some] = np.roll(near[some].reshape(-1, 28, 28), step, (1, 2)).reshape(len(some), -1)
    noisy = near[places.noisy]
    ink = (noisy > 0) & (noisy < 255)  # paper stays white: some models ask for that
    other = noisy[ink] + rng.integers(-INK, INK + 1, np.count_nonzero(ink), dtype=np.int16)
    noisy[ink] = other.clip(1, 254)
    near[places.noisy] = noisy
    return near


def flag_of(context: CheckContext, labels: Mapping[str, Array | Problem], answered: Array | Problem) -> str:
    """Name of what a person should look at in a model that answers `labels` and, of near pictures, `answered`."""
    places = places_of(np.random.default_rng(context.seed), context.data)
    if isinstance(answered, Problem) or answered.size != len(context.cases[0]["near"]):
        return "unanswered"
    known: list[NDArray[np.bool_]] = []
    for part, rows in places.rows.items():
        found, right = labels[part], context.data[f"{part}_labels"]
        if isinstance(found, Problem) or found.size != right.size:
            known.append(np.full(len(rows), True))  # this part earns nothing; the other one may
        else:
            known.append(found.ravel()[rows] == right[rows])
    right = np.concatenate([context.data[f"{part}_labels"][rows] for part, rows in places.rows.items()])
    lost = np.concatenate(known).astype(float) - (answered.ravel() == right)
    fell = {"shifted": lost[places.shifted].mean(), "noisy": lost[places.noisy].mean()}
    return "memorised" if any(fell[kind] > most for kind, most in MOST_LOST.items()) else ""
