"""How fast this machine is: what the reference needs in the sandbox, and limits that are fair for it.

Measured once a guest, before its first submission, in a child of its own that no student's code
shares. CPU time is measured, so that neighbours do not count; they are what `patience` is for.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from autograder.course import Limits
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.grading.notebook_run import NotebookRun, Question
from autograder.judging import judge
from autograder.judging.judge import JudgeContext
from autograder.sandbox.answers import Answers
from autograder.sandbox.guest_process import Guest
from autograder.submissions import merge
from autograder.submissions.merge import Base
from autograder.submissions.submission import Submission

AMPLE = 60.0  # seconds of a cell or question while measuring


def fit(guest: Guest, judge_context: JudgeContext, bases: Mapping[str, Base]) -> None:
    """Stretch the guest's limits to what the reference needs here; nothing where that is known already."""
    if guest.refusal is not None:
        raise guest.refusal
    if guest.measured:
        return
    guest.tell("first the reference: what it needs here, and that every question works")
    stated = guest.limits
    guest.limits = replace(stated, cell_seconds=AMPLE, question_seconds=AMPLE, probe_seconds=3 * AMPLE)
    try:
        factor = stretch(stated, *needs(guest, judge_context, bases))
        if factor > 1:  # once more: it may have been a bad moment
            factor = min(factor, stretch(stated, *needs(guest, judge_context, bases)))
    except CourseError as error:
        guest.refusal = error  # whoever hands in next is not graded with a broken question either
        raise
    finally:
        guest.limits = stated
    guest.measured = True
    if factor > 1:
        guest.stretch(factor)
    guest.tell("now the submission")


def stretch(limits: Limits, cell: float, question: float, total: float) -> float:
    """How many times as long limits must be: each at least `reference_times` what the reference needs."""
    times = limits.reference_times
    pairs = (cell, limits.cell_seconds), (question, limits.question_seconds), (total, limits.total_seconds)
    return round(max(1.0, *(times * needed / stated for needed, stated in pairs)), 2)


def needs(guest: Guest, judge_context: JudgeContext, bases: Mapping[str, Base]) -> tuple[float, float, float]:
    """CPU seconds that the reference needs in the guest: its slowest cell, its slowest question, all of it."""
    course, assignment = judge_context.course, judge_context.assignment
    files = made_up.hand_in(course, assignment, made_up.answers(course, assignment))
    merged = merge.merge_all(Submission("reference", files), bases, assignment)
    cells, questions = [0.0], [0.0]
    with guest.submission():
        for name, book in merged.items():
            asked = [
                _question(judge_context, task.name) for task in judge.judged_tasks(assignment) if task.notebook == name
            ]
            run = NotebookRun(guest, book, [q for q in asked if q], {}, time.monotonic() + 3 * AMPLE)
            answers = run.answers()
            _refuse_slips(judge_context, answers)
            cells += run.cell_needs
            questions += [seconds / assignment.task(task).slowness for task, seconds in run.question_needs]
    return max(cells), max(questions), sum(cells) + sum(questions)


def _refuse_slips(judge_context: JudgeContext, answers: Mapping[str, Answers]) -> None:
    """What fails with the reference would fail with every right submission: CourseError names the probe's slip."""
    course, assignment = judge_context.course, judge_context.assignment
    path = course.part("probes", assignment.name)
    for task, found in answers.items():
        if found.fault is not None:
            place = f"{path}:{found.fault.line}".rstrip(":")
            raise CourseError(f"{place}: {task}: {found.fault.type}: {found.fault.text}")
        if found.lost:
            raise CourseError(f"{path}: {task}: with the reference, no answer comes back ({found.lost})")
        failed = list(found.errors.items())  # a TimeLimit too: limits stretched to an endless question are none
        if failed and not assignment.task(task).saved_model:
            name, error = failed[0]
            question = name.partition("/")[2]
            raise CourseError(f"{path}: {task}: the question {question!r} fails with the reference: {error}")


def _question(judge_context: JudgeContext, task: str) -> Question | None:
    """The question to the reference; None for what hangs on a saved model, which it has not."""
    context = judge.check_context(judge_context, task, judge.SEED, Answers())
    slowness = judge_context.assignment.task(task).slowness
    return Question(task, context.cases, judge.SEED, slowness) if judge.asks(judge_context, context) else None
