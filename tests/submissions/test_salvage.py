"""salvage.py and notebook_file.py: what can be read of a spoiled file, in bounded time."""

import json
import time

import pytest

from autograder.submissions import notebook_file, salvage
from autograder.submissions.submission import Submission

CELL = {"cell_type": "code", "metadata": {}, "source": "a = 1"}


def book(*cells: object) -> str:
    return json.dumps({"cells": list(cells), "nbformat": 4}, indent=1)


def kinds(data: str | bytes, file: str = "x.ipynb") -> list[str]:
    return [d.kind for d in notebook_file.read(file, data.encode() if isinstance(data, str) else data).problems]


def test_both_sides_of_a_conflict_are_given_back_and_a_base_is_left_out() -> None:
    text = "a\n<<<<<<< HEAD\nours\n||||||| base\nold\n=======\ntheirs\n>>>>>>> main\nb\n"
    assert salvage.conflicted(text)
    assert salvage.sides(text) == ("a\nours\nb\n", "a\ntheirs\nb\n")


@pytest.mark.parametrize("text", ["", "a\n=======\nb\n", "<<<<<<<< 8\n=======\n>>>>>>> x\n", "# <<<<<<< HEAD\n"])
def test_a_text_without_all_the_marks_is_no_conflict(text: str) -> None:
    assert not salvage.conflicted(text)


def test_of_a_conflict_only_what_both_sides_have_is_read() -> None:
    mine, theirs = (json.dumps(CELL | {"source": f"b = {n}"}) for n in (1, 2))
    text = f'{{"cells": [{json.dumps(CELL)},\n<<<<<<< HEAD\n{mine}\n=======\n{theirs}\n>>>>>>> x\n]}}'
    found = notebook_file.read("x.ipynb", text.encode())
    assert [cell.source for cell in found.cells] == ["a = 1"]
    assert [d.kind for d in found.problems] == ["conflict"]


@pytest.mark.parametrize("keep", [20, 200, 10_000])
def test_a_file_that_is_cut_off_gives_its_whole_cells(keep: int) -> None:
    whole = book(*[CELL] * 5)
    cells = salvage.whole_cells(whole[:keep])
    assert cells == [CELL] * (5 if keep > len(whole) else whole[:keep].count('"a = 1"\n  }'))


def test_every_kind_of_file_says_what_it_is() -> None:
    assert kinds(book(CELL)) == []
    assert kinds(book(CELL)[:-20]) == ["cut"]
    assert kinds(book(CELL) + "\0\0") == ["trailing"]
    assert kinds("no notebook") == ["not_json"]
    assert kinds("[1]") == ["not_notebook"]
    assert kinds("{}") == kinds(book()) == ["no_cells"]
    assert kinds("# In[1]:\na = 1\n") == ["script"]
    assert kinds("a = 1\n", "x.py") == ["script"]
    assert kinds(book(CELL).encode("utf-16")) == ["encoding"]


def test_a_script_is_cut_at_its_marks_and_comments_are_text() -> None:
    text = "# coding: utf-8\n\n# # Title\n\n# In[1]:\n\n\na = 1\n\n\n# %% [markdown]\n# the *proof*\n\n# %%\nb = 2\n"
    found = [(cell["cell_type"], cell["source"]) for cell in salvage.script_cells(text)]
    assert found[1:] == [("code", "a = 1"), ("markdown", "the *proof*"), ("code", "b = 2")]
    assert found[0][0] == "markdown"


def test_pycharms_script_has_marks_without_a_space_and_text_as_it_is() -> None:
    text = '#%% md\n# T1\n\nthe *proof*\n#%%\na = 1\n#%% md\n"""\nmore\n"""\n#%%\n# mine\nb = 2\n'
    found = [(cell["cell_type"], cell["source"]) for cell in salvage.script_cells(text)]
    assert found == [
        ("markdown", "# T1\n\nthe *proof*"), ("code", "a = 1"), ("markdown", "more"), ("code", "# mine\nb = 2"),
    ]  # fmt: skip


MARIMO = '''\
import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")

with app.setup:
    import numpy as np


@app.cell(hide_code=True)
def _(mo):
    mo.md(r"""
    # Title

    of it
    """)
    return


@app.cell
async def _(np):
    # T5-answer
    def forward(params, X):
        text = """
as it is
"""
        return text

    return (forward,)


@app.function
# mine
def sgd_update(params, grads, learning_rate):
    return None


app._unparsable_cell(
    r"""
    %env HW4_LANG=th
    """,
    name="_"
)


@app.cell
def _():
    return


if __name__ == "__main__":
    app.run()
'''


def test_marimos_file_is_read_function_by_function() -> None:
    found = [(cell["cell_type"], cell["source"]) for cell in salvage.script_cells(MARIMO)]
    assert found == [
        ("code", "import numpy as np"),
        ("markdown", "# Title\n\nof it"),
        ("code", '# T5-answer\ndef forward(params, X):\n    text = """\nas it is\n"""\n    return text'),
        ("code", "def sgd_update(params, grads, learning_rate):\n    return None"),
        ("code", "%env HW4_LANG=th"),
    ]


@pytest.mark.parametrize("inside", ["1" + "+1" * 3000, "f" + "(1)" * 3000, "(" * 5000, "\u2028 = 1", "mo.md()", "pass"])
def test_a_hostile_file_of_marimos_is_read_as_far_as_it_goes(inside: str) -> None:
    text = f"app = marimo.App()\n@app.cell\ndef _():\n    {inside}\n\n@(lambda: 1)\ndef f(): pass\n"
    assert all(set(cell) == {"cell_type", "source"} for cell in salvage.script_cells(text))


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("def f(x):", "    return x", True),
        ("def f(x):\n    y = x", "    return y", True),
        ("def f(x):\n    return x", "y = 1", False),
        ("def f(x):\n    return x", "return (", False),
        ("def f(x):", "y = 1", False),
        ("a = 1", "(" * 5000, False),
        ("def f(x):", "    return x" + " " * salvage.MAX_JOINED, False),
    ],
)
def test_only_a_cell_that_is_no_code_alone_is_joined(first: str, second: str, one: bool) -> None:
    assert salvage.Parser().one_cell(first, second) is one


def test_once_it_has_parsed_so_much_it_joins_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salvage, "MAX_PARSED", 300)
    parser = salvage.Parser()
    assert [parser.one_cell("def f(x):", "    return x") for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< a\n" * 300_000,
        "<<<<<<< a\n=======\n>>>>>>> b\n" * 100_000,
        '{"cells": [' + "{}," * 500_000,
        '{"cells": [' * 200_000,
        '{"cells": [' + '{"a":' * 300_000,
        "# %%\n" * 300_000,
    ],
    ids=["starts", "hunks", "cells", "books", "deep", "marks"],
)
def test_a_file_made_to_be_slow_is_read_in_seconds(text: str) -> None:
    started = time.process_time()
    notebook_file.read("x.ipynb", text.encode())
    assert time.process_time() - started < 10


def test_files_of_the_right_name_are_read_before_any_others() -> None:
    files = {f"{n:03}.ipynb": book(CELL).encode() for n in range(50)} | {"z/wanted.ipynb": book(CELL).encode()}
    found = notebook_file.notebook_files(Submission("x", files), ["wanted.ipynb"])
    assert found[0] == "z/wanted.ipynb"
    assert len(found) == notebook_file.MAX_PAPERS
