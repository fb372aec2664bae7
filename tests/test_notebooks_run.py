"""The released notebooks with the answers in run top to bottom, as a student would run them, and grade to 11."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder import sample
from autograder.course import Assignment, Course
from autograder.submission import Submission
from autograder.verdicts import PASSED, Result

BOOKS = ("1-basics.ipynb", "2-two-layer-network.ipynb")
AROUND = {"HW4_DATASET": "sample", "NO_COLOR": "1", "MNIST_DIR": ""}
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def executed(
    course: Course, hw4: Assignment, right: dict[str, str], run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A student's folder after everything in it was run, tagged cells too."""
    folder = tmp_path_factory.mktemp("student")
    quick = right["T12"].replace("num_iters=2000", "num_iters=500")  # enough for the sample
    sample.write(folder, sample.hand_in(course, hw4, right | {"T12": quick}))
    for path in course.release("hw4").iterdir():
        if path.name not in BOOKS:
            (folder / path.name).write_bytes(path.read_bytes())
    # by itself `jupyter execute` leaves out the tagged cells, which Jupyter runs
    everything = "--NbClientApp.skip_cells_with_tag=none"
    done = run("jupyter", "execute", "--inplace", everything, *BOOKS, cwd=folder, env=AROUND)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def outputs(folder: Path, name: str) -> dict[str, str]:
    """Printed text of each cell with a grade_id."""
    found = {}
    for cell in json.loads((folder / name).read_text())["cells"]:
        if cell["cell_type"] == "code" and "nbgrader" in cell["metadata"]:
            texts = ["".join(o.get("text", "")) + ("<picture>" if "data" in o else "") for o in cell["outputs"]]
            found[cell["metadata"]["nbgrader"]["grade_id"]] = "".join(texts)
            assert all(o["output_type"] != "error" and o.get("name") != "stderr" for o in cell["outputs"]), cell
    return found


def test_every_visible_check_passes(executed: Path) -> None:
    for name, tasks in ((BOOKS[0], ["T1", "T2", "T3"]), (BOOKS[1], [f"T{n}" for n in range(5, 13)])):
        said = outputs(executed, name)
        for task in tasks:
            lines = said[task].strip().splitlines()
            assert lines, task
            assert all(line.split()[:2] == [task, "ok"] for line in lines), said[task]


def test_the_notebook_prints_the_homeworks_numbers(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])
    assert "0.01714364353292" in said["T11"]
    assert "3.68e-08" in said["T5"]
    assert "dataset in use: sample" in said["load-mnist"]
    assert "(4000, 784)" in said["load-mnist"]
    assert "validation accuracy" in said["train-first"]


def test_pictures_are_drawn(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])
    for name in ("toy-loss-plot", "show-digits", "plot-losses", "plot-accuracies", "show-best-weights"):
        assert "<picture>" in said[name], name


def test_the_last_cell_packs_what_is_handed_in(executed: Path) -> None:
    assert "all of T1, T2, T3, T4 are written" in outputs(executed, BOOKS[1])["check-submission"]
    assert (executed / "hw4-submission.zip").is_file()


def test_nbgrader_validate_passes(executed: Path, run: Run) -> None:
    done = run("nbgrader", "validate", *BOOKS, cwd=executed, env=AROUND)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("Success! Your notebook passes all the tests.") == 2, done.stdout


def test_what_was_run_grades_to_eleven(executed: Path, mark: Callable[..., Result]) -> None:
    files = {name: (executed / name).read_bytes() for name in (*BOOKS, "best_net.npz")}
    result = mark(Submission("student", files).files)
    assert {task for task, v in result.verdicts.items() if v.status != PASSED} == {"T4"}
