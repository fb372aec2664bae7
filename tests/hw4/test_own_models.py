"""Models of a student's own: what the check of T12 and check_submission say of them is what grading does."""

import contextlib
import io
import json
import os
import re
import sys
import types
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shares import one_in
from test_mnist import MNIST
from test_mnist import whole as whole  # a fixture

from autograder.course import Course, load_module
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging.verdicts import Result
from autograder.sandbox.answers import Array
from autograder.submissions.submission import Submission

NETWORK = "2-two-layer-network.ipynb"
Files = dict[str, bytes]


@pytest.fixture
def helpers(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The students' module, in a folder of its own, on the sample."""
    for name, value in (("HW4_DATASET", "sample"), ("MNIST_DIR", ""), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    module = load_module(course.release("hw4") / "hw4_helpers.py", "hw4_helpers")
    monkeypatch.setitem(sys.modules, "hw4_helpers", module)
    return module


@pytest.fixture
def notebook(hand_in: Callable[..., Files], right: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notebook's memory after the right answers; it runs more cells and returns its names."""
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    names: dict[str, Any] = vars(main)
    names["np"] = np

    def run(source: str) -> dict[str, Any]:
        exec(compile(source, f"<cell {len(names)}>", "exec"), names)
        return names

    files = hand_in(right)
    for grade_id in ("two-layer-net", *(f"T{n}-answer" for n in range(5, 12))):
        run(made_up.source_of(files, grade_id))
    return run


def said_of(helpers: Any, names: dict[str, Any]) -> tuple[str, str]:
    """What the check of T12 says, and the line of check_submission on the model."""
    texts = []
    for ask in (lambda: helpers.check_T12(names), helpers.check_submission):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(helpers.NotYet):
            ask()
        texts.append(out.getvalue())
    return texts[0], next(line for line in texts[1].splitlines() if line.startswith("  best_net.npz"))


SCORES = "np.maximum(X @ p['W1'] + p['b1'], 0) @ p['W2'] + p['b2']"
PREDICT = f"    def predict(self, X):\n        p = self.params\n        return ({SCORES}).argmax(axis=1)\n"


def mine(before: str = "", head: str = "class Mine:", body: str = "", predict: str = PREDICT) -> str:
    return f"{before}{head}\n{body}{predict}"


def first(line: str) -> str:
    """A predict that does something else first."""
    return PREDICT.replace("        p =", f"        {line}\n        p =")


def returning(what: str) -> str:
    return PREDICT.replace(f"({SCORES}).argmax(axis=1)", what)


FROZEN = "from dataclasses import dataclass\n@dataclass({})\n"
PROPERTY = "    @property\n    def params(self):\n        return self._own\n"
SETTER = "    @params.setter\n    def params(self, value):\n        self._own = value\n"
LABELS = f"({SCORES}).argmax(axis=1)"
# name: (the cell with the class, what the check says; "" where it is to pass and grading gives full marks)
CASES: dict[str, tuple[str, str]] = {
    "plain": (mine(), ""),
    "slots": (mine(body="    __slots__ = ('params',)\n"), ""),
    "slots without params": (mine(body="    __slots__ = ('W1',)\n"), 'its `__slots__` have no "params". Add it there'),
    "frozen dataclass": (
        mine(FROZEN.format("frozen=True"), body="    params: dict\n"),
        "its class is a frozen dataclass. Take `frozen=True` out",
    ),
    "dataclass": (mine(FROZEN.format(""), body="    params: dict\n"), ""),
    "dataclass with slots": (mine(FROZEN.format("slots=True"), body="    params: dict\n"), ""),
    "named tuple": (
        mine("from typing import NamedTuple\n", "class Mine(NamedTuple):", "    params: dict\n"),
        "graders make it by Mine.__new__(Mine), which stops with TypeError",
    ),
    "made with arguments": (
        mine(body="    def __new__(cls, sizes):\n        return object.__new__(cls)\n"),
        "which stops with TypeError: Mine.__new__() missing 1 required positional argument: 'sizes'",
    ),
    "property": (mine(body=PROPERTY + SETTER), ""),
    "property that cannot be set": (mine(body=PROPERTY), "`params` is a property that cannot be set"),
    "class attribute": (mine(body="    SCALE = 1.0\n", predict=first("X = X * self.SCALE")), ""),
    "class attribute that training sets": (
        mine(body="    mean = None\n", predict=first("X = X - self.mean")) + "Mine.mean = data['mean']\n",
        "This is how graders ask it",
    ),
    "subclass": ("class Mine(TwoLayerNet):\n    pass\n", ""),
    "static method": (
        "class Mine:\n    @staticmethod\n    def predict(X):\n        return X.argmax(axis=1)\n",
        "Tune on!",
    ),
    "lambda": (f"class Mine:\n    predict = lambda self, X: (lambda p: {LABELS})(self.params)\n", ""),
    "predict made by __init__": (
        "class Mine:\n    def __init__(self):\n        self.predict = lambda X: X\n",
        "its class has no `predict`: graders make it without __init__, and set self.params alone",
    ),
    "attribute made by __init__": (
        mine(body="    def __init__(self):\n        self.spread = 1.0\n", predict=first("X = X / self.spread")),
        "its predict needs `self.spread`, and graders set self.params alone: keep it there (in predict, line 5",
    ),
    "class inside a function": (
        "def make():\n" + "".join(f"    {line}\n" for line in mine().splitlines()) + "    return Mine\n",
        "the saved model is a Mine, but this notebook has no class of that name",
    ),
    "closure": (f"def make(p0):\n    def ask(self, X):\n        p = self.params\n        return {LABELS} + p0\n"
                "    return ask\nclass Mine:\n    predict = make(0)\n", ""),
    "partial": ("import functools\ndef ask(shift, self, X):\n    p = self.params\n"
                f"    return {LABELS} + shift\nclass Mine:\n    predict = functools.partialmethod("
                "lambda self, X, shift: ask(shift, self, X), shift=0)\n", ""),
    "helper function": (mine("def scaled(X):\n    return X / 1.0\n", predict=first("X = scaled(X)")), ""),
    "global that a search sets": (
        mine(predict=first("X = X - mean")),
        "its predict needs `mean`, which graders do not have: they run no cells that load, train or search (in predict",
    ),
    "scaler that training fitted": (
        mine("class Scaler:\n    mean = None\nscaler = Scaler()\n", predict=first("X = X - scaler.mean")),
        "unsupported operand type(s) for -: 'float' and 'NoneType'",
    ),
    "package": (
        mine("import torch\n", predict=first("torch.zeros(3)")),
        "its predict needs `torch`, which graders do not have",
    ),
    "scipy": (mine("import scipy.ndimage\n", predict=first("X = scipy.ndimage.shift(X, 0, order=0)")), ""),
    "scikit-learn": (mine("from sklearn.preprocessing import Binarizer\n", predict=first("Binarizer()")), ""),
    "digits": (
        mine(predict=first("hw4_helpers.load_mnist()")),
        "graders do not have the digits where they ask the model",
    ),
    "data file": (
        mine(predict=first("X = X - np.load('mean.npz')['mean']")),
        "its predict needs the file mean.npz, which graders do not give it: keep such numbers in params",
    ),
    "own module": (mine("import scaling\n", predict=first("X = scaling.scaled(X)")), ""),
    "class in a module": ("from scaling import Mine\n", ""),
    "class in the T12 cell": (mine() + "best_net = data['X_train']\n", ""),
    "class below a package that is missing": ("import google.colab\nimport numpy as np\n" + mine(), ""),
    "class below the digits": (
        "data = hw4_helpers.load_mnist()\n" + mine(),
        "its class Mine is not in the saved notebook, or stands below a line that stops",
    ),
    "images changed in place": (mine(predict=first("X /= 255; X *= 255")), ""),
    "labels as a column": (mine(predict=returning(f"({LABELS})[:, None]")), ""),
    "labels as a list": (mine(predict=returning(f"({LABELS}).tolist()")), ""),
    "labels as text": (mine(predict=returning(f"({LABELS}).astype(str)")), "its predict gives back text"),
    "scores": (mine(predict=returning(SCORES)), "its predict gives back the shape (500, 10) for 500 images"),
    "nothing": (mine(predict=returning("None")), "its predict gives back nothing (None)"),
    "a key that was not saved": (
        mine(predict=first("X = X - self.params['mean']")),
        "its predict needs params['mean'], which was not saved. Saved are W1, b1, W2, b2",
    ),
    "number that counts": (
        mine(predict=first("for _ in range(self.params['layers']): pass")),
        "A number in params comes back as float64: write int(...) around it",
    ),
    "number that counts, as int": (mine(predict=first("for _ in range(int(self.params['layers'])): pass")), ""),
    "keys with a slash": (
        mine(predict=PREDICT.replace("self.params", "{key.split('/')[1]: self.params[key] for key in self.params}")),
        "",
    ),
    "a hundred arrays": (mine(), "it holds 104 arrays, and graders read 99"),
    "too many numbers": (mine(), "it holds 9.0 million numbers, and graders take 8 million"),
    "memory": (
        mine(predict=first("np.ones((len(X), 784, 700))")),
        "its predict needs more than the 2 GB that graders give (in predict",
    ),
    "a loop over images": (mine(predict=returning(f"[int(({SCORES}).argmax()) for X in X]")), ""),
}  # fmt: skip


def params_of(name: str, net: Mapping[str, Array]) -> dict[str, Array]:
    more: dict[str, dict[str, Array]] = {
        "a hundred arrays": {f"k{n:03}": np.zeros(2) for n in range(100)},
        "too many numbers": {"kept": np.zeros((900, 10_000))},
    }
    if name.startswith("number that counts"):
        return {**net, "layers": np.array(2.0)}
    return {f"net/{key}": value for key, value in net.items()} if "slash" in name else {**more.get(name, {}), **net}


# in each test run one, in `make proof` all: two processes and a grading each
@pytest.mark.parametrize("name", one_in(48, CASES, 3))
def test_check_and_grading_agree_on_a_model_of_ones_own(
    helpers: Any, notebook: Any, hand_in: Callable[..., Files], mark: Callable[..., Result], right: Mapping[str, str],
    net: Mapping[str, Array], name: str,
) -> None:  # fmt: skip
    source, words = CASES[name]
    weights = io.BytesIO()
    np.savez(weights, class_name=np.array("Mine"), **params_of(name, net))
    np.savez("mean.npz", mean=np.zeros(784))
    module = f"import numpy as np\n{mine()}def scaled(X):\n    return X / 1.0\n"
    Path("scaling.py").write_text(module, encoding="utf-8")
    answers, extra = (right, [source]) if "T12" not in name else ({**right, "T12": source}, [])
    made_up.write(Path(), hand_in(answers, extra=extra, weights=weights.getvalue()))
    sys.modules.pop("scaling", None)
    sys.path.insert(0, os.getcwd())
    with contextlib.suppress(ImportError, NameError):  # in the kernel these were there when the cell ran
        notebook(source)
    sys.path.remove(os.getcwd())
    if "below" in name:
        notebook(mine())
    if "torch" in source:
        notebook(f"torch = np\n{source.partition(chr(10))[2]}")
    names = notebook("mean = np.zeros(784); import hw4_helpers")
    check, row = said_of(helpers, names)
    result = mark(packed())
    assert (result.verdicts["T12"].score == 1) == (words == ""), result.verdicts["T12"].message
    assert check.startswith("T12: not yet" if words else "T12: passed") and words in check, check
    if words not in ("", "Tune on!") and name != "memory":  # the last cell asks about a few images only
        assert "best_net.npz               look again" in row, row
    assert not re.search(r"Traceback|desk|/tmp", check + row)
    if not words:
        assert "predict works as graders call it" in check and "ready" in row, row
        assert {v.score for task, v in result.verdicts.items() if task != "T4"} == {1}


def packed() -> Files:
    """What check_submission made."""
    with zipfile.ZipFile("hw4-submission.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---- the example of the notebook ----------------------------------------------------------------


def example(course: Course) -> list[str]:
    """The pieces of code below "Ideas of your own": the class, and how it is used."""
    cells = json.loads((course.release("hw4") / NETWORK).read_text(encoding="utf-8"))["cells"]
    text = next("".join(cell["source"]) for cell in cells if cell["id"] == "section-10")
    return re.findall(r"```python\n(.*?)```", text.partition("**Ideas of your own**")[2], re.DOTALL)


def hand_in_the_example(
    helpers: Any, notebook: Any, course: Course, hand_in: Callable[..., Files], right: Mapping[str, str], dataset: str
) -> str:
    """Work through section 10 with the example, as a student -> what the check of T12 says."""
    source, use = example(course)
    if dataset == "sample":
        source = source.replace("num_iters=3000", "num_iters=400")
    np.random.seed(1)
    names = notebook(source)
    names["data"] = helpers.load_mnist(dataset, verbose=False)
    notebook(f"import hw4_helpers\n{use}")
    made_up.write(Path(), hand_in({**right, "T12": use}, extra=[source], weights=None))
    with contextlib.redirect_stdout(io.StringIO()):
        helpers.save_best(names, names["data"])
        helpers.test_best(names, names["data"])
    return said_of(helpers, names)[0]


@pytest.mark.proof
def test_the_example_trains_is_saved_and_gets_full_marks(
    helpers: Any, notebook: Any, course: Course, hand_in: Callable[..., Files], mark: Callable[..., Result],
    right: Mapping[str, str],
) -> None:  # fmt: skip
    said = hand_in_the_example(helpers, notebook, course, hand_in, right, "sample")
    assert said.startswith("T12: passed"), said
    assert "MomentumNet, mean (784,), spread ()" in said or "mean (784,), spread ()" in said
    result = mark(packed())
    assert {v.score for task, v in result.verdicts.items() if task != "T4"} == {1}
    assert result.verdicts["T12"].message == "Right. Well done."


@pytest.mark.proof  # it trains on all of MNIST
@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the whole of MNIST is not in {MNIST}; set MNIST_DIR")
def test_the_example_as_it_stands_gets_full_marks_on_the_whole_of_mnist(
    helpers: Any, notebook: Any, course: Course, hand_in: Callable[..., Files], right: Mapping[str, str],
    whole: GraderContext, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MNIST_DIR", str(MNIST))
    monkeypatch.delenv("HW4_DATASET")
    said = hand_in_the_example(helpers, notebook, course, hand_in, right, "mnist")
    assert said.startswith("T12: passed") and "above 0.974" in said and "sample" not in said, said
    result = pipeline.grade_submission(whole, Submission("a", packed()))
    assert {v.score for task, v in result.verdicts.items() if task != "T4"} == {1}


# ---- what is saved ------------------------------------------------------------------------------


class Net:
    def __init__(self, params: Any) -> None:
        self.params = params

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (Net({"layer1": {"W": np.eye(2)}}),
         'params["layer1"] is a dict itself. Give each of its arrays a name of its own in params, '
         'such as params["layer1_W"].'),
        (Net({"W": [np.eye(2), np.eye(3)]}),
         'params["W"] is a list of different things. Only arrays of numbers can be saved: '
         'give each array a name of its own, such as params["W_0"].'),
        (Net({"kind": "relu"}),
         'params["kind"] is a str. Only arrays of numbers can be saved: write it into the class instead.'),
        (Net({"W1": None}), 'params["W1"] is a NoneType.'),
        (Net({"W1": 1j * np.eye(2)}), 'params["W1"] is a ndarray. Only arrays of numbers'),
        (Net({1: np.eye(2)}), "params has the key 1. Give that array another name, such as W3."),
        (Net({"file": np.eye(2)}), "params has the key 'file'."),
        (Net([np.eye(2)]), "nothing to save: run T12 first. A model has a dict `params` of arrays."),
        ({"W1": np.eye(2)}, "best_net is a dict. It should be the network itself, whose `params` is such a dict."),
        ([Net({}), Net({})], "best_net is a list. Of several nets make one class: all their arrays in its `params`"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_told_in_one_line(
    helpers: Any, net: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers.save_best({"best_net": net}, {})
    said = capsys.readouterr().out
    assert said.startswith(f"Saving: not yet\n  to do  {words}") and said.count("\n") == 2, said
    assert not Path("best_net.npz").exists()
    helpers.test_best({"best_net": net}, {"X_test": np.eye(2), "y_test": np.zeros(2), "y_val": np.zeros(2)})
    helpers.show_best({"best_net": net})
    with pytest.raises(helpers.CannotSave) as raised:  # in a search
        helpers.save_net(net)
    assert raised.value._render_traceback_() == [f"not saved: {raised.value}"]


@pytest.mark.parametrize(
    "values",
    [
        {"W1": np.eye(3, dtype=np.float16), "b1": np.float32(2), "n": 3, "on": True, "list": [1.5, 2.5]},
        {"W": [np.eye(2), np.eye(2)], "2": np.arange(3), "conv/W": np.eye(2, dtype=np.float32)},
    ],
)
def test_numbers_of_every_make_are_saved_and_read_by_graders(helpers: Any, values: dict[str, Any]) -> None:
    from autograder.submissions import saved_model

    helpers.save_net(Net(values), verbose=False)
    found = saved_model.read_model({"best_net.npz": Path("best_net.npz").read_bytes()}, "best_net.npz")
    assert isinstance(found, tuple) and found[1].keys() == values.keys()
    assert all(np.array_equal(found[1][name], values[name]) for name in values)


def test_a_class_with_slots_or_a_frozen_one_is_trained_with_the_bar(helpers: Any) -> None:
    from dataclasses import dataclass

    def train(self: Any, X: Any, y: Any, X_val: Any, y_val: Any, num_iters: int = 3) -> dict[str, Any]:
        assert type(self).__name__ in ("Slots", "Frozen")
        return {"loss_history": [self.loss(X, y)[0]]}

    common = {"train": train, "loss": lambda self, X, y: (1.0, {}), "predict": lambda self, X: np.zeros(len(X))}
    slots = type("Slots", (), {**common, "__slots__": ("params",)})()
    frozen = dataclass(frozen=True)(type("Frozen", (), {**common, "__annotations__": {"params": dict}}))({})
    digits = {"X_train": np.eye(2), "y_train": np.zeros(2), "X_val": np.eye(2), "y_val": np.zeros(2)}
    for net in (slots, frozen):
        kind = type(net)
        assert helpers.train(net, digits, verbose=False) == {"loss_history": [1.0]}
        assert type(net) is kind


# ---- what the kernel has run, and the notebook on disk has not ----------------------------------


class Shell:
    """A kernel's shell, as far as the helpers look at it."""

    def __init__(self, *history: str) -> None:
        self.history_manager = types.SimpleNamespace(input_hist_raw=["", *history])

    def transform_cell(self, source: str) -> str:
        return source


@pytest.mark.proof
@pytest.mark.parametrize("where", ["nowhere", "older"])
def test_a_class_that_was_not_saved_yet_is_asked_as_it_was_run(
    helpers: Any, notebook: Any, hand_in: Callable[..., Files], right: Mapping[str, str], net: Mapping[str, Array],
    monkeypatch: pytest.MonkeyPatch, where: str,
) -> None:  # fmt: skip
    weights = io.BytesIO()
    np.savez(weights, class_name=np.array("Mine"), **net)
    older = mine(predict=first("X = X - mean"))
    made_up.write(Path(), hand_in(right, extra=[older] if where == "older" else [], weights=weights.getvalue()))
    names = notebook(mine())
    history = [mine(), "best_net = Mine()\n1 / 0", "hw4_helpers.check_T12(globals())"]
    monkeypatch.setattr(helpers, "_shell", lambda: Shell(*history))
    check, row = said_of(helpers, names)
    assert check.startswith("T12: passed"), check
    # what is handed in is the notebook on disk
    assert ("not in the saved notebook" if where == "nowhere" else "its predict needs `mean`") in row
    (Path() / NETWORK).unlink()  # on Colab the notebook is no file
    monkeypatch.setattr(helpers, "_shell", lambda: Shell("import numpy as np", *history))
    assert said_of(helpers, names)[0].startswith("T12: passed")
    monkeypatch.setattr(helpers, "_shell", lambda: Shell("import numpy as np", older, *history[1:]))
    assert "needs `mean`" in said_of(helpers, notebook("mean = 0"))[0]


@pytest.mark.proof
def test_what_ran_before_the_saved_form_of_a_class_counts_no_more(
    helpers: Any, notebook: Any, hand_in: Callable[..., Files], right: Mapping[str, str], net: Mapping[str, Array],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    weights = io.BytesIO()
    np.savez(weights, class_name=np.array("Mine"), **net)
    made_up.write(Path(), hand_in(right, extra=[mine()], weights=weights.getvalue()))
    older = [mine(predict=first("X = X - mean")), mine(predict=first("X = X - self.mean"))]
    monkeypatch.setattr(helpers, "_shell", lambda: Shell(*older, mine()))
    assert said_of(helpers, notebook(mine()))[0].startswith("T12: passed")


def test_where_no_process_can_be_started_the_class_is_asked_as_it_is(
    helpers: Any, notebook: Any, hand_in: Callable[..., Files], right: Mapping[str, str], net: Mapping[str, Array],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    weights = io.BytesIO()
    np.savez(weights, class_name=np.array("Mine"), **net)
    made_up.write(Path(), hand_in(right, extra=[mine()], weights=weights.getvalue()))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    names = notebook(mine(body="    def __init__(self):\n        self.a = 1\n", predict=first("self.a")))
    assert "its predict needs `self.a`, and graders set self.params alone" in said_of(helpers, names)[0]
    check, row = said_of(helpers, notebook(mine()))
    assert check.startswith("T12: passed") and "ready" in row


def test_a_model_file_that_cannot_be_read_is_told(helpers: Any, notebook: Any) -> None:
    Path("best_net.npz").write_bytes(b"PK\3\4 no")
    check, _ = said_of(helpers, notebook(""))
    assert "to do  best_net.npz cannot be read: run the cell that saves the model again." in check


@pytest.mark.proof  # it waits for what takes too long
def test_cells_and_a_predict_that_take_too_long_are_ended(
    helpers: Any, notebook: Any, hand_in: Callable[..., Files], right: Mapping[str, str], net: Mapping[str, Array]
) -> None:
    weights = io.BytesIO()
    np.savez(weights, class_name=np.array("Mine"), **net)
    long = "while True:\n    pass\n"
    # the definitions of such a cell count, as they do for graders
    made_up.write(Path(), hand_in(right, extra=[mine() + long], weights=weights.getvalue()))
    text = Path(helpers.__file__).read_text(encoding="utf-8")
    usual, quick = "CELL_SECONDS, ASKING_SECONDS, ALL_SECONDS = 10, 60, 180", Path("quick", "hw4_helpers.py")
    assert text.count(usual) == 1
    quick.parent.mkdir()
    quick.write_text(text.replace(usual, usual.replace("10, 60", "1, 4")), encoding="utf-8")
    module = load_module(quick, "hw4_helpers")
    check, _ = said_of(module, notebook(mine()))
    assert check.startswith("T12: passed"), check
    slow = mine(predict=first("while True: pass"))
    made_up.write(Path(), hand_in(right, extra=[slow], weights=weights.getvalue()))
    check, _ = said_of(module, notebook(slow))
    assert "its predict takes more than 4 seconds for 500 images" in check, check


def test_a_low_accuracy_names_an_earlier_task_that_it_is_measured_with(
    helpers: Any, notebook: Any, net: Mapping[str, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    import linecache

    np.savez("best_net.npz", class_name=np.array("TwoLayerNet"), **net)
    names = notebook("")
    code = names["TwoLayerNet"].loss.__code__
    given = [f"{helpers.GIVEN_START}\n"]
    monkeypatch.setitem(linecache.cache, code.co_filename, (1, None, given, code.co_filename))
    assert said_of(helpers, names)[0].startswith("T12: passed")
    monkeypatch.setitem(helpers._results, "T11", "not yet")
    notebook("def predict(params, X):\n    return np.zeros(len(X))")
    assert "It is measured with your T11, which is not right yet: mend that first." in said_of(helpers, names)[0]
    monkeypatch.setitem(helpers._results, "T11", "passed")
    assert "Tune on! Note: the sample is for practice." in said_of(helpers, names)[0]
