"""For how many mistakes a counterexample is found, by the whole pipeline, and the time that it takes."""

import collections
import os
import statistics
import time

import pytest

from autograder.grading import asking, made_up, pipeline
from autograder.judging import counterexamples, mutations
from autograder.releasing.trials import mutants, public_cells
from autograder.submissions.submission import Submission

pytestmark = pytest.mark.proof
LEAST = 0.95  # of the mistakes


def submissions(course, hw4, tasks):
    """Known mistakes and edits by machine of these tasks: kind, task, name, the edited reference, files."""
    text, right = made_up.reference_text(course, hw4), made_up.answers(course, hw4)
    for mistake in mutations.load_mistakes(course, hw4):
        if mistake.task in tasks and mistake.edits:
            answers, extra = made_up.with_mistake(course, hw4, mistake)
            edited = mutations.plant(text, mistake.edits, mistake.name)
            yield "listed", mistake.task, mistake.name, edited, made_up.hand_in(course, hw4, answers, None, extra)
    for mutant in mutants.mutants_of(course, hw4, tasks):
        if mutant.equivalent is None:
            files = made_up.hand_in(course, hw4, {**right, mutant.task: mutant.source})
            yield "by machine", mutant.task, mutant.name, mutant.edit.text, files


def test_a_counterexample_for_95_of_100_mistakes_that_is_true_and_quick(course, hw4, grader, record, monkeypatch):
    cells = public_cells.load_cells(course, hw4)
    seconds, anew = [], []
    plain = {name: getattr(asking, name) for name in ("hear_public_cells", "show_counterexamples", "_shown_anew")}

    def hear(*args):
        start = time.perf_counter()
        heard = plain["hear_public_cells"](*args)
        seconds.append(time.perf_counter() - start)
        return heard

    def show(*args):
        start = time.perf_counter()
        plain["show_counterexamples"](*args)
        seconds[-1] += time.perf_counter() - start

    def shown_anew(*args):
        anew.extend(args[4])
        return plain["_shown_anew"](*args)

    for name, stands_in in zip(plain, (hear, show, shown_anew), strict=True):
        monkeypatch.setattr(asking, name, stands_in)
    found, missing, numbers, wholes = collections.Counter(), [], [], []
    shares = []
    for kind, task, name, edited, files in submissions(course, hw4, list(cells.trials)):
        before = len(anew)
        start = time.perf_counter()
        verdict = pipeline.grade_submission(grader, Submission(name, files)).verdicts[task]
        wholes.append(time.perf_counter() - start)
        assert verdict.score < verdict.max_score, (task, name)
        again = public_cells.tried_again(cells, verdict, edited)
        assert not again.false
        found[kind, task, "of"] += 1
        shares.append(len(anew) > before)
        if again.numbers:
            found[kind, task, "shown"] += 1
            numbers.append(again.numbers)
        else:
            missing.append(f"{task}: {name}")
    assert not list(public_cells.wronged(course, hw4, cells))
    of_right = len(seconds)
    pipeline.grade_submission(grader, Submission("right", made_up.hand_in(course, hw4, made_up.answers(course, hw4))))
    milliseconds = [1e3 * one for one in seconds]
    record(
        "counterexamples",
        {
            "mistakes": len(shares),
            "shown": len(numbers),
            "by kind and task": {f"{kind}, {task}": f"{found[kind, task, 'shown']} of {found[kind, task, 'of']}"
                                 for kind, task, what in found if what == "of"},
            "not shown": missing,
            "numbers in a cell: median, most": [statistics.median(numbers), max(numbers)],
            "right variants that pass every cell": len(mutations.load_right_variants(course, hw4)),
            "ms to find one: mean, median, 95 of 100, most": [
                statistics.mean(milliseconds[:of_right]),
                statistics.median(milliseconds[:of_right]),
                sorted(milliseconds[:of_right])[int(0.95 * of_right)],
                max(milliseconds[:of_right]),
            ],
            "ms of a right submission": milliseconds[of_right],
            "ms of a whole grading, mean": 1e3 * statistics.mean(wholes),
            "asked anew, in an emptied box": sum(shares),
            "load of the machine at the end": round(os.getloadavg()[0], 1),
        },
    )  # fmt: skip
    assert len(numbers) >= LEAST * len(shares)
    assert max(numbers) <= counterexamples.MOST_NUMBERS
