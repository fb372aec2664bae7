"""One verdict replayed for an appeal: what was asked, what came back, why it failed. For instructors' eyes."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from autograder.course import PERSON, Assignment, Course, messages, shown
from autograder.errors import CourseError
from autograder.grading import asking, pipeline
from autograder.grading.by_examiner.submission import ExaminerContext
from autograder.judging import dataset, judge, known_mistakes
from autograder.judging.checking import CheckContext
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import Result, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.marks.final_marks import Rows
from autograder.sandbox.answers import Array
from autograder.submissions import submission
from autograder.submissions.submission import Submission

NO_ROWS = Rows()
MANY = 12  # answers to show of a task
ROUNDING = 1e-9  # of the largest entry: what is nearer is shown as equal


def explain(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    name: str,
    rows: Rows = NO_ROWS,
    tell: Callable[[str], None] = print,
) -> list[str]:
    """The lines of an explanation. Runs the submission once more in the sandbox, and changes nothing.

    tell: hears at once of what takes long.
    """
    task = assignment.task(name)
    again = f"`autograder grade {assignment.name} STUDENT --explain {name}`"
    if len(students) != 1:
        raise CourseError(f"--explain {name}: {len(students)} students are named, it takes one: {again}")
    student = students[0]
    kept = verdict_files.load_result(course, assignment.name, student)
    if kept is None or name not in kept.verdicts:
        raise CourseError(f"{student}: no verdict on {name} is kept; `autograder grade {assignment.name} {student}`")
    handed_in = submission.read_submission(course.submitted(assignment.name, student), student)
    head = [*_head(assignment.name, kept, kept.verdicts[name]), *_marked(course, assignment, kept, name, rows)]
    if task.graded_by == PERSON:
        return [*head, f"{name} is marked by a person: nothing to replay", *_changes(kept, handed_in, kept.fingerprint)]
    there = (course.state / "secret").is_file()
    with _own_state(course, there) as here:
        dataset.have(here, assignment, tell)
        fingerprint, replayed, found = _replayed(here, assignment, handed_in, kept, name)
    lost = f"{course.state / 'secret'}: the secret is missing; the inputs were made again from the seed in the verdict"
    return [
        *head,
        *found,
        f"seed: {_seed(kept, name)}, of the secret, the student, the submission and the task",
        *_changes(kept, handed_in, kept.fingerprint if not there else fingerprint),
        *([] if there else [lost]),
        *_compared(kept.verdicts[name], replayed.verdicts[name]),
    ]


def _seed(kept: Result, name: str) -> str:
    """The seed of the inputs that counted."""
    at = asking.at_snapshot(name, kept.verdicts[name].snapshot)
    return str(kept.seeds.get(at, "none kept"))


@contextlib.contextmanager
def _own_state(course: Course, there: bool) -> Iterator[Course]:
    """The course; where its secret is missing, with a state of its own for this replay: none is made for good."""
    if there:
        yield course
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield replace(course, state_folder=Path(scratch))


def _head(assignment: str, kept: Result, verdict: Verdict) -> list[str]:
    score = f"{shown(verdict.score)} of {shown(verdict.max_score)}"
    lines = [f"{kept.student}, {assignment}, {verdict.task}: {verdict.status}, {score}"]
    if verdict.mistake:
        lines.append(f"mistake: {verdict.mistake}")
    if verdict.rule:
        lines.append(f"decided: {verdict.rule}")
    return [*lines, "the student read:", *(f"  {line}" for line in verdict.message.splitlines())]


def _marked(course: Course, assignment: Assignment, kept: Result, name: str, rows: Rows) -> Iterator[str]:
    """The mark as it stands, with what a person gave and what lateness takes."""
    mark = final_marks.final_mark(course, assignment, kept, rows)
    given, verdict = mark.by_person.get(name), mark.result.verdicts[name]
    if given is not None:
        by_person = assignment.task(name).graded_by == PERSON
        overruled = "" if by_person or not given.given else "; what the check had said is overruled"
        state = (
            "it waits to be marked again" if verdict.score is None else f"the mark is {shown(verdict.score)}{overruled}"
        )
        yield f"a person gave {given}: {state}"
        if given.comment:
            yield f"comment: {given.comment}"
    elif verdict.score is None:
        yield "no person has marked it yet"
    if mark.reason:
        yield f"late: -{shown(mark.penalty)} of all tasks together. {mark.reason}"
    waits = ", and more waits for a person" if mark.total is None else ""
    yield f"all tasks together: {shown(mark.so_far)} of {shown(assignment.points)}{waits}"


def _replayed(
    course: Course, assignment: Assignment, handed_in: Submission, kept: Result, name: str
) -> tuple[str, Result, list[str]]:
    """The replay: (the fingerprint of today, its result, lines about the task)."""
    grader = pipeline.open_grader(course, assignment, kept.unsafe)
    seen: dict[str, CheckContext] = {}
    with contextlib.closing(grader):
        result = pipeline.grade_submission(grader, handed_in, b"", kept.seeds, seen.update)
    if isinstance(grader, ExaminerContext):  # its tests say what was asked
        return grader.fingerprint, result, []
    words = messages.load_messages(course, assignment, "en")
    return grader.fingerprint, result, [*_asked(replace(grader.judge_context, messages=words), seen, name)]


def _asked(judge_context: JudgeContext, contexts: Mapping[str, CheckContext], task: str) -> Iterator[str]:
    """What was asked, in words; what came back; where it is furthest off."""
    words, context = judge_context.messages, contexts[task]
    about = (judge_context.checks.of(task).check.__doc__ or "").strip().splitlines()
    yield f"asked: {' '.join(about[:1])} {words.of_task(task, 'asks')}".rstrip()
    yield f"in {len(context.cases)} cases with inputs of their own; the class is {_whose(context)}"
    for found in judge.decisions(judge_context, contexts)[task].results:
        said = "right" if found.problem is None else words.problem(found.problem.kind, found.problem.facts)
        yield f"  {words.part(task, found.part)} ({found.share:.0%}): {said}"
    yield f"what came back (case/answer{words.say('explain', 'answers')}):"
    yield from _answers(context, known_mistakes.expected(judge_context, context))


def _whose(context: CheckContext) -> str:
    return "the one that the notebook gave" if context.answers.class_is_given else "the student's own"


def _answers(context: CheckContext, expected: Mapping[str, Array]) -> Iterator[str]:
    """A line for each answer, the furthest off first."""
    if context.answers.lost:
        yield f"  nothing: {context.answers.lost}"
    for name, error in list(context.answers.errors.items())[:MANY]:
        yield f"  {name}: {error}"
    rows = [_row(name, got, expected.get(name)) for name, got in context.answers.arrays.items()]
    rows.sort(key=lambda row: -row[0])
    for _, line in rows[:MANY]:
        yield f"  {line}"
    if len(rows) > MANY:
        yield f"  and {len(rows) - MANY} more that are no further off"
    if not (rows or context.answers.errors or context.answers.lost):
        yield "  nothing was asked of the student's code"


def _row(name: str, got: Array, wanted: Array | None) -> tuple[float, str]:
    """(how far an answer is off, its line)."""
    here = f"{name} {got.shape}"
    if wanted is None:
        return -1.0, f"{here}: judged as a whole"
    if got.size != wanted.size:
        return np.inf, f"{here}: expected shape {wanted.shape}"
    if not got.size:
        return 0.0, f"{here}: empty, as expected"
    flat, right = got.ravel(), wanted.ravel()
    with np.errstate(invalid="ignore"):
        off = np.where(np.isfinite(flat), np.abs(flat - right), np.inf)
    off[np.isnan(right) & np.isnan(flat)] = 0.0
    worst = int(off.argmax())
    share = float(off[worst]) / (float(np.nanmax(np.abs(right), initial=0.0)) or 1.0)
    if share < ROUNDING:
        return share, f"{here}: as expected"
    place = [int(n) for n in np.unravel_index(worst, wanted.shape)]
    return share, (
        f"{here}: largest deviation {share:.2g} of the largest value, at {place}: "
        f"expected {right[worst]:.6g}, got {flat[worst]:.6g}"
    )


def _changes(kept: Result, handed_in: Submission, fingerprint: str) -> Iterator[str]:
    """The hashes, and what is no longer what it was."""
    yield f"submission: {kept.digest}"
    if handed_in.digest != kept.digest:
        yield f"  the submission has changed since: the replay is of what lies there now ({handed_in.digest})"
    yield f"fingerprint: {kept.fingerprint}, dataset: {kept.dataset or 'none'}"
    if fingerprint != kept.fingerprint:
        yield f"  it has changed since (checks, course_config.py, release, secret or the engine): now {fingerprint}"


def _compared(kept: Verdict, replayed: Verdict) -> Iterator[str]:
    was, now = ((v.status, v.score, v.max_score, v.parts, v.mistake) for v in (kept, replayed))
    if was == now:
        yield "replay: the same verdict as the kept one"
        return
    got = f"{replayed.status}, {replayed.score} of {shown(replayed.max_score)} {replayed.mistake}"
    got = f"{replayed.status}, {replayed.score} of {shown(replayed.max_score)} {replayed.mistake}"
    yield f"replay: ANOTHER VERDICT: {got}"
    for part, other in zip(kept.parts, replayed.parts, strict=False):
        if part != other:
            yield f"  {part.name}: kept {shown(part.score)}, replayed {shown(other.score)}"
