"""slips.py on hw4: what is said of a mistake that nobody listed, where one edit of the reference gives its values.

The words were written for every second kind of edit in the order of the alphabet. The others, held back, were then
told by their step alone: docs/checks.md has the figures. They have words of their own by now.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from draws import decided
from shares import one_in

from autograder.course import messages
from autograder.grading.asking import GraderContext
from autograder.judging.by_machine.edits import Edit, Kind, edits_of
from autograder.judging.by_machine.slips import Slip, slip_of, steps_of
from autograder.judging.judge import JudgeContext
from autograder.judging.mutations import plant

FUNCTIONS = {
    "T5": "forward",
    "T6": "softmax_loss",
    "T7": "backward",
    "T9": "sgd_update",
    "T10": "decay_learning_rate",
    "T11": "predict",
}


@pytest.fixture(scope="module")
def judge_context(grader: GraderContext) -> JudgeContext:
    return grader.judge_context


def explained(judge_context: JudgeContext, task: str, every: int = 1) -> Iterator[tuple[Edit, str]]:
    """Edits of a task that cost a mark, and how each is told: named, said, located, error, elsewhere or nothing."""
    steps = steps_of(judge_context.reference_text, FUNCTIONS[task])
    for edit in list(edits_of(judge_context.reference_text, FUNCTIONS[task]))[::every]:
        try:
            decision = decided(judge_context, task, edit.text)
        except Exception:  # the edit's own, outside of a function
            continue
        wrong = [one for one in decision.results if not one.ok]
        slip = decision.slip
        if not wrong:
            continue
        if decision.mistakes:
            yield edit, "named"
        elif slip is not None and slip.step != steps.get(edit.line):
            yield edit, "elsewhere"
        elif slip is not None and judge_context.messages.slip(task, slip.step, slip.way, dict(slip.facts)):
            yield edit, "said" if slip.way else "located"
        else:
            yield edit, "error" if any(one.problem and one.problem.kind == "error" for one in wrong) else "nothing"


EVERY = [("T5", 1), ("T6", 6), ("T7", 6), ("T9", 1), ("T10", 1), ("T11", 1)]


# in each test run one task in three, in `make proof` all
@pytest.mark.parametrize(("task", "every"), one_in(3, EVERY))
def test_an_edit_by_machine_is_told_by_its_own_step_or_not_at_all(
    judge_context: JudgeContext, task: str, every: int
) -> None:
    ways = Counter(way for _, way in explained(judge_context, task, every))
    assert ways["elsewhere"] == 0
    assert ways["nothing"] <= 0.15 * ways.total(), ways


def message(judge_context: JudgeContext, task: str, *edits: tuple[str, str], given: bool = True) -> tuple[str, str]:
    """What is said of the slip, in English and in Thai; "" where nothing is."""
    slip = decided(judge_context, task, plant(judge_context.reference_text, edits, "student"), given=given).slip
    course, hw4 = judge_context.course, judge_context.assignment
    said = [messages.load_messages(course, hw4, language) for language in ("en", "th")]
    english, thai = ("" if slip is None else w.slip(task, slip.step, slip.way, dict(slip.facts)) for w in said)
    return english, thai


@pytest.mark.parametrize("given", [True, False])
def test_a_constant_that_is_too_large_is_told_by_its_step(judge_context: JudgeContext, given: bool) -> None:
    english, thai = message(judge_context, "T6", ('params["W2"] ** 2', 'params["W2"] ** 3'), given=given)
    as_if = "Your values come out as if a number in it were larger, in this step: the regularization."
    assert english == f"{as_if} Look at that step again."
    assert "ส่วน regularization" in thai


def test_an_operator_in_place_of_another_is_told(judge_context: JudgeContext) -> None:
    english, _ = message(
        judge_context, "T5", ('hidden @ params["W2"] + params["b2"]', 'hidden @ params["W2"] - params["b2"]')
    )
    assert "as if - stood in place of +, in this step: the scores" in english


def test_the_words_follow_from_the_values_whatever_the_code_looks_like(judge_context: JudgeContext) -> None:
    rows = ("return X[chosen], y[chosen]", "return X[chosen], y[chosen]\n\n\ndef unused():\n    return 1")
    loop = (
        'scores = hidden @ params["W2"] + params["b2"]',
        "scores = np.array([[h @ w - b for w, b in zip(params['W2'].T, params['b2'])] for h in hidden])",
    )
    assert "as if - stood in place of +" in message(judge_context, "T5", loop, rows)[0]


def test_values_that_no_edit_gives_are_told_by_none(judge_context: JudgeContext) -> None:
    edit = ('scores = hidden @ params["W2"] + params["b2"]', 'scores = hidden @ params["W2"] + 1.37 * params["b2"]')
    assert message(judge_context, "T5", edit) == ("", "")


def test_every_step_that_is_named_is_one_of_the_reference(judge_context: JudgeContext) -> None:
    for task, texts in judge_context.messages.assignment.items():
        named = set(texts.get("steps", {})) if task.startswith("T") else set()
        function = {**FUNCTIONS, "T8": "sample_minibatch"}.get(task, task)
        assert named <= set(steps_of(judge_context.reference_text, function).values()) if named else True


@pytest.mark.parametrize(
    ("kind", "old", "new", "way", "facts"),
    [
        (Kind.SIGN, "-a", "a", "sign", {}),
        (Kind.CONSTANT, "0", "-1", "smaller", {}),
        (Kind.CONSTANT, "True", "False", "", {}),
        (Kind.OPERATOR, "x -= 1", "x += 1", "operator", {"old": "-", "new": "+"}),
        (Kind.OPERATOR, "x -= 1", "x = 1", "", {}),
        (Kind.COMPARISON, "a < b", "a <= b", "comparison", {"new": "<="}),
        (Kind.CALL, "a.max(axis=1)", "a.min(axis=1)", "instead", {"old": "max", "new": "min"}),
        (Kind.CALL, "np.log(a.mean())", "a.mean()", "uncalled", {"old": "log"}),
        (Kind.CALL, "np.log(a)", "a", "uncalled", {"old": "log"}),
        (Kind.KEY, 'params["W1"]', 'params["b1"]', "instead", {"old": "W1", "new": "b1"}),
        (Kind.LINE, "dscores /= N", "", "line", {}),
    ],
)
def test_words_are_made_from_the_edit(kind: Kind, old: str, new: str, way: str, facts: dict[str, str]) -> None:
    found = slip_of(Edit("f", kind, 1, old, new, old, new, ""), {1: "step"})
    assert found == Slip("step", way, tuple(sorted(facts.items())))
    if way:
        for language in ("en", "th"):
            assert messages.of_engine(language).say("slip", way, **facts)
