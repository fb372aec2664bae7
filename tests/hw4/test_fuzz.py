"""Some fuzzed files in every test run; `make proof` has thousands (tests/proof/test_many_fuzzed.py)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given

from autograder.course import Assignment, Course
from autograder.grading import pipeline
from autograder.submissions.submission import Submission
from tests import fuzz
from tests.fuzz import Real, Toll


@pytest.fixture(scope="module")
def start(course: Course, hw4: Assignment) -> Iterator[Real]:
    """Real files to start from, and a grader with small limits."""
    grader = pipeline.open_grader(course, replace(hw4, limits=fuzz.LIMITS))
    with grader.guest:
        yield fuzz.real(grader)


def test_fuzzed_notebooks_are_read_and_shown(start: Real) -> None:
    toll = Toll()

    @examples(25)
    @given(fuzz.FUZZED_NOTEBOOK)
    def check(drawn: object) -> None:
        with fuzz.bounded(toll):
            fuzz.read_notebooks(start.grader, fuzz.fuzzed_notebook(start.files, drawn), start.result)

    check()
    assert toll.examples >= 25


@pytest.mark.proof
def test_fuzzed_notebooks_are_graded(start: Real) -> None:
    toll = Toll()

    @examples(10)
    @given(fuzz.FUZZED_NOTEBOOK)
    def check(drawn: object) -> None:
        with fuzz.bounded(toll):
            files = fuzz.fuzzed_notebook(start.files, drawn)
            result = pipeline.grade_submission(start.grader, Submission("fuzz", files))
            for verdict in result.verdicts.values():
                fuzz.sound(verdict)

    check()
    assert toll.examples >= 10


def test_fuzzed_answers_are_judged(start: Real) -> None:
    toll, judge_context = Toll(), start.grader.judge_context
    contexts = fuzz.contexts_of(judge_context, None)
    tasks = sorted(start.frames)

    @examples(25)
    @given(fuzz.FUZZED_FRAME)
    def check(drawn: tuple[int, object]) -> None:
        with fuzz.bounded(toll):
            task = tasks[drawn[0] % len(tasks)]
            fuzz.judge_frame(judge_context, contexts, task, fuzz.fuzzed_frame([start.frames[task]], drawn), toll)

    check()
    assert toll.examples >= 25 and any(outcome.startswith("judged") for outcome in toll.outcomes)


@pytest.mark.proof
def test_fuzzed_kept_answers_and_models_are_judged(start: Real) -> None:
    toll, judge_context = Toll(), start.grader.judge_context
    contexts = fuzz.contexts_of(judge_context, None)

    @examples(10)
    @given(fuzz.FUZZED_FRAME)
    def check_kept(drawn: object) -> None:
        with fuzz.bounded(toll):
            fuzz.judge_kept(judge_context, contexts, fuzz.fuzzed_frame([start.result.answers], drawn), toll)

    @examples(50)
    @given(fuzz.FUZZED_MODEL)
    def check_model(drawn: object) -> None:
        with fuzz.bounded(toll):
            fuzz.judge_model(judge_context, fuzz.fuzzed_model(start.params, drawn), toll)

    check_kept()
    check_model()
    assert toll.examples >= 60


def examples(count: int) -> fuzz.settings:
    """The settings of fuzzing, with so many examples."""
    return fuzz.settings(fuzz.SETTINGS, max_examples=count)
