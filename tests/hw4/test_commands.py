"""hw4 through the commands: the demo of the README, the saved model's flag, what is missing."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.commands import diagnoses
from autograder.course import Course
from autograder.grading import made_up
from autograder.grading.appeals import explain

Run = Callable[..., Any]
HandIn = Callable[..., dict[str, bytes]]


@dataclass(frozen=True)
class Graded:
    """A graded class, and what `autograder grade` said."""

    course: Course
    said: str


SECONDS = "cell_seconds=10, question_seconds=3,"
# of CPU time, and enough: ten times what the reference needs at least; a busy machine has patience
SHORTER = "cell_seconds=0.5, question_seconds=0.3, check_seconds=0.5, reference_times=10, patience=10,"


@pytest.fixture(scope="module")
def graded(repo: Course, run: Run, hand_in: HandIn, right: dict[str, str], tmp_path_factory: Any) -> Graded:
    """A class graded by one command: a model that does not answer at last, a wrong number, the same model thrice."""
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("commands") / "course")
    shy = "class Shy(TwoLayerNet):\n    seen = []\n    def predict(self, X):\n        self.seen.append(1)\n"
    shy += "        return super().predict(X) if len(self.seen) < 3 else []"
    net = np.load(io.BytesIO(hand_in(right)["best_net.npz"]))
    params = made_up.shaken({name: net[name] for name in ("W1", "b1", "W2", "b2")}, 1)
    made_up.write(
        course.submitted("hw4", "shy"), hand_in(right, extra=(shy,), weights=made_up.model_file(params, "Shy"))
    )
    made_up.write(course.submitted("hw4", "kla"), hand_in(right | {"T3": "num_parameters = 559059"}, weights=None))
    for name in ("anong", "bua", "chai"):
        made_up.write(course.submitted("hw4", name), hand_in(right))
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return Graded(course, done.stdout)


def test_a_flag_is_told_once_by_grade_and_stays_with_the_scores(graded: Graded, run: Run) -> None:
    course = graded.course
    assert "dataset sample" in graded.said
    assert "shy: T12: flagged 'unanswered': the model answers for the published pictures" in graded.said
    shown = run("autograder", "scores", "hw4", "--course", course.root)
    assert (
        "flagged, the marks stand until you look (SECURITY.md says what it means): shy T12 (unanswered)" in shown.stdout
    )
    told = json.loads(run("autograder", "scores", "hw4", "--json", "--course", course.root).stdout)
    assert told["shy"]["T12"]["score"] == 1 and "flag" not in told["shy"]["T12"]
    kept = json.loads((course.state / "verdicts" / "hw4" / "shy.json").read_text())
    assert kept["verdicts"]["T12"]["flag"] == "unanswered"


@pytest.mark.proof
def test_a_wrong_number_and_a_missing_model_are_explained(graded: Graded) -> None:
    course = graded.course
    said = {task: "\n".join(explain(course, course.assignment("hw4"), ["kla"], task)) for task in ("T3", "T12")}
    assert "expected 557057, got 559059" in said["T3"]
    assert "best_net.npz is missing" in said["T12"]


def test_the_report_shows_the_accuracies_of_saved_models_and_who_has_the_same(graded: Graded, run: Run) -> None:
    course = graded.course
    done = run("autograder", "report", "hw4", "--course", course.root)
    assert done.returncode == 0, done.stderr
    page = (course.root / "reports" / "hw4" / "index.html").read_text()
    assert "Dataset: sample" in page and "validation: 4 models" in page
    assert re.search(r"The saved models hold the very same numbers: anong, bua, chai\b(?!,)", page)
    assert page.count('<svg role="img" aria-label="') == 3 == page.count("<svg")


def test_doctor_finds_the_sample_and_tells_where_mnist_is_missing(
    scratch: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hw4 = scratch.assignment("hw4")
    assert diagnoses.data(scratch, hw4).ok
    whole = replace(hw4, dataset="mnist")
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    found = diagnoses.data(scratch, whole)
    assert not found.ok and str(tmp_path) in found.found
    monkeypatch.delenv("MNIST_DIR")
    assert "not here yet" in diagnoses.data(scratch, whole).found


def test_the_demo_shows_the_whole_loop(scratch: Course, run: Run, tmp_path: Path) -> None:
    config = scratch.root / "course_config.py"
    text = config.read_text()
    assert SECONDS in text
    config.write_text(text.replace(SECONDS, SHORTER))  # one of the class never ends
    done = run("autograder", "demo", "--course", scratch.root, "--into", tmp_path / "demo", "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.split()[-1:] == ["12"]}
    assert len(rows) >= 12
    totals = {name: row[-2] for name, row in rows.items()}
    assert totals["anong"] == "11" and totals["blank"] == "0" and totals["สมชาย"] == "11"
    assert totals["duplicate"] == "11" and totals["crash"] == "11" and totals["no-weights"] == "10"
    assert totals["endless"] == "10"
    assert "next, in that folder" in done.stdout and str(tmp_path / "demo") in done.stdout
    assert f"open {tmp_path / 'demo'}/reports/hw4/index.html in a browser" in done.stdout
    assert (tmp_path / "demo/reports/hw4/index.html").is_file()
    assert len(list((tmp_path / "demo/feedback").glob("*/hw4/feedback.html"))) == len(rows)
    full = run("autograder", "demo", "--into", tmp_path / "demo")
    assert full.returncode == 1 and "not empty" in full.stderr
