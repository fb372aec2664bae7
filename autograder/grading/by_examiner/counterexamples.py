"""Where tests fail, an example of the author's that shows why: asked of a notebook that has heard no hidden line.

Asked twice: when the notebook has run to its end, as a student would who pastes the call there; and in another run,
with another seed, where the tests stand. Only what comes out the same is shown: not what hangs on chance, nor on cells
that only one of the two knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.course import Task
from autograder.errors import CourseError
from autograder.grading.by_examiner import notebook
from autograder.grading.notebook_run import END
from autograder.judging.by_examiner import examples
from autograder.judging.by_examiner.examples import Example
from autograder.judging.verdicts import Counterexample
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.relay import FAILED, Outcome
from autograder.submissions.merge import Merged


@dataclass(frozen=True)
class Trial:
    """An example, and what is right there: as Python reads it, and as it is shown."""

    example: Example
    right: str
    shown: str


def trials_of(
    guest: Guest, examiner: Guest, book: Merged, found: Sequence[Example], finish: float, path: str
) -> tuple[Trial, ...]:
    """What the source's own answers give to its examples. book: with these; CourseError where an answer is none."""
    outcomes = notebook.examine(guest, examiner, book, examples.rights_asked(found), {}, finish).outcomes
    made = []
    for one, outcome in zip(found, outcomes.values(), strict=True):
        (right, shown), why = examples.right_of(outcome)
        if why:
            raise CourseError(
                f"{path}: cell {one.cell}: to {one.call} the source's own answer gives {why}; an example needs a plain "
                f"value, the same each time, in at most {examples.LONGEST} characters"
            )
        made.append(Trial(one, right, shown))
    return tuple(made)


def wanted(trials: Sequence[Trial], tasks: Sequence[Task], outcomes: Mapping[str, Outcome]) -> list[tuple[str, Trial]]:
    """The examples of tasks that have a test which failed by an answer, with the tasks' names."""
    lost = [task for task in tasks if any(_shows(outcomes.get(cell)) for cell in task.test_cells)]
    return [(task.name, trial) for task in lost for trial in trials if trial.example.cell in task.test_cells]


def _shows(outcome: Outcome | None) -> bool:
    error = outcome.error if outcome is not None and outcome.how == FAILED else None
    return error is not None and error.type != "NotImplementedError"


def shown(
    guest: Guest,
    examiner: Guest,
    book: Merged,
    asked: Sequence[tuple[str, Trial]],
    files: Mapping[str, bytes],
    finish: float,
) -> tuple[dict[str, Counterexample], list[Outcome]]:
    """(by task, the first example that is wrong in both runs; how all calls ended)."""

    def run(which: Sequence[tuple[str, Trial]], at: str, seed: int) -> dict[Trial, Outcome]:
        cells = examples.answers_asked([(trial.example, trial.right) for _, trial in which], at, seed)
        ended = notebook.examine(guest, examiner, book, cells, files, finish).outcomes if which else {}
        return dict(zip((trial for _, trial in which), ended.values(), strict=True))

    at_end = run(asked, END, 0)
    first: dict[str, Trial] = {}
    for task, trial in asked:
        if examples.wrong_of(at_end[trial]):
            first.setdefault(task, trial)
    again = run([*first.items()], "", 1)
    return dict(_same(first, at_end, again)), [*at_end.values(), *again.values()]


def _same(
    first: Mapping[str, Trial], at_end: Mapping[Trial, Outcome], again: Mapping[Trial, Outcome]
) -> Iterator[tuple[str, Counterexample]]:
    for task, trial in first.items():
        gives = examples.wrong_of(at_end[trial])
        if gives == examples.wrong_of(again[trial]):
            yield task, Counterexample(trial.example.call, gives, trial.shown)
