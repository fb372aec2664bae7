"""2,000 fuzzed notebooks and 2,000 fuzzed answer files: no traceback of ours, no hang, no memory over the limit.

Every fifth notebook is graded in the sandbox as well; the others go through the readers. Of the answer
files half are frames as the guest sends them, a fifth kept answers, the others saved models.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given

from autograder.course import Assignment, Course
from autograder.grading import pipeline
from autograder.submissions.submission import Submission
from tests import fuzz
from tests.fuzz import Real, Toll

pytestmark = pytest.mark.proof

NOTEBOOKS, GRADED = 1600, 400
FRAMES, KEPT, MODELS = 1000, 400, 600


@pytest.fixture(scope="module")
def start(course: Course, hw4: Assignment) -> Iterator[Real]:
    grader = pipeline.open_grader(course, replace(hw4, limits=fuzz.LIMITS))
    with grader.guest:
        yield fuzz.real(grader)


def test_fuzzed_files_are_graded_without_a_traceback_a_hang_or_much_memory(start: Real, record: Callable) -> None:
    judge_context = start.grader.judge_context
    contexts, tasks = fuzz.contexts_of(judge_context, None), sorted(start.frames)
    tolls = {name: Toll() for name in ("notebooks read", "notebooks graded", "frames", "kept answers", "models")}

    def run(name: str, count: int, drawn_from: object, what: Callable[[object, Toll], None]) -> None:
        @fuzz.settings(fuzz.SETTINGS, max_examples=count)
        @given(drawn_from)
        def check(drawn: object) -> None:
            with fuzz.bounded(tolls[name]):
                what(drawn, tolls[name])

        check()

    def read(drawn: object, toll: Toll) -> None:
        fuzz.read_notebooks(start.grader, fuzz.fuzzed_notebook(start.files, drawn), start.result)

    def graded(drawn: object, toll: Toll) -> None:
        result = pipeline.grade_submission(start.grader, Submission("fuzz", fuzz.fuzzed_notebook(start.files, drawn)))
        for verdict in result.verdicts.values():
            fuzz.sound(verdict)
            toll.count(verdict.status)

    def frame(drawn: tuple[int, object], toll: Toll) -> None:
        task = tasks[drawn[0] % len(tasks)]
        fuzz.judge_frame(judge_context, contexts, task, fuzz.fuzzed_frame([start.frames[task]], drawn), toll)

    def kept(drawn: object, toll: Toll) -> None:
        fuzz.judge_kept(judge_context, contexts, fuzz.fuzzed_frame([start.result.answers], drawn), toll)

    def model(drawn: object, toll: Toll) -> None:
        fuzz.judge_model(judge_context, fuzz.fuzzed_model(start.params, drawn), toll)

    run("frames", FRAMES, fuzz.FUZZED_FRAME, frame)
    run("kept answers", KEPT, fuzz.FUZZED_FRAME, kept)
    run("models", MODELS, fuzz.FUZZED_MODEL, model)
    run("notebooks read", NOTEBOOKS, fuzz.FUZZED_NOTEBOOK, read)
    run("notebooks graded", GRADED, fuzz.FUZZED_NOTEBOOK, graded)
    assert sum(toll.examples for name, toll in tolls.items() if name.startswith("notebooks")) >= 2000
    assert sum(toll.examples for name, toll in tolls.items() if not name.startswith("notebooks")) >= 2000
    limits = {"seconds": fuzz.SECONDS, "megabytes": fuzz.MEGABYTES}
    record("fuzz", {"limits of one example": limits, "most": {name: toll.row() for name, toll in tolls.items()}})
