"""hw4_helpers.py, which students get: data that is checked, downloads that resume, weights without pickle."""

import gzip
import hashlib
import json
import os
import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course import Course, load_module

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No dataset of this machine is used, and nothing of it is touched."""
    for name in ("MNIST_DIR", "MNIST_MIRROR", "HW4_DATASET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MNIST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def helpers(repo: Course) -> Any:
    return load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")


def idx(array: np.ndarray[Any, Any]) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """Four files in the shape of MNIST, with made-up contents: the sizes are real, the pictures nearly empty."""
    rng = np.random.default_rng(0)
    images = np.zeros((60000, 28, 28), np.uint8)
    images[::500] = rng.integers(0, 256, (120, 28, 28))
    return {
        "train-images-idx3-ubyte": idx(images),
        "train-labels-idx1-ubyte": idx(rng.integers(0, 10, 60000)),
        "t10k-images-idx3-ubyte": idx(images[:10000]),
        "t10k-labels-idx1-ubyte": idx(rng.integers(0, 10, 10000)),
    }


@pytest.fixture
def mnist(helpers: Any, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The helper module believes that these files are MNIST -> their packed bytes, by name."""
    monkeypatch.setattr(helpers, "MNIST_FILES", {n: hashlib.sha256(data).hexdigest() for n, data in files.items()})
    return {f"{name}.gz": gzip.compress(data, 1) for name, data in files.items()}


class Mirror(ThreadingHTTPServer):
    """A mirror on this machine. `cut`: answers that stop half-way; `ranges`: whether it can resume."""

    def __init__(self, content: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.cut, self.ranges = content, 0, True
        self.asked: list[tuple[str, str]] = []
        self.sent = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mnist/"


class Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name, wanted = self.path.rsplit("/", 1)[-1], self.headers.get("Range", "")
        self.server.asked.append((name, wanted))
        if name not in self.server.content:
            return self.send_error(404)
        data, start = self.server.content[name], 0
        if wanted and self.server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start:]
        if self.server.cut:
            self.server.cut -= 1
            part = part[: len(part) // 2]
        self.server.sent += len(part)
        self.wfile.write(part)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mirror(mnist: dict[str, bytes]) -> Iterator[Mirror]:
    with Mirror(mnist) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# ---- downloads ----------------------------------------------------------------------------------


def test_mnist_is_downloaded_checked_and_kept(
    helpers: Any, mirror: Mirror, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    data = helpers.load_mnist(mirror=mirror.address)
    assert {name: a.shape for name, a in data.items()} == {
        "X_train": (55000, 784), "X_val": (5000, 784), "X_test": (10000, 784),
        "y_train": (55000,), "y_val": (5000,), "y_test": (10000,), "mean_image": (784,),
    }  # fmt: skip
    raw = np.frombuffer(files["train-images-idx3-ubyte"], np.uint8, offset=16).reshape(60000, 784)
    assert np.allclose(data["X_train"].mean(axis=0), 0, atol=1e-9)
    assert np.allclose(data["X_val"][0] + data["mean_image"], raw[55000])
    assert data["X_train"].dtype == np.float64 and data["y_train"].dtype == np.int64
    assert "dataset in use: mnist, from the downloaded files in" in capsys.readouterr().out
    assert len(mirror.asked) == 4
    helpers._mnist_folder(False, mirror.address)
    assert len(mirror.asked) == 4, "what is there is not asked again"
    assert not list(Path(os.environ["MNIST_CACHE"]).glob("*.part"))


def test_an_interrupted_download_goes_on_where_it_stopped(helpers: Any, mirror: Mirror) -> None:
    mirror.cut = 1
    folder, _ = helpers._mnist_folder(False, mirror.address)
    first = "train-images-idx3-ubyte.gz"
    size = len(mirror.content[first])
    assert mirror.asked[:2] == [(first, ""), (first, f"bytes={size // 2}-")]
    assert mirror.sent == sum(map(len, mirror.content.values()))
    assert (folder / first).read_bytes() == mirror.content[first]


def test_a_download_resumes_in_a_later_run(helpers: Any, mirror: Mirror) -> None:
    mirror.cut = 3
    with pytest.raises(OSError, match="goes on where it stopped"):
        helpers._mnist_folder(False, mirror.address)
    assert not (Path(os.environ["MNIST_CACHE"]) / "train-images-idx3-ubyte.gz").exists()
    helpers._mnist_folder(False, mirror.address)
    assert mirror.sent == sum(map(len, mirror.content.values()))


def test_a_mirror_that_cannot_resume_sends_the_file_again(helpers: Any, mirror: Mirror) -> None:
    mirror.cut, mirror.ranges = 1, False
    folder, _ = helpers._mnist_folder(False, mirror.address)
    for name, data in mirror.content.items():
        assert (folder / name).read_bytes() == data


@pytest.mark.parametrize("spoil", ["wrong digest", "cut short", "no gzip", "a page of text"])
def test_a_wrong_file_is_never_kept_and_the_error_names_it(helpers: Any, mirror: Mirror, spoil: str) -> None:
    name = "train-labels-idx1-ubyte.gz"
    good = mirror.content[name]
    mirror.content[name] = {
        "wrong digest": gzip.compress(idx(np.zeros(60000)), 1),
        "cut short": good[: len(good) // 2],
        "no gzip": bytes(1000),
        "a page of text": b"<html>Log in to this wifi</html>",
    }[spoil]
    with pytest.raises(OSError) as caught:
        helpers._mnist_folder(False, mirror.address)
    assert name in str(caught.value) and "MNIST_DIR" in str(caught.value)
    assert not (Path(os.environ["MNIST_CACHE"]) / name).exists()
    mirror.content[name] = good
    folder, _ = helpers._mnist_folder(False, mirror.address)
    assert (folder / name).read_bytes() == good


def test_a_missing_file_and_a_mirror_that_is_not_there_are_told(helpers: Any, mirror: Mirror) -> None:
    del mirror.content["train-images-idx3-ubyte.gz"]
    with pytest.raises(OSError, match=r"train-images-idx3-ubyte\.gz.*\n.*404"):
        helpers._mnist_folder(False, mirror.address)
    with pytest.raises(OSError, match=r"could not download train-images"):
        helpers._mnist_folder(False, "http://127.0.0.1:9/")


# ---- MNIST_DIR ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, mnist: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """MNIST_DIR with the four files."""
    place = tmp_path / "mnist"
    place.mkdir()
    for name, data in mnist.items():
        (place / name).write_bytes(data)
    monkeypatch.setenv("MNIST_DIR", str(place))
    return place


def test_mnist_dir_is_used_packed_or_plain_and_named(
    helpers: Any, folder: Path, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "t10k-labels-idx1-ubyte"
    (folder / f"{name}.gz").unlink()
    (folder / name).write_bytes(files[name])
    assert helpers.load_mnist()["y_test"].shape == (10000,)
    assert f"from the folder {folder} (MNIST_DIR)" in capsys.readouterr().out


@pytest.mark.parametrize("spoil", ["missing", "wrong digest", "cut short", "not gzip", "empty"])
def test_a_bad_file_in_mnist_dir_is_named_with_the_way_out(helpers: Any, folder: Path, spoil: str) -> None:
    path = folder / "train-images-idx3-ubyte.gz"
    data = path.read_bytes()
    if spoil == "missing":
        path.unlink()
    else:
        path.write_bytes({
            "wrong digest": gzip.compress(idx(np.zeros((2, 28, 28))), 1), "cut short": data[:-100],
            "not gzip": b"hello", "empty": b"",
        }[spoil])  # fmt: skip
    with pytest.raises(ValueError) as caught:
        helpers.load_mnist(verbose=False)
    assert str(path) in str(caught.value)
    assert "Put the right file there, or unset MNIST_DIR" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\x08", b"\0\0\x09\x01\0\0\0\1x", b"\0\0\x08\x04", idx(np.zeros(5))[:-1], idx(np.zeros(5)) + b"x"],
)
def test_what_is_no_idx_file_is_a_value_error(helpers: Any, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="file"):
        helpers.read_idx(path)


# ---- the sample ---------------------------------------------------------------------------------


def test_the_offline_sample_is_an_explicit_choice(
    helpers: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HW4_DATASET", "sample")
    data = helpers.load_mnist()
    assert [len(data[f"X_{part}"]) for part in ("train", "val", "test")] == [4000, 500, 500]
    assert "dataset in use: sample" in capsys.readouterr().out
    assert np.allclose(data["X_train"].mean(axis=0), 0, atol=1e-9)
    assert set(data["y_train"].tolist()) == set(range(10))
    assert np.array_equal(data["y_test"], helpers.load_mnist("sample", verbose=False)["y_test"])


def test_an_unknown_dataset_is_named(helpers: Any) -> None:
    with pytest.raises(ValueError, match=r'"cifar".*"mnist" or "sample"'):
        helpers.load_mnist("cifar")


# ---- weights and search -------------------------------------------------------------------------


class Net:
    def __init__(self) -> None:
        self.params = {"W1": np.eye(3), "b1": np.arange(3, dtype=np.float32)}


def test_a_net_is_saved_without_pickle_and_comes_back(helpers: Any) -> None:
    helpers.save_net(Net(), verbose=False)
    with np.load("best_net.npz", allow_pickle=False) as file:
        assert {name: file[name].dtype.kind for name in file.files} == {"W1": "f", "b1": "f", "class_name": "U"}
    params, name = helpers.load_net_arrays()
    assert name == "Net" and np.array_equal(params["W1"], np.eye(3))
    assert np.array_equal(helpers.load_net("best_net.npz", Net).params["b1"], [0, 1, 2])
    assert [path.name for path in Path().iterdir()] == ["best_net.npz"]


def test_the_grader_reads_what_the_notebook_saves(helpers: Any) -> None:
    from autograder import submission

    helpers.save_net(Net(), verbose=False)
    found = submission.saved_model({"best_net.npz": Path("best_net.npz").read_bytes()})
    assert isinstance(found, tuple) and found[0] == "Net" and set(found[1]) == {"W1", "b1"}


@pytest.mark.parametrize("net", [None, object(), type("Empty", (), {"params": {}})()])
def test_nothing_to_save_says_what_to_run_first_and_keeps_the_old_file(helpers: Any, net: Any) -> None:
    helpers.save_net(Net(), verbose=False)
    before = Path("best_net.npz").read_bytes()
    with pytest.raises(ValueError, match="run T12 first"):
        helpers.save_net(net)
    assert Path("best_net.npz").read_bytes() == before


def test_a_search_can_be_interrupted_and_goes_on_with_what_is_left(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [{"rate": rate} for rate in (1, 2, 3)]
    tried = []
    with helpers.Search(settings, Net, "log.json") as log:
        for setting in log:
            tried.append(setting["rate"])
            if setting["rate"] == 3:
                raise KeyboardInterrupt
            log.offer(Net(), {1: 0.9, 2: 0.8}[setting["rate"]])
    assert log.best_accuracy == 0.9 and isinstance(log.best_net, Net)
    assert "The best model so far is kept (validation 0.9000)" in capsys.readouterr().out
    with helpers.Search(settings, Net, "log.json") as log:
        for setting in log:
            tried.append(setting["rate"])
            log.offer(Net(), 0.5)
    assert tried == [1, 2, 3, 3]
    assert log.best_accuracy == 0.9 and log.best_net.params["W1"].shape == (3, 3)


def test_the_toy_training_of_the_checks_is_the_homeworks(helpers: Any, repo: Course) -> None:
    reference = load_module(repo.solution("hw4"), "solutions_hw4")
    assert helpers.train_toy(reference.TwoLayerNet)["loss_history"][-1] == pytest.approx(0.0171436435329238, abs=1e-13)


def test_check_submission_packs_what_is_there_and_names_what_is_missing(
    helpers: Any, repo: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1-basics.ipynb", "2-two-layer-network.ipynb", "hw4_helpers.py"):
        Path(name).write_bytes((repo.release("hw4") / name).read_bytes())
    Path("T4.pdf").write_bytes(b"%PDF")
    Path("mine.py").write_bytes(b"x = 1\n")
    helpers.check_submission()
    said = capsys.readouterr().out
    assert "still to write: T1, T2, T3, T4" in said and "still to write: T5, T6" in said
    assert "best_net.npz is missing" in said
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        assert sorted(archive.namelist()) == ["1-basics.ipynb", "2-two-layer-network.ipynb", "T4.pdf", "mine.py"]
    Path("1-basics.ipynb").write_text(json.dumps({"cells": 3}))
    helpers.check_submission()
    assert "1-basics.ipynb cannot be read" in capsys.readouterr().out
