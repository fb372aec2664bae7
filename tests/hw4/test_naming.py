"""known_mistakes.py on hw4: a mistake is named by its values, two by those of both; none where two ways fit."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
from draws import answered, decided
from shares import one_in

from autograder.errors import CourseError
from autograder.grading.asking import GraderContext
from autograder.judging import judge, known_mistakes
from autograder.judging.by_machine import slips
from autograder.judging.checking import CheckContext
from autograder.judging.judge import JudgeContext
from autograder.judging.mutations import Mistake, plant
from autograder.sandbox.answers import Answers, Array, Error

# pairs that give what one of them gives alone, or what a third mistake does: that is named
ALONE = {
    frozenset({"relu-missing", "hidden-before-relu"}): {"relu-missing"},
    frozenset({"step-not-relu", "hidden-is-only-the-mask"}): {"step-not-relu"},
    frozenset({"W1-regularization-missing", "W2-regularization-missing"}): {"regularization-missing"},
}


@pytest.fixture(scope="module")
def judge_context(grader: GraderContext) -> JudgeContext:
    return grader.judge_context


def named(judge_context: JudgeContext, task: str, *edits: tuple[str, str], given: bool = True) -> set[str]:
    return set(
        decided(judge_context, task, plant(judge_context.reference_text, edits, "student"), given=given).mistakes
    )


@pytest.mark.parametrize("given", [True, False])
def test_no_half_and_no_maximum_are_two_mistakes(judge_context: JudgeContext, given: bool) -> None:
    half = ("reg_loss = 0.5 * reg", "reg_loss = reg")
    shift = ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")
    assert named(judge_context, "T6", half, shift, given=given) == {"half-missing", "max-not-subtracted"}


@pytest.mark.parametrize("given", [True, False])
def test_biases_regularized_with_the_full_reg_is_named(judge_context: JudgeContext, given: bool) -> None:
    (line,) = (line.strip() for line in judge_context.reference_text.splitlines() if "reg_loss = " in line)
    full = (line, 'reg_loss = reg * (sum((params[n] ** 2).sum() for n in ("W1", "b1", "W2", "b2")))')
    assert named(judge_context, "T6", full, given=given) == {"biases-regularized-without-half"}


def test_where_a_mistake_gives_inf_another_writing_of_it_may_give_nan(judge_context: JudgeContext) -> None:
    exact = "probabilities = exp_scores / exp_scores.sum(axis=1, keepdims=True)"
    shift = ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")
    by_logs = (exact, "probabilities = np.exp(shifted - np.log(exp_scores.sum(axis=1, keepdims=True)))")
    alone, other = (decided(judge_context, "T6", plant(judge_context.reference_text, edits, "student")) for edits in
                    ((shift,), (shift, by_logs)))  # fmt: skip
    assert alone.mistakes == other.mistakes == ("max-not-subtracted",)


def right(judge_context: JudgeContext, task: str) -> CheckContext:
    """A task's context with the reference's answers."""
    return answered(
        judge_context, judge.check_context(judge_context, task, 7, Answers()), judge_context.reference, True
    )


@pytest.mark.parametrize("task", ["T5", "T6", "T7", "T9", "T11"])
def test_errors_alone_are_held_against_no_mistake_and_no_edit(
    judge_context: JudgeContext, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No known mistake leaves only errors; to make them all anew took seconds for each who handed nothing in."""
    made: list[str] = []
    monkeypatch.setattr(known_mistakes, "with_mistakes", lambda context, mistakes: made.append(mistakes[0].name))
    monkeypatch.setattr(slips, "edited", lambda context, one: made.append(one.slip.step))
    context = right(judge_context, task)
    answers = context.answers
    nothing = dict.fromkeys((*answers.arrays, *answers.errors), Error("NameError", "name 'forward' is not defined"))
    lost = replace(context, answers=Answers({}, nothing, answers.class_is_given), memo={})
    (decision,) = judge.decisions(judge_context, {task: lost}).values()
    assert (decision.rule, decision.mistakes, made) == (judge.NO_VALUE, (), [])


def test_a_mistake_is_asked_no_more_once_an_answer_differs(
    judge_context: JudgeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = right(judge_context, "T6")
    asked: list[str] = []
    plain = known_mistakes.guest_namespace.plain

    def noting(name: str, value: object) -> dict[str, Array]:
        asked.append(name)
        return plain(name, value)

    monkeypatch.setattr(known_mistakes.guest_namespace, "plain", noting)
    assert known_mistakes.gives(judge_context, context, judge_context.reference)
    whole = len(asked)
    (half,) = (one for one in judge_context.mistakes if (one.task, one.name) == ("T6", "half-missing"))
    wrong = known_mistakes.with_mistakes(judge_context, (half,))
    asked.clear()
    assert not known_mistakes.gives(judge_context, context, wrong)
    assert 0 < len(asked) < whole / 2


def test_a_mistake_that_a_probe_cannot_be_asked_about_is_left_out_of_the_pairs(
    judge_context: JudgeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = ("reg_loss = 0.5 * reg", "reg_loss = reg")
    shift = ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores")
    (other,) = (one for one in judge_context.mistakes if (one.task, one.name) == ("T6", "sum-not-mean"))
    broken = known_mistakes.with_mistakes(judge_context, (other,))
    usual, asked = known_mistakes._distinguishing, []

    def asking(judge_context: JudgeContext, context: CheckContext, names: Mapping[str, object]) -> Answers:
        if names["softmax_loss"].__code__ == broken["softmax_loss"].__code__:  # type: ignore[attr-defined]
            asked.append(other.name)
            raise ValueError("a probe's body")
        return usual(judge_context, context, names)

    monkeypatch.setattr(known_mistakes, "_distinguishing", asking)
    assert named(judge_context, "T6", half, shift) == {"half-missing", "max-not-subtracted"}
    assert asked


def pairs(judge_context: JudgeContext, task: str) -> Iterator[tuple[Mistake, Mistake]]:
    """Pairs of a task's mistakes that fit into one text."""
    some = [one for one in judge_context.mistakes if one.task == task and one.edits and not one.in_class]
    every = list(itertools.combinations(some, 2))
    np.random.default_rng(11).shuffle(every)
    for one, other in every:
        try:
            plant(judge_context.reference_text, one.edits + other.edits, "pair")
        except CourseError:
            continue
        yield one, other


@pytest.mark.parametrize("task", one_in(3, ["T5", "T6", "T7", "T9", "T10"]))
def test_two_mistakes_of_a_task_are_both_named_and_nothing_else_is(judge_context: JudgeContext, task: str) -> None:
    both = 0
    tried = list(itertools.islice(pairs(judge_context, task), 20))
    for one, other in tried:
        names = {one.name, other.name}
        found = named(judge_context, task, *one.edits, *other.edits)
        # a shape is no value: of two mistakes, one in a shape, the other is named
        assert found <= names or found == ALONE.get(frozenset(names)), (names, found)
        both += found == names
    assert both >= 0.75 * len(tried), (task, both)


def test_two_pairs_that_fit_alike_are_no_name(judge_context: JudgeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same two mistakes, listed a second time under other names."""
    half = next(one for one in judge_context.mistakes if one.name == "half-missing")
    shift = next(one for one in judge_context.mistakes if one.name == "max-not-subtracted")
    edits = (*half.edits, *shift.edits)
    assert named(judge_context, "T6", *edits) == {"half-missing", "max-not-subtracted"}
    twice = replace(
        judge_context, mistakes=(*judge_context.mistakes, replace(half, name="again"), replace(shift, name="once-more"))
    )
    # alone, each is named by the first of its names: values tell no more. Together there are four pairs
    assert named(twice, "T6", *edits) == set()
