"""explain.py: one verdict replayed for an appeal."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.grading.appeals import explain
from autograder.judging.mutations import Mistake

Run = Callable[..., Any]
HandIn = Callable[..., dict[str, bytes]]
TASKS = [f"T{number}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def graded(repo: Course, hw4: Any, hand_in: HandIn, right: dict[str, str],
           mistakes: dict[tuple[str, str], Mistake], run: Run, model: bytes,
           tmp_path_factory: pytest.TempPathFactory) -> Course:  # fmt: skip
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("explain") / "course")
    mistake, _ = made_up.with_mistake(course, hw4, mistakes["T7", "W2-regularization-missing"])
    files = hand_in(
        mistake | {"T3": "num_parameters = 559059", "T9": "def sgd_update(params, grads, rate):\n    1 / 0"}
    )
    made_up.write(course.submitted("hw4", "bua"), files)
    made_up.write(course.submitted("hw4", "anong"), hand_in(right, weights=None))
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return course


def told(course: Course, student: str, task: str) -> str:
    return "\n".join(explain(course, course.assignment("hw4"), [student], task))


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_explained(graded: Course, task: str) -> None:
    said = told(graded, "bua", task)
    assert said.startswith(f"bua, hw4, {task}: ")
    if task == "T4":
        assert "T4 is marked by a person: nothing to replay" in said
    else:
        assert "asked: " in said and "seed: " in said and "submission: " in said and "fingerprint: " in said
        assert "replay: the same verdict as the kept one" in said
        assert "changed since" not in said


def test_the_deviation_stands_there_with_its_place_and_both_values(graded: Course) -> None:
    said = told(graded, "bua", "T7")
    assert "mistake: W2-regularization-missing" in said
    assert "gradient of W2 (25%): " in said and "gradient of W1 (25%): right" in said
    line = next(line for line in said.splitlines() if "expected " in line and ", got " in line)
    assert "W2 (" in line and "largest deviation " in line and " at [" in line


def test_a_number_a_crash_and_a_missing_file_are_told(graded: Course) -> None:
    assert "expected 557057, got 559059" in told(graded, "bua", "T3")
    assert "ZeroDivisionError" in told(graded, "bua", "T9")
    assert "best_net.npz is missing" in told(graded, "anong", "T12")


def test_the_command_prints_it_and_takes_one_student(graded: Course, run: Run) -> None:
    line = ("autograder", "grade", "hw4", "--course", graded.root)
    before = {p: p.read_bytes() for p in graded.root.rglob("*") if p.is_file()}
    done = run(*line, "bua", "--explain", "T7")
    assert done.returncode == 0, done.stderr
    assert "replay: the same verdict as the kept one" in done.stdout
    assert {p: p.read_bytes() for p in graded.root.rglob("*") if p.is_file() and "__pycache__" not in p.parts} == {
        p: data for p, data in before.items() if "__pycache__" not in p.parts
    }
    for students, said in (((), "0 students are named"), (("bua", "anong"), "2 students are named")):
        done = run(*line, *students, "--explain", "T7")
        assert done.returncode == 1
        assert said in done.stderr and "STUDENT --explain T7" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_changed_since_is_said(graded: Course, tmp_path: Path, copy_of: Any, hand_in: HandIn,
                                    right: dict[str, str]) -> None:  # fmt: skip
    course = copy_of(graded, tmp_path / "course")
    made_up.write(course.submitted("hw4", "bua"), hand_in(right))
    path = course.part("checks", "hw4")
    path.write_text(path.read_text() + "\n# another kit\n")
    said = told(course, "bua", "T7")
    assert "the submission has changed since" in said and "it has changed since (checks, course_config.py" in said
    assert "replay: ANOTHER VERDICT: passed, 1.0 of 1" in said and "W2: kept 0, replayed 0.25" in said


def test_a_missing_secret_is_said_and_none_is_made(graded: Course, tmp_path: Path, copy_of: Any) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.state / "secret").unlink()
    data = sorted((course.state / "data").iterdir())
    said = told(course, "bua", "T7")
    assert "the secret is missing; the inputs were made again from the seed in the verdict" in said
    assert "replay: the same verdict as the kept one" in said
    assert not (course.state / "secret").exists() and sorted((course.state / "data").iterdir()) == data


def test_a_student_without_a_verdict_and_an_unknown_task_are_errors(graded: Course, tmp_path: Path,
                                                                    copy_of: Any) -> None:  # fmt: skip
    course = copy_of(graded, tmp_path / "course")
    shutil.rmtree(course.state / "verdicts")
    with pytest.raises(CourseError, match="no verdict on T7 is kept; `autograder grade hw4 bua`"):
        told(course, "bua", "T7")
    with pytest.raises(CourseError, match="T99"):
        told(course, "bua", "T99")
