"""No luck: mistakes, right variants and own classes get the same verdict in every draw. The proof has 200 draws."""

from collections.abc import Mapping

import pytest
from draws import TASKS, Answer, differing, known, parts_of, right
from hw4.test_own_classes import CASES

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.grading.asking import GraderContext
from autograder.judging.judge import JudgeContext

DRAWS = range(3)


@pytest.fixture(scope="module")
def judge_context(grader: GraderContext) -> JudgeContext:
    return grader.judge_context


@pytest.fixture(scope="module")
def functions(course: Course, hw4: Assignment) -> Mapping[str, str]:
    return made_up.answers(course, hw4)


def test_a_known_mistake_loses_the_same_in_every_draw(judge_context: JudgeContext) -> None:
    for answer in known(judge_context):
        assert differing(judge_context, answer, DRAWS) == {}, answer.name
        (task,) = answer.tasks
        assert not all(ok for _, ok in next(parts_of(judge_context, answer, task, DRAWS))), answer.name


def test_a_right_variant_keeps_all_in_every_draw(judge_context: JudgeContext, functions: Mapping[str, str]) -> None:
    for answer in right(judge_context, functions):
        for task in answer.tasks:
            for parts in parts_of(judge_context, answer, task, DRAWS):
                assert all(ok for _, ok in parts), (answer.name, task, parts)


def test_a_class_of_the_students_own_gets_the_same_in_every_draw(judge_context: JudgeContext) -> None:
    for name, (source, *_) in CASES.items():
        assert differing(judge_context, Answer(name, source, TASKS, False), DRAWS) == {}, name
