"""kept.py: a changed check judges the kept answers; what could change an answer asks the student's code again."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from autograder.course import Course, load_course
from autograder.grading import answer_cache, made_up, pipeline
from autograder.grading.answer_cache import CachedAnswers
from autograder.judging.verdicts import Result
from autograder.sandbox.answers import Answers, Error
from autograder.submissions.submission import Submission

HandIn = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def first(mark: Callable[..., Result], hand_in: HandIn, right: dict[str, str]) -> Result:
    return mark(hand_in(right))


def again(course: Course, earlier: Result, files: dict[str, bytes]) -> tuple[Result, int]:
    """Grade with the kept answers -> (result, starts of the sandbox)."""
    opened = pipeline.open_grader(course, course.assignment("hw4"))
    with opened.guest:
        return pipeline.grade_submission(opened, Submission("somchai", files), earlier.answers), opened.guest.starts


def same_secret(scratch: Course, course: Course) -> Course:
    scratch.state.mkdir(exist_ok=True)
    (scratch.state / "secret").write_bytes((course.state / "secret").read_bytes())
    return load_course(scratch.root)


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


def test_nothing_changed_runs_nothing_again(
    course: Course, first: Result, hand_in: HandIn, right: dict[str, str]
) -> None:
    result, starts = again(course, first, hand_in(right))
    assert starts == 0
    assert result.verdicts == first.verdicts


def test_a_changed_check_judges_again_without_running_student_code(
    scratch: Course,
    course: Course,
    first: Result,
    hand_in: HandIn,
    right: dict[str, str],
    change_check: Callable[[Course, str, str], None],
) -> None:
    imports = "from autograder.author import PartResult, Problem\n\n\n"
    check = 'def changed(context):\n    return [PartResult("num_parameters", 1.0, Problem("number"))]'
    change_check(scratch, "T3", imports + check)
    changed = same_secret(scratch, course)
    result, starts = again(changed, first, hand_in(right))
    assert starts == 0
    assert result.fingerprint != first.fingerprint
    assert (first.verdicts["T3"].score, result.verdicts["T3"].score) == (1.0, 0.0)


def test_a_changed_probe_asks_its_own_task_again(
    scratch: Course, course: Course, first: Result, hand_in: HandIn, right: dict[str, str]
) -> None:
    path = scratch.part("probes", "hw4")
    text, edits = re.subn(r"^(def T3\(.*:\n)", r"\1    # anew\n", path.read_text(), flags=re.MULTILINE)
    assert edits == 1
    path.write_text(text)
    result, starts = again(same_secret(scratch, course), first, hand_in(right))
    assert starts == 1
    assert result.verdicts == first.verdicts


def test_a_changed_submission_is_run_again(
    course: Course, first: Result, hand_in: HandIn, right: dict[str, str]
) -> None:
    result, starts = again(course, first, hand_in(right | {"T3": "num_parameters = 1"}))
    assert starts == 1
    assert result.verdicts["T3"].score == 0


def test_a_changed_secret_asks_other_questions(
    scratch: Course, first: Result, hand_in: HandIn, right: dict[str, str]
) -> None:
    result, starts = again(scratch, first, hand_in(right))
    assert starts == 1
    assert result.seeds != first.seeds


def test_changed_limits_run_again(course: Course, first: Result, hand_in: HandIn, right: dict[str, str]) -> None:
    hw4 = course.assignment("hw4")
    roomy = replace(hw4, limits=replace(hw4.limits, memory_mb=3000))
    _, starts = again(replace(course, assignments=(roomy,)), first, hand_in(right))
    assert starts == 1


def test_what_a_limit_ended_is_asked_again(
    course: Course, mark: Callable[..., Result], hand_in: HandIn, right: dict[str, str]
) -> None:
    files = hand_in({"T5": right["T5"].replace("    hidden =", "    import os\n    os._exit(0)\n    hidden =")})
    before = mark(files)
    assert "process of your code ended" in before.verdicts["T5"].message
    _, starts = again(course, before, files)
    assert starts == 1


def test_answers_too_large_to_keep_are_not_kept() -> None:
    huge = {"0/x": np.zeros(5 << 20)}
    assert answer_cache.pack(CachedAnswers({"T5": Answers(huge)}, {"T5": "key"}, {})) == b""


def test_the_bugs_of_the_audit_are_asked_with_the_same_probes(course: Course) -> None:
    hw4 = course.assignment("hw4")
    texts = answer_cache.probe_texts(course.part("probes", "hw4"), [task.name for task in hw4.tasks])
    assert set(texts) == {f"T{n}" for n in range(1, 13) if n != 4}
    assert "def T5" in texts["T5"] and "def T6" not in texts["T5"]
    assert "_recorder" in texts["T5"]
    assert made_up.reference_text(course, hw4)
