"""The pipeline in order: submission -> sandboxed run -> answers -> judge -> verdicts."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import PERSON, Assignment, Course, Task, secret
from autograder.course.fingerprint import grader_fingerprint
from autograder.grading import answer_cache, calibration
from autograder.grading.notebook_run import NotebookRun, Question
from autograder.judging import judge
from autograder.judging.checking import CheckContext
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import Result, Verdict
from autograder.pages import graded_notebook
from autograder.sandbox import guest_process
from autograder.sandbox.answers import Answers, Error, printable
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import GUEST, Inside
from autograder.submissions import cells, merge, problems, saved_model
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

OWN_MODULES = 1 << 20  # bytes, of all Python files beside the notebooks together


@dataclass(frozen=True)
class GraderContext:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    judge_context: JudgeContext
    bases: Mapping[str, Base]
    helpers: Sequence[Path]
    secret: bytes
    fingerprint: str
    guest: Guest
    run: str  # hash of what every run hangs on
    probes: Mapping[str, str]  # text of each task's probe

    @property
    def assignment(self) -> Assignment:
        return self.judge_context.assignment


def open_grader(course: Course, assignment: Assignment, unsafe: bool = False) -> GraderContext:
    """Load the judge's things and make a guest, which starts at the first submission."""
    judge_context = judge.open_context(course, assignment)
    probes = course.part("probes", assignment.name)
    helpers = sorted(course.release(assignment.name).glob("*.py"))
    return GraderContext(
        judge_context=judge_context,
        bases=merge.released(course.release(assignment.name), assignment),
        helpers=helpers,
        secret=secret.load_secret(course),
        fingerprint=grader_fingerprint(course, assignment),
        guest=Guest(Inside(probes, tuple(helpers), judge_context.dataset.shown), assignment.limits, unsafe),
        run=answer_cache.run_hash(
            [
                *sorted(GUEST.glob("*.py")),
                *sorted(course.release(assignment.name).glob("*.ipynb")),
                *helpers,
            ],
            repr(assignment.limits),
            judge_context.dataset.name,
            str(unsafe),
        ),
        probes=answer_cache.probe_texts(probes, [task.name for task in assignment.tasks]),
    )


def grade_submission(
    grader: GraderContext,
    handed_in: Submission,
    earlier: bytes = b"",
    replayed: Mapping[str, int] | None = None,
    look: Callable[[Mapping[str, CheckContext]], object] = bool,
) -> Result:
    """Run and judge one submission. Its code only ever runs in the sandbox.

    earlier: answers kept from an earlier grading; where a question is still the same, so is its answer.
    replayed: seeds of a kept verdict, for an appeal. look: is shown the contexts before they are judged.
    """
    started = time.monotonic()
    assignment, judge_context = grader.assignment, grader.judge_context
    merged = merge.merge_all(handed_in, grader.bases, assignment)
    model = saved_model.read_model(handed_in.files, assignment.model_file)
    saved = model if isinstance(model, tuple) else None
    tasks = judge.judged_tasks(assignment)
    seeds = {t.name: secret.seed(grader.secret, handed_in.student, handed_in.digest, t.name) for t in tasks}
    seeds |= replayed or {}
    contexts = {t.name: judge.check_context(judge_context, t.name, seeds[t.name], Answers(), model) for t in tasks}
    asking = grader.run, handed_in.digest
    keys = {
        name: answer_cache.question_key(*asking, grader.probes[name], context.cases)
        for name, context in contexts.items()
    }
    before = answer_cache.unpack(earlier)
    answers = {name: found for name, found in before.answers.items() if before.keys[name] == keys.get(name)}
    errors: dict[str, Mapping[str, Error]] = {}
    files = _own_modules(handed_in, grader.helpers)
    if any(t.name not in answers and judge.asks(judge_context, contexts[t.name]) for t in tasks):
        calibration.fit(grader.guest, judge_context, grader.bases)
    finish = time.monotonic() + grader.guest.limits.total_seconds
    with grader.guest.submission():
        for name, book in merged.items():
            questions = [
                Question(t.name, contexts[t.name].cases, seeds[t.name], t.slowness, saved if t.saved_model else None)
                for t in tasks
                if t.notebook == name and t.name not in answers and judge.asks(judge_context, contexts[t.name])
            ]
            run = NotebookRun(grader.guest, book, questions, files, finish)
            answers.update(run.answers())
            errors[name] = run.errors if questions else before.cell_errors.get(name, {})
    contexts = {name: replace(context, answers=answers.get(name, Answers())) for name, context in contexts.items()}
    look(contexts)
    found = judge.verdicts(judge_context, contexts)
    by_person = [task for task in assignment.tasks if task.graded_by == PERSON]
    found |= {task.name: _by_person(grader, task, merged, handed_in) for task in by_person}
    of_files = [*handed_in.problems, *(problem for book in merged.values() for problem in book.problems)]
    of_files += saved_model.problems_of(handed_in.files, assignment.model_file, model)
    told = problems.tell(found, of_files, judge_context.messages, assignment)
    found, notes = dict(told.verdicts), list(told.notes)
    notes += [f"{v.task}: not judged, {v.fault}; mark it by hand" for v in found.values() if v.fault]
    notes += [
        f"{v.task}: flagged {v.flag!r}: {judge_context.messages.flag(v.task, v.flag)}" for v in found.values() if v.flag
    ]
    result = Result(
        student=handed_in.student,
        assignment=assignment.name,
        digest=handed_in.digest,
        fingerprint=grader.fingerprint,
        verdicts={task.name: found[task.name] for task in assignment.tasks},
        seeds=seeds,
        notes=tuple(
            map(printable, (*notes, guest_process.UNSAFE) if grader.guest.unsafe else notes)
        ),  # names are theirs
        told=told.lines,
        cell_errors={name: vars(error) for some in errors.values() for name, error in some.items()},
        by_person={t.name: merge.answer_hash(merged[t.notebook], t, handed_in) for t in assignment.tasks},
        seconds=round(time.monotonic() - started, 3),
        dataset=judge_context.dataset.name,
        timestamp=handed_in.timestamp,
        unsafe=grader.guest.unsafe,
        stretch=grader.guest.stretched,
        # what a limit ended is asked again next time: the machine may have been slow
        answers=answer_cache.pack(answer_cache.CachedAnswers(_settled(assignment, answers, errors), keys, errors)),
    )
    return replace(result, notebooks=graded_notebook.notebooks(merged, result, handed_in))


def _settled(
    assignment: Assignment, answers: Mapping[str, Answers], errors: Mapping[str, Mapping[str, Error]]
) -> dict[str, Answers]:
    """The answers that no limit had a hand in, neither at a question nor at a cell before it."""
    limited = {book for book, found in errors.items() if any(error.limit for error in found.values())}
    return {
        t: a for t, a in answers.items() if not (a.limited or a.fault) and assignment.task(t).notebook not in limited
    }


def _by_person(grader: GraderContext, task: Task, merged: Mapping[str, Merged], handed_in: Submission) -> Verdict:
    written = merge.answered(merged[task.notebook], task) or handed_in.has_picture()
    return judge.needs_person(grader.judge_context, task, written)


def _own_modules(handed_in: Submission, given: Sequence[Path]) -> dict[str, bytes]:
    """Small Python files of the student's own beside the notebooks: the cells may import them."""
    ours = {path.name for path in given}
    found: dict[str, bytes] = {}
    room = OWN_MODULES
    for name, data in handed_in.files.items():
        if name.endswith(".py") and "/" not in name and name not in ours and len(data) <= room:
            found[name] = cells.text_of(data).encode()
            room -= len(data)
    return found
