"""A right submission as other tools save it, with all marks. Colab's and VS Code's forms are in tests/damaged/cells.py.

The forms are those of files that these tools had saved; where a tool may keep nbgrader's metadata or not, it does not.
docs/student.md says in a row each what was checked.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from shares import one_in

from autograder.judging.verdicts import PASSED, Result

Json = dict[str, Any]


def _cells(book: Json, metadata: Callable[[Json], Json], with_ids: bool) -> Json:
    """The notebook with other metadata in its cells, and ids of the tool's own or none."""
    plain = [{k: v for k, v in cell.items() if k != "id"} | {"metadata": metadata(cell)} for cell in book["cells"]]
    return {**book, "cells": [c | ({"id": uuid.uuid4().hex[:8]} if with_ids else {}) for c in plain]}


def kaggle(book: Json) -> Json:
    """Ids of its own, its marks and times in place of nbgrader's."""
    times = {"iopub.execute_input": "2026-11-20T01:00:00.0Z", "shell.execute_reply": "2026-11-20T01:00:01.0Z"}
    return _cells(book, lambda _: {"_uuid": uuid.uuid4().hex, "execution": times, "trusted": True}, with_ids=True)


def deepnote(book: Json) -> Json:
    """No ids in the cells but its own in their metadata."""
    found = _cells(
        book,
        lambda cell: {
            "tags": [],
            "cell_id": f"00000-{uuid.uuid4()}",
            "source_hash": "8ad57f32",
            "deepnote_to_be_reexecuted": False,
            "deepnote_cell_type": cell["cell_type"],
        },
        with_ids=False,
    )
    return {**found, "nbformat_minor": 2, "metadata": {"deepnote": {}, "deepnote_notebook_id": str(uuid.uuid4())}}


def jupyterlite(book: Json) -> Json:
    """Everything is kept, in another order, with the kernel of the browser."""
    spec = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
    return {"metadata": {"kernelspec": spec}, "nbformat_minor": 5, "nbformat": 4, "cells": book["cells"]}


def dataspell(book: Json) -> Json:
    """Its marks of a cell in place of nbgrader's, and no ids."""
    found = _cells(book, lambda _: {"collapsed": False, "pycharm": {"name": "#%%\n"}}, with_ids=False)
    return {**found, "nbformat_minor": 0}


def deepnote_blocks(book: Json) -> Json:
    """Each paragraph of a text in a cell of its own, and a last cell that says where it was made."""
    cells: list[Json] = []
    for cell in book["cells"]:
        parts = "".join(cell["source"]).split("\n\n") if cell["cell_type"] == "markdown" else [cell["source"]]
        kind = {"markdown": "text-cell-p"}.get(cell["cell_type"], "code")
        cells += [{**cell, "source": part, "metadata": {"deepnote_cell_type": kind}} for part in parts]
    made = {"cell_type": "markdown", "source": "Created in Deepnote", "metadata": {"created_in_deepnote_cell": True}}
    return {**book, "nbformat_minor": 0, "cells": [{k: v for k, v in c.items() if k != "id"} for c in [*cells, made]]}


def colab_form(book: Json) -> Json:
    """Answers shown as forms: a title above the code; and a cell that looks for a drive that is not here."""
    found = _cells(book, lambda _: {"id": uuid.uuid4().hex[:12], "cellView": "form"}, with_ids=False)
    for cell in found["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and source.startswith(("def ", "dz_", "size_", "num_")):
            cell["source"] = f'#@title mine {{ display-mode: "form" }}\n{source}'
    mount = "from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive/MyDrive"
    cell = {"cell_type": "code", "source": mount, "metadata": {}, "outputs": [], "execution_count": None}
    return {**found, "nbformat_minor": 0, "cells": [cell, *found["cells"]]}


def kaggle_boilerplate(book: Json) -> Json:
    """Its first cell, and marks of a run by papermill."""
    found = _cells(book, lambda _: {"papermill": {"status": "completed"}, "_kg_hide-input": True}, with_ids=True)
    walk = "import numpy as np\nimport os\nfor folder, _, names in os.walk('/kaggle/input'):\n    print(folder, names)"
    cell = {"cell_type": "code", "source": walk, "metadata": {}, "outputs": [], "execution_count": None, "id": "first"}
    return {**found, "cells": [cell, *found["cells"]]}


# in each test run the first, in `make proof` all
FORMS = {
    one.__name__: one
    for one in (deepnote, kaggle, jupyterlite, dataspell, deepnote_blocks, colab_form, kaggle_boilerplate)
}


def pycharm_script(book: Json) -> str:
    """Marks without a space, and texts as they are."""
    marks = {"markdown": "#%% md\n", "code": "#%%\n"}
    return "\n".join(marks[cell["cell_type"]] + "".join(cell["source"]) for cell in book["cells"])


def vscode_script(book: Json) -> str:
    """Marks with a space, and texts behind number signs."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in book["cells"]]
    texts = {n: "\n".join(f"# {line}" for line in text.splitlines()) for n, (_, text) in enumerate(cells)}
    return "\n\n".join(
        f"# %%\n{text}" if kind == "code" else f"# %% [markdown]\n{texts[n]}" for n, (kind, text) in enumerate(cells)
    )


def marimo_file(book: Json) -> str:
    """A function for each cell. The comments at its top are gone, as `marimo convert` leaves them out."""
    found = ["import marimo\n\napp = marimo.App()"]
    for cell in book["cells"]:
        source = "".join(cell["source"])
        inside = f"mo.md({source!r})" if cell["cell_type"] == "markdown" else source
        indented = "\n".join(f"    {line}" if line else "" for line in inside.splitlines())
        found.append(f"@app.cell\ndef _(mo, np):\n{indented}\n    return")
    return "\n\n\n".join(found)


SCRIPTS = {one.__name__: one for one in (marimo_file, pycharm_script, vscode_script)}


@pytest.mark.parametrize("tool", one_in(8, FORMS))
def test_what_another_tool_saved_gets_the_same_marks(
    tool: str,
    mark: Callable[..., Result],
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
) -> None:
    files = hand_in(right)
    files |= {
        name: json.dumps(FORMS[tool](json.loads(data))).encode()
        for name, data in files.items()
        if name.endswith(".ipynb")
    }
    _all_but_t4(mark(files))


@pytest.mark.parametrize("tool", one_in(3, SCRIPTS))
def test_a_script_in_place_of_a_notebook_gets_the_same_marks(
    tool: str,
    mark: Callable[..., Result],
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
) -> None:
    made = {}
    for name, data in hand_in(right).items():
        stem, _, ending = name.rpartition(".")
        script = SCRIPTS[tool](json.loads(data)).encode() if ending == "ipynb" else b""
        made |= {f"{stem}.py": script} if script else {name: data}
    _all_but_t4(mark(made))


def _all_but_t4(result: Result) -> None:
    assert {task: v.message for task, v in result.verdicts.items() if v.status != PASSED and task != "T4"} == {}
    assert result.verdicts["T4"].score is None, "a person will look for it"
