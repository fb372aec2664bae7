"""The pipeline in order: submission -> sandboxed run -> answers -> judge -> verdicts."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import __version__, damage, graded, judge, kept, notebook, pace, sandbox, secret, submission
from autograder.answers import Answers, Error, printable
from autograder.checking import Exam
from autograder.course import PERSON, Assignment, Course, Task
from autograder.judge import Bench
from autograder.late import Late
from autograder.notebook import Base, Merged
from autograder.run import Question, Run
from autograder.sandbox import Guest
from autograder.submission import Submission
from autograder.verdicts import Result, Verdict

ENGINE = Path(__file__).parent
OWN_MODULES = 1 << 20  # bytes, of all Python files beside the notebooks together


def kit_hash(course: Course, assignment: Assignment) -> str:
    """Hash of all that decides about a mark: the engine, the assignment's files, the course, its secret."""
    total = hashlib.sha256(__version__.encode() + hashlib.sha256(secret.load(course)).digest())
    # of course_config.py what decides: dates, penalties and ways in and out change no verdict
    decides = replace(assignment, title="", due="", late=Late(), canvas="")
    total.update(repr((decides, course.language)).encode())
    files = [p for p in sorted(ENGINE.rglob("*.py")) if p.parent.parent != ENGINE or p.parent.name == "guest"]
    files += [course.part(kind, assignment.name) for kind in ("probes", "checks", "bugs", "messages")]
    files += [course.solution(assignment.name), ENGINE / "messages" / "engine.toml"]
    files += sorted(course.release(assignment.name).glob("*.ipynb"))
    for path in files:
        if path.is_file():
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


# ---- one submission -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    bench: Bench
    bases: Mapping[str, Base]
    helpers: Sequence[Path]
    secret: bytes
    kit: str
    guest: Guest
    run: str  # hash of what every run hangs on
    probes: Mapping[str, str]  # text of each task's probe

    @property
    def assignment(self) -> Assignment:
        return self.bench.assignment


def open_desk(course: Course, assignment: Assignment, unsafe: bool = False) -> Desk:
    """Load the judge's things and make a guest, which starts at the first submission."""
    bench = judge.bench(course, assignment)
    probes = course.part("probes", assignment.name)
    helpers = sorted(course.release(assignment.name).glob("*.py"))
    return Desk(
        bench=bench,
        bases=notebook.released(course.release(assignment.name), assignment),
        helpers=helpers,
        secret=secret.load(course),
        kit=kit_hash(course, assignment),
        guest=Guest(probes, helpers, bench.dataset.images, assignment.limits, unsafe),
        run=kept.run_hash(
            [
                *sorted((ENGINE / "guest").glob("*.py")),
                *sorted(course.release(assignment.name).glob("*.ipynb")),
                *helpers,
            ],
            repr(assignment.limits),
            bench.dataset.name,
            str(unsafe),
        ),
        probes=kept.probe_texts(probes, [task.name for task in assignment.tasks]),
    )


def grade_submission(
    desk: Desk,
    handed_in: Submission,
    earlier: bytes = b"",
    replayed: Mapping[str, int] | None = None,
    look: Callable[[Mapping[str, Exam]], object] = bool,
) -> Result:
    """Run and judge one submission. Its code only ever runs in the sandbox.

    earlier: answers kept from an earlier grading; where a question is still the same, so is its answer.
    replayed: seeds of a kept verdict, for an appeal. look: is shown the exams before they are judged.
    """
    started = time.monotonic()
    assignment, bench = desk.assignment, desk.bench
    merged = notebook.merge_all(handed_in, desk.bases, assignment)
    model = submission.saved_model(handed_in.files)
    saved = model if isinstance(model, tuple) else None
    tasks = judge.judged_tasks(assignment)
    seeds = {t.name: secret.seed(desk.secret, handed_in.student, handed_in.digest, t.name) for t in tasks}
    seeds |= replayed or {}
    exams = {t.name: judge.exam(bench, t.name, seeds[t.name], Answers(), model) for t in tasks}
    asking = desk.run, handed_in.digest
    keys = {name: kept.question_key(*asking, desk.probes[name], exam.cases) for name, exam in exams.items()}
    before = kept.unpack(earlier)
    answers = {name: found for name, found in before.answers.items() if before.keys[name] == keys.get(name)}
    errors: dict[str, Mapping[str, Error]] = {}
    files = _own_modules(handed_in, desk.helpers)
    if any(t.name not in answers and judge.asks(bench, exams[t.name]) for t in tasks):
        pace.fit(desk.guest, bench, desk.bases)
    finish = time.monotonic() + desk.guest.limits.total_seconds
    with desk.guest.submission():
        for name, book in merged.items():
            questions = [
                Question(t.name, exams[t.name].cases, seeds[t.name], t.slowness, saved if t.saved_model else None)
                for t in tasks
                if t.notebook == name and t.name not in answers and judge.asks(bench, exams[t.name])
            ]
            run = Run(desk.guest, book, questions, files, finish)
            answers.update(run.answers())
            errors[name] = run.errors if questions else before.cell_errors.get(name, {})
    exams = {name: replace(exam, answers=answers.get(name, Answers())) for name, exam in exams.items()}
    look(exams)
    found = judge.verdicts(bench, exams)
    by_person = [task for task in assignment.tasks if task.graded_by == PERSON]
    found |= {task.name: _by_person(desk, task, merged, handed_in) for task in by_person}
    damages = [*handed_in.problems, *(problem for book in merged.values() for problem in book.problems)]
    damages += submission.model_damage(handed_in.files, model)
    told = damage.tell(found, damages, bench.texts, assignment, submission.MODEL)
    found, notes = dict(told.verdicts), list(told.notes)
    stumbled = [v for v in found.values() if v.mistake.startswith(judge.UNJUDGED)]
    notes += [f"{v.task}: {v.mistake}; mark it by hand" for v in stumbled]
    notes += [f"{v.task}: flagged {v.flag!r}: {bench.texts.flag(v.task, v.flag)}" for v in found.values() if v.flag]
    result = Result(
        student=handed_in.student,
        assignment=assignment.name,
        digest=handed_in.digest,
        kit=desk.kit,
        verdicts={task.name: found[task.name] for task in assignment.tasks},
        seeds=seeds,
        notes=tuple(map(printable, (*notes, sandbox.UNSAFE) if desk.guest.unsafe else notes)),  # names are theirs
        told=told.lines,
        cell_errors={name: vars(error) for some in errors.values() for name, error in some.items()},
        by_person={t.name: notebook.answer_hash(merged[t.notebook], t, handed_in) for t in assignment.tasks},
        seconds=round(time.monotonic() - started, 3),
        dataset=bench.dataset.name,
        timestamp=handed_in.timestamp,
        unsafe=desk.guest.unsafe,
        stretch=desk.guest.stretched,
        # what a limit ended is asked again next time: the machine may have been slow
        answers=kept.pack(kept.Kept(_settled(assignment, answers, errors), keys, errors)),
    )
    return replace(result, notebooks=graded.notebooks(merged, result, handed_in))


def _settled(
    assignment: Assignment, answers: Mapping[str, Answers], errors: Mapping[str, Mapping[str, Error]]
) -> dict[str, Answers]:
    """The answers that no limit had a hand in, neither at a question nor at a cell before it."""
    limited = {book for book, found in errors.items() if any(error.limit for error in found.values())}
    return {t: a for t, a in answers.items() if not a.limited and assignment.task(t).notebook not in limited}


def _by_person(desk: Desk, task: Task, merged: Mapping[str, Merged], handed_in: Submission) -> Verdict:
    written = notebook.answered(merged[task.notebook], task) or handed_in.has_picture()
    return judge.needs_person(desk.bench, task, written)


def _own_modules(handed_in: Submission, given: Sequence[Path]) -> dict[str, str]:
    """Small Python files of the student's own beside the notebooks: the cells may import them."""
    ours = {path.name for path in given}
    found, room = {}, OWN_MODULES
    for name, data in handed_in.files.items():
        if name.endswith(".py") and "/" not in name and name not in ours and len(data) <= room:
            found[name] = submission.text_of(data)
            room -= len(data)
    return found
