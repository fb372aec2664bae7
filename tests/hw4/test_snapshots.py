"""A checked answer stays: what a later cell does to the names costs nothing that stood before it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from shares import in_each_run

from autograder.grading import asking, pipeline
from autograder.grading.asking import GraderContext
from autograder.grading.made_up import code_cell, model_file
from autograder.judging.verdicts import PASSED, Result
from autograder.submissions.submission import Submission

HandIn = Callable[..., dict[str, bytes]]
Later = Callable[..., dict[str, bytes]]
NOTEBOOK = "2-two-layer-network.ipynb"

MOMENTUM = """
velocity = {}
def sgd_update(params, grads, learning_rate):
    for name in params:
        velocity[name] = 0.9 * velocity.get(name, 0) - learning_rate * grads[name]
        params[name] += velocity[name]
"""
DROPOUT = """
plain_forward = forward
def forward(params, X):
    scores, hidden = plain_forward(params, X)
    hidden = hidden * (np.random.rand(*hidden.shape) < 0.8) / 0.8
    return hidden @ params["W2"] + params["b2"], hidden
"""
NOISE = """
def sample_minibatch(X, y, batch_size):
    rows = np.random.choice(len(X), batch_size)
    return X[rows] + np.random.normal(0, 5, (batch_size, X.shape[1])), y[rows]
"""
SUBCLASS = """
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None, reg=0.0):
        return super().loss(X / 255, y, reg)
    def train(self, X, y, X_val, y_val, **options):
        return {}
    def predict(self, X):
        return super().predict(X / 255)
"""
LATER = {
    "momentum": MOMENTUM,
    "dropout": DROPOUT,
    "noise": NOISE,
    "three-layers": "def predict(params, X):\n    return np.argmax(X @ params['W3'], axis=1)\n",
    "predict-bound-to-labels": "predict = predict(TwoLayerNet(4, 10, 3).params, np.zeros((2, 4)))\n",
    "subclass-of-the-same-name": SUBCLASS,
    "method-set-on-the-class": "TwoLayerNet.predict = lambda self, X: np.zeros(len(X), dtype=int)\n",
    "method-of-a-base": "class TwoLayerNet(TwoLayerNet):\n    pass\n\nTwoLayerNet.__mro__[1].loss = None\n",
    "builtin-hidden": "max = 3\n",
    "another-builtin-hidden": "range = 5\n",
    "builtin-replaced": "import builtins\nbuiltins.max = lambda *values: 0\n",
    "all-of-numpy": "from numpy import *\n",
    "numpy-bound-to-a-number": "np = 5\n",
    "function-of-numpy-replaced": "np.maximum = np.minimum\n",
    "seed-bound-to-a-number": "import random\nnp.random.seed = 42\nrandom.seed = 42\npredict = None\n",
    "choice-of-numpy-replaced": "import numpy.random as npr\nnpr.choice = lambda a, n: np.zeros(n, int)\n",
    "warnings-are-errors": "np.seterr(all='raise')\n",
    "everything-forgotten": "%reset -f\n",
    "a-name-deleted": "del forward, softmax_loss\n",
    "rows-forgotten": "def backward(params, X, y, hidden, probabilities, reg):\n    return {}\n",
}


@pytest.fixture(scope="module")
def later(right: Mapping[str, str], hand_in: HandIn) -> Later:
    """Files of a right submission with code of the student's own at the end, after a check, or in T12's cell."""

    def later(source: str, after: str = "T11", **answers: str) -> dict[str, bytes]:
        files = hand_in({**right, **answers})
        book = json.loads(files[NOTEBOOK])
        at = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in book["cells"]].index(after)
        book["cells"].insert(at + 1, code_cell(source))
        return {**files, NOTEBOOK: json.dumps(book).encode()}

    return later


def lost(result: Result) -> dict[str, str]:
    return {task: v.message for task, v in result.verdicts.items() if task != "T4" and v.status != PASSED}


# in each test run four, which ask few states; in `make proof` all
@pytest.mark.parametrize(
    "name", in_each_run(LATER, ["momentum", "builtin-replaced", "numpy-bound-to-a-number", "a-name-deleted"])
)
def test_what_a_later_cell_does_costs_no_checked_answer(mark: Callable[..., Result], later: Later, name: str) -> None:
    result = mark(later(LATER[name]))
    assert lost(result) == {}
    assert any(verdict.snapshot for verdict in result.verdicts.values()), "the cell took nothing away"


def test_the_verdict_says_which_state_of_the_notebook_counted(mark: Callable[..., Result], later: Later) -> None:
    result = mark(later(MOMENTUM))
    update = result.verdicts["T9"]
    assert update.snapshot and f"T9@{update.snapshot}" in result.seeds
    assert re.search(r"as the notebook stood before its cell .*own", update.rule)
    assert result.verdicts["T5"].snapshot == 0 and "T5@" not in " ".join(result.seeds)
    assert result.seeds[f"T9@{update.snapshot}"] != result.seeds["T9"]


def test_a_right_submission_is_asked_at_its_end_alone(
    mark: Callable[..., Result], later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []

    class Counted(asking.NotebookRun):
        def answers(self) -> dict[str, asking.Answers]:
            runs.append(self)
            return super().answers()

    monkeypatch.setattr(asking, "NotebookRun", Counted)
    assert lost(mark(later("accuracy = 0.9\ndef show(x):\n    print(x)\n"))) == {}
    assert len(runs) == 2  # one a notebook
    runs.clear()
    assert lost(mark(later("max = 3\n"))) == {}
    assert len(runs) == 3


def test_a_mistake_that_stood_there_all_the_time_stays_one_and_costs_no_further_run(
    mark: Callable[..., Result], later: Later, mistakes: Mapping[tuple[str, str], object], right: Mapping[str, str]
) -> None:
    wrong = right["T9"].replace("-=", "+=")
    result = mark(later("scores_of_mine = 1\n", T9=wrong))
    assert set(lost(result)) == {"T9"} and not any("@" in name for name in result.seeds)


def test_an_answer_that_gets_right_in_the_end_counts_as_it_is_there(
    mark: Callable[..., Result], later: Later, right: Mapping[str, str]
) -> None:
    wrong = right["T9"].replace("-=", "+=")
    assert lost(mark(later(right["T9"], T9=wrong))) == {}


def test_one_state_counts_as_a_whole(mark: Callable[..., Result], later: Later, right: Mapping[str, str]) -> None:
    """Pairs right in one state and draws in the other give half of the points, never all."""
    head = "def sample_minibatch(X, y, batch_size):\n"
    unpaired = head + "    i = np.random.choice(len(X), (2, batch_size))\n    return X[i[0]], y[i[1]]\n"
    same = head + "    return X[:batch_size], y[:batch_size]\n"
    verdict = mark(later(same, T8=unpaired)).verdicts["T8"]
    assert verdict.score == 0.5 and sorted(part.score for part in verdict.parts) == [0.0, 0.5]


def test_more_rebindings_than_are_looked_at_hide_no_checked_answer(mark: Callable[..., Result], later: Later) -> None:
    files = later("\n")
    for turn in range(15):
        files = _with_cell(files, f"def predict(params, X):\n    return {turn}\n")
    assert lost(mark(files)) == {}


def _with_cell(files: dict[str, bytes], source: str) -> dict[str, bytes]:
    book = json.loads(files[NOTEBOOK])
    book["cells"].append(code_cell(source))
    return {**files, NOTEBOOK: json.dumps(book).encode()}


@pytest.mark.proof  # it asks a whole training of a class of its own
def test_the_class_of_a_saved_model_is_the_latest_that_was_there(
    grader: GraderContext, later: Later, net: Mapping[str, object]
) -> None:
    own = "class Mine(TwoLayerNet):\n    def predict(self, X):\n        return np.argmax(self.loss(X), axis=1)\n"
    files = _with_cell(later(own), "%reset -f\n")
    files["best_net.npz"] = model_file(net, "Mine")  # type: ignore[arg-type]
    verdict = pipeline.grade_submission(grader, Submission("mali", files)).verdicts["T12"]
    assert verdict.status == PASSED, verdict.message


RECORDS = """
import builtins, json
seen = builtins.__dict__.setdefault("_seen", [])
checked = forward
def forward(params, X):
    seen.append(np.array(X).tolist())
    open("seen.json", "w").write(json.dumps(seen))
    open("/tmp/seen.json", "w").write(json.dumps(seen))
    return checked(params, X)
"""
SHOWS = """
import builtins, glob
found = getattr(builtins, "_seen", []) + [open(name).read() for name in glob.glob("*.json") + glob.glob("/tmp/*.json")]
if found:
    raise ValueError("LOOT " + str(found)[:200])
"""
PASSES_ON = """
import os
def sgd_update(params, grads, learning_rate):
    for place in ("mark", "/tmp/mark"):
        if os.path.exists(place):
            raise ValueError("LOOT from another state")
        open(place, "w").write("1")
    os.remove("mark"), os.remove("/tmp/mark")
    open("left", "w").write(str(params)), open("/tmp/left", "w").write(str(params))
    if "left" in STOOD or "/tmp/left" in STOOD:
        raise ValueError("LOOT from another state")
"""


def test_inputs_that_a_question_recorded_are_shown_by_no_later_cell(mark: Callable[..., Result], later: Later) -> None:
    """The attack: record what is asked, and tell of it in a cell that runs afterwards."""
    files = _with_cell(later(RECORDS), SHOWS)
    result = mark(_with_cell(files, "predict = None\n"))  # so that earlier states are asked
    assert any(verdict.snapshot for verdict in result.verdicts.values())
    told = [*result.cell_errors.values(), *(v.message for v in result.verdicts.values())]
    assert [text for text in told if "LOOT" in text] == []


def test_no_file_goes_from_one_state_to_another(mark: Callable[..., Result], later: Later) -> None:
    files = later("import os\nSTOOD = os.listdir('.') + ['/tmp/' + n for n in os.listdir('/tmp')]\n" + PASSES_ON)
    result = mark(_with_cell(_with_cell(files, "np = 5\n"), "sgd_update = None\n"))
    assert [text for text in (v.message for v in result.verdicts.values()) if "LOOT" in text] == []
    assert any(verdict.snapshot for verdict in result.verdicts.values())


def test_every_state_has_inputs_of_its_own(grader: GraderContext, later: Later) -> None:
    result = pipeline.grade_submission(grader, Submission("mali", later(MOMENTUM + "\nmax = 3\n")))
    seeds = [seed for name, seed in result.seeds.items()]
    assert len(set(seeds)) == len(seeds) and any("@" in name for name in result.seeds)


def test_a_replay_of_an_appeal_asks_the_same_state_the_same(grader: GraderContext, later: Later) -> None:
    handed_in = Submission("mali", later(MOMENTUM))
    first = pipeline.grade_submission(grader, handed_in)
    other = replace(grader, secret=b"another" * 5)
    again = pipeline.grade_submission(other, handed_in, b"", first.seeds)
    assert again.seeds == first.seeds and again.verdicts == first.verdicts


def test_kept_answers_hold_those_of_earlier_states(
    grader: GraderContext, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in = Submission("mali", later(MOMENTUM))
    first = pipeline.grade_submission(grader, handed_in)

    def refused(*args: object, **kwargs: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("autograder.grading.notebook_run.NotebookRun._attempt", refused)
    again = pipeline.grade_submission(grader, handed_in, first.answers)
    assert again.verdicts == first.verdicts
