"""The released notebooks with the answers in run top to bottom, as a student would run them, and grade to 11."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.judging.verdicts import PASSED, Result
from autograder.submissions.submission import Submission

BOOKS = ("1-basics.ipynb", "2-two-layer-network.ipynb")
AROUND = {"HW4_DATASET": "sample", "NO_COLOR": "1", "MNIST_DIR": "", "OMP_NUM_THREADS": "1"}
Run = Callable[..., Any]


# in each test run the blank release runs to its end, and all visible checks pass on right answers elsewhere
# (test_visible_checks.py, test_student_kernel.py); in `make proof` JupyterLab runs these (tests/browser/test_walk.py)
with_answers = pytest.mark.proof


@pytest.fixture(scope="module")
def executed(
    course: Course, hw4: Assignment, right: dict[str, str], run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A student's folder after everything in it was run, tagged cells too."""
    folder = tmp_path_factory.mktemp("student")
    quick = right["T12"].replace("num_iters=2000", "num_iters=500")  # enough for the sample
    made_up.write(folder, made_up.hand_in(course, hw4, right | {"T12": quick}))
    for path in course.release("hw4").iterdir():
        if path.name not in BOOKS:
            (folder / path.name).write_bytes(path.read_bytes())
    # by itself `jupyter execute` leaves out the tagged cells, which Jupyter runs
    everything = "--NbClientApp.skip_cells_with_tag=none"
    done = run("jupyter", "execute", "--inplace", everything, *BOOKS, cwd=folder, env=AROUND)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def outputs(folder: Path, name: str, errors: tuple[str, ...] = ()) -> dict[str, str]:
    """Text of each cell with a grade_id. No cell but those of `errors` stopped, and none wrote to stderr."""
    found = {}
    for cell in json.loads((folder / name).read_text())["cells"]:
        if cell["cell_type"] == "code" and "nbgrader" in cell["metadata"]:
            grade_id = cell["metadata"]["nbgrader"]["grade_id"]
            found[grade_id] = "".join(text_of(output) for output in cell["outputs"])
            stopped = any(output["output_type"] == "error" for output in cell["outputs"])
            assert stopped == (grade_id in errors), cell
            assert all(output.get("name") != "stderr" for output in cell["outputs"]), cell
    return found


def text_of(output: dict[str, Any]) -> str:
    """An output as its reader in a terminal sees it."""
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    picture = "<picture>" if "image/png" in output.get("data", {}) else ""
    return picture + "".join(output.get("text") or output["data"]["text/plain"])


@with_answers
def test_every_visible_check_passes(executed: Path) -> None:
    for name, tasks in ((BOOKS[0], ["T1", "T2", "T3"]), (BOOKS[1], [f"T{n}" for n in range(5, 13)])):
        said = outputs(executed, name)
        for task in tasks:
            state = "the form fits" if name == BOOKS[0] else "passed"
            assert said[task].startswith(f"{task}: {state}\n"), said[task]
            assert "to do" not in said[task]


@pytest.fixture(scope="module")
def blank(course: Course, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as it was handed out, everything in it run."""
    folder = tmp_path_factory.mktemp("blank")
    for path in course.release("hw4").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    everything = "--NbClientApp.skip_cells_with_tag=none"
    done = run("jupyter", "execute", "--inplace", everything, *BOOKS, cwd=folder, env=AROUND)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.proof
def test_the_blank_release_runs_to_its_end_and_every_check_says_what_to_write(blank: Path) -> None:
    basics, network = ("T1", "T2", "T3"), tuple(f"T{n}" for n in range(5, 13))
    said = outputs(blank, BOOKS[0], errors=(*basics, *(f"{task}-answer" for task in basics)))
    said |= outputs(blank, BOOKS[1], errors=(*network, "T12-answer"))
    for task in ("T1", "T2", "T3", *(f"T{n}" for n in range(5, 13))):
        assert said[task].startswith(f"{task}: not yet\n  to do  "), said[task]
        assert f"NotYet: {task} is not right yet" in said[task], said[task]
    assert "T7 is not written yet. Put your code where the line" in said["T7"]
    assert "it needs T8, which is not written yet" in said["train-first"]
    assert "there is nothing to plot" in said["plot-losses"]
    assert "there is no best_net. Run your T12 cell first." in said["save-best-net"]
    assert "13 of 15 lines are not ready; you may hand in as it is." in said["check-submission"]


def test_the_notebooks_are_plain_and_their_headings_are_in_order(course: Course) -> None:
    for name in BOOKS:
        notebook = json.loads((course.release("hw4") / name).read_text(encoding="utf-8"))
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
        assert not any("attachments" in cell for cell in notebook["cells"]), "Colab does not show them"
        text = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
        levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), levels
        assert all(len(alt) > 40 for alt in re.findall(r"!\[([^\]]*)\]", text))


@with_answers
def test_the_notebook_prints_the_homeworks_numbers(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])
    assert "0.01714364353292" in said["T11"]
    assert "3.68e-08" in said["T5"]
    assert "dataset in use: sample" in said["load-mnist"]
    assert "(4000, 784)" in said["load-mnist"]
    assert "validation accuracy" in said["train-first"]


@with_answers
def test_pictures_are_drawn(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])
    for name in ("toy-loss-plot", "show-digits", "plot-losses", "plot-accuracies", "show-best-weights"):
        assert "<picture>" in said[name], name
        assert "Figure: " in said[name], name


@with_answers
def test_every_picture_carries_its_words_and_is_small(executed: Path) -> None:
    count = 0
    for cell in json.loads((executed / BOOKS[1]).read_text())["cells"]:
        for output in (o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})):
            count += 1
            assert output["metadata"]["image/png"]["alt"] == "".join(output["data"]["text/plain"])
            assert len(output["data"]["image/png"]) < 800_000, cell["id"]
    assert count == 8


@with_answers
def test_the_search_ends_in_one_table(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])["T12-answer"]
    assert said.count("T12 search: 3 of 3 settings tried, best validation accuracy 0.9") == 1
    assert said.count("  best\n") == 1 and said.endswith(").\n")


@with_answers
def test_the_last_cell_packs_what_is_handed_in(executed: Path) -> None:
    said = outputs(executed, BOOKS[1])["check-submission"]
    assert said.startswith("1 of 15 lines are not ready") and "trained on the sample of 5,000 digits" in said, said
    assert said.count("its check passed when it was last run") == 8 and said.count("its form fits") == 3, said
    assert (executed / "hw4-submission.zip").is_file()


@with_answers
def test_nbgrader_validate_passes(executed: Path, run: Run) -> None:
    done = run("nbgrader", "validate", *BOOKS, cwd=executed, env=AROUND)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("Success! Your notebook passes all the tests.") == 2, done.stdout


@with_answers
def test_what_was_run_grades_to_eleven(executed: Path, mark: Callable[..., Result]) -> None:
    files = {name: (executed / name).read_bytes() for name in (*BOOKS, "best_net.npz")}
    result = mark(Submission("student", files).files)
    assert {task for task, v in result.verdicts.items() if v.status != PASSED} == {"T4"}
