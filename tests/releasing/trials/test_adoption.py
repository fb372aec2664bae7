"""`autograder adopt`: an nbgrader course is looked at cell by cell, and nothing of it is changed."""

import json
import shutil
from pathlib import Path
from typing import Any

import nbgrader
import pytest

from autograder import cli
from autograder.course import load_course
from tests.examiner.bench import answer, given, notebook, test

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


@pytest.mark.proof
def test_nbgraders_own_example_is_seen_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["adopt", str(EXAMPLE), "--sample", "3"]) == 0
    said = capsys.readouterr().out
    page = (ROOT / "docs" / "adopt.md").read_text(encoding="utf-8")
    seen = said.partition("\nnothing was changed")[0].replace("## ps1", "### ps1").strip()
    assert seen in page
    assert "4 of 4 test cells run as they are." in seen and "a blank notebook 3." in seen


def raw(source: str) -> dict[str, Any]:
    return {"cell_type": "raw", "source": source, "metadata": {}}


def write(folder: Path, *cells: Any) -> None:
    folder.mkdir(parents=True)
    book = json.loads(notebook([]))
    book["cells"] = [cell if isinstance(cell, dict) else {**cell.raw, "execution_count": None} for cell in cells]
    for number, cell in enumerate(book["cells"]):
        cell["id"] = f"c{number}"
        info = cell["metadata"].get("nbgrader")
        if info is not None:
            info.update({"schema_version": 3, "task": False, "cell_type": cell["cell_type"], "locked": True})
            info["locked"] = not info["solution"]
    (folder / "book.ipynb").write_text(json.dumps(book), encoding="utf-8")


def test_each_cell_that_does_not_run_as_it_is_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    solved = "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION"
    write(
        tmp_path / "hw 5",
        raw("a text"),
        given("y = 2", "given"),
        answer(solved, "f"),
        test("assert f(1) == y", "right"),
        test("assert f(1) == 3", "wrong"),
        test("assert f(0) == 1\n0.5", "scored"),
        answer(solved.replace("f(", "g("), "g"),
    )
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    into = tmp_path.parent / "adopted"
    assert cli.main(["adopt", str(tmp_path / "hw 5"), "--sample", "2", "--into", str(into)]) == 0
    said = capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for line in (
        "| book | 4 | right | tests | yes |  |",
        "| book | 5 | wrong | tests | no | line 1: its own answers do not pass: AssertionError: 2 == 3 |",
        "| book | 6 | scored | tests | yes | its last line is a score to nbgrader; here its asserts decide |",
        "| book | 7 | g | answer | yes | no tests follow it, so that it earns nothing |",
        "2 of 3 test cells run as they are.\nIts reference earns 2 of 3, a blank notebook 0.",
        "2 edits by machine of its reference: its tests let 0 pass.",
    ):
        assert line in said
    assert load_course(into).assignment("hw-5").points == 3


def test_what_cannot_be_tried_is_said_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "course" / "source" / "a", test("assert 1", "T"))
    assert cli.main(["adopt", str(tmp_path / "course")]) == 0
    said = capsys.readouterr().out
    assert "not tried: source/a/book.ipynb: cell 1 (T): tests, and no answer stands above" in said
    for name in ("บทก", "บทข", "บท ๓"):  # no letter of them may stand in an assignment's name
        write(tmp_path / "thai" / name, test("assert 1", "T"))
    assert cli.main(["adopt", str(tmp_path / "thai")]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("## ")] == [
        "## assignment",
        "## assignment-2",
        "## assignment-3",
    ]
    shutil.rmtree(tmp_path / "course" / "source")
    assert cli.main(["adopt", str(tmp_path / "course")]) == 1
    assert "no notebook in it, in its folders, or in source/" in " ".join(capsys.readouterr().err.split())
