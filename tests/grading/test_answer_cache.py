"""kept.py: a changed check judges the kept answers; what could change an answer asks the student's code again."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy import NAME, Toy

from autograder.course import Course
from autograder.grading import answer_cache, pipeline
from autograder.grading.answer_cache import CachedAnswers
from autograder.judging.verdicts import Result
from autograder.sandbox.answers import Answers, Error
from autograder.submissions.submission import Submission


@pytest.fixture(scope="module")
def first(toy_mark: Callable[..., Result], toy: Toy) -> Result:
    return toy_mark(toy.hand_in(toy.right))


@pytest.fixture
def changing(toy: Toy, tmp_path: Path) -> Course:
    """A copy of the course with the same secret, so with the same hidden inputs."""
    course = toy.copy(tmp_path / "course")
    course.state.mkdir()
    (course.state / "secret").write_bytes((toy.course.state / "secret").read_bytes())
    return course


def again(course: Course, earlier: Result, files: dict[str, bytes]) -> tuple[Result, int]:
    """Grade with the kept answers -> (result, starts of the sandbox)."""
    opened = pipeline.open_grader(course, course.assignment(NAME))
    with opened.guest:
        return pipeline.grade_submission(opened, Submission("somchai", files), earlier.answers), opened.guest.starts


def test_kept_answers_survive_their_file() -> None:
    sent = CachedAnswers(
        {"T5": Answers({"0/scores": np.eye(2)}, {"0/own": Error("ValueError", "no", "3", "T5-answer")}, True)},
        {"T5": "key"},
        {"book": {"T5-answer": Error("NameError", "x")}},
    )
    got = answer_cache.unpack(answer_cache.pack(sent))
    assert got.keys == sent.keys and got.cell_errors == sent.cell_errors
    assert got.answers["T5"].errors == sent.answers["T5"].errors and got.answers["T5"].class_is_given
    assert np.array_equal(got.answers["T5"].arrays["0/scores"], np.eye(2))


@pytest.mark.parametrize("frame", [b"", b"x", bytes(8), b"\xff" * 100, answer_cache.pack(CachedAnswers())[:-1]])
def test_a_broken_file_is_no_answer(frame: bytes) -> None:
    assert answer_cache.unpack(frame).answers == {}


def test_nothing_changed_runs_nothing_again(first: Result, toy: Toy) -> None:
    result, starts = again(toy.course, first, toy.hand_in(toy.right))
    assert starts == 0
    assert result.verdicts == first.verdicts


def test_a_changed_check_judges_again_without_running_student_code(
    changing: Course, first: Result, toy: Toy, change_check: Callable[[Course, str, str], None]
) -> None:
    imports = "from autograder.author import PartResult, Problem\n\n\n"
    check = 'def changed(context):\n    return [PartResult("usual", 1.0, Problem("number"))]'
    change_check(changing, "T1", imports + check)  # which has no public cells to be asked where marks are lost
    result, starts = again(changing, first, toy.hand_in(toy.right))
    assert starts == 0
    assert result.fingerprint != first.fingerprint
    assert (first.verdicts["T1"].score, result.verdicts["T1"].score) == (1.0, 0.0)


def test_a_changed_probe_asks_its_own_task_again(changing: Course, first: Result, toy: Toy) -> None:
    path = changing.part("probes", NAME)
    text, edits = re.subn(r"^(def T2\(.*:\n)", r"\1    # anew\n", path.read_text(), flags=re.MULTILINE)
    assert edits == 1
    path.write_text(text)
    result, starts = again(changing, first, toy.hand_in(toy.right))
    assert starts == 1
    assert result.verdicts == first.verdicts


def test_a_changed_submission_is_run_again(first: Result, toy: Toy) -> None:
    result, starts = again(toy.course, first, toy.hand_in({**toy.right, "T2": "def fit_line(x, y):\n    return 1, 2"}))
    assert starts == 1
    assert result.verdicts["T2"].score == 0


def test_a_changed_secret_asks_other_questions(changing: Course, first: Result, toy: Toy) -> None:
    (changing.state / "secret").unlink()
    result, starts = again(changing, first, toy.hand_in(toy.right))
    assert starts == 1
    assert result.seeds != first.seeds


def test_changed_limits_run_again(first: Result, toy: Toy) -> None:
    roomy = replace(toy.assignment, limits=replace(toy.assignment.limits, memory_mb=3000))
    _, starts = again(replace(toy.course, assignments=(roomy,)), first, toy.hand_in(toy.right))
    assert starts == 1


def test_what_a_limit_ended_is_asked_again(toy_mark: Callable[..., Result], toy: Toy) -> None:
    files = toy.hand_in({"T1": "def standardise(X):\n    import os\n    os._exit(0)"})
    before = toy_mark(files)
    assert "process of your code ended" in before.verdicts["T1"].message
    _, starts = again(toy.course, before, files)
    assert starts == 1


def test_answers_too_large_to_keep_are_not_kept() -> None:
    huge = {"0/x": np.zeros(5 << 20)}
    assert answer_cache.pack(CachedAnswers({"T5": Answers(huge)}, {"T5": "key"}, {})) == b""


def test_each_task_has_the_text_of_its_own_probe_and_what_is_no_tasks_own(tmp_path: Path) -> None:
    (tmp_path / "probes.py").write_text("def both():\n    pass\n\n\ndef T1():\n    both()\n\n\ndef T2():\n    both()\n")
    texts = answer_cache.probe_texts(tmp_path / "probes.py", ["T1", "T2", "T3"])
    assert set(texts) == {"T1", "T2"}
    assert "def T1" in texts["T1"] and "def T2" not in texts["T1"]
    assert all("def both" in text for text in texts.values())
