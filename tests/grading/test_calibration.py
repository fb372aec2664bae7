"""pace.py: limits that are fair on a slow or busy machine, and still limits."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shares import one_in
from toy import NAME, Toy

from autograder.course import Limits
from autograder.grading import calibration, made_up, pipeline
from autograder.judging.verdicts import PASSED, Result, result_from
from autograder.marks.verdict_files import load_result
from autograder.submissions.submission import Submission

NEIGHBOURS = 4
BUSY = "import os\nwhile os.getppid() == {parent}: pass"  # ends with the test, whatever happens
# limits for a machine much faster than any
TINY = Limits(cell_seconds=0.01, question_seconds=0.0005, check_seconds=0.001, probe_seconds=0.05, total_seconds=5)
BODY = "    mean = X.mean(axis=0)\n"


def lost(result: Result) -> set[str]:
    return {task for task, v in result.verdicts.items() if v.status != PASSED and task != "T3"}


@pytest.fixture(scope="module")
def slow(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The toy course with a reference that takes milliseconds: enough to be measured."""
    course = toy.copy(tmp_path_factory.mktemp("slow") / "course")
    path = course.solution(NAME)
    text = path.read_text(encoding="utf-8")
    assert BODY in text
    path.write_text(text.replace(BODY, f"    sum(range(500_000))\n{BODY}"), encoding="utf-8")
    return Toy(course, made_up.answers(course, course.assignment(NAME)))


def endless(toy: Toy, loop: str = "while True: pass") -> dict[str, bytes]:
    """A submission whose T1 never ends."""
    assert BODY in toy.right["T1"]
    return toy.hand_in({**toy.right, "T1": toy.right["T1"].replace(BODY, f"    {loop}\n{BODY}")})


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


def test_the_reference_needs_little_of_the_stated_limits_here(slow: Toy) -> None:
    grader = pipeline.open_grader(slow.course, slow.assignment)
    with grader.guest:
        cell, question, total = calibration.needs(grader.guest, grader.judge_context, grader.bases)
        assert 0 < cell <= total and 0 < question <= total
        started = time.process_time()
        result = pipeline.grade_submission(grader, Submission("x", slow.hand_in(slow.right)))
        assert grader.guest.measured
        spent = time.process_time() - started
        again = pipeline.grade_submission(grader, Submission("y", slow.hand_in(slow.right)))
    assert lost(result) == lost(again) == set()
    assert result.stretch == again.stretch == calibration.stretch(slow.assignment.limits, cell, question, total) == 1.0
    assert spent < 2, "measuring is cheap"


def test_limits_that_the_reference_itself_would_break_are_stretched_and_recorded(slow: Toy) -> None:
    files = slow.hand_in(slow.right)
    grader = pipeline.open_grader(slow.course, replace(slow.assignment, limits=replace(TINY, reference_times=1e-9)))
    with grader.guest:
        assert lost(pipeline.grade_submission(grader, Submission("x", files))), "unstretched, nobody could pass"
        assert grader.guest.stretched == 1
    grader = pipeline.open_grader(slow.course, replace(slow.assignment, limits=TINY))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", files))
        assert grader.guest.limits.question_seconds == TINY.question_seconds * result.stretch
    assert lost(result) == set()
    assert result.stretch > 10
    assert result_from(result.as_json()).stretch == result.stretch


@pytest.mark.parametrize("loop", one_in(2, ["while True: pass", "import time; time.sleep(600)"]))
def test_an_endless_loop_is_ended_under_stretched_limits_too(slow: Toy, loop: str) -> None:
    grader = pipeline.open_grader(slow.course, replace(slow.assignment, limits=TINY))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", endless(slow, loop)))
    assert result.stretch > 10
    assert lost(result) == {"T1"}
    assert "longer than the time limit" in result.verdicts["T1"].message


@pytest.mark.proof  # four endless loops for a minute: nothing should be measured beside it
def test_on_a_core_with_four_busy_neighbours_a_right_submission_keeps_every_mark_and_a_loop_is_ended(
    slow: Toy, busy: None
) -> None:
    limits = replace(slow.assignment.limits, question_seconds=0.5, check_seconds=0.5)
    grader = pipeline.open_grader(slow.course, replace(slow.assignment, limits=limits))
    with grader.guest:
        result = pipeline.grade_submission(grader, Submission("x", slow.hand_in(slow.right)))
        stopped = pipeline.grade_submission(grader, Submission("y", endless(slow)))
    assert lost(result) == set()
    assert lost(stopped) == {"T1"}
    assert "longer than the time limit" in stopped.verdicts["T1"].message


def test_a_stretch_is_told_once_and_stands_in_the_verdict_file(
    slow: Toy, run: Callable[..., Any], tmp_path: Path
) -> None:
    course = slow.copy(tmp_path / "course")
    config = course.root / "course_config.py"
    text = config.read_text(encoding="utf-8").replace("Course, Task", "Course, Limits, Task")
    changed = text.replace("    tasks=(", "    limits=Limits(question_seconds=0.001),\n    tasks=(", 1)
    config.write_text(changed, encoding="utf-8")
    for name in ("anong", "bua"):
        made_up.write(course.submitted(NAME, name), slow.hand_in(slow.right))
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("slow machine: ")]
    assert len(lines) == 1
    assert "50 times what the reference needs here" in lines[0]
    for name in ("anong", "bua"):
        found = load_result(course, NAME, name)
        assert found is not None and found.stretch > 1
        assert f"time limits are {found.stretch:g} times as long" in lines[0]
        assert lost(found) == set()
