"""Counterexamples: small public inputs, a cell of Python each, on which a wrong answer shows itself to its student.

An author declares them as Examples. The same text runs beside the student's code, here in the reference, and in the
student's own notebook once it is pasted there. No hidden input is in it; and what the student's code gives is asked
where no hidden question has been (`show_counterexamples` in grading/asking.py), so none can be in that either.

It is long, so that what a cell is, which are asked, and what of an answer may be shown, is read in one place.
"""

import builtins
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import deadline
from autograder.course import JUDGE, Assignment, Course
from autograder.course.loading import load_author_module
from autograder.errors import CourseError
from autograder.judging import known_mistakes
from autograder.judging.checking import Examples, compare
from autograder.judging.verdicts import Counterexample, Status, Verdict
from autograder.sandbox.answers import Answers, Array, Error, printable

SECONDS = 2.0  # for a reference with a mistake in it: a thousandth is usual
MOST_NUMBERS = 20  # of a cell
MOST_SHOWN = 40  # entries of an answer that are shown
MOST_TEXT = 200  # characters of an error that are
DIGITS = 6  # of a number that is shown
ZEROS = 12  # digits behind the point; below stands what a zero was rounded to
NAMED = re.compile(r"\{(\w+)\}")
OF_PYTHON = frozenset(
    name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, Exception)
)
IN_CODE = "?"  # the line of an error, where it is not known: somewhere in the code that is asked
NAME = "EXAMPLES"
RETURNED = {"nothing": "None", "text": "text", "other": "no numbers"}  # what is no number, as the guest tells it
VALUE = "value"  # how the answer to a cell is named


@dataclass(frozen=True)
class Trial:
    """One cell, the numbers in it and how many they are, and what is right there, by name."""

    examples: Examples
    case: Mapping[str, Any]
    cell: str
    numbers: int
    right: Mapping[str, Array]


def load_trials(course: Course, assignment: Assignment, reference: Mapping[str, Any]) -> dict[str, tuple[Trial, ...]]:
    """The cells of each task that has some: EXAMPLES of examples.py; {} where there is no such file.

    CourseError names the first thing that is wrong.
    """
    path = course.part("examples", assignment.name)
    if not path.is_file():
        return {}
    declared = getattr(load_author_module(path, f"examples_{assignment.name}"), NAME, None)
    if not isinstance(declared, Mapping):
        raise CourseError(f"{path}: {NAME} is not there, or no dict of tasks and their Examples: docs/author.md")
    judged, found = [task.name for task in assignment.tasks if task.graded_by == JUDGE], {}
    for task, examples in declared.items():
        if task not in judged:
            raise CourseError(f"{path}: {task}: no judged task of that name; course_config.py has {', '.join(judged)}")
        if not isinstance(examples, tuple) or not all(isinstance(one, Examples) for one in examples):
            raise CourseError(f"{path}: {task}: write a tuple of Examples: docs/author.md")
        try:
            found[task] = trials_of(examples, reference)
        except Exception as error:  # of the author's cell, or of its numbers
            raise CourseError(f"{path}: {task}: {type(error).__name__}: {error}") from error
    return found


def trials_of(examples: Sequence[Examples], reference: Mapping[str, Any]) -> tuple[Trial, ...]:
    """The cells in the order in which they are tried: the author's order, and of each the smallest first."""
    return tuple(
        trial
        for one in examples
        for trial in sorted((_trial(one, case, reference) for case in one.cases), key=lambda trial: trial.numbers)
    )


def _trial(examples: Examples, case: Mapping[str, Any], reference: Mapping[str, Any]) -> Trial:
    if unknown := set(NAMED.findall(examples.cell)) - case.keys():
        raise ValueError(f"a case has no {', '.join(sorted(unknown))}, which its cell names")
    cell, numbers = filled(examples.cell, case), sum(np.size(value) for value in case.values())
    if numbers > MOST_NUMBERS:
        raise ValueError(f"a case has {numbers} numbers, at most {MOST_NUMBERS} are easy to read: {case}")
    right = {name: np.round(value, ZEROS) for name, value in known_mistakes.value_of(cell, reference, VALUE).items()}
    if not all(np.isfinite(value).all() for value in right.values()):
        raise ValueError(f"the reference gives {shown(right)}, which no answer can be held against: {cell}")
    return Trial(examples, case, cell, numbers, right)


def filled(cell: str, case: Mapping[str, Any]) -> str:
    """The cell with the numbers of a case."""
    return NAMED.sub(lambda name: str(case[name[1]]), cell)


def wanted(trials: Sequence[Trial], task: str, answers: Answers, verdicts: Mapping[str, Verdict]) -> tuple[Trial, ...]:
    """The cells that may show what a task lost its marks for; () where it lost none, or nothing is written."""
    verdict = verdicts[task]
    if verdict.score is None or verdict.score >= verdict.max_score or not _answered(verdict, answers):
        return ()
    lost = {part.name for part in verdict.parts if part.score < part.max_score}
    whole = {name for name, one in verdicts.items() if one.score is not None and one.score >= one.max_score}
    return tuple(
        trial
        for trial in trials
        if trial.examples.of_class != answers.class_is_given
        and (not trial.examples.part or trial.examples.part in lost)
        and whole.issuperset(trial.examples.behind)
    )


def _answered(verdict: Verdict, answers: Answers) -> bool:
    """Whether the student's code gave a wrong value, or an error of its own."""
    if verdict.status != Status.NOT_CHECKED:
        return True
    return any(not error.limit and error.type != "NotImplementedError" for error in answers.errors.values())


def first_failing(trials: Sequence[Trial], answers: Answers) -> Counterexample | None:
    """The first cell whose answer is wrong. answers: to these cells, by their numbers."""
    for number, trial in enumerate(trials):
        if gives := _wrong(trial, of_cell(answers, number)):
            return Counterexample(trial.cell, gives, shown(trial.right))
    return None


def some_of_each(trials: Sequence[Trial], most: int) -> tuple[Trial, ...]:
    """At most so many of these cells, the smallest of each kind, in their order."""
    ranked, seen = list[tuple[int, int]](), Counter[int]()
    for place, trial in enumerate(trials):
        ranked.append((seen[id(trial.examples)], place))
        seen[id(trial.examples)] += 1
    return tuple(trials[place] for place in sorted(place for _, place in sorted(ranked)[:most]))


def up_to_error(trials: Sequence[Trial], answers: Answers) -> tuple[Trial, ...]:
    """The cells that were asked, where the first error was the last one."""
    ended = [number for number in range(len(trials)) if answers.error(number, VALUE) is not None]
    return tuple(trials[: ended[0] + 1] if ended else trials)


def of_cell(answers: Answers, number: int) -> Answers:
    """The answer to one of several cells, as if it had been the only one."""
    start = f"{number}/"
    arrays = {f"0/{name.removeprefix(start)}": a for name, a in answers.arrays.items() if name.startswith(start)}
    error = answers.error(number, VALUE)
    return Answers(arrays, {f"0/{VALUE}": error} if error is not None else {})


def likely(
    trials: Sequence[Trial], planted: Mapping[str, Any] | None
) -> tuple[tuple[Trial, ...], tuple[Answers, ...] | None]:
    """(the first cell that a reference with this mistake in it gets wrong, alone; what it gives); ((), None) without.

    So the student's process runs one cell where the mistake is known.
    """
    for trial in trials if planted is not None else ():
        ours = among(trial, planted or {})
        if _wrong(trial, ours):
            return (trial,), (ours,)
    return (), None


def explained(
    trials: Sequence[Trial], answers: Answers, ours: Sequence[Answers] | None, hidden: Answers
) -> tuple[bool, Counterexample | None]:
    """(whether answers of a process that may remember hidden inputs can be told without them, the first wrong one).

    Shown is what a reference with a mistake in it gives, where that is the same; and of an error that no mistake
    explains the type alone, where it is one of Python's and all hidden questions ended in it: then it does not hang
    on what was asked before. ours: what that reference gives to each cell; hidden: the answers to the hidden questions.
    """
    for number, trial in enumerate(trials):
        given = of_cell(answers, number)
        error = given.error(0, VALUE)
        if ours is not None:
            if not same(ours[number], given):
                return False, None
            gives = _wrong(trial, ours[number])
        elif error is not None and error.type in OF_PYTHON and _ended_in(hidden, error.type):
            gives = _said(error, trial) and error.type
        elif _wrong(trial, given):
            return False, None
        else:
            gives = ""
        if gives:
            return True, Counterexample(trial.cell, gives, shown(trial.right))
    return True, None


def _ended_in(answers: Answers, kind: str) -> bool:
    """Whether every question ended in an error of that type."""
    return not answers.arrays and {error.type for error in answers.errors.values()} == {kind}


def wrong_among(trial: Trial, names: Mapping[str, Any]) -> str:
    """What a cell gives among trusted names, in words, where that is wrong; else ""."""
    return _wrong(trial, among(trial, names))


def among(trial: Trial, names: Mapping[str, Any]) -> Answers:
    """What a cell gives among trusted names: those of a reference with a mistake in it."""
    try:
        with deadline.within(SECONDS), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = known_mistakes.value_of(trial.cell, names, VALUE)
        return Answers({f"0/{name}": value for name, value in found.items()})
    except Exception as error:  # of the mistake
        facts = getattr(error, "facts", None) or {}  # why a value is none
        return Answers(errors={f"0/{VALUE}": Error(type(error).__name__, printable(str(error)), IN_CODE, facts=facts)})


def same(ours: Answers, theirs: Answers) -> bool:
    """Whether the answers to a cell are these: the same numbers, or an error of the same type."""
    one, other = ours.error(0, VALUE), theirs.error(0, VALUE)
    if one is not None or other is not None:
        return one is not None and other is not None and one.type == other.type
    with np.errstate(all="ignore"):  # of inf
        return all(
            name in theirs.arrays
            and _shaped(theirs.arrays[name], value)
            and known_mistakes.equal(theirs.arrays[name], value)
            for name, value in ours.arrays.items()
        )


def _wrong(trial: Trial, answers: Answers) -> str:
    """What a student's code gives to a cell, in words, where that is wrong; "" where it is right, or nobody can say."""
    error = answers.error(0, VALUE)
    if error is not None:
        return _said(error, trial)
    found = {name.removeprefix("0/"): a for name, a in answers.arrays.items()}
    if not found:
        return ""
    if VALUE in trial.right and _is_tuple(found) and all(a.size == 1 for a in found.values()):
        found = {VALUE: np.concatenate([a.ravel() for a in found.values()])}  # of numbers: as good as a list
    if all(name in found and _fits(trial, found[name], right) for name, right in trial.right.items()):
        return ""
    numbers = {name for name, right in trial.right.items() if not right.ndim}
    found = {name: a.ravel()[0] if name in numbers and a.size == 1 else a for name, a in found.items()}
    return shown({name: found[name] for name in trial.right if name in found} or found)


def _shaped(value: Array, right: Array) -> bool:
    """Whether an answer has that shape; from the channel, a number comes as an array of one entry."""
    return value.shape == right.shape or (not right.ndim and value.size == 1)


def _fits(trial: Trial, value: Array, right: Array) -> bool:
    if trial.examples.same_shape and not _shaped(value, right):
        return False
    return compare(value, right, trial.examples.close) is None


def _said(error: Error, trial: Trial) -> str:
    """An error as it is shown; "" where it is none of the task's.

    So are a limit, what is not written yet, a name that a cell gave another value, a class that is made otherwise.
    """
    if (
        "hidden" in error.facts
        or error.limit
        or error.type == "NotImplementedError"
        or (trial.examples.of_class and not error.line)
    ):
        return ""
    if (said := error.facts.get("said")) in RETURNED:
        return RETURNED[said]
    return error.what[:MOST_TEXT]


def shown(answer: Mapping[str, Array]) -> str:
    """An answer as text: arrays in brackets, a tuple in parentheses, a dict by its names."""
    if list(answer) == [VALUE]:
        return _array(answer[VALUE])
    items = list(answer.items())[:MOST_SHOWN]
    if _is_tuple(dict(items)):
        return f"({', '.join(_array(value) for _, value in items)})"
    return ", ".join(f"{name.removeprefix(VALUE + '.')[:MOST_SHOWN]}: {_array(value)}" for name, value in items)


def _is_tuple(answer: Mapping[str, Array]) -> bool:
    return list(answer) == [f"{VALUE}.{number}" for number in range(len(answer))]


def _array(value: Array | np.float64) -> str:
    if value.size > MOST_SHOWN or value.ndim > 3:
        return f"an array of shape {value.shape}"
    if not value.ndim:
        return _number(float(value))
    return f"[{', '.join(_array(one) for one in np.asarray(value))}]"


def _number(value: float) -> str:
    return f"{value + 0.0:.{DIGITS}g}"
