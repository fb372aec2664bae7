"""No luck: mistakes, right variants and own classes get the same verdict in every draw. The proof has 200 draws."""

from collections.abc import Mapping

import pytest
from draws import counted, known, of_classes, right
from hw4.test_own_classes import CASES

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.grading.asking import GraderContext
from autograder.judging.judge import JudgeContext

DRAWS = range(2)
# not those that test_own_classes.py takes into the sandbox in each test run
SOME = dict(list(CASES.items())[1::3])


@pytest.fixture(scope="module")
def judge_context(grader: GraderContext) -> JudgeContext:
    return grader.judge_context


@pytest.fixture(scope="module")
def functions(course: Course, hw4: Assignment) -> Mapping[str, str]:
    return made_up.answers(course, hw4)


@pytest.mark.proof
def test_a_known_mistake_loses_the_same_in_every_draw(judge_context: JudgeContext) -> None:
    for name, counts in counted(judge_context, known(judge_context), DRAWS).items():
        assert len(counts) == 1 and not all(ok for _, ok in next(iter(counts))), (name, counts)


# in each test run one right variant in eight, in `make proof` all
@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.proof)])
def test_a_right_variant_keeps_all_in_every_draw(
    judge_context: JudgeContext, functions: Mapping[str, str], step: int
) -> None:
    for name, counts in counted(judge_context, list(right(judge_context, functions))[::step], DRAWS).items():
        assert len(counts) == 1 and all(ok for _, ok in next(iter(counts))), (name, counts)


@pytest.mark.proof
def test_a_class_of_the_students_own_gets_the_same_in_every_draw(judge_context: JudgeContext) -> None:
    lost: dict[str, list[str]] = {answer.name: [] for answer in of_classes(SOME)}
    for (name, task), counts in counted(judge_context, of_classes(SOME), DRAWS).items():
        assert len(counts) == 1, (name, task, counts)
        if not all(ok for _, ok in next(iter(counts))):
            lost[name].append(task)
    assert lost == {f"own class: {name}": tasks.split() for name, (_, tasks, _) in SOME.items()}
