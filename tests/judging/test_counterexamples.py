"""counterexamples.py: what an author may declare, which cells are tried, and how an answer is written."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from toy import NAME, Toy

from autograder.author import Examples
from autograder.errors import CourseError
from autograder.grading import pipeline
from autograder.judging import judge
from autograder.judging.counterexamples import (
    among,
    explained,
    first_failing,
    load_trials,
    shown,
    some_of_each,
    trials_of,
    wanted,
)
from autograder.judging.verdicts import FAILED, NOT_CHECKED, PASSED, Counterexample, Part, Result, Verdict
from autograder.sandbox.answers import Answers, Error
from autograder.submissions.submission import Submission

ADD = Examples("add({a}, {b})", [{"a": 2, "b": [1, 2, 3]}, {"a": 1, "b": 1}])
NAMES = {"add": lambda a, b: a + np.array(b, float)}


def answers(*values: Any) -> Answers:
    return Answers({f"{number}/value": np.array(value, float) for number, value in enumerate(values)})


def test_the_smallest_cell_is_tried_first_and_the_first_wrong_one_is_taken() -> None:
    trials = trials_of((ADD,), NAMES)
    assert [(trial.cell, trial.numbers) for trial in trials] == [("add(1, 1)", 2), ("add(2, [1, 2, 3])", 4)]
    assert first_failing(trials, answers(2, [3, 4, 6])) == Counterexample("add(2, [1, 2, 3])", "[3, 4, 6]", "[3, 4, 5]")
    assert first_failing(trials, answers(3, [3, 4, 6])) == Counterexample("add(1, 1)", "3", "2")
    assert first_failing(trials, answers(2 + 1e-7, [3, 4, 5])) is None
    assert first_failing(trials, Answers()) is None  # nothing came


def test_of_several_kinds_the_smallest_cells_of_each_are_asked_first() -> None:
    kinds = [Examples(f"{{x}} + {extra}", [{"x": x} for x in range(5)]) for extra in range(3)]
    trials = trials_of(kinds, {})
    cells = [trial.cell for trial in some_of_each(trials, 7)]
    assert cells == ["0 + 0", "1 + 0", "2 + 0", "0 + 1", "1 + 1", "0 + 2", "1 + 2"]
    assert some_of_each(trials, 99) == trials and some_of_each((), 3) == ()


def test_a_float32_zero_is_a_zero() -> None:
    trials = trials_of((Examples("f()", [{}]),), {"f": lambda: 1e-17})
    assert first_failing(trials, answers(0.0)) is None and shown(trials[0].right) == "0"


def test_another_shape_is_wrong_where_the_author_says_so() -> None:
    names = {"f": lambda: np.array([1.0, 2.0])}
    for same_shape, gives in ((False, None), (True, "[[1, 2]]")):
        trials = trials_of((Examples("f()", [{}], same_shape=same_shape),), names)
        found = first_failing(trials, answers([[1, 2]]))
        assert (found.gives if found else None) == gives


def test_a_tuple_of_numbers_is_as_good_as_a_list() -> None:
    trials = trials_of((Examples("f()", [{}]),), {"f": lambda: np.array([1.0, 2.0])})
    for second, gives in ((2.0, None), (3.0, "[1, 3]")):
        found = first_failing(trials, Answers({"0/value.0": np.ones(1), "0/value.1": np.full(1, second)}))
        assert (found.gives if found else None) == gives


@pytest.mark.parametrize(
    ("error", "gives"),
    [
        (Error("ValueError", "no <b>", "3"), "ValueError: no <b>"),
        (Error("ValueError", "x" * 390, "3"), "ValueError: " + "x" * 188),
        (Error("Unfit", "nothing", facts={"said": "nothing"}), "None"),
        (Error("TypeError", "'int' object is not callable", "3", facts={"hidden": "sum", "hidden_in": "own"}), ""),
        (Error("TimeLimit", "time limit"), ""),
        (Error("NotImplementedError", "T2", "3"), ""),
    ],
)
def test_an_error_is_shown_by_type_and_text_but_for_limits_and_what_is_not_written(error: Error, gives: str) -> None:
    found = first_failing(trials_of((ADD,), NAMES)[:1], Answers(errors={"0/value": error}))
    assert (found.gives if found else "") == gives


def test_an_error_in_making_a_class_is_no_mistake_of_the_task() -> None:
    trials = trials_of((Examples("add(1, 1)", [{}], of_class=True),), NAMES)
    error = Error("TypeError", "__init__() missing 1 required positional argument", "")
    assert first_failing(trials, Answers(errors={"0/value": error})) is None


def test_an_answer_is_written_short() -> None:
    value = np.array([[1.0, -0.0], [0.123456789, 1e9]])
    assert shown({"value": value}) == "[[1, 0], [0.123457, 1e+09]]"
    assert shown({"value.0": np.array(1.5), "value.1": np.zeros(2)}) == "(1.5, [0, 0])"
    assert shown({"value": np.zeros((50, 1))}) == "an array of shape (50, 1)"
    many = {f"value.{'k' * 300}{number}": np.zeros(40) for number in range(100)}
    assert len(shown(many)) < 40 * 40 * 5


def verdict(task: str, score: float, *parts: tuple[str, float]) -> Verdict:
    status = PASSED if score == 1 else FAILED
    return Verdict(task, status, score, 1.0, tuple(Part(name, got, 0.5) for name, got in parts))


def test_only_cells_about_what_was_lost_are_tried_and_none_behind_another_mistake() -> None:
    examples = tuple(
        Examples(f"add(0, {number})", [{}], **more)
        for number, more in enumerate(
            ({"part": "a"}, {"part": "b"}, {"behind": ("T1",)}, {"of_class": True}), start=1
        )
    )  # fmt: skip
    trials, given = trials_of(examples, NAMES), Answers(class_is_given=True)
    lost = verdict("T2", 0.5, ("a", 0.0), ("b", 0.5))

    def cells(found: Answers, **others: Verdict) -> list[str]:
        return [trial.cell for trial in wanted(trials, "T2", found, {"T2": lost, **others})]

    assert cells(given, T1=verdict("T1", 1.0)) == ["add(0, 1)", "add(0, 3)"]
    assert cells(given, T1=verdict("T1", 0.0)) == ["add(0, 1)"]
    assert cells(Answers(), T1=verdict("T1", 1.0)) == ["add(0, 4)"]
    assert wanted(trials, "T2", given, {"T2": verdict("T2", 1.0)}) == ()
    blank = Verdict("T2", NOT_CHECKED, 0.0, 1.0, (Part("a", 0.0, 1.0),))
    unwritten = Answers(errors={"0/x": Error("NotImplementedError", "T2")}, class_is_given=True)
    assert wanted(trials, "T2", unwritten, {"T2": blank}) == ()
    raised = Answers(errors={"0/x": Error("ValueError", "")}, class_is_given=True)
    assert [trial.cell for trial in wanted(trials, "T2", raised, {"T2": blank})] == ["add(0, 1)"]


def test_a_process_that_may_remember_is_only_told_of_by_a_reference_or_by_an_errors_type() -> None:
    trials, planted = trials_of((ADD,), NAMES), {"add": lambda a, b: a - np.array(b, float)}

    def told(found: Answers, planted: Any, hidden: Answers | None = None) -> tuple[bool, Counterexample | None]:
        ours = None if planted is None else [among(trial, planted) for trial in trials]
        return explained(trials, found, ours, hidden or Answers())

    of_planted = answers(0, [1, 0, -1])
    example = Counterexample("add(1, 1)", "0", "2")
    assert told(of_planted, planted) == (True, example)
    assert told(answers(1e-9, [1, 0, -1]), planted) == (True, example)  # the reference's own zero
    assert told(answers(0.123, [1, 0, -1]), planted) == (False, None)
    assert told(answers([[0]], [1, 0, -1]), planted) == (True, example)  # a number, as the channel has it
    larger = Answers({"0/value": np.zeros(1), "1/value": np.array([[1.0, 0.0, -1.0]])})
    same = {"add": lambda a, b: a + np.array(b, float) if a == 1 else a - np.array(b, float)}
    assert told(replace(larger, arrays={**larger.arrays, "0/value": np.array([2.0])}), same)[0] is False
    assert told(of_planted, None) == (False, None)
    assert told(answers(2, [3, 4, 5]), None) == (True, None)
    for kind, found in (("ValueError", (True, Counterexample("add(1, 1)", "ValueError", "2"))), ("Own", (False, None))):
        raised = Answers(errors={"0/value": Error(kind, "0.123", "3")})
        assert told(raised, None, raised) == found
        for at_times in (Answers(of_planted.arrays, raised.errors), Answers(errors={"0/x": Error("KeyError", "")})):
            assert told(raised, None, at_times) == (False, None)  # it hangs on what was asked before
        assert told(raised, planted) == (False, None)
    raises = {"add": lambda a, b: [][0]}
    raised = Answers(errors={"0/value": Error("IndexError", "0.123", "3")})
    example = Counterexample("add(1, 1)", "IndexError: list index out of range", "2")
    assert told(raised, raises) == (True, example)


# ---- an author's slips --------------------------------------------------------------------------

TUPLE = 'Examples("tuple(fit_line(np.array({x}, float), np.array({y}, float)))", [{}])'
SLIPS = {
    "EXAMPLES is not there, or no dict of tasks and their Examples": "CELLS = {}",
    "T9: no judged task of that name; course_config.py has T1, T2": 'EXAMPLES = {"T9": ()}',
    "T2: write a tuple of Examples": 'EXAMPLES = {"T2": [1]}',
    "T2: ValueError: a case has no x, y, which its cell names": f'EXAMPLES = {{"T2": ({TUPLE},)}}',
    "T2: ValueError: a case has 21 numbers, at most 20 are easy to read": (
        'EXAMPLES = {"T2": (Examples("np.sum({x})", [{"x": list(range(21))}]),)}'
    ),
    "T2: NameError: name 'fit' is not defined": 'EXAMPLES = {"T2": (Examples("fit()", [{}]),)}',
    "T2: ValueError: the reference gives nan, which no answer can be held against": (
        'EXAMPLES = {"T2": (Examples("float(\'nan\')", [{}]),)}'
    ),
    "T2: ValueError: a cell ends in the expression whose value counts": (
        'EXAMPLES = {"T2": (Examples("x = 1", [{}]),)}'
    ),
}  # fmt: skip


@pytest.mark.parametrize("told", SLIPS)
def test_a_slip_of_the_author_is_one_line_with_file_and_task(told: str, toy: Toy, tmp_path: Any) -> None:
    course = toy.copy(tmp_path / "course")
    path = course.part("examples", NAME)
    path.write_text(f"from autograder.author import Examples\n\n{SLIPS[told]}\n", encoding="utf-8")
    with pytest.raises(CourseError) as raised:
        judge.open_context(course, course.assignment(NAME))
    assert str(raised.value).startswith(f"{path}: {told}")


def test_an_assignment_without_examples_has_none(toy: Toy, tmp_path: Any) -> None:
    course = toy.copy(tmp_path / "course")
    course.part("examples", NAME).unlink()
    assert load_trials(course, course.assignment(NAME), {}) == {}


# ---- the toy course -----------------------------------------------------------------------------


def test_a_known_mistake_and_an_unknown_one_are_shown(toy: Toy, toy_mark: Callable[..., Result]) -> None:
    right = dict(toy.right)
    swapped = right["T2"].replace("return slope, intercept", "return intercept, slope")
    strange = "def fit_line(x, y):\n    return 1.0, 2.0"
    cell = "tuple(fit_line(np.array([0, 1, 2], float), np.array([0, 1, 5], float)))"
    for source, gives in ((swapped, "(-0.5, 2.5)"), (strange, "(1, 2)")):
        found = toy_mark(toy.hand_in(right | {"T2": source})).verdicts["T2"].counterexample
        assert found is not None and found.gives == gives
        assert (found.cell, found.right) == (cell, "(2.5, -0.5)") or source == strange
    assert toy_mark(toy.hand_in(right)).verdicts["T2"].counterexample is None


def test_a_reference_with_the_mistake_speaks_for_who_made_it(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """No notebook runs anew where a known mistake explains what came."""
    opened = pipeline.open_grader(toy.course, toy.assignment)
    asked: list[str] = []
    monkeypatch.setattr("autograder.grading.asking._shown_anew", lambda *args: asked.extend(args[4]) or {})
    swapped = toy.right["T2"].replace("return slope, intercept", "return intercept, slope")
    with opened.guest:
        for source in (swapped, "def fit_line(x, y):\n    return 1.0, 2.0"):
            files = toy.hand_in({**toy.right, "T2": source})
            pipeline.grade_submission(opened, Submission("somchai", files))
    assert asked == ["T2"]  # of the second alone
