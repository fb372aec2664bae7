"""Which mistake, made in the reference, gives to public cells what a student's code gives.

The known mistakes of the task, and the edits by machine of slips.py. What each gives to a cell hangs on no submission,
so it is worked out once a process. For counterexamples alone: no mark and no name of a mistake hangs on it.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from autograder.judging import counterexamples, known_mistakes
from autograder.judging.by_machine import slips
from autograder.judging.counterexamples import VALUE, Trial
from autograder.sandbox.answers import Answers, Lost

if TYPE_CHECKING:  # the judge imports slips.py
    from autograder.judging.judge import JudgeContext

Names = Mapping[str, Any]


def alike(
    judge_context: "JudgeContext", task: str, trials: Sequence[Trial], given: Answers
) -> tuple[Answers, ...] | None:
    """What a reference with one mistake in it gives to these cells, where `given` is just that; else None.

    Errors are alike in type and text.
    """
    left = list(_made(judge_context, task, of_class=bool(trials) and trials[0].examples.of_class))
    for number, trial in enumerate(trials):
        theirs = counterexamples.of_cell(given, number)
        left = [one for one in left if _alike(_value(judge_context, trial, *one), theirs)]
    found = (tuple(_value(judge_context, trial, *one) for trial in trials) for one in left[:1])
    return next(found, None)


def _made(judge_context: "JudgeContext", task: str, of_class: bool) -> Iterator[tuple[Hashable, Callable[[], Names]]]:
    """The mistakes that a reference may have, and what makes its names. Edits by machine change no class."""
    for mistake in judge_context.mistakes:
        if mistake.task == task and mistake.edits and mistake.in_class <= of_class:
            yield mistake.name, partial(known_mistakes.with_mistakes, judge_context, (mistake,))
    if not of_class:
        yield from ((made, partial(slips.edited, judge_context, made)) for made in slips.made(judge_context, task))


def _value(judge_context: "JudgeContext", trial: Trial, mistake: Hashable, names: Callable[[], Names]) -> Answers:
    """What the reference with a mistake gives to a cell."""
    known, key = judge_context.public_values, (trial.cell, mistake)
    if key not in known:
        try:
            known[key] = counterexamples.among(trial, names())
        except Exception:  # an edit may make the reference raise, or not fit into it
            known[key] = Answers(lost=Lost.DIED)
    return known[key]


def _alike(ours: Answers, theirs: Answers) -> bool:
    one, other = ours.error(0, VALUE), theirs.error(0, VALUE)
    if one is not None and other is not None:
        return one.what == other.what
    return bool(ours.arrays) and counterexamples.same(ours, theirs)
