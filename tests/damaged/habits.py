"""Nothing is damaged: a right submission with a habit of real students, or of their own machine."""

from autograder.assignments.hw4.right_variants import own_class
from tests.damaged.archives import blank
from tests.damaged.case import BASICS, NETWORK, Hand, at, code, deserves, grade_id, released, source

RELU = "def my_relu(x):\n    return np.maximum(0, x)\n"
FORWARD = """def forward(params, X):
    hidden = my_relu(X @ params["W1"] + params["b1"])
    return hidden @ params["W2"] + params["b2"], hidden
"""


def answer(hand: Hand, task: str, text: str, name: str = NETWORK) -> None:
    """Write another answer."""
    hand.cells(lambda cells: cells[at(cells, f"{task}-answer")].update(source=text), name)


def answer_of(hand: Hand, task: str, name: str = NETWORK) -> str:
    """An answer as it is."""
    cells = hand.notebook(name)["cells"]
    return source(cells[at(cells, f"{task}-answer")])


def own_cell(hand: Hand, behind: str, text: str) -> None:
    """A cell of the student's own behind a given one."""
    hand.cells(lambda cells: cells.insert(at(cells, behind) + 1, code(text)))


def without_proof(hand: Hand) -> None:
    """T4's cell as it was handed out."""
    hand.cells(lambda cells: [blank(hand) if grade_id(c) == "T4" else c for c in cells], BASICS)


# ---- T4 elsewhere --------------------------------------------------------------------------------


@deserves(
    says=("T4", "Your teacher will look for your answer in your own cell"),
    told="nothing stands in T4; a person looks through your own cell",
)
def proof_in_a_cell_below(hand: Hand) -> None:
    """T4's cell is as it was, and the proof stands in a new one below it."""
    without_proof(hand)
    text = {"cell_type": "markdown", "metadata": {}, "source": "By the quotient rule it is P_i - y_i."}
    hand.cells(lambda cells: cells.insert(at(cells, "T4") + 1, text), BASICS)


@deserves(says=("T4", "will look for your answer in T4.heic"), told="a person looks through T4.heic")
def proof_as_a_picture_of_a_phone(hand: Hand) -> None:
    """T4's cell is as it was, and a picture lies beside the notebook."""
    without_proof(hand)
    hand.files["T4.heic"] = b"\0\0\0\x18ftypheic" + bytes(99)


@deserves(says=("T4", "will look for your answer in T4.docx"), told="a person looks through T4.docx")
def proof_as_a_document(hand: Hand) -> None:
    """T4's cell is as it was, and a document lies beside the notebook."""
    without_proof(hand)
    hand.files["T4.docx"] = b"PK\x03\x04word"


# ---- what fails here and not on the student's machine --------------------------------------------


@deserves()
def package_that_is_not_here(hand: Hand) -> None:
    """An answer begins with `import seaborn`."""
    answer(hand, "T6", f"import seaborn as sns\nsns.set()\n{answer_of(hand, 'T6')}")


@deserves()
def drive_of_colab(hand: Hand) -> None:
    """A cell mounts the drive of Colab, then defines what T5 needs."""
    mount = "from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive\n"
    own_cell(hand, "setup", mount + RELU)
    answer(hand, "T5", FORWARD)


@deserves()
def magic_that_is_not_here(hand: Hand) -> None:
    """A cell begins with `%load_ext nb_black`, then defines what T5 needs."""
    own_cell(hand, "setup", f"%load_ext nb_black\n{RELU}")
    answer(hand, "T5", FORWARD)


@deserves()
def window_of_ones_own_machine(hand: Hand) -> None:
    """An answer asks for a window to plot in."""
    answer(hand, "T5", f"import matplotlib\nmatplotlib.use('TkAgg')\n{answer_of(hand, 'T5')}")


@deserves()
def names_of_an_older_numpy(hand: Hand) -> None:
    """An answer uses `np.float_`, which numpy 2 has no more."""
    head, line, rest = answer_of(hand, "T6").partition("    shifted")
    assert line
    answer(hand, "T6", f"{head}    scores = scores.astype(np.float_)\n{line}{rest}")


# ---- own files -----------------------------------------------------------------------------------


@deserves(says=("T1", f"was found as งาน/{BASICS}"), told=f"was found as งาน/{BASICS}")
def own_module_one_folder_deeper(hand: Hand) -> None:
    """All files lie one folder deeper, with a package of the student's own that T5 needs."""
    answer(hand, "T5", f"from nn.layers import my_relu\n{FORWARD}")
    hand.files |= {"nn/__init__.py": b"", "nn/layers.py": f"import numpy as np\n{RELU}".encode()}
    hand.files = {f"งาน/{name}": data for name, data in hand.files.items()}


@deserves()
def own_data_file(hand: Hand) -> None:
    """A cell reads a file that lies beside the notebook, and T5 needs it."""
    hand.files["scale.txt"] = b"1.0"
    own_cell(hand, "setup", f"scale = float(open('scale.txt').read())\n{RELU}")
    answer(hand, "T5", FORWARD.replace("my_relu(X", "scale * my_relu(X"))


# ---- how files were saved ------------------------------------------------------------------------


@deserves()
def raw_tabs(hand: Hand) -> None:
    """A tool wrote tabs into the file as they are, which JSON does not allow."""
    answer(hand, "T5", f"{answer_of(hand, 'T5')}  # a\ttab")
    raw = hand.files[NETWORK]
    assert b"a\\ttab" in raw
    hand.files[NETWORK] = raw.replace(b"a\\ttab", b"a\ttab")


@deserves(says=("T5", "notebook format 3"), told="notebook format 3, which is old")
def format_3_lines_without_ends(hand: Hand) -> None:
    """An old notebook whose lines are a list without line ends."""
    cells = []
    for cell in hand.notebook()["cells"]:
        lines = source(cell).split("\n")
        is_code = cell["cell_type"] == "code"
        body = {"input": lines, "outputs": [], "language": "python"} if is_code else {"source": lines}
        cells.append({"cell_type": "code" if is_code else "markdown", "metadata": {}, **body})
    hand.put({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})


@deserves()
def stamp_with_a_byte_order_mark(hand: Hand) -> None:
    """timestamp.txt was written by a Windows editor."""
    hand.files["timestamp.txt"] = b"\xef\xbb\xbf2026-11-05 12:00:00 UTC\r\n"


# ---- how answers are written ---------------------------------------------------------------------


@deserves("T5")
def given_class_copied(hand: Hand) -> None:
    """T5 is blank and the given class stands once more in a cell of its own: it is still the given one."""
    cells = hand.notebook()["cells"]
    answer(hand, "T5", "def forward(params, X):\n    raise NotImplementedError\n")
    own_cell(hand, "two-layer-net", f"# my copy\n{source(cells[at(cells, 'two-layer-net')])}")


@deserves(says=("T5", "You wrote a class of your own"), told="a class of the student's own stands in place")
def whole_class_in_the_given_cell(hand: Hand) -> None:
    """The whole class was written over the given one, and the answers' cells are as they were."""
    found = released(hand, NETWORK)
    found["cells"][at(found["cells"], "two-layer-net")]["source"] = own_class()
    hand.put(found)


@deserves()
def stubs_line_left(hand: Hand) -> None:
    """`raise NotImplementedError` was left below two answers."""
    answer(hand, "T10", f"{answer_of(hand, 'T10')}\n    raise NotImplementedError\n")
    answer(hand, "T3", f"{answer_of(hand, 'T3', BASICS)}\nraise NotImplementedError\n", BASICS)


@deserves()
def number_with_a_comma(hand: Hand) -> None:
    """T3's number is written as '557,057'."""
    answer(hand, "T3", "num_parameters = '557,057'\n", BASICS)


@deserves()
def names_bound_again(hand: Hand) -> None:
    """After the checks, names that were marked are bound to something else."""
    own_cell(hand, "T11", "predict = [predict]\nmax = 3\nrange = 5\n")


@deserves()
def memory_reset(hand: Hand) -> None:
    """The last cell of the student's is `%reset -f`."""
    own_cell(hand, "T11", "%reset -f\n")
