"""Answers and the reference -> verdicts. It never runs student code."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder.course import JUDGE, Assignment, Course, Task
from autograder.course.loading import load_author_module, place_of
from autograder.course.messages import Messages, load_messages
from autograder.judging import contract, counterexamples, known_mistakes, wording
from autograder.judging.by_machine import slips
from autograder.judging.checking import CRASHES, UNTOLD, Case, CheckContext, Kind, PartResult, Problem
from autograder.judging.contract import AssignmentChecks, TaskChecks, results_of, said
from autograder.judging.counterexamples import Trial
from autograder.judging.dataset import Dataset, prepared
from autograder.judging.mutations import Mistake, load_mistakes
from autograder.judging.verdicts import Verdict
from autograder.judging.wording import Decision
from autograder.sandbox.answers import Answers, Array

SEED = 1  # of the inputs that an author's checks are tried with
NO_VALUE = "what is wrong left no value that could be held against a known mistake"
UNKNOWN = "wrong; no known mistake gives these values"


@dataclass(frozen=True)
class JudgeContext:
    """What the judge has on the table for one assignment. Holds secrets: never leaves the host."""

    course: Course
    assignment: Assignment
    reference_text: str
    reference: Mapping[str, Any]
    checks: AssignmentChecks
    probes: ModuleType
    mistakes: tuple[Mistake, ...]
    messages: Messages
    dataset: Dataset
    trials: Mapping[str, tuple[Trial, ...]]  # by task: public cells that may show a student what is wrong
    # (task, known mistake, whether the class is the given one) -> the parts that it loses: see known_mistakes.py
    lost_by: dict[tuple[str, str, bool], frozenset[str]] = field(default_factory=dict, compare=False)
    # task -> edits of the reference by machine, ready to be tried: see slips.py
    slips: dict[str, Any] = field(default_factory=dict, compare=False)
    # (public cell, mistake) -> what the reference with it gives: see public_values.py
    public_values: dict[tuple[str, Hashable], Answers] = field(default_factory=dict, compare=False)

    @property
    def checks_file(self) -> Path:
        """Where the checks stand."""
        return self.course.part("checks", self.assignment.name)


def open_context(course: Course, assignment: Assignment) -> JudgeContext:
    """Load what an assignment's judge needs, and try its checks; CourseError names an author's slip."""
    name = assignment.name
    solution = course.solution(name)
    checks = contract.load_checks(course, assignment)
    reference = vars(load_author_module(solution, f"solutions_{name}"))
    loaded = JudgeContext(
        course=course,
        assignment=assignment,
        reference_text=solution.read_text(encoding="utf-8"),
        reference=reference,
        checks=checks,
        probes=load_author_module(course.part("probes", name), f"host_{name}"),
        mistakes=load_mistakes(course, assignment),
        messages=load_messages(course, assignment),
        dataset=prepared(course, assignment, checks.dataset),
        trials=counterexamples.load_trials(course, assignment, reference),
    )
    blank = {record.task: _blank(loaded, record) for record in checks.tasks}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contract.verify(loaded.checks_file, checks, blank, vars(loaded.probes))
    return loaded


def _blank(judge_context: JudgeContext, record: TaskChecks) -> Any:
    """Makes the context of a submission that answers nothing."""
    no_model = Problem(Kind.NO_MODEL, {"file": judge_context.assignment.model_file})
    return lambda: check_context(judge_context, record.task, SEED, Answers(), no_model)


def cases(judge_context: JudgeContext, task: str, seed: int) -> Sequence[Case]:
    """The hidden inputs of a task: the same again for the same seed."""
    make = judge_context.checks.of(task).cases
    made = make(np.random.default_rng(seed), judge_context.reference, judge_context.dataset.arrays)
    return contract.checked_cases(made)


def check_context(
    judge_context: JudgeContext,
    task: str,
    seed: int,
    answers: Answers,
    model: tuple[str, Mapping[str, Array]] | Problem | None = None,
    of_model: dict[Hashable, Any] | None = None,
) -> CheckContext:
    """Everything that the check of one task may look at. of_model: what was worked out of the saved model before."""
    return CheckContext(
        task=task,
        cases=cases(judge_context, task, seed),
        answers=answers,
        reference=judge_context.reference,
        data=judge_context.dataset.arrays,
        model=model,
        thresholds=judge_context.assignment.thresholds.get(judge_context.assignment.dataset, (0.0, 0.0)),
        sizes=judge_context.checks.of(task).sizes,
        seed=seed,
        of_model={} if of_model is None else of_model,
    )


def planned_context(
    judge_context: JudgeContext,
    task: str,
    seed: int,
    model: tuple[str, Mapping[str, Array]] | Problem,
    of_model: dict[Hashable, Any],
) -> CheckContext:
    """The context of one task before its answers are there; with the fault where its author's code stumbles."""
    try:
        context = check_context(judge_context, task, seed, Answers(), model, of_model)
        asks(judge_context, context)
    except Exception as error:
        fault = _stumbled(judge_context, task, error).fault
        return CheckContext(task, (), Answers(), judge_context.reference, seed=seed, fault=fault)
    return context


def asks(judge_context: JudgeContext, context: CheckContext) -> bool:
    """Whether the sandbox has to be asked about a task at all."""
    if context.fault:
        return False
    needed = judge_context.checks.of(context.task).asks
    return needed is None or needed(context)


def may_gain(judge_context: JudgeContext, context: CheckContext, verdict: Verdict) -> bool:
    """Whether the notebook as it stood earlier may earn more than this."""
    if verdict.score is None or verdict.score >= verdict.max_score:
        return False
    worth = judge_context.checks.of(context.task).earlier
    return asks(judge_context, context) and (worth is None or worth(context))


def verdicts(judge_context: JudgeContext, contexts: Mapping[str, CheckContext]) -> dict[str, Verdict]:
    """Judge the contexts of a submission, in the order of the tasks."""
    return worded(judge_context, decisions(judge_context, contexts))


def worded(judge_context: JudgeContext, found: Mapping[str, Decision]) -> dict[str, Verdict]:
    """The verdicts that follow from decisions."""
    return {task: _verdict(judge_context, task, decision) for task, decision in found.items()}


def decisions(judge_context: JudgeContext, contexts: Mapping[str, CheckContext]) -> dict[str, Decision]:
    """What the mark of each task follows from."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the values may be anything
        first = {task: _check(judge_context, context) for task, context in contexts.items()}
        results = {task: _looked_over(judge_context, task, contexts, first) for task in first}
        planted: list[Mapping[str, Any]] = []  # the reference with the mistakes charged so far
        return {task: _decided(judge_context, contexts[task], results[task], planted) for task in results}


def _decided(
    judge_context: JudgeContext,
    context: CheckContext,
    results: Sequence[PartResult],
    planted: list[Mapping[str, Any]],
) -> Decision:
    """How one task is decided; a mistake that is known is named, and remembered in `planted`."""
    if all(one.ok for one in results):
        return Decision(results, (), "every part is right")
    if any(one.fault for one in results):
        return Decision(results, (), "a check or a probe failed: nobody's mark hangs on that, a person marks")
    told_by_check = tuple(next(([one.mistake] for one in results if one.mistake), []))
    if all(one.problem is None or one.problem.kind in UNTOLD for one in results):
        return Decision(results, told_by_check, NO_VALUE)
    try:
        if not context.answers.class_is_given and known_mistakes.follows(judge_context, context, planted):
            right = [replace(one, problem=None) for one in results]
            return Decision(right, (), "the values follow from a mistake that is charged to an earlier task")
        if told_by_check:
            return Decision(results, told_by_check, "wrong; the check itself names the mistake")
        if not known_mistakes.comparable(judge_context, context):
            return Decision(results, (), NO_VALUE)
        signature = judge_context.checks.of(context.task).signature
        if signature is not None and all(one.problem is None or one.problem.kind in CRASHES for one in results):
            return Decision(results, (), "wrong; an error is told as that error")
        wrong = [one.part for one in results if not one.ok]
        if names := known_mistakes.name(judge_context, context, wrong, planted):
            rule = "wrong; a known mistake, made again in the reference, gives the same values"
            return Decision(results, names, rule, planted=planted[-1])
        if found := slips.of_values(judge_context, context):
            slip, edited = found
            if slip is None:
                return Decision(results, (), UNKNOWN, planted=edited)
            planted.append(edited)
            return Decision(results, (), "wrong; an edit of the reference gives the same values", slip, edited)
    except Exception as error:  # an author's function, tried with these answers
        return Decision([_stumbled(judge_context, context.task, error)])
    return Decision(results, (), UNKNOWN)


def _check(judge_context: JudgeContext, context: CheckContext) -> list[PartResult]:
    """What a check finds. Where the check itself stumbles, nobody is to blame but its author: a person marks."""
    fault = context.fault
    if (told := context.answers.fault) is not None:
        path = judge_context.course.part("probes", judge_context.assignment.name)
        place = f"{path.relative_to(judge_context.course.root)}:{told.line}".rstrip(":")
        fault = f"{place}: {told.type}: {told.text}"
    if fault:
        return [PartResult(context.task, 1.0, Problem(Kind.UNJUDGED), fault=fault)]
    try:
        return results_of(judge_context.checks.of(context.task), context)
    except Exception as error:
        return [_stumbled(judge_context, context.task, error)]


def _looked_over(
    judge_context: JudgeContext,
    task: str,
    contexts: Mapping[str, CheckContext],
    results: Mapping[str, Sequence[PartResult]],
) -> Sequence[PartResult]:
    """The results of a task, with what those of other tasks say about it."""
    record = judge_context.checks.of(task)
    if record.afterwards is None:
        return results[task]
    try:
        changed = record.afterwards(contexts, results)
        return results[task] if changed is None else contract.checked_results(changed)
    except Exception as error:
        return [_stumbled(judge_context, task, error)]


def _stumbled(judge_context: JudgeContext, task: str, error: Exception) -> PartResult:
    path = judge_context.checks_file
    place = place_of(error, path).removeprefix(f"{judge_context.course.root}/")
    what = str(error) if isinstance(error, contract.BrokenContract) else said(error)
    return PartResult(task, 1.0, Problem(Kind.UNJUDGED), fault=f"{place}: {what}")


def _verdict(judge_context: JudgeContext, name: str, decision: Decision) -> Verdict:
    """The verdict of one task; where its words cannot be made, nobody's student is to blame."""
    task = judge_context.assignment.task(name)
    try:
        made = wording.verdict(judge_context.messages, task, decision)
    except Exception as error:  # a message without its text, say
        made = wording.verdict(judge_context.messages, task, Decision([_stumbled(judge_context, name, error)]))
    flag = next((one.flag for one in decision.results if one.flag), "")
    return replace(made, flag=flag, rule=decision.rule)


def judged_tasks(assignment: Assignment) -> list[Task]:
    """The tasks that need no person."""
    return [task for task in assignment.tasks if task.graded_by == JUDGE]
