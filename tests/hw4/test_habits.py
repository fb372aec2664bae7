"""Right submissions with one habit of real students each: full marks. What fails here alone costs nothing."""

import io
import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from shares import one_in

from autograder.assignments.hw4.right_variants import own_class
from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.verdicts import PASSED, Result
from autograder.pages import graded_notebook
from autograder.sandbox.answers import Array
from autograder.submissions.submission import Submission

Mark = Callable[..., Result]
HandIn = Callable[..., dict[str, bytes]]
RELU = "def my_relu(x):\n    return np.maximum(0, x)\n"
FORWARD = """def forward(params, X):
    hidden = my_relu(X @ params["W1"] + params["b1"])
    return hidden @ params["W2"] + params["b2"], hidden
"""


def lost(result: Result) -> dict[str, str]:
    return {task: v.message for task, v in result.verdicts.items() if task != "T4" and v.status != PASSED}


@pytest.mark.parametrize(
    "before",
    one_in(
        3,
        [
            "from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive\n",
            "import seaborn as sns\nsns.set()\n",
            "import matplotlib.pyplot as plt\nplt.style.use('seaborn')\n",
            "import matplotlib\nmatplotlib.use('TkAgg')\n",
            "%load_ext nb_black\n",
            "%%nobody_knows this\n",
            "import seaborn, tensorflow\nimport torch\nplot = sns.lineplot\n",
            "from numba import njit, prange\n\n@njit(parallel=True)\ndef two(x):\n    for _ in prange(1):\n"
            "        x += x\n    return x\n\n@njit\n",
            "import numba\n\n@numba.jit('f8(f8)', nopython=True)\n",
        ],
    ),
)
@pytest.mark.parametrize("where", ["own cell", "answer"])
def test_a_line_that_fails_on_graders_machine_alone_costs_nothing(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], before: str, where: str
) -> None:
    own = where == "own cell"
    answers = {**right, "T5": FORWARD if own else before + RELU + FORWARD}
    result = mark(hand_in(answers, extra=[before + RELU] if own else []))
    assert not lost(result)


def test_what_stands_below_any_other_error_is_not_run(mark: Mark, hand_in: HandIn, right: Mapping[str, str]) -> None:
    for error in ("1 / 0\n", "from nowhere import x\n1 / 0\n", "plt.style.use(nobody)\n1 / 0\n"):
        result = mark(hand_in({**right, "T5": error + RELU + FORWARD}))
        stays = error.startswith("from nowhere") or error.startswith("plt")  # definitions run, calls do not
        assert ("T5" in lost(result)) != stays, error
    result = mark(hand_in({**right, "T5": "import seaborn\ndef helper(x):\n    return x\nrest = missing_name\n"}))
    assert "seaborn" in lost(result)["T5"] and "is not defined" not in lost(result)["T5"]


@pytest.mark.parametrize(
    "change",
    one_in(
        4,
        [
            "    scores = scores.astype(np.float_)\n",
            "    assert np.alltrue(np.isfinite(scores)) and np.product((2, 3)) == 6 and np.Inf == np.inf\n",
            "    assert np.in1d([1], [1, 2]).all() and np.trapz([1, 1]) == 1 and np.cast['int32'](1.5) == 1\n",
            "    assert np.find_common_type([np.float32], [np.int64]) == np.float32 or True\n",
        ],
        1,
    ),
)
def test_names_of_numpy_1_26_are_there(mark: Mark, hand_in: HandIn, right: Mapping[str, str], change: str) -> None:
    first = right["T6"].index("    shifted")
    assert not lost(mark(hand_in({**right, "T6": right["T6"][:first] + change + right["T6"][first:]})))


def test_names_that_numpy_1_26_had_not_either_are_not_there(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str]
) -> None:
    first = right["T6"].index("    shifted")
    changed = right["T6"][:first] + "    scores = scores.astype(np.float)\n" + right["T6"][first:]
    assert "T6" in lost(mark(hand_in({**right, "T6": changed})))


@pytest.fixture(scope="module")
def given_class(course: Course) -> str:
    """The cell of the release with the given class."""
    cells = json.loads((course.release("hw4") / "2-two-layer-network.ipynb").read_text())["cells"]
    return next(
        "".join(c["source"]) for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == "two-layer-net"
    )


@pytest.mark.parametrize(
    "reword",
    one_in(
        3,
        [
            lambda text: "# my copy\n" + text,
            lambda text: text.replace("):\n", "):  # as given\n", 1),
            lambda text: text.replace('"', "'"),
        ],
    ),
)
def test_the_given_class_once_more_is_the_given_class(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], given_class: str, reword: Callable[[str], str]
) -> None:
    """A blank T5 costs T5 alone: its function is asked, and not the class that is built on it."""
    blank = {**right, "T5": "def forward(params, X):\n    raise NotImplementedError\n"}
    assert list(lost(mark(hand_in(blank)))) == ["T5"]
    assert list(lost(mark(hand_in(blank, extra=[reword(given_class)])))) == ["T5"]


def test_a_copy_that_does_something_else_is_a_class_of_ones_own(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], given_class: str
) -> None:
    blank = {**right, "T5": "def forward(params, X):\n    raise NotImplementedError\n"}
    assert len(lost(mark(hand_in(blank, extra=[given_class.replace("std=1e-4", "std=1e-3")])))) > 1


@pytest.mark.parametrize("where", ["above", "below"])
def test_a_stubs_line_that_was_left_costs_nothing(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], where: str
) -> None:
    stub = "raise NotImplementedError\n"
    head, _, body = right["T10"].partition("\n    ")
    inside = f"{head}\n    {stub}    {body}" if where == "above" else f"{right['T10']}\n    {stub}"
    at_end = stub + right["T3"] if where == "above" else f"{right['T3']}\n{stub}"
    assert not lost(mark(hand_in({**right, "T10": inside, "T3": at_end})))


@pytest.mark.parametrize("number", one_in(3, ["557,057", "'557,057'", '"557057"']))
def test_a_number_with_commas_is_that_number(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], number: str
) -> None:
    assert not lost(mark(hand_in({**right, "T3": f"num_parameters = {number}\n"})))


@pytest.mark.parametrize(
    "line",
    one_in(
        3,
        [
            "import os\nhome = os.environ['HOME']\nassert os.path.isdir(os.path.expanduser('~'))\n",
            "import getpass\nname = getpass.getuser()\n",
            "import os\nassert os.environ['USER']\nos.getlogin if True else None\n",
            "import pathlib, tempfile\npathlib.Path.home()\ntempfile.mkdtemp()\n",
            "from joblib import Parallel, delayed\n"
            "assert Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, 2)) == [1, 2]\n",
        ],
        1,
    ),
)
def test_what_is_of_any_machine_is_in_the_box(mark: Mark, hand_in: HandIn, right: Mapping[str, str], line: str) -> None:
    result = mark(hand_in({**right, "T5": FORWARD}, extra=[line + RELU]))
    assert not lost(result)


OWN_SCALE = FORWARD.replace('params["b1"])', 'params["b1"]) * scale')
USES = "from nn.layers import my_relu\n"


@pytest.mark.parametrize("folder", one_in(3, ["", "HW4 final/", "a/b/"], 1))
def test_own_modules_packages_and_data_are_found_from_where_the_notebook_lies(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], folder: str
) -> None:
    own = {
        "nn/__init__.py": b"",
        "nn/layers.py": f"import numpy as np\nfrom helper import once\n{RELU}".encode(),
        "helper.py": b"once = 1\n",
        "data/scale.txt": b"1.0",
    }
    reads = "scale = float(open('data/scale.txt').read())\n"
    files = {**hand_in({**right, "T5": USES + OWN_SCALE}, extra=[reads]), **own}
    assert not lost(mark({folder + name: data for name, data in files.items()}))


def test_no_file_of_the_students_takes_the_place_of_ours(mark: Mark, hand_in: HandIn, right: Mapping[str, str]) -> None:
    files = hand_in({**right, "T5": USES + FORWARD}, extra=["assert hw4_helpers.__doc__\n" + RELU])
    result = mark(
        {**files, "hw4_helpers.py": b"raise SystemExit\n", "nn/hw4_helpers.py": b"", "nn/layers.py": RELU.encode()}
    )
    assert "name 'np'" in lost(result)["T5"]  # the module is the student's, and so is its mistake


def test_the_other_notebook_is_run(mark: Mark, hand_in: HandIn, right: Mapping[str, str]) -> None:
    basics = right["T3"] + "\n" + RELU.replace("np.", "__import__('numpy').")
    assert not lost(mark(hand_in({**right, "T3": basics, "T5": FORWARD}, extra=["%run 1-basics.ipynb\n"])))


TABLE = """
class Looker(TwoLayerNet):
    def predict(self, X):
        return np.load("labels.npy")[:len(X)]
"""


def test_a_saved_model_is_asked_without_the_students_data(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], net: Mapping[str, Array]
) -> None:
    """What a class of the student's own looks up in a file, the model does not know."""
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(1000))
    weights = made_up.model_file(net, "Looker")
    files = {**hand_in(right, extra=[TABLE], weights=weights), "labels.npy": buffer.getvalue()}
    assert "labels.npy" in lost(mark(files))["T12"]


def test_raw_tabs_in_a_notebook_are_read(mark: Mark, hand_in: HandIn, right: Mapping[str, str]) -> None:
    files = hand_in({**right, "T5": f"{right['T5']}  # a\ttab"})
    name, raw = "2-two-layer-network.ipynb", b"a\\ttab"
    assert raw in files[name]
    assert not lost(mark({**files, name: files[name].replace(raw, b"a\ttab")}))


def test_a_class_of_ones_own_in_the_given_cell_is_marked_and_said(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], given_class: str
) -> None:
    name = "2-two-layer-network.ipynb"
    basics = {task: right[task] for task in ("T1", "T2", "T3")}

    def with_given_cell(answers: Mapping[str, str], source: str) -> Result:
        files = hand_in(answers)
        book = json.loads(files[name])
        for cell in book["cells"]:
            if "".join(cell["source"]) == given_class:
                cell["source"] = source
        return mark({**files, name: json.dumps(book).encode()})

    result = with_given_cell(basics, own_class())
    assert not lost(result)
    assert any("a class of the student's own stands in place of the given one" in note for note in result.notes)
    assert "You wrote a class of your own" in result.verdicts["T5"].message
    damaged = with_given_cell(right, given_class.replace("def loss", "def lost"))  # by a slip: the given one counts
    assert not lost(damaged) and any("locked cells changed" in note for note in damaged.notes)


PROOF = "By the quotient rule the derivative of the loss by h_i is P_i - y_i."
BOOKS = ("1-basics.ipynb", "2-two-layer-network.ipynb")


def with_cell(files: dict[str, bytes], name: str, after: str, kind: str, source: str, replace: bool = False) -> None:
    """Put a cell of the student's own behind a given one, or write over that one."""
    book = json.loads(files[name])
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in book["cells"]]
    at = ids.index(after)
    if replace:
        book["cells"][at]["source"] = source
    else:
        more = {} if kind == "markdown" else {"outputs": [], "execution_count": None}
        book["cells"].insert(at + 1, {"cell_type": kind, "metadata": {}, "source": source, **more})
    files[name] = json.dumps(book).encode()


@pytest.mark.parametrize(
    ("name", "after", "kind", "source", "waits"),
    [
        (BOOKS[0], "T4", "markdown", PROOF, True),
        (BOOKS[1], "T5", "markdown", PROOF, True),
        (BOOKS[0], "T3", "code", f"# {PROOF}", True),
        (BOOKS[0], "T3", "code", PROOF, True),  # typed into a cell of code: no Python
        (BOOKS[0], "T3", "code", "print(num_parameters)", False),
        (BOOKS[0], "T3", "code", "%matplotlib inline", False),
    ],
)
def test_a_proof_in_a_cell_of_ones_own_waits_for_a_person(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], name: str, after: str, kind: str, source: str, waits: bool
) -> None:
    files = hand_in({task: text for task, text in right.items() if task != "T4"})
    with_cell(files, name, after, kind, source)
    result = mark(files)
    assert result.verdicts["T4"].status == ("needs grading" if waits else "not checked")
    assert waits == any("nothing stands in T4; a person looks through your own cell" in note for note in result.notes)
    assert waits == ("Your teacher will look for your answer" in result.verdicts["T4"].message)


@pytest.mark.parametrize(
    "ending", one_in(5, ["heic", "docx", "webp", "gif", "txt", "md", "tex", "svg", "zip", "nobody-knows"], 1)
)
def test_a_proof_in_any_file_waits_for_a_person_who_can_have_it(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], ending: str
) -> None:
    files = {**hand_in({task: text for task, text in right.items() if task != "T4"}), f"scan/T4.{ending}": b"proof"}
    result = mark(files)
    assert result.verdicts["T4"].status == "needs grading"
    laid = graded_notebook.other_files(Submission("x", files))
    (file,) = [name for name in laid if name.startswith("scan/T4.")]
    assert f"](scan/{file.removeprefix('scan/')})" in result.notebooks[BOOKS[0]].decode()


def test_what_the_release_and_tools_bring_is_no_proof(
    mark: Mark, hand_in: HandIn, right: Mapping[str, str], course: Course
) -> None:
    files = hand_in({task: text for task, text in right.items() if task != "T4"})
    ours = {path.name: path.read_bytes() for path in course.release("hw4").iterdir() if path.name not in BOOKS}
    tools = dict.fromkeys((".DS_Store", "Thumbs.db", "hw4-submission.zip", "own.py", "x.npz", "~$T4.docx"), b"x")
    assert mark({**files, **ours, **tools}).verdicts["T4"].status == "not checked"


def test_another_answer_elsewhere_is_another_answer(mark: Mark, hand_in: HandIn, right: Mapping[str, str]) -> None:
    def digest(**files: bytes) -> str:
        return mark({**hand_in({"T3": right["T3"]}), **files}).by_person["T4"]

    assert len({digest(), digest(a=b"1"), digest(a=b"2")}) == 3
