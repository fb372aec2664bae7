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


# in each test run the first, in `make proof` all
FORMS = {one.__name__: one for one in (deepnote, kaggle, jupyterlite, dataspell)}


@pytest.mark.parametrize("tool", one_in(4, FORMS))
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
    result = mark(files)
    assert {task: v.message for task, v in result.verdicts.items() if v.status != PASSED and task != "T4"} == {}
    assert result.verdicts["T4"].score is None, "a person will look for it"
