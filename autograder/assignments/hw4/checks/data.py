"""MNIST for the checks: images as bytes, labels, and some digits to train on; and a model that passes T12."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.author import Array, load_module

# Who only looks pictures up knows them, and nothing near them. Their own labels count for as much as
# the mark needs; of pictures that differ by a pixel's shift, or by a little noise in the ink, an honest
# model knows nearly as many. The noise is put on pictures that a simple model gets wrong: there, a lookup
# knows all as published, and what it falls back on knows few; what an honest model does not know, it did
# not know before. docs/checks.md has what honest models of many kinds lose, and what others do.
FEATURES = 300  # of the simple model


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
    """What is worked out once a process from the kept arrays: images minus the mean training image; small digits.

    A pixel is a whole number and the mean has 24 bits here: an input is off by 1e-5 at most. The small digits have
    14 x 14 pixels, each the mean of four to the nearest whole number.
    """
    mean = arrays["mean"].astype(np.float32)
    sums = arrays["digits"].reshape(-1, 14, 2, 14, 2).sum(axis=(2, 4), dtype=np.uint16)
    return {"small_digits": ((sums + 2) // 4).astype(np.uint8).reshape(len(sums), -1)} | {
        f"{part}_centred": arrays[part] - mean for part in ("val", "test")
    }


def folder(source: Path) -> str:
    """Folder with the four files of MNIST, where it is on this machine; else ""."""
    if given := os.environ.get("MNIST_DIR"):
        return given
    cache = load_module(source / "hw4_helpers.py", "hw4_helpers")._cache_folder()
    return str(cache) if any(cache.glob("t10k-labels-idx1-ubyte*")) else ""


def at_hand(dataset: str, source: Path) -> str:
    """Where the data will come from, or "" where they are on this machine."""
    return "" if dataset == "sample" or folder(source) else "fetched at the first grading, or set MNIST_DIR"


def environment(dataset: str, source: Path) -> dict[str, str]:
    """How the notebooks' own module finds the data."""
    return {"HW4_DATASET": "sample"} if dataset == "sample" else {"MNIST_DIR": folder(source)}


def trained_model(
    names: Mapping[str, Any], source: Path, dataset: str, iterations: int = 0, hidden: int = 0, rate: float = 1e-2
) -> dict[str, Array]:
    """Parameters of a net of the reference (its `names`) that passes T12, trained on the dataset."""
    usual = (1000, 30) if dataset == "sample" else (2000, 150)
    data = load_module(source / "hw4_helpers.py", "hw4_helpers").load_mnist(dataset, verbose=False)
    np.random.seed(0)
    net = names["TwoLayerNet"](data["X_train"].shape[1], hidden or usual[1], 10)
    few = data["X_val"][:100], data["y_val"][:100]
    net.train(data["X_train"], data["y_train"], *few, learning_rate=rate, reg=0.1, num_iters=iterations or usual[0])
    params: dict[str, Array] = net.params
    return params
