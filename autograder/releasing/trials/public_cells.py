"""The counterexamples of made-up submissions, tried again: each shows its mistake, and no right answer fails a cell.

It runs in this process: code of ours alone, never a student's.
"""

import contextlib
import io
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.judging import counterexamples, mutations
from autograder.judging.counterexamples import Trial
from autograder.judging.verdicts import Verdict


@dataclass(frozen=True)
class Shown:
    """How a mistake is shown to its student: `numbers` in the cell, 0 where none is shown; why that is false, or ""."""

    numbers: int
    false: str = ""


@dataclass(frozen=True)
class Cells:
    """The public cells by task, the reference that they were made for, and its text."""

    trials: Mapping[str, tuple[Trial, ...]]
    reference: Mapping[str, Any]
    text: str


def load_cells(course: Course, assignment: Assignment) -> Cells:
    """The public cells of an assignment; of no task where it has none."""
    text = made_up.reference_text(course, assignment)
    reference = mutations.run_text(text, "reference")
    return Cells(counterexamples.load_trials(course, assignment, reference), reference, text)


def tried_again(cells: Cells, verdict: Verdict, text: str) -> Shown | None:
    """The counterexample of a submission, pasted into it and into the reference; None for a task without cells.

    text: the reference's, with the submission's mistake.
    """
    example = verdict.counterexample
    if verdict.task not in cells.trials:
        return None
    if example is None:
        return Shown(0)
    trial = next(one for one in cells.trials[verdict.task] if one.cell == example.cell)
    with _quiet():
        gives = counterexamples.wrong_among(trial, mutations.run_text(text, verdict.task))
    if counterexamples.wrong_among(trial, cells.reference):
        return Shown(trial.numbers, f"{verdict.task}: the reference is wrong in {trial.cell}")
    if not gives:
        return Shown(trial.numbers, f"{verdict.task}: the mistake does not show in {trial.cell}")
    return Shown(trial.numbers)


def wronged(course: Course, assignment: Assignment, cells: Cells) -> Iterator[str]:
    """A line for each right variant that fails a public cell of those that it may be asked."""
    for variant in mutations.load_right_variants(course, assignment) if cells.trials else ():
        text = variant.whole or mutations.plant(cells.text, variant.edits, variant.name)
        names = dict(cells.reference)
        with _quiet():
            for source in (*variant.extra, text):
                exec(source, names)
            told = [
                f"{task}: the right variant {variant.name} gives {gives} in a public cell where "
                f"{counterexamples.shown(trial.right)} is right: {trial.cell}"
                for task, trials in cells.trials.items()
                for trial in trials
                if trial.examples.of_class == bool(variant.whole)
                and (gives := counterexamples.wrong_among(trial, names))
            ]
        yield from told


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Whatever is printed or warned of by code that is tried."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def summary(shown: Sequence[Shown], variants: int) -> str:
    """How many mistakes are shown, in a line."""
    numbers = [one.numbers for one in shown if one.numbers]
    if not numbers:
        return f"counterexamples: for 0 of {len(shown)}"
    return (
        f"counterexamples: for {len(numbers)} of {len(shown)} ({100 * len(numbers) / len(shown):.0f} %), "
        f"with {statistics.median(numbers):g} numbers in the middle, {max(numbers)} at most; "
        f"tried again on each, on the reference and on {variants} right variants"
    )
