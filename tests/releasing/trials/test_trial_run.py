"""The release is tried with the reference's answers before students get it: what would fail for all is refused."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.course import Course
from autograder.sandbox import walls
from autograder.sandbox.walls import NoWalls

NOTEBOOK = "1-questions"
Cell = dict[str, Any]
Cells = Callable[[list[Cell]], object]


@pytest.fixture
def ours(hw5: Course, tmp_path: Path) -> Course:
    """A copy that a test may change."""
    shutil.copytree(hw5.root, tmp_path / "course")
    return replace(hw5, root=tmp_path / "course")


def code(source: str, grade_id: str = "", tags: tuple[str, ...] = ()) -> Cell:
    """A code cell of the source; with a grade_id it is locked."""
    metadata: Cell = {"tags": list(tags)} if tags else {}
    if grade_id:
        kind = {"grade": False, "solution": False, "task": False, "locked": True}
        metadata["nbgrader"] = {"cell_type": "code", "grade_id": grade_id, "schema_version": 3, **kind}
    return {
        "cell_type": "code",
        "id": f"new-{grade_id}",
        "metadata": metadata,
        "execution_count": None,
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def edit(course: Course, change: Cells) -> None:
    """Change the cells of the source notebook."""
    path = course.source("hw5") / f"{NOTEBOOK}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook), encoding="utf-8")


def of(cells: list[Cell], grade_id: str) -> Cell:
    return next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def released(course: Course) -> dict[str, bytes]:
    """Everything below release/."""
    folder = course.root / "release"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def release(course: Course, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    ended = cli.main(["release", "hw5", "--course", str(course.root)])
    return ended, *capsys.readouterr()


REFUSED: dict[str, tuple[Cells, str]] = {
    "a given cell": (
        lambda cells: of(cells, "setup").update(source=["import numpy as np\n", "np.array([1, 2]).maen()"]),
        r"the cell setup fails with the reference's answers in: AttributeError: .* \(setup, line 2\)",
    ),
    "a locked cell after the answers": (
        lambda cells: cells.append(code("column_means(1, 2, 3)", "closing")),
        r"the cell closing fails with the reference's answers in: TypeError: ",
    ),
    "a visible check": (
        lambda cells: of(cells, "T1").update(source=["assert column_means(np.eye(3))[0] == 1, 'not yet'"]),
        r"the visible check T1 fails with the reference's answers in: AssertionError: not yet \(T1, line 1\)",
    ),
    "a free cell": (
        lambda cells: cells.insert(3, code("x = 1\n1 / 0")),
        r"the cell .+ fails with the reference's answers in: ZeroDivisionError: .*line 2\)",
    ),
    "a module that is not there": (
        lambda cells: cells.insert(1, code("import hw5_helpers", "helpers")),
        r"the cell helpers fails with the reference's answers in: ModuleNotFoundError: ",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
def test_what_fails_with_the_references_answers_is_refused_and_the_old_release_stays(
    ours: Course, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    change, told = REFUSED[which]
    before = released(ours)
    edit(ours, change)
    ended, _, err = release(ours, capsys)
    assert ended == 1 and err.count("\n") == 1 and "Traceback" not in err
    place = re.escape(str(ours.source("hw5") / f"{NOTEBOOK}.ipynb"))
    mend = "nothing was released: mend the cell, then `autograder release hw5`"
    assert re.search(rf"^error: {place}: {told}.*; {re.escape(mend)}$", err, re.MULTILINE), err
    assert released(ours) == before


def test_a_cell_that_only_shows_is_not_run(ours: Course, capsys: pytest.CaptureFixture[str]) -> None:
    edit(ours, lambda cells: cells.append(code("1 / 0", "show", ("skip-execution",))))
    ended, _, err = release(ours, capsys)
    assert (ended, err) == (0, "")
    assert "1 / 0" in (ours.release("hw5") / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")


def test_what_was_mended_is_released(ours: Course, capsys: pytest.CaptureFixture[str]) -> None:
    edit(ours, lambda cells: cells.append(code("1 / 0", "closing")))
    assert release(ours, capsys)[0] == 1
    edit(ours, lambda cells: cells[-1].update(source=["1 / 1"]))
    ended, out, err = release(ours, capsys)
    assert (ended, err) == (0, "") and "tried" not in out
    assert "1 / 1" in (ours.release("hw5") / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")


# ---- what is left out is said -------------------------------------------------------------------


def test_a_module_beside_the_notebook_that_cannot_be_imported_is_no_missing_sandbox(
    ours: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    (ours.source("hw5") / "helper.py").write_text("import nothing_there\n", encoding="utf-8")
    before = released(ours)
    ended, _, err = release(ours, capsys)
    assert ended == 1 and "nothing_there" in err and err.count("\n") == 1
    assert released(ours) == before


def no_bubblewrap() -> str:
    raise NoWalls("bubblewrap is not installed: `apt install bubblewrap`")


def test_where_there_is_no_sandbox_it_releases_and_says_that_nothing_was_tried(
    ours: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "bubblewrap", no_bubblewrap)
    edit(ours, lambda cells: cells.append(code("1 / 0", "closing")))
    ended, out, err = release(ours, capsys)
    assert (ended, err) == (0, "")
    told = "the notebooks were not tried with the reference's answers: bubblewrap is not installed: `apt install"
    assert told in out
    assert "1 / 0" in (ours.release("hw5") / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")


def test_where_bubblewrap_cannot_make_namespaces_it_says_so_too(
    ours: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bwrap"
    script.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(walls, "bubblewrap", lambda: str(script))
    ended, out, err = release(ours, capsys)
    assert (ended, err) == (0, "")
    assert "were not tried with the reference's answers: the sandbox does not start: bwrap: No permissions" in out


RECIPE = """
from autograder.author import DatasetRecipe

FOLDER = {folder!r}


def at_hand(name, source):
    return {wait!r}


def environment(name, source):
    return {{"HW5_DATA": FOLDER, "HW5_DATASET": name}}


RECIPE = DatasetRecipe(prepare=lambda name, source: {{}}, at_hand=at_hand, environment=environment)
"""
READS = "import os\nprint(open(os.environ['HW5_DATA'] + '/rows.txt').read(), os.environ['HW5_DATASET'])"


def with_dataset(course: Course, folder: Path, wait: str) -> None:
    """Give the assignment a dataset, and a cell that reads it."""
    config = course.root / "course_config.py"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('title="hw5",', 'title="hw5", dataset="rows",'), encoding="utf-8")
    checks = course.part("checks", "hw5")
    begin = "ASSIGNMENT = AssignmentChecks("
    recipe = RECIPE.format(folder=str(folder), wait=wait)
    text = checks.read_text(encoding="utf-8").replace(begin, f"{recipe}\n\n{begin}\n    dataset=RECIPE,")
    checks.write_text(text, encoding="utf-8")
    edit(course, lambda cells: cells.insert(2, code(READS, "reads")))


def test_a_dataset_that_is_here_is_shown_to_the_notebooks(
    ours: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.txt").write_text("1 2 3")
    with_dataset(ours, tmp_path / "data", "")
    ended, out, err = release(ours, capsys)
    assert (ended, err) == (0, "") and "tried" not in out
    (tmp_path / "data" / "rows.txt").unlink()
    ended, out, err = release(ours, capsys)
    assert ended == 1 and "the cell reads fails with the reference's answers in: FileNotFoundError" in err


def test_a_dataset_that_is_not_here_is_told(ours: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_dataset(ours, tmp_path / "nowhere", "ask the office")
    edit(ours, lambda cells: of(cells, "reads").update(source=["import os\n", "assert 'HW5_DATA' not in os.environ"]))
    ended, out, err = release(ours, capsys)
    assert (ended, err) == (0, "")
    assert "tried without the dataset 'rows', which is not on this machine (ask the office)" in out
