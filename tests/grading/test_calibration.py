"""pace.py: limits that are fair on a slow or busy machine, and still limits."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from autograder.course import Assignment, Course, Limits
from autograder.grading import calibration, made_up, pipeline
from autograder.judging.verdicts import PASSED, Result, result_from
from autograder.marks.verdict_files import load_result
from autograder.submissions.submission import Submission

HandIn = Callable[..., dict[str, bytes]]
NEIGHBOURS = 4
BUSY = "import os\nwhile os.getppid() == {parent}: pass"  # ends with the test, whatever happens
# limits for a machine much faster than any
TINY = Limits(cell_seconds=0.01, question_seconds=0.0005, check_seconds=0.01, probe_seconds=0.05, total_seconds=5)
BODY = "    N = X.shape[0]\n"


def lost(result: Result) -> set[str]:
    return {task for task, v in result.verdicts.items() if v.status != PASSED and task != "T4"}


@pytest.fixture
def busy() -> Iterator[None]:
    """This process and its children on one core, with four endless loops beside them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    command = [sys.executable, "-c", BUSY.format(parent=os.getpid())]
    loops = [subprocess.Popen(command) for _ in range(NEIGHBOURS)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("needed", "factor"),
    [((0.001, 0.01, 0.05), 1), ((0.001, 0.3, 0.5), 5), ((1.0, 0.01, 1.0), 5), ((0.1, 0.1, 15.0), 2.5)],
)
def test_limits_are_stretched_where_the_reference_needs_more_than_their_share(
    needed: tuple[float, float, float], factor: float
) -> None:
    limits = Limits(cell_seconds=10, question_seconds=3, total_seconds=300, reference_times=50)
    assert calibration.stretch(limits, *needed) == factor
    longer = limits.stretched(factor)
    assert longer.question_seconds == 3 * factor and longer.total_seconds == 300 * factor
    assert longer.reference_times == 50 and longer.memory_mb == limits.memory_mb


def test_the_reference_needs_little_of_the_stated_limits_here(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str]
) -> None:
    grader = pipeline.open_grader(course, hw4)
    with grader.guest:
        cell, question, total = calibration.needs(grader.guest, grader.judge_context, grader.bases)
        assert 0 < cell <= total and 0 < question <= total
        started = time.process_time()
        result = pipeline.grade_submission(grader, Submission("x", hand_in(right)))
        assert grader.guest.measured
        spent = time.process_time() - started
        again = pipeline.grade_submission(grader, Submission("y", hand_in(right)))
    assert lost(result) == lost(again) == set()
    assert result.stretch == again.stretch == calibration.stretch(hw4.limits, cell, question, total) == 1.0
    assert spent < 2, "measuring is cheap"


def test_limits_that_the_reference_itself_would_break_are_stretched_and_recorded(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str]
) -> None:
    files = hand_in(right)
    grader = pipeline.open_grader(course, replace(hw4, limits=replace(TINY, reference_times=1e-9)))
    with grader.guest:
        assert lost(pipeline.grade_submission(grader, Submission("x", files))), "unstretched, nobody could pass"
        assert grader.guest.stretched == 1
    grader = pipeline.open_grader(course, replace(hw4, limits=TINY))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", files))
        assert grader.guest.limits.question_seconds == TINY.question_seconds * result.stretch
    assert lost(result) == set()
    assert result.stretch > 10
    assert result_from(result.as_json()).stretch == result.stretch


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(600)"])
def test_an_endless_loop_is_ended_under_stretched_limits_too(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str], loop: str
) -> None:
    endless = right | {"T7": right["T7"].replace(BODY, f"    {loop}\n{BODY}")}
    assert endless != right
    grader = pipeline.open_grader(course, replace(hw4, limits=TINY))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", hand_in(endless)))
    assert result.stretch > 10
    assert lost(result) == {"T7"}
    assert "longer than the time limit" in result.verdicts["T7"].message


def test_on_a_core_with_four_busy_neighbours_a_right_submission_keeps_every_mark_and_a_loop_is_ended(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str], busy: None
) -> None:
    endless = right | {"T7": right["T7"].replace(BODY, f"    while True: pass\n{BODY}")}
    grader = pipeline.open_grader(course, replace(hw4, limits=replace(hw4.limits, question_seconds=0.5)))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", hand_in(right)))
        stopped = pipeline.grade_submission(grader, Submission("y", hand_in(endless)))
    assert lost(result) == set()
    assert lost(stopped) == {"T7"}
    assert "longer than the time limit" in stopped.verdicts["T7"].message


def test_a_stretch_is_told_once_and_stands_in_the_verdict_file(
    scratch: Course, hand_in: HandIn, right: dict[str, str], run: Callable[..., Any]
) -> None:
    config = scratch.root / "course_config.py"
    text = config.read_text(encoding="utf-8")
    changed = text.replace("question_seconds=3", "question_seconds=0.01")
    assert changed != text
    config.write_text(changed, encoding="utf-8")
    for name in ("anong", "bua"):
        made_up.write(scratch.submitted("hw4", name), hand_in(right))
    done = run("autograder", "grade", "hw4", "--course", scratch.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("slow machine: ")]
    assert len(lines) == 1
    assert "50 times what the reference needs here" in lines[0]
    for name in ("anong", "bua"):
        found = load_result(scratch, "hw4", name)
        assert found is not None and found.stretch > 1
        assert f"time limits are {found.stretch:g} times as long" in lines[0]
        assert lost(found) == set()
