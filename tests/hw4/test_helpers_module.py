"""hw4_helpers.py, which students get: data that is checked, downloads that resume, weights without pickle."""

import gzip
import hashlib
import itertools
import json
import os
import re
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shares import one_in

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
    loaded = load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")
    loaded.PAUSES = (0.0, 0.0, 0.0)  # between tries of a download
    return loaded


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


def test_on_a_silent_network_there_is_a_word_at_once_and_one_for_each_try(
    helpers: Any, mnist: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two mirrors that take the connection and say nothing: what is printed, in the order of time."""
    told: list[str] = []
    monkeypatch.setattr(helpers, "PATIENCE", (0.2, 0.2))
    monkeypatch.setattr(helpers, "PAUSES", (0.0, 1.0))
    monkeypatch.setattr(helpers.time, "sleep", lambda seconds: told.append(f"pause {seconds}"))
    monkeypatch.setattr(helpers, "_tell", told.append)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        hosts = [f"127.0.0.1:{server.getsockname()[1]}" for server in (one, other)]
        monkeypatch.setattr(helpers, "MIRRORS", tuple(f"http://{host}/mnist/" for host in hosts))
        assert helpers.load_mnist() == {}
    tries = [f"{host} does not answer." for host in hosts]
    assert told[0].startswith("downloading MNIST, once, about 11 MB, to ")
    assert told[1:] == ["pause 0.0", *tries, "pause 1.0", *tries]
    said = capsys.readouterr().out
    assert said.startswith(
        "Digits: not yet\n  to do  could not download train-images-idx3-ubyte.gz. Run this cell again"
    )
    assert "set MNIST_DIR to a folder with the four MNIST files, or HW4_DATASET to sample" in said


def test_the_public_mirrors_are_waited_for_no_longer_than_a_student_waits_for_a_word(repo: Course) -> None:
    fresh = load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")
    assert fresh.PATIENCE[0] <= 5 and len(fresh.PAUSES) > 1 and sorted(fresh.PAUSES) == list(fresh.PAUSES)


def test_without_digits_what_needs_them_says_so_and_the_notebook_goes_on(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    none = helpers.Digits()
    with pytest.raises(helpers.NoDigits) as caught:
        none["X_train"]
    line = "There are no digits yet: run the cell of section 6 again."
    assert caught.value._render_traceback_() == [line]
    with pytest.raises(KeyError, match=r"^'X_trian'$"):
        helpers.Digits(X_train=np.zeros(3))["X_trian"]
    history = helpers.train(Net(), none, num_iters=5)
    assert history == {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
    assert capsys.readouterr().out == f"Training: not yet\n  to do  {line}\n"
    helpers.show_wrong(Net(), none)
    assert capsys.readouterr().out == f"Digits read wrongly: not yet\n  to do  {line}\n"
    helpers.test_best({"best_net": Net()}, none)
    assert "Test set: not yet" in capsys.readouterr().out
    helpers.save_best({"best_net": Net()}, none)
    assert Path("best_net.npz").is_file() and "accuracy" not in capsys.readouterr().out
    with helpers.Search([1], Net, "log.json") as search:
        search.run(lambda setting, data: Net(), none)
    assert search.tried == {}


def test_a_stop_while_digits_are_fetched_or_a_check_runs_is_one_line(
    helpers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(helpers, "_fetch", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        helpers.load_mnist()
    assert caught.value._render_traceback_() == ["Stopped. Run the cell again: a download goes on where it stopped."]
    with pytest.raises(KeyboardInterrupt) as caught:
        helpers.check_T10({"decay_learning_rate": stopped})
    assert caught.value._render_traceback_() == ["T10: stopped."]


def test_no_progress_bar_and_no_import_warns_where_a_notebook_has_no_ipywidgets(repo: Course, run: Any) -> None:
    """In a kernel tqdm warns in red, as soon as pooch is imported."""
    code = (
        "import sys, warnings\n"
        "import ipykernel.zmqshell\n"  # by it tqdm knows a kernel
        "sys.modules['ipywidgets'] = None\n"
        "with warnings.catch_warnings(record=True) as ours:\n"
        "    import hw4_helpers; hw4_helpers._cache_folder(); hw4_helpers._bar(3, 'iteration', True, None).update()\n"
        "del sys.modules['tqdm.auto'], sys.modules['tqdm.autonotebook']\n"
        "with warnings.catch_warnings(record=True) as theirs:\n"
        "    import tqdm.auto\n"  # as the import of pooch does
        "print([str(one.message) for one in ours], *(one.category.__name__ for one in theirs))"
    )
    done = run("python", "-c", code, cwd=repo.release("hw4"), env={"PYTHONDONTWRITEBYTECODE": "1", "MNIST_CACHE": ""})
    assert done.stdout.splitlines()[-1] == "[] TqdmWarning", done.stderr


# ---- digits that are read wrongly ---------------------------------------------------------------


def test_the_digits_read_wrongly_are_shown_with_what_they_are_and_what_was_read(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Says(Net):
        def predict(self, X: Any) -> Any:
            return np.where(np.arange(len(X)) % 2, 3, 7)

    data = helpers.Digits(X_val=np.zeros((5, 784)), y_val=np.array([7, 3, 7, 8, 1]), mean_image=np.zeros(784))
    helpers.show_wrong(Says(), data)
    assert capsys.readouterr().out == (
        "Figure: 2 of 5 validation digits are read wrongly. From the top left: 8 as 3, 1 as 7.\n"
    )
    data["y_val"] = Says().predict(data["X_val"])
    helpers.show_wrong(Says(), data)
    assert capsys.readouterr().out == "0 of 5 validation digits are read wrongly.\n"


def test_the_digits_read_wrongly_of_a_predict_that_is_not_right_are_a_line_and_no_traceback(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = helpers.Digits(X_val=np.zeros((2, 784)), y_val=np.array([7, 3]), mean_image=np.zeros(784))

    class Says(Net):
        def __init__(self, labels: Any) -> None:
            self.labels = labels

        def predict(self, X: Any) -> Any:
            return self.labels[0]

    said = {}
    for name, labels in {"column": [[[7], [4]]], "short": [[7]], "none": [None], "crash": {}}.items():
        helpers.show_wrong(Says(labels), data)
        said[name] = capsys.readouterr().out
    assert said["column"].startswith("Figure: 1 of 2 validation digits are read wrongly. From the top left: 3 as 4.")
    assert "its predict gives back the shape (1,) for 2 images. Give back one label for each" in said["short"]
    assert "its predict gives back the shape () for 2 images" in said["none"]
    assert "your code stopped with KeyError: 0" in said["crash"]


def test_a_helper_file_older_than_the_notebook_is_told_in_a_line_of_each_language(
    repo: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    book = json.loads((repo.release("hw4") / "2-two-layer-network.ipynb").read_text(encoding="utf-8"))
    cell = next(c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "show-wrong-digits")
    older = load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")
    del older.show_wrong
    exec("".join(cell["source"]), {"hw4_helpers": older})
    assert capsys.readouterr().out == (
        "hw4_helpers.py is older than this notebook. Put the one from the same zip into this folder, and restart the "
        "kernel.\n"
        "hw4_helpers.py เก่ากว่าโน้ตบุ๊กนี้ ให้นำไฟล์จาก zip เดียวกันมาวางในโฟลเดอร์นี้ แล้ว restart kernel\n"
    )


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
    from autograder.submissions import saved_model

    helpers.save_net(Net(), verbose=False)
    found = saved_model.read_model({"best_net.npz": Path("best_net.npz").read_bytes()}, "best_net.npz")
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
    with helpers.Search([*settings, {"rate": 4}], Net, "log.json") as log:
        for setting in log:
            tried.append(setting["rate"])
            log.offer(Net(), 0.5)
    assert tried == [1, 2, 3, 3, 4]
    assert log.best_accuracy == 0.9 and log.best_net.params["W1"].shape == (3, 3)
    assert "2 settings were tried before, best 0.9000; they are not tried again" in capsys.readouterr().out


def test_a_search_says_where_no_result_was_offered_and_lets_other_errors_through(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with helpers.Search([{"rate": 1}, {"rate": 2}], Net, "log.json") as log:
        for setting in log:
            if setting["rate"] == 2:
                log.offer(Net(), 0.5)
    assert "No result for rate: 1: call search.offer(net, accuracy)" in capsys.readouterr().out
    with pytest.raises(KeyError), helpers.Search([{"rate": 3}], Net, "log.json") as log:
        for setting in log:
            setting["no such key"]
    assert helpers.Search.running is None
    assert set(json.loads(Path("log.json").read_text())) == {"rate: 2"}


@pytest.mark.parametrize("damaged", ["log.json", "log.npz"])
def test_a_search_whose_log_cannot_be_read_says_so_and_starts_afresh(
    helpers: Any, damaged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with helpers.Search([{"rate": 1}], Net, "log.json") as log:
        for _ in log:
            log.offer(Net(), 0.5)
    Path(damaged).write_bytes(b"[3]")
    log = helpers.Search([{"rate": 1}], Net, "log.json")
    assert list(log) == [{"rate": 1}]
    assert "log.json or the model beside it cannot be read: this search starts afresh" in capsys.readouterr().out


def test_a_training_that_ran_away_is_never_the_best(helpers: Any) -> None:
    with helpers.Search([{"rate": 1}, {"rate": 2}, {"rate": 3}], Net, "log.json") as log:
        for setting in log:
            log.offer(Net(), {1: 0.3, 2: float("nan"), 3: 0.2}[setting["rate"]])
    assert helpers.Search([], Net, "log.json").best_accuracy == 0.3


def test_of_two_equal_models_the_one_of_the_earlier_setting_is_the_best_in_whichever_order_they_come(
    helpers: Any,
) -> None:
    for order in (["a", "b", "c"], ["c", "b", "a"]):
        search = helpers.Search(["a", "b", "c"], Net, f"log-{order[0]}.json")
        for setting in order:
            net = Net()
            net.params["W1"] = np.full((1, 1), ord(setting))
            search._note(setting, net, {"a": 0.5, "b": 0.9, "c": 0.9}[setting], 1.0)
        assert search.best_net.params["W1"] == ord("b")


def test_a_class_that_has_its_arrays_under_other_names_too_trains_the_ones_that_are_saved(helpers: Any) -> None:
    """In single precision they are copies, and the search measures what it keeps."""

    class Alias(Net):
        def __init__(self) -> None:
            self.params = {"W1": np.zeros((4, 2))}
            self.W1 = self.params["W1"]

        def train(self, X: Any, y: Any, *_: Any) -> dict[str, Any]:
            self.W1 += X.T @ np.eye(2)[y]
            return {}

        def predict(self, X: Any) -> Any:
            return (X @ self.params["W1"]).argmax(axis=1)

    def attempt(setting: Any, data: Any) -> Any:
        net = Alias()
        helpers.train(net, data)
        return net

    X, y = np.eye(4), np.array([0, 1, 0, 1])
    data = helpers.Digits(X_train=X, y_train=y, X_val=X, y_val=y)
    with helpers.Search([1, 1], Alias, "log.json") as search:
        search.run(attempt, data)
    assert search.best_accuracy == 1.0 and search.best_net.params["W1"].any()
    search = helpers.Search([2], Alias, "other.json")
    with pytest.raises(ValueError, match="read-only"):
        search.run(lambda setting, digits: digits["X_train"].fill(0), data)


def test_a_search_that_is_given_no_net_says_so(helpers: Any) -> None:
    digits = {"X_val": np.zeros((3, 784)), "y_val": np.zeros(3, int), "X_train": np.zeros((3, 784))}
    search = helpers.Search([1], Net, "log.json")
    with pytest.raises(TypeError, match=r"the function of search\.run should return the trained net.* returned None"):
        search.run(lambda setting, data: None, digits)


def test_training_with_progress_is_the_same_training(
    helpers: Any, repo: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tqdm.std.time", itertools.count().__next__)  # or a fast machine would be done before the bar
    net_class = load_module(repo.solution("hw4"), "solutions_hw4").TwoLayerNet
    data = helpers.load_mnist("sample", verbose=False)
    histories = []
    for train in (
        lambda net: helpers.train(net, data, learning_rate=1e-3, num_iters=500),
        lambda net: net.train(*(data[n] for n in ("X_train", "y_train", "X_val", "y_val")), 1e-3, num_iters=500),
    ):
        np.random.seed(0)
        net = net_class(784, 20, 10)
        histories.append((train(net), net.params["W1"]))
        assert type(net) is net_class and set(vars(net)) == {"params"}
    (watched, weights), (plain, right_weights) = histories
    assert watched == plain and np.array_equal(weights, right_weights)
    said = capsys.readouterr().out
    assert "500/500" in said and "loss=" in said and f"val={plain['val_acc_history'][-1]:.4f}" in said
    assert "validation accuracy: 0." in said


def test_a_copy_that_a_class_makes_of_itself_while_training_stays_right(helpers: Any) -> None:
    import copy

    class Keeps(Net):
        def train(self, X: Any, y: Any, X_val: Any, y_val: Any, num_iters: int = 3) -> dict[str, list[float]]:
            self.kept = copy.deepcopy(self)
            self.params["W1"] = -self.params["W1"]
            return {"loss_history": [], "train_acc_history": [], "val_acc_history": []}

        def loss(self, X: Any, y: Any) -> tuple[float, dict[str, Any]]:
            return 0.0, {}

        def predict(self, X: Any) -> Any:
            return (X @ self.params["W1"]).argmax(axis=1)

    X, y = np.eye(3), np.arange(3)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    net = Keeps()
    helpers.train(net, data, verbose=False)
    assert np.array_equal(net.kept.predict(X), y) and not np.array_equal(net.predict(X), y)
    helpers.save_net(net.kept, verbose=False)
    assert helpers.load_net_arrays()[1] == "Keeps"


def test_the_toy_training_of_the_checks_is_the_homeworks(helpers: Any, repo: Course) -> None:
    reference = load_module(repo.solution("hw4"), "solutions_hw4")
    assert helpers.train_toy(reference.TwoLayerNet)["loss_history"][-1] == pytest.approx(0.0171436435329238, abs=1e-13)


# ---- visible checks -----------------------------------------------------------------------------


def test_a_check_says_passed_or_not_yet_in_words(helpers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate * decay})
    assert capsys.readouterr().out == "T10: passed\n  fits   the rate of the next epoch\n"
    with pytest.raises(helpers.NotYet):
        helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate})
    assert capsys.readouterr().out == (
        "T10: not yet\n  try    paste this into a new cell: it gives 1; right is 0.5\n"
        "         decay_learning_rate(1, 0.5)\n"
        "  to do  The learning rate never changes. Return the rate times the decay.\n"
    )
    with pytest.raises(helpers.NotYet):
        helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate * decay + 1e-3})
    assert "to do  a rate of 0.5 with a decay of 0.9 gives 0.451, it should give 0.45." in capsys.readouterr().out


def test_a_check_names_the_task_that_is_not_written(helpers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(*_: Any) -> None:
        raise NotImplementedError("T9")

    with pytest.raises(helpers.NotYet, match="T9 is not right yet"):
        helpers.check_T9({"sgd_update": missing})
    assert "to do  T9 is not written yet. Put your code where the line" in capsys.readouterr().out
    with pytest.raises(helpers.NotYet, match="T10 is not right yet"):
        helpers.check_T10({"decay_learning_rate": missing})
    assert "T10 has to wait: it needs T9, which is not written yet" in capsys.readouterr().out


def test_a_check_that_does_not_pass_ends_in_an_exception_as_nbgrader_wants_it(helpers: Any) -> None:
    helpers.check_T3({"num_parameters": 12})
    with pytest.raises(AssertionError, match=r"T3 is not right yet: num_parameters is 1\.5"):
        helpers.check_T3({"num_parameters": 1.5})


def test_a_check_of_part_1_says_that_the_form_fits_and_reads_back_what_it_understood(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gradients = {"dz_dw0": 7.5, "dz_dw1": -1, "dz_db0": 0, "dz_db1": np.float64(2)}
    helpers.check_T1(gradients)
    said = capsys.readouterr().out
    assert said.startswith("T1: the form fits\n") and "passed" not in said and "looks at the form only" in said
    assert "dz_dw0 = 7.5, dz_dw1 = -1, dz_db0 = 0, dz_db1 = 2.0" in said
    helpers.check_T2({"size_A": 1, "size_B": (2, 3), "size_C": np.int64(4)})
    assert "sizes: A = 1, B = 3 (in pairs with N = 2), C = 4" in capsys.readouterr().out
    helpers.check_T3({"num_parameters": 1234})
    assert "num_parameters = 1,234" in capsys.readouterr().out
    helpers.check_T3({"num_parameters": "1,234"})
    assert "num_parameters = 1,234" in capsys.readouterr().out
    helpers.check_T2({"size_A": "1", "size_B": 2, "size_C": ("N", "3")})
    helpers.check_T1({**gradients, "dz_dw0": "0.5"})
    with pytest.raises(helpers.NotYet, match="it should be a whole number above zero"):
        helpers.check_T3({"num_parameters": "many"})


def test_the_module_needs_neither_ipython_nor_matplotlib_until_it_shows_something(repo: Course, run: Any) -> None:
    code = (
        "import sys, hw4_helpers; hw4_helpers.check_T10({'decay_learning_rate': lambda a, b: a * b});"
        "print(sorted({'IPython', 'matplotlib', 'pooch', 'tqdm'} & set(sys.modules)))"
    )
    done = run("python", "-c", code, cwd=repo.release("hw4"), env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.stdout.splitlines() == ["T10: passed", "  fits   the rate of the next epoch", "[]"], done.stderr


# ---- handing in ---------------------------------------------------------------------------------


@pytest.fixture
def handed_out(repo: Course, no_settings: None) -> None:
    """The release in the working folder."""
    for name in ("1-basics.ipynb", "2-two-layer-network.ipynb", "hw4_helpers.py"):
        Path(name).write_bytes((repo.release("hw4") / name).read_bytes())


def change(name: str, grade_id: str, source: str, said: str = "") -> None:
    """Write into one cell of a notebook in the working folder."""
    notebook = json.loads(Path(name).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            cell["source"] = source
            if said:
                cell["outputs"] = [{"output_type": "display_data", "data": {"text/plain": said}, "metadata": {}}]
    Path(name).write_text(json.dumps(notebook), encoding="utf-8")


def rows(text: str) -> dict[str, tuple[str, str]]:
    """The table of check_submission: what -> (state, words)."""
    found = [re.split(r"  +", line.strip(), maxsplit=2) for line in text.splitlines() if line.startswith("  ")]
    return {what: (state, words) for what, state, words in found}


@pytest.mark.usefixtures("handed_out")
def test_check_submission_packs_what_is_there_and_names_what_is_missing(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("T4.pdf").write_bytes(b"%PDF")
    Path("mine.py").write_bytes(b"x = 1\n")
    helpers.check_submission()
    found = rows(capsys.readouterr().out)
    assert found["T5"] == ("missing", "not written yet")
    assert (
        found["T4"][0] == "look again"
        and "nothing is written in its cell; a person will look at T4.pdf" in found["T4"][1]
    )
    assert found["best_net.npz"][0] == "missing"
    assert found["1-basics.ipynb"] == ("ready", "saved just now")
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        assert sorted(archive.namelist()) == ["1-basics.ipynb", "2-two-layer-network.ipynb", "T4.pdf", "mine.py"]
    Path("1-basics.ipynb").write_text(json.dumps({"cells": 3}))
    Path("2-two-layer-network.ipynb").unlink()
    helpers.check_submission()
    found = rows(capsys.readouterr().out)
    assert found["1-basics.ipynb"][1].startswith("cannot be read")
    assert found["2-two-layer-network.ipynb"] == ("missing", "not in this folder.")
    assert found["T12"] == ("missing", "its notebook is missing or cannot be read")


@pytest.mark.usefixtures("handed_out")
def test_check_submission_tells_how_each_check_ended_in_the_saved_notebook(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    basics = "1-basics.ipynb"
    for task, said in (("T1", "T1: the form fits\n  fits"), ("T2", "T2: not yet\n  to do"), ("T3", "")):
        change(basics, f"{task}-answer", "x = 1")
        change(basics, task, f"hw4_helpers.check_{task}(globals())", said)
    Path("พิสูจน์ T4.pdf").write_bytes(b"%PDF")
    change(basics, "T4", "My proof is in `พิสูจน์ T4.pdf` and scan.pdf")
    helpers.check_submission()
    found = rows(capsys.readouterr().out)
    assert found["T1"] == (
        "ready", "written, and its form fits; whether the numbers are right, grading will tell"
    )  # fmt: skip
    assert found["T2"] == ("look again", 'written, but its check said "not yet" when it was last run')
    assert found["T3"][0] == "look again"
    assert found["T4"] == ("look again", "it names scan.pdf, which is not in this folder")


@pytest.mark.usefixtures("handed_out")
def test_pictures_that_a_notebook_shows_are_packed_under_their_names(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ภาพ").mkdir()
    Path("ภาพ/หน้า 1.png").write_bytes(b"png")
    Path("../outside.png").write_bytes(b"png")
    text = (
        '![a](<ภาพ/หน้า%201.png>) <img src="gone.png"> ![b](../outside.png) ![c](attachment:x.png) ![d](http://x/y.png)'
    )
    change("1-basics.ipynb", "T4", text)
    helpers.check_submission("สมชาย/ใจดี")
    found = rows(capsys.readouterr().out)
    assert found["gone.png"] == ("look again", "shown in 1-basics.ipynb, but no such file")
    assert "outside this folder" in found["../outside.png"][1]
    with zipfile.ZipFile("hw4-สมชาย ใจดี.zip") as archive:
        assert "ภาพ/หน้า 1.png" in archive.namelist()
        assert not [name for name in archive.namelist() if "outside" in name]


@pytest.mark.usefixtures("handed_out")
def test_a_copy_under_another_name_is_packed_under_the_right_one(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("2-two-layer-network.ipynb").rename("2-two-layer-network (1).ipynb")
    helpers.check_submission()
    assert "taken from 2-two-layer-network (1).ipynb" in rows(capsys.readouterr().out)["2-two-layer-network.ipynb"][1]
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        assert archive.namelist() == ["1-basics.ipynb", "2-two-layer-network.ipynb"]


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda h: h.save_net(Net()), "its class Net is not in the saved notebook"),
        (lambda h: Path("best_net.npz").write_bytes(b"PK\3\4 no"), "cannot be read"),
        (lambda h: np.savez("best_net.npz", W1=np.array([np.inf])), "not finite"),
        (lambda h: np.savez("best_net.npz", W1=np.ones((784, 5))), "TwoLayerNet: W1 (784, 5)"),
    ],
)
def test_the_saved_model_is_looked_into(
    helpers: Any, spoil: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(helpers)
    helpers.check_submission()
    state, said = rows(capsys.readouterr().out)["best_net.npz"]
    assert words in said and (state == "ready") == ("784" in words)


# ---- what the first check that meets it says ----------------------------------------------------


@pytest.fixture
def notebook(repo: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notebook's memory after the reference's answers have run, each cell with a file name that linecache knows."""
    import linecache
    import sys
    import types

    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    names = main.__dict__

    def run(source: str) -> dict[str, Any]:
        file = f"<cell {len(linecache.cache)}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec"), names)
        return names

    reference = repo.solution("hw4").read_text(encoding="utf-8")
    run("import numpy as np\n" + reference[reference.index("import numpy as np") :].split("\n", 1)[1])
    run(given_cell(repo))
    return run


def given_cell(repo: Course) -> str:
    cells = json.loads((repo.release("hw4") / "2-two-layer-network.ipynb").read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == "two-layer-net")


def _raised(call: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


def said_by(helpers: Any, task: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises(helpers.NotYet):
        getattr(helpers, f"check_{task}")(names)
    return capsys.readouterr().out


def test_the_check_of_t7_shows_all_four_errors_also_where_the_first_is_off(
    helpers: Any, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.check_T7(notebook(""))
    assert len(re.findall(r"gradient of \w\d matches \(relative error \d", capsys.readouterr().out)) == 4
    names = notebook(
        "right = backward\ndef backward(*all):\n    found = right(*all)\n    found['W1'] = 2 * found['W1']\n"
        "    found['b2'] = 3 * found['b2']\n    found['b1'] = found['b1'][None]\n    return found\n"
    )
    said = said_by(helpers, "T7", names, capsys)
    assert "off    gradient of W1 differs (relative error 3.33e-01)" in said
    assert "off    gradient of b1 cannot be compared" in said
    assert "fits   gradient of W2 matches (relative error" in said
    assert "off    gradient of b2 differs (relative error 5.00e-01)" in said
    assert said.count("to do") == 1 and "to do  the gradient of W1 has a relative error of 3.33e-01" in said


def test_the_check_of_t5_shows_the_scores_beside_the_right_ones(
    helpers: Any, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.check_T5(notebook(""))
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "  note   your scores, and the right ones beside them"
    assert said[2].split() == ["-0.81233741", "-1.27654624", "-0.70335995"] * 2
    names = notebook(
        "right = forward\ndef forward(*all):\n    found = right(*all)\n    return found[0] + 1, found[1]\n"
    )
    said = said_by(helpers, "T5", names, capsys).splitlines()
    assert said[2].split() == ["0.18766259", "-0.27654624", "0.29664005", "-0.81233741", "-1.27654624", "-0.70335995"]


NOW, THEN = "in this notebook now: a cell sets", "Take another name there, then"


@pytest.mark.parametrize(
    ("cell", "task", "words"),
    [
        ("sum = 3", "T6", f"`sum` is 3 {NOW} `sum = ...`. {THEN} run `del sum` once."),
        ("max = 2.5", "T6", "`max` is 2.5 in this notebook now"),
        ("len = [1]", "T6", "`len` is a list in this notebook now"),
        ("np = 5", "T5", f"`np` is 5 {NOW} `np = ...`. {THEN} run the first cell again."),
        ("predict = predict", "T11", ""),
        ("predict = np.zeros(3)", "T11", f"`predict` is a ndarray {NOW} `predict = ...`. {THEN} run the cell that"),
        ("forward = None", "T5", "`forward` is None in this notebook now"),
        ("TwoLayerNet = TwoLayerNet(4, 10, 3)", "T7", "`TwoLayerNet` is a TwoLayerNet in this notebook now"),
    ],
)  # fmt: skip
def test_a_name_that_was_overwritten_is_told_in_one_plain_line(
    helpers: Any, notebook: Any, cell: str, task: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("def softmax_loss(scores, y, params, reg):\n    p = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
             "    p /= p.sum(axis=1, keepdims=True)\n    data = -sum(np.log(p[range(len(y)), y])) / max(len(y), 1)\n"
             "    return data + 0.5 * reg * sum(np.sum(params[w] ** 2) for w in ('W1', 'W2')), p\n")  # fmt: skip
    names = notebook(cell)
    if not words:
        helpers.check_T11(names)
    else:
        said = said_by(helpers, task, names, capsys)
        assert f"to do  {words}" in said and "Error" not in said, said


def test_a_method_of_the_same_name_is_no_name_that_was_overwritten(
    helpers: Any, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    names = notebook("max = 3\ndef softmax_loss(scores, *all):\n    return scores.max() + scores[99]\n")
    said = said_by(helpers, "T6", names, capsys)
    assert "your code stopped with IndexError" in said and "`max`" not in said


@pytest.mark.parametrize(
    ("name", "task"),
    [("forward", "T5"), ("softmax_loss", "T6"), ("backward", "T7"), ("sample_minibatch", "T8"),
     ("decay_learning_rate", "T10"), ("predict", "T11")],
)  # fmt: skip
def test_a_none_that_came_back_is_told_in_one_plain_line(
    helpers: Any, notebook: Any, name: str, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by(helpers, task, notebook(f"def {name}(*all):\n    1\n"), capsys)
    assert f"to do  `{name}` gives back nothing (None). Does it end with a `return`?" in said
    later = {"forward": "T7", "softmax_loss": "T7", "sample_minibatch": "T11"}.get(name)
    if later:  # in the middle of the given class
        getattr(helpers, f"check_{later}")(notebook(""))
        said = capsys.readouterr().out
        assert f"{later} is right; the " in said and f"because of {task}: `{name}` gives back nothing (None)" in said


def test_what_is_no_pair_where_the_class_takes_one_apart_is_told_with_its_name(
    helpers: Any, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    names = notebook("def softmax_loss(*all):\n    return (1.0,)\n")
    assert "to do  return a pair, (loss, probabilities)." in said_by(helpers, "T6", names, capsys)
    names = notebook("def sample_minibatch(*all):\n    return (1.0,)\n")
    said = helpers._where(_raised(lambda: helpers.train_toy(names["TwoLayerNet"])), names)
    assert "`sample_minibatch` should give back a pair: not enough values to unpack" in said


def test_a_notebook_that_was_restarted_is_told_in_one_plain_line(
    helpers: Any, repo: Course, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    restarted = "is not there. Was the notebook restarted, or a cell not run? Choose Run > Run All Above Selected Cell"
    for task in ("T5", "T7", "T11"):
        assert f"to do  `TwoLayerNet` {restarted}" in said_by(helpers, task, {}, capsys)
    assert f"`sgd_update` {restarted}" in said_by(helpers, "T9", {}, capsys)
    assert "after a restart too" in said_by(helpers, "T3", {}, capsys)
    names = notebook("del forward")
    helpers.check_T7(names)
    assert f"T7 is right; the class still fails because of T5: `forward` {restarted}" in capsys.readouterr().out
    names = notebook("def forward(params, X):\n    return my_relu(X), X\n")
    said = said_by(helpers, "T5", names, capsys)
    assert (
        "name 'my_relu' is not defined" in said and "After a restart, the cell that sets it has to run again." in said
    )
    # the check cells bring the helpers with them, so that nothing stops before it can be told
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.release("hw4") / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]:
            if re.fullmatch(r"T\d+", cell["id"]) and cell["cell_type"] == "code":
                assert "".join(cell["source"]) == f"import hw4_helpers\n\nhw4_helpers.check_{cell['id']}(globals())"


def test_the_given_class_with_edits_is_told_by_the_first_check_that_takes_it(
    helpers: Any, repo: Course, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    given = given_cell(repo)
    assert helpers._essence(given) == helpers.GIVEN_CLASS
    assert not helpers._given_class_is_changed(notebook("")["TwoLayerNet"])
    notebook(given.replace("        return history\n", "        # my note\n        return history\n").replace('"', "'"))
    helpers.check_T5(notebook(""))  # as graders see it, it is the given class still
    said = said_by(helpers, "T5", notebook(given.replace("return scores\n", "return scores * 1.0\n")), capsys)
    assert "to do  the given cell with TwoLayerNet was changed. Graders use it as it was" in said


def test_a_whole_class_of_ones_own_needs_no_forward(
    helpers: Any, repo: Course, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = given_cell(repo).replace("scores, hidden = forward(self.params, X)", "scores, hidden = own(self.params, X)")
    names = notebook("own = forward\ndel forward\n" + whole[whole.index("class TwoLayerNet") :])
    helpers.check_T5(names)
    assert "T5: passed" in capsys.readouterr().out


# ---- what will cost marks, and what is packed ---------------------------------------------------

NETWORK = "2-two-layer-network.ipynb"
WHOLE = """class TwoLayerNet:
    def __init__(self, a, b, c, std=1e-4):
        self.params = {}

    def loss(self, X, y=None, reg=0.0):
        return X

    def train(self, X, y, X_val, y_val):
        return {}

    def predict(self, X):
        return X.argmax(axis=1)
"""


def checked(helpers: Any, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    capsys.readouterr()
    helpers.check_submission()
    return rows(capsys.readouterr().out)


def add_cell(source: str, kind: str = "code", name: str = NETWORK) -> None:
    """A cell of the student's own, at the end."""
    notebook = json.loads(Path(name).read_text(encoding="utf-8"))
    notebook["cells"].append({"cell_type": kind, "id": "0a1b2c3d", "metadata": {}, "source": source, "outputs": []})
    Path(name).write_text(json.dumps(notebook), encoding="utf-8")


def packed() -> dict[str, bytes]:
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.usefixtures("handed_out")
def test_a_whole_class_written_in_the_given_cell_counts_and_other_edits_are_told(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change(NETWORK, "two-layer-net", WHOLE)
    found = checked(helpers, capsys)
    for number in range(5, 12):
        assert found[f"T{number}"] == ("ready", "its function is not written, but you have a whole class of your own")
    assert "two-layer-net" not in found
    change(NETWORK, "two-layer-net", WHOLE.replace("X.argmax(axis=1)", "predict(self.params, X)"))
    change(NETWORK, "setup", "import numpy as np\nimport scipy\n")
    change(NETWORK, "train-first", "first = train(num_iters=400)")  # graders do not run it: it costs nothing
    change(NETWORK, "T5", "print(1)")
    change(NETWORK, "train-second", "def my_relu(X):\n    return X\n")
    found = checked(helpers, capsys)
    assert found["T5"] == ("missing", "not written yet")
    assert found["setup, two-layer-net, train-second"] == (
        "look again", "changed, and graders put it back as it was. Move what is yours into a cell of your own"
    )  # fmt: skip


@pytest.mark.usefixtures("handed_out")
def test_grading_takes_the_class_in_the_given_cell_as_check_submission_says(
    helpers: Any, repo: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    from autograder.submissions import merge
    from autograder.submissions.submission import Submission

    for source, kind in ((WHOLE, "own_class"), (WHOLE.replace("X.argmax(axis=1)", "predict(1, X)"), "locked_changed")):
        change(NETWORK, "two-layer-net", source)
        hw4 = repo.assignment("hw4")
        files = {name: Path(name).read_bytes() for name in ("1-basics.ipynb", NETWORK)}
        merged = merge.merge_all(Submission("a", files), merge.released(repo.release("hw4"), hw4), hw4)
        assert kind in [problem.kind for problem in merged[NETWORK.removesuffix(".ipynb")].problems]
        assert (checked(helpers, capsys)["T5"][0] == "ready") == (kind == "own_class")


@pytest.mark.usefixtures("handed_out")
def test_a_line_of_the_stub_that_was_left_is_no_missing_answer(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change(
        NETWORK, "T10-answer", "def decay_learning_rate(a, b):\n    return a * b\n    raise NotImplementedError('T10')"
    )
    change("1-basics.ipynb", "T3-answer", "num_parameters = 3\nraise NotImplementedError('T3')")
    change(NETWORK, "T9-answer", "# nothing yet\n")
    found = checked(helpers, capsys)
    assert found["T10"][1].startswith("written") and found["T3"][1].startswith("written")
    assert found["T9"] == ("missing", "not written yet")


@pytest.mark.usefixtures("handed_out")
def test_an_answer_in_another_cell_is_found_as_grading_finds_it(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = json.loads(Path(NETWORK).read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in ("T9-answer", "T10-answer")]
    Path(NETWORK).write_text(json.dumps(notebook), encoding="utf-8")
    add_cell("def sgd_update(params, grads, rate):\n    params['W1'] -= 1\n")
    found = checked(helpers, capsys)
    assert found["T9"][1].startswith("written")
    assert found["T10"] == ("look again", "its answer cell is gone: copy it from the notebook that you were given")


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("", "missing", "not written yet"),
        ("   \n", "missing", "not written yet"),
        ("YOUR ANSWER HERE", "missing", "not written yet"),
        ("YOUR ANSWER HERE\n\nพิสูจน์: $P_i - y_i$", "ready", "written; a person marks it"),
    ],
)
def test_a_t4_that_is_empty_is_told(
    helpers: Any, text: str, state: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change("1-basics.ipynb", "T4", text)
    assert checked(helpers, capsys)["T4"] == (state, words)


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize("where", ["text", "comment", "file"])
def test_a_proof_in_another_place_is_not_called_missing(
    helpers: Any, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if where == "file":
        Path("IMG_0412.HEIC").write_bytes(b"heic")
    else:
        add_cell(
            "My proof" if where == "text" else "# My proof\n",
            "markdown" if where == "text" else "code",
            "1-basics.ipynb",
        )
    place = "IMG_0412.HEIC" if where == "file" else "a cell of your own"
    assert checked(helpers, capsys)["T4"] == (
        "look again",
        f"nothing is written in its cell; a person will look at {place}. Is it there? Say so in the cell",
    )


@pytest.mark.usefixtures("handed_out")
def test_every_scan_picture_and_document_and_the_students_own_modules_are_packed(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = ["IMG_1.HEIC", "a.heif", "b.webp", "c.tiff", "proof.docx", "proof.odt", "พิสูจน์.txt", "layers.py"]
    for name in theirs:
        Path(name).write_bytes(b"x = 1\n")
    for name in ("README.md", "requirements.txt", "search-TwoLayerNet-mnist.json", ".hidden.pdf", "~$proof.docx"):
        Path(name).write_bytes(b"{}")
    for name in ("nn/__init__.py", "nn/deep/layer.py", "venv/lib/other.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"y = 2\n")
    add_cell("%matplotlib inline\nfrom nn.deep import layer\n")
    checked(helpers, capsys)
    assert set(packed()) == {"1-basics.ipynb", NETWORK, *theirs, "nn/__init__.py", "nn/deep/layer.py"}


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_notebook_with_a_byte_order_mark_is_read_and_packed(
    helpers: Any, encoding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(NETWORK, "T10-answer", "def decay_learning_rate(a, b):\n    return a * b  # ใช่\n")
    Path(NETWORK).write_text(Path(NETWORK).read_text(encoding="utf-8"), encoding=encoding)
    found = checked(helpers, capsys)
    assert found[NETWORK] == ("ready", "saved just now") and found["T10"][1].startswith("written")
    assert packed()[NETWORK] == Path(NETWORK).read_bytes()


@pytest.mark.usefixtures("handed_out")
def test_a_notebook_that_cannot_be_read_is_packed_all_the_same(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(NETWORK).write_bytes(Path(NETWORK).read_bytes()[:-200])  # grading reads its whole cells
    assert checked(helpers, capsys)[NETWORK][1].startswith("cannot be read")
    assert NETWORK in packed()


@pytest.mark.usefixtures("handed_out")
def test_of_two_copies_the_one_with_the_answers_is_taken_and_both_are_named(
    helpers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = "2-two-layer-network (1).ipynb"
    Path(copy).write_bytes(Path(NETWORK).read_bytes())
    change(copy, "T10-answer", "def decay_learning_rate(a, b):\n    return a * b\n")
    found = checked(helpers, capsys)
    assert found[NETWORK] == ("ready", f"taken from {copy}, saved just now") and found["T10"][1].startswith("written")
    assert packed()[NETWORK] == Path(copy).read_bytes()
    another = "copy of homework.ipynb"
    Path(another).write_bytes(Path(copy).read_bytes())
    change(another, "T9-answer", "def sgd_update(a, b, c):\n    a['W1'] -= c\n")
    state, words = checked(helpers, capsys)[NETWORK]
    assert state == "look again" and words.startswith(f"taken from {another}, not from {copy}, which has other answers")
    change(NETWORK, "T8-answer", "def sample_minibatch(a, b, c):\n    return a, b\n")
    state, words = checked(helpers, capsys)[NETWORK]
    assert state == "look again" and words.startswith(f"taken from {NETWORK}, not from")
    assert packed()[NETWORK] == Path(NETWORK).read_bytes()


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize("date", [-86400 * 366, 0, 315532800 - 3600])
def test_a_date_before_1980_crashes_nothing_and_becomes_a_sensible_one(
    helpers: Any, date: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.utime("1-basics.ipynb", (date, date))
    assert checked(helpers, capsys)["1-basics.ipynb"] == ("ready", "saved")
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        assert archive.getinfo("1-basics.ipynb").date_time[0] == helpers.time.localtime().tm_year
    monkeypatch.setattr(helpers.time, "time", lambda: float(date))  # the machine's clock as well
    checked(helpers, capsys)
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        assert archive.getinfo("1-basics.ipynb").date_time == (2000, 1, 1, 0, 0, 0)


OWN = "class Mine:\n    def predict(self, X):\n        return (X / SCALE - {what}).argmax(axis=1)\n"


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize(
    ("cells", "what", "words"),
    one_in(
        8,
        [
            ([], "self.params['W1']", ""),
            (["mean_image = 3"], "mean_image", ""),
            (["def half(X):\n    return X / 2"], "half(X)", ""),
            (["import mine"], "mine.x", ""),
            (["mean_image = data['mean_image']"], "mean_image", "`mean_image`, which graders do not have"),
            ([], "data['mean_image']", "`data`, which graders do not have"),
            (["def half(X):\n    return X / whole"], "half(X)", "`whole`, which graders do not have"),
            (["import torch"], "torch.zeros(3)", "`torch`, which graders do not have"),
            ([], "self.mean", "`self.mean`, and graders set self.params alone: keep it there"),
            (["mean_image = np.load('mean.npy')"], "mean_image", ""),
            (["mean_image = np.load('gone.npy')"], "mean_image", "`mean_image`, which graders do not have"),
            (
                [],
                "np.load('pca.npz')['mean']",
                "the file pca.npz, which graders do not give it: keep such numbers in params",
            ),
            ([], "np.load('mean.npy')", ""),
        ],
    ),
)
def test_what_predict_needs_and_graders_do_not_have_is_named(
    helpers: Any, cells: list[str], what: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.py").write_text("x = 1\n")
    np.save("mean.npy", np.zeros(784))
    np.savez("pca.npz", mean=np.zeros(3))
    add_cell("SCALE = 255")
    for cell in cells:
        add_cell(cell)
    add_cell(OWN.format(what=what))
    np.savez("best_net.npz", W1=np.ones(784), class_name=np.array("Mine"))
    state, said = checked(helpers, capsys)["best_net.npz"]
    assert said.startswith(f"its predict needs {words}") if words else state == "ready", said
    assert ("mean.npy" in packed()) == ("mean.npy" in "".join([*cells, what]))
    assert "pca.npz" not in packed()


# ---- the sample is practice ---------------------------------------------------------------------

PRACTICE = "the sample is for practice. Graders use the whole of MNIST, where above {} is wanted"


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize("how", one_in(2, ["settings", "cell"]))
def test_on_the_sample_the_check_the_test_and_the_last_cell_say_what_graders_use(
    helpers: Any, notebook: Any, how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if how == "settings":
        monkeypatch.setenv("HW4_DATASET", "sample")
    np.random.seed(0)
    names = notebook("")
    names["best_net"] = net = names["TwoLayerNet"](784, 50, 10)
    data = helpers.load_mnist(None if how == "settings" else "sample", verbose=False)
    helpers.save_net(net)
    said = said_by(helpers, "T12", names, capsys)
    assert "on the sample of 5,000 digits, above 0.87 is wanted" in said and PRACTICE.format(0.974) in said
    net.train(data["X_train"], data["y_train"], data["X_val"], data["y_val"], 1e-2, reg=0.1, num_iters=400)
    helpers.save_net(net)
    helpers.check_T12(names)
    said = capsys.readouterr().out
    assert "on the sample of 5,000 digits, above 0.87" in said and PRACTICE.format(0.974) in said
    helpers.test_best(names, data)
    said = capsys.readouterr().out
    assert "on the sample of 5,000 digits, above 0.87 is the goal" in said and PRACTICE.format(0.963) in said
    state, words = checked(helpers, capsys)["best_net.npz"]
    assert (
        state == "look again" and "trained on the sample of 5,000 digits" in words and PRACTICE.format(0.974) in words
    )


def test_on_the_whole_of_mnist_nothing_speaks_of_a_sample(helpers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    net = type("Net", (), {"params": {}, "predict": lambda self, X: np.zeros(len(X), int)})()
    digits = {"X_test": np.zeros((10, 784)), "y_test": np.zeros(10, int), "y_val": np.zeros(5000, int)}
    helpers.test_best({"best_net": net}, digits)
    assert capsys.readouterr().out == "Test set: passed\n  note   test accuracy 1.0000, above 0.963 is the goal\n"


# ---- what the course says in one place ----------------------------------------------------------


def test_the_goals_are_the_courses_and_the_notebook_names_them(helpers: Any, repo: Course) -> None:
    thresholds = repo.assignment("hw4").thresholds
    assert {name: tuple(goals) for name, goals in helpers.GOALS.items()} == dict(thresholds)
    text = (repo.release("hw4") / "2-two-layer-network.ipynb").read_text(encoding="utf-8")
    for goal in thresholds["mnist"]:
        assert f"{100 * goal:.1f} %" in text
