"""What one submission is asked: planned, asked of the end of its notebooks, and of earlier states of them.

It is long, so that all that a student's code is asked, hidden or public, and in which order, is read in one place.
"""

import contextlib
import time
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from autograder.course import Assignment, Task, secret
from autograder.grading import answer_cache, calibration
from autograder.grading.answer_cache import CachedAnswers
from autograder.grading.notebook_run import NotebookRun, Question
from autograder.judging import counterexamples, crashes, judge
from autograder.judging.by_machine import public_values
from autograder.judging.checking import CheckContext, Problem
from autograder.judging.counterexamples import Trial
from autograder.judging.crashes import Own
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import Counterexample, Verdict
from autograder.judging.wording import Decision
from autograder.sandbox.answers import Answers, Array, Error
from autograder.sandbox.guest_process import Guest
from autograder.submissions import merge, own_files, saved_model
from autograder.submissions.merge import Base, Merged
from autograder.submissions.own_files import Beside
from autograder.submissions.submission import Submission

AT_ONCE = 8  # public cells of a task that the process is asked that is there: they nearly always show it


@dataclass(frozen=True)
class GraderContext:
    """Everything needed to grade submissions of one assignment, loaded once a process."""

    judge_context: JudgeContext
    bases: Mapping[str, Base]
    release_files: Collection[str]  # names of all files of the release: a student's own never take their place
    secret: bytes
    fingerprint: str
    guest: Guest
    run: str  # hash of what every run hangs on
    probes: Mapping[str, str]  # text of each task's probe

    @property
    def assignment(self) -> Assignment:
        return self.judge_context.assignment

    def close(self) -> None:
        """Take the guest down."""
        self.guest.close()


@dataclass(frozen=True)
class Heard:
    """What a process that may remember hidden inputs gave to a task's public cells.

    ours: what a reference with the student's mistake in it gives to them, where that is known.
    """

    trials: tuple[Trial, ...]
    given: Answers
    ours: tuple[Answers, ...] | None


@dataclass(frozen=True)
class Plan:
    """One submission before it runs: its notebooks on the release, its saved model, what each task is asked."""

    handed_in: Submission
    merged: Mapping[str, Merged]
    model: tuple[str, Mapping[str, Array]] | Problem
    replayed: Mapping[str, int]  # seeds of an earlier grading that is made again
    beside: Mapping[str, Beside]  # by notebook: the student's own files
    # by task, or `task@number` of a snapshot, which are added as they are asked
    seeds: dict[str, int] = field(default_factory=dict)
    contexts: dict[str, CheckContext] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # of the questions: the same key, the same answers
    of_model: dict[Hashable, Any] = field(default_factory=dict)  # what the checks worked out of the saved model
    own: dict[str, Own] = field(default_factory=dict)  # by notebook: what its errors may say


@dataclass
class Ran:
    """What came back. Snapshots add to it.

    answers: by task, or `task@number` of a snapshot; by notebook: errors of its cells, cells before which it
    was another one, and its run, where it had to run.
    """

    answers: dict[str, Answers] = field(default_factory=dict)
    errors: dict[str, Mapping[str, Error]] = field(default_factory=dict)
    snapshots: dict[str, Sequence[str]] = field(default_factory=dict)
    runs: dict[str, NotebookRun] = field(default_factory=dict)

    def close(self) -> None:
        """End the conversation with processes that have stayed."""
        for run in self.runs.values():
            run.close()


def planned(grader: GraderContext, handed_in: Submission, replayed: Mapping[str, int]) -> Plan:
    """Put a submission's answers onto the release, read its model, and work out what the end of it is asked."""
    assignment = grader.assignment
    merged = merge.merge_all(handed_in, grader.bases, assignment)
    model = saved_model.read_model(handed_in.files, assignment.model_file)
    beside = {name: own_files.beside(handed_in, merged, name, grader.release_files) for name in merged}
    plan = Plan(handed_in, merged, model, replayed, beside)
    _add_questions(grader, plan, judge.judged_tasks(assignment))
    return plan


def _add_questions(grader: GraderContext, plan: Plan, tasks: Sequence[Task], number: int = 0) -> None:
    """Work out what tasks are asked, at the end of the notebook or at a snapshot: with inputs of its own each."""
    handed_in = plan.handed_in
    for task in tasks:
        name, parts = at_snapshot(task.name, number), (task.name, *([str(number)] if number else ()))
        seed = plan.replayed.get(name, secret.seed(grader.secret, handed_in.student, handed_in.digest, *parts))
        context = judge.planned_context(grader.judge_context, task.name, seed, plan.model, plan.of_model)
        asking = grader.run, handed_in.digest, grader.probes[task.name] + (f"\n{number}" if number else "")
        plan.seeds[name], plan.contexts[name] = seed, context
        plan.keys[name] = answer_cache.question_key(*asking, context.cases)


def at_snapshot(task: str, number: int) -> str:
    """How a task is named at a snapshot: `task@number`, where the notebook ended before its cell of that number."""
    return f"{task}@{number}" if number else task


def run(grader: GraderContext, plan: Plan, before: CachedAnswers) -> Ran:
    """Run the cells, and ask what no kept answer holds."""
    ran = Ran()
    tasks = [
        t for t in judge.judged_tasks(grader.assignment) if judge.asks(grader.judge_context, plan.contexts[t.name])
    ]
    to_ask = _not_kept(plan, tasks, 0, before, ran)
    if to_ask:
        calibration.fit(grader.guest, grader.judge_context, grader.bases)
    finish = time.monotonic() + grader.guest.limits.total_seconds
    for name, book in plan.merged.items():
        ran.errors[name] = before.cell_errors.get(name, {})
        ran.snapshots[name] = before.snapshots.get(name, ())
        for some, files in _by_files(plan, name, [task for task in to_ask if task.notebook == name]):
            run = NotebookRun(grader.guest, book, [_question(plan, task) for task in some], files, finish, stays=True)
            ran.answers.update(run.answers())
            if name in ran.runs:
                run.close()
            else:
                ran.runs[name], ran.errors[name], ran.snapshots[name] = run, run.errors, run.snapshots()
    return ran


def _by_files(plan: Plan, name: str, tasks: Sequence[Task]) -> Iterator[tuple[Sequence[Task], Mapping[str, bytes]]]:
    """Which of a notebook's tasks are asked beside which of the student's files.

    A saved model is asked without data: a table of the student's own must not tell what the model should know.
    """
    beside = plan.beside[name]
    apart = [task for task in tasks if task.saved_model and beside.data]
    if others := [task for task in tasks if task not in apart]:
        yield others, beside.files
    if apart:
        yield apart, beside.modules


def told(grader: GraderContext, plan: Plan, ran: Ran, task: Task, number: int = 0) -> Answers:
    """The answers to a task's hidden questions, without what their errors may say of the questions."""
    name = task.notebook

    def own() -> Own:
        if name not in plan.own:
            beside = [data.decode("utf-8", "replace") for data in plan.beside[name].modules.values()]
            cells = plan.merged[name].cells
            of_model = [] if isinstance(plan.model, Problem) else [plan.model[0]]
            texts = [*(cell.source for cell in cells), *beside, *of_model]
            lines = {cell.name: cell.source.count("\n") + 1 for cell in cells}
            plan.own[name] = Own(texts, lines, tuple(grader.probes.values()))
        return plan.own[name]

    return crashes.told(ran.answers.get(at_snapshot(task.name, number), Answers()), own)


def _not_kept(plan: Plan, tasks: Sequence[Task], number: int, before: CachedAnswers, ran: Ran) -> list[Task]:
    """Take the kept answers to the same questions; which tasks have none."""
    asked = {at_snapshot(task.name, number): task for task in tasks}
    for name in asked:
        if name in before.answers and before.keys[name] == plan.keys[name]:
            ran.answers[name] = before.answers[name]
    return [task for name, task in asked.items() if name not in ran.answers]


def _question(plan: Plan, task: Task, number: int = 0) -> Question:
    model = plan.model if task.saved_model and isinstance(plan.model, tuple) else None
    name = at_snapshot(task.name, number)
    return Question(task.name, plan.contexts[name].cases, plan.seeds[name], task.slowness, model)


def look_back(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    contexts: dict[str, CheckContext],
    verdicts: dict[str, Verdict],
) -> None:
    """A checked answer stays: where a mark is not full, the notebook as it stood earlier is asked as well.

    Each time its cells run anew, in an emptied box, and up to the one that took something away: so no cell can
    tell what was asked, and no snapshot knows of another. A verdict counts as a whole; of two equal ones the later.
    """
    judge_context = grader.judge_context
    finish = time.monotonic() + grader.guest.limits.total_seconds
    for name, book in plan.merged.items():
        numbers = {cell.name: number for number, cell in enumerate(book.cells, start=1)}
        for cell in ran.snapshots[name]:
            tasks = [
                task
                for task in judge.judged_tasks(grader.assignment)
                if task.notebook == name and judge.may_gain(judge_context, contexts[task.name], verdicts[task.name])
            ]
            if cell not in numbers or not tasks:
                continue
            number = numbers[cell]
            _add_questions(grader, plan, tasks, number)
            for some, files in _by_files(plan, name, _not_kept(plan, tasks, number, kept, ran)):
                questions = [_question(plan, task, number) for task in some]
                run = NotebookRun(grader.guest, book, questions, files, finish, cell, ran.runs.get(name))
                ran.answers.update({at_snapshot(task, number): found for task, found in run.answers().items()})
            at = {
                t.name: replace(plan.contexts[at_snapshot(t.name, number)], answers=told(grader, plan, ran, t, number))
                for t in tasks
            }
            for task, verdict in judge.verdicts(judge_context, {**contexts, **at}).items():
                if task in at and (verdict.score or 0) > (verdicts[task].score or 0):
                    rule = f"{verdict.rule}; as the notebook stood before its cell {cell}, where it had more right"
                    verdicts[task] = replace(verdict, snapshot=number, rule=rule)
                    contexts[task] = at[task]


def hear_public_cells(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    decisions: Mapping[str, Decision],
    contexts: Mapping[str, CheckContext],
    verdicts: Mapping[str, Verdict],
) -> dict[str, Heard]:
    """Where marks were lost, what public cells give in the process that has answered the hidden questions, by task.

    It is asked because it is there, and only until an earlier state of its notebook runs.
    """
    heard = {}
    for task, wanted in _wanted(grader, contexts, verdicts):
        few, ours = counterexamples.likely(wanted, decisions[task.name].planted)
        few = few or counterexamples.some_of_each(wanted, AT_ONCE)
        name, run, cells = f"{task.name}@on", ran.runs.get(task.notebook), [trial.cell for trial in few]
        if not _is_kept(grader, plan, ran, kept, name, cells):
            found = run.ask_on(Question(task.name, (), 0, task.slowness, cells=cells)) if run is not None else None
            if found is None:
                continue
            ran.answers[name] = found
        asked = counterexamples.up_to_error(few, ran.answers[name])
        heard[task.name] = Heard(asked, ran.answers[name], ours)
    return heard


def _wanted(
    grader: GraderContext, contexts: Mapping[str, CheckContext], verdicts: Mapping[str, Verdict]
) -> Iterator[tuple[Task, tuple[Trial, ...]]]:
    """The tasks that lost marks, and the cells that may show why; none of what is right, or has no cells."""
    for task in judge.judged_tasks(grader.assignment):
        trials = grader.judge_context.trials.get(task.name, ())
        if found := counterexamples.wanted(trials, task.name, contexts[task.name].answers, verdicts):
            yield task, found


def show_counterexamples(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    heard: Mapping[str, Heard],
    contexts: Mapping[str, CheckContext],
    verdicts: dict[str, Verdict],
) -> None:
    """Where marks were lost, look for a public input that shows why: the first cell whose answer is wrong.

    The process that has answered the hidden questions may remember them, in memory or in files. So the values that it
    gave (heard) are never shown: where a mistake made in the reference gives the same, the reference's are, and of
    an error the type alone. Where that does not explain them, the cells of the notebook run anew in a new
    box that no hidden question enters, and a copy of its process is asked; then another one, for the cell that is
    to be shown: what hangs on chance, or on the cells that were asked before it, would not be what its student sees.
    Who lost nothing pays nothing.
    """
    unsettled = {}
    for task, wanted in _wanted(grader, contexts, verdicts):
        settled, example = False, None
        if task.name in heard and not verdicts[task.name].snapshot:
            settled, example = _explained(grader, task.name, wanted, heard[task.name], contexts[task.name].answers)
        verdicts[task.name] = replace(verdicts[task.name], counterexample=example)
        if not settled:
            unsettled[task.name] = wanted
    for name, example in _shown_anew(grader, plan, ran, kept, unsettled, verdicts).items():
        verdicts[name] = replace(verdicts[name], counterexample=example)


def _explained(
    grader: GraderContext, name: str, wanted: Sequence[Trial], heard: Heard, hidden: Answers
) -> tuple[bool, Counterexample | None]:
    """(whether what was heard settles it, the counterexample)."""
    settled, example = False, None
    if heard.ours is not None:
        settled, example = counterexamples.explained(heard.trials, heard.given, heard.ours, hidden)
    if example is None:
        ours = public_values.alike(grader.judge_context, name, heard.trials, heard.given)
        settled, example = counterexamples.explained(heard.trials, heard.given, ours, hidden)
    return settled and (example is not None or heard.trials == wanted), example if settled else None


def _shown_anew(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    trials: Mapping[str, Sequence[Trial]],
    verdicts: Mapping[str, Verdict],
) -> dict[str, Counterexample]:
    """What notebooks give to the tasks' cells in a new box, in the states that the marks are for."""
    states: dict[tuple[str, int], list[str]] = {}
    for name in trials:
        states.setdefault((grader.assignment.task(name).notebook, verdicts[name].snapshot), []).append(name)
    found = {}
    for (notebook, number), names in states.items():
        book, files = plan.merged[notebook], plan.beside[notebook].files
        before = book.cells[number - 1].name if number else ""
        finish = time.monotonic() + grader.guest.limits.total_seconds
        like = ran.runs.get(notebook)
        run = NotebookRun(grader.guest, book, (), files, finish, before, like, stays=True, new_box=True)
        with contextlib.closing(run):
            for name in names:
                ask = partial(_asked_apart, grader, plan, ran, kept, run, name, number)
                example = counterexamples.first_failing(trials[name], ask(trials[name], 0))
                if example is None:
                    continue
                alone = [trial for trial in trials[name] if trial.cell == example.cell]
                if counterexamples.first_failing(alone, ask(alone, 1)) == example:
                    found[name] = example
    return found


def _asked_apart(
    grader: GraderContext,
    plan: Plan,
    ran: Ran,
    kept: CachedAnswers,
    run: NotebookRun,
    task: str,
    number: int,
    trials: Sequence[Trial],
    seed: int,
) -> Answers:
    """What a copy of the notebook's process gives to cells, as it was when the notebook had run."""
    name, cells = f"{task}@public{seed}", [trial.cell for trial in trials]
    if not _is_kept(grader, plan, ran, kept, name, (*cells, str(number))):
        slowness = grader.assignment.task(task).slowness
        ran.answers[name] = run.ask_apart(Question(task, (), seed, slowness, cells=cells))
    return ran.answers[name]


def _is_kept(grader: GraderContext, plan: Plan, ran: Ran, kept: CachedAnswers, name: str, cells: Sequence[str]) -> bool:
    """Whether the answers to these public cells are known from before; then they are taken."""
    plan.keys[name] = answer_cache.question_key(grader.run, plan.handed_in.digest, "\n".join((name, *cells)), ())
    if name in kept.answers and kept.keys[name] == plan.keys[name]:
        ran.answers[name] = kept.answers[name]
    return name in ran.answers
