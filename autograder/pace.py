"""How fast this machine is: what the reference needs in the sandbox, and limits that are fair for it.

Measured once a guest, before its first submission, in a child of its own that no student's code
shares. CPU time is measured, so that neighbours do not count; they are what `patience` is for.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from autograder import judge, notebook, sample
from autograder.answers import Answers
from autograder.course import Limits
from autograder.judge import Bench
from autograder.notebook import Base
from autograder.run import Question, Run
from autograder.sandbox import Guest
from autograder.submission import Submission

SEED = 1
AMPLE = 60.0  # seconds of a cell or question while measuring


def fit(guest: Guest, bench: Bench, bases: Mapping[str, Base]) -> None:
    """Stretch the guest's limits to what the reference needs here; nothing where that is known already."""
    if guest.measured:
        return
    guest.measured = True
    stated = guest.limits
    guest.limits = replace(stated, cell_seconds=AMPLE, question_seconds=AMPLE, probe_seconds=3 * AMPLE)
    try:
        factor = stretch(stated, *needs(guest, bench, bases))
        if factor > 1:  # once more: it may have been a bad moment
            factor = min(factor, stretch(stated, *needs(guest, bench, bases)))
    finally:
        guest.limits = stated
    if factor > 1:
        guest.stretch(factor)


def stretch(limits: Limits, cell: float, question: float, total: float) -> float:
    """How many times as long limits must be: each at least `reference_times` what the reference needs."""
    times = limits.reference_times
    pairs = (cell, limits.cell_seconds), (question, limits.question_seconds), (total, limits.total_seconds)
    return round(max(1.0, *(times * needed / stated for needed, stated in pairs)), 2)


def needs(guest: Guest, bench: Bench, bases: Mapping[str, Base]) -> tuple[float, float, float]:
    """CPU seconds that the reference needs in the guest: its slowest cell, its slowest question, all of it."""
    course, assignment = bench.course, bench.assignment
    files = sample.hand_in(course, assignment, sample.answers(course, assignment))
    merged = notebook.merge_all(Submission("reference", files), bases, assignment)
    cells, questions = [0.0], [0.0]
    with guest.submission():
        for name, book in merged.items():
            asked = [_question(bench, task.name) for task in judge.judged_tasks(assignment) if task.notebook == name]
            run = Run(guest, book, [q for q in asked if q], {}, time.monotonic() + 3 * AMPLE)
            run.answers()
            cells += run.cell_needs
            questions += [seconds / assignment.task(task).slowness for task, seconds in run.question_needs]
    return max(cells), max(questions), sum(cells) + sum(questions)


def _question(bench: Bench, task: str) -> Question | None:
    """The question to the reference; None for what hangs on a saved model, which it has not."""
    exam = judge.exam(bench, task, SEED, Answers())
    slowness = bench.assignment.task(task).slowness
    return Question(task, exam.cases, SEED, slowness) if judge.asks(bench, exam) else None
