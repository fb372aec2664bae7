"""explain.py: one verdict replayed for an appeal."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import NAME, TASKS, Toy

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.grading.appeals import explain

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def graded(toy: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two students with slips; the author said by which answers a mistake is told, so values can be shown."""
    course = toy.copy(tmp_path_factory.mktemp("explain") / "course")
    path = course.part("checks", NAME)
    text, edits = re.subn(r"check=(T[12])\)", r'check=\1, distinguishing=("", ""))', path.read_text(encoding="utf-8"))
    assert edits == 2
    path.write_text(text, encoding="utf-8")
    slips = {
        "anong": {**toy.right, "T2": "def fit_line(x, y):\n    1 / 0"},
        "bua": {
            "T1": toy.right["T1"].replace("X.std(axis=0)", "X.var(axis=0)"),
            "T2": "def fit_line(x, y):\n    return np.polyfit(x, y, 1)[0], 7.0",
        },
    }
    for name, answers in slips.items():
        made_up.write(course.submitted(NAME, name), toy.hand_in(answers))
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return course


def told(course: Course, student: str, task: str) -> str:
    return "\n".join(explain(course, course.assignment(NAME), [student], task))


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_explained(graded: Course, task: str) -> None:
    said = told(graded, "bua", task)
    assert said.startswith(f"bua, {NAME}, {task}: ")
    if task == "T3":
        assert "T3 is marked by a person: nothing to replay" in said
    else:
        assert "asked: " in said and "seed: " in said and "submission: " in said and "fingerprint: " in said
        assert "replay: the same verdict as the kept one" in said
        assert "changed since" not in said


def test_the_deviation_stands_there_with_its_place_and_both_values(graded: Course) -> None:
    said = told(graded, "bua", "T1")
    assert "mistake: variance-not-deviation" in said
    assert "usual columns (75%): " in said
    line = next(line for line in said.splitlines() if "expected " in line and ", got " in line)
    assert "columns (" in line and "largest deviation " in line and " at [" in line


def test_what_is_right_a_number_and_a_crash_are_told(graded: Course) -> None:
    said = told(graded, "bua", "T2")
    assert "slope (50%): right" in said and "intercept (50%): " in said
    assert re.search(r"0/line.1 .*: expected -?[\d.]+, got 7$", said, re.MULTILINE)
    assert "ZeroDivisionError" in told(graded, "anong", "T2")


def test_the_command_prints_it_and_takes_one_student(graded: Course, run: Run) -> None:
    line = ("autograder", "grade", NAME, "--course", graded.root)
    before = {p: p.read_bytes() for p in graded.root.rglob("*") if p.is_file()}
    done = run(*line, "bua", "--explain", "T1")
    assert done.returncode == 0, done.stderr
    assert "replay: the same verdict as the kept one" in done.stdout
    assert {p: p.read_bytes() for p in graded.root.rglob("*") if p.is_file() and "__pycache__" not in p.parts} == {
        p: data for p, data in before.items() if "__pycache__" not in p.parts
    }
    for students, said in (((), "0 students are named"), (("bua", "anong"), "2 students are named")):
        done = run(*line, *students, "--explain", "T1")
        assert done.returncode == 1
        assert said in done.stderr and "STUDENT --explain T1" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_changed_since_is_said(graded: Course, tmp_path: Path, copy_of: Any, toy: Toy) -> None:
    course = copy_of(graded, tmp_path / "course")
    made_up.write(course.submitted(NAME, "bua"), toy.hand_in(toy.right))
    path = course.part("checks", NAME)
    path.write_text(path.read_text() + "\n# another kit\n")
    said = told(course, "bua", "T1")
    assert "the submission has changed since" in said and "it has changed since (checks, course_config.py" in said
    assert "replay: ANOTHER VERDICT: passed, 1.0 of 1" in said and "usual: kept 0, replayed 0.75" in said


def test_a_missing_secret_is_said_and_none_is_made(graded: Course, tmp_path: Path, copy_of: Any) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.state / "secret").unlink()
    kept = sorted(course.state.rglob("*"))
    said = told(course, "bua", "T1")
    assert "the secret is missing; the inputs were made again from the seed in the verdict" in said
    assert "replay: the same verdict as the kept one" in said
    assert not (course.state / "secret").exists() and sorted(course.state.rglob("*")) == kept


def test_a_student_without_a_verdict_and_an_unknown_task_are_errors(graded: Course, tmp_path: Path,
                                                                    copy_of: Any) -> None:  # fmt: skip
    course = copy_of(graded, tmp_path / "course")
    shutil.rmtree(course.state / "verdicts")
    with pytest.raises(CourseError, match="no verdict on T1 is kept; `autograder grade warmup bua`"):
        told(course, "bua", "T1")
    with pytest.raises(CourseError, match="T99"):
        told(course, "bua", "T99")
