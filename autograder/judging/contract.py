"""What an assignment's author writes for the judge: one record a task, verified when it is loaded.

checks.py (or the package checks/) of an assignment binds `ASSIGNMENT` to an AssignmentChecks. What is
wrong with it is refused in one line that names the file and the task: here where reading it shows it,
and in verify() where a trial on a submission that answers nothing does.
"""

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course import JUDGE, Assignment, Course
from autograder.course.loading import load_author_module, place_of
from autograder.errors import CourseError
from autograder.judging.checking import Case, CheckContext, PartResult, Problem
from autograder.sandbox.answers import Array

NAME = "ASSIGNMENT"
INPUTS = (np.float64, np.int64, np.uint8)  # what the channel takes to the sandbox
WHOLE = 1e-9  # that the shares of a task's parts may be off from 1

Rng = np.random.Generator


def no_environment(dataset: str, source: Path) -> Mapping[str, str]:
    """For data that no notebook reads by itself."""
    return {}


def no_sizes(case: Case) -> str:
    """What is said of the sizes of a case where the author says nothing."""
    return ""


@dataclass(frozen=True)
class TaskChecks:
    """The host side of one task. Only the first three are needed.

    cases: (rng, names of the reference, arrays of the dataset) -> the hidden inputs, a dict a case
    check: context -> one PartResult a part; their shares add up to 1; its docstring says what it asks
    asks: context -> whether the sandbox has to be asked at all; without it, it has to
    can_follow: context -> whether an error may come from an earlier task, in a class of the student's own
    signature: context -> what two submissions with the same mistake have in common, where draws hang on chance
    distinguishing: prefixes of the answers by which a known mistake is told: of the task's own function,
        and of a class of the student's own
    also_asked: names of questions that the others need: asked too where a known mistake is made again
    sizes: case -> its sizes in words, said where a shape is wrong
    earlier: context -> whether the notebook as it stood earlier may earn more than its end; without it, always
    afterwards: (contexts, results) of all tasks, by task -> other results of this one, or None to leave them
    """

    task: str
    cases: Callable[[Rng, Mapping[str, Any], Mapping[str, Array]], Sequence[Case]]
    check: Callable[[CheckContext], Sequence[PartResult]]
    asks: Callable[[CheckContext], bool] | None = None
    can_follow: Callable[[CheckContext], bool] | None = None
    signature: Callable[[CheckContext], Hashable] | None = None
    distinguishing: tuple[str, str] | None = None
    also_asked: tuple[str, ...] = ()
    sizes: Callable[[Case], str] = no_sizes
    earlier: Callable[[CheckContext], bool] | None = None
    afterwards: (
        Callable[[Mapping[str, CheckContext], Mapping[str, Sequence[PartResult]]], Sequence[PartResult] | None] | None
    ) = None


@dataclass(frozen=True)
class DatasetRecipe:
    """How an assignment gets its data.

    prepare: (name of the dataset, folder of the source) -> arrays. Of images `x`, whatever tells about each
        of them is named `x_...`, labels `x_labels`
    shown: names of the arrays that the sandbox may see; never labels
    derive: arrays -> more of them, worked out once a process and not kept
    at_hand: (name, folder of the source) -> where it will come from, or "" where it is on this machine
    environment: (name, folder of the source) -> variables by which the notebooks' own modules find it there;
        values that are folders are shown in the sandbox of a trial run
    """

    prepare: Callable[[str, Path], Mapping[str, Array]]
    shown: tuple[str, ...] = ()
    derive: Callable[[Mapping[str, Array]], Mapping[str, Array]] = dict
    at_hand: Callable[[str, Path], str] | None = None
    environment: Callable[[str, Path], Mapping[str, str]] = no_environment


@dataclass(frozen=True)
class VisibleNumbers:
    """What visible checks compare with, of visible.py: a file in the source, made by `autograder release`.

    file: its name; pools: task -> name of its inputs; cases: names of the reference -> the public inputs, by pool;
    asking: folder of the source -> (task, names of the reference or of a mistake, a case) -> answers by name. The
    right answers to a task are inputs of the tasks behind it that share its pool.
    """

    file: str
    pools: Mapping[str, str]
    cases: Callable[[Mapping[str, Any]], Mapping[str, Sequence[Case]]]
    asking: Callable[[Path], Callable[[str, Mapping[str, Any], Case], Mapping[str, Array]]]


@dataclass(frozen=True)
class AssignmentChecks:
    """The host side of an assignment.

    trained_model: (names of the reference, folder of the source, name of the dataset, settings) -> parameters
        of a model that passes, for the audit and the made-up class
    model_class: the class that the notebook's own cell notes in the file of such a model
    """

    tasks: tuple[TaskChecks, ...]
    dataset: DatasetRecipe | None = None
    trained_model: Callable[..., Mapping[str, Any]] | None = None
    model_class: str = ""

    def of(self, task: str) -> TaskChecks:
        """The record of a task."""
        return next(record for record in self.tasks if record.task == task)


class BrokenContract(Exception):
    """A check gave something that is no result: the author's slip, never the student's fault."""


def load_checks(course: Course, assignment: Assignment) -> AssignmentChecks:
    """Load an assignment's host side; CourseError names the first thing wrong with it."""
    path = course.part("checks", assignment.name)
    module = load_author_module(path, f"assignment_{assignment.name}")
    found = getattr(module, NAME, None)
    if not isinstance(found, AssignmentChecks):
        raise CourseError(f"{path}: {NAME} is not there; write {NAME} = AssignmentChecks(tasks=(...)): docs/author.md")
    if not isinstance(found.tasks, tuple) or not all(isinstance(record, TaskChecks) for record in found.tasks):
        raise CourseError(f"{path}: {NAME}: tasks= takes a tuple of TaskChecks: docs/author.md")
    if wrong := next(_slips(assignment, found), ""):
        raise CourseError(f"{path}: {wrong}")
    return found


def _slips(assignment: Assignment, found: AssignmentChecks) -> Any:
    """What is wrong with the records, in words."""
    names = [record.task for record in found.tasks]
    judged = [task.name for task in assignment.tasks if task.graded_by == JUDGE]
    for name in names:
        if name not in judged:
            yield f"{name}: no judged task of that name; course_config.py has {', '.join(judged)}"
        if names.count(name) > 1:
            yield f"{name}: two records of TaskChecks are for it"
    for name in judged:
        if name not in names:
            yield f"{name}: has no TaskChecks; add one to {NAME}"
    for record in found.tasks:
        told_by = record.distinguishing
        if told_by is not None and (not isinstance(told_by, tuple) or [*map(type, told_by)] != [str, str]):
            yield f"{record.task}: distinguishing={told_by!r} is no pair of prefixes"
        if not isinstance(record.also_asked, tuple) or not all(isinstance(name, str) for name in record.also_asked):
            yield f"{record.task}: also_asked={record.also_asked!r} is no tuple of names"
        for field in fields(record):
            value = getattr(record, field.name)
            optional = field.name in ("asks", "can_follow", "signature", "earlier", "afterwards")
            if field.name in ("task", "distinguishing", "also_asked") or (optional and value is None):
                continue
            if not callable(value):
                yield f"{record.task}: {field.name}={value!r} is not a function"
            elif inspect.isgeneratorfunction(value):
                yield f"{record.task}: {field.name}={value.__name__} has a `yield`; return a list instead"
    yield from _slips_of_recipe(found.dataset)
    if not (found.trained_model is None or callable(found.trained_model)):
        yield f"{NAME}: trained_model={found.trained_model!r} is not a function"
    if assignment.dataset and found.dataset is None:
        yield f"course_config.py names the dataset {assignment.dataset!r}, but {NAME} has no dataset=DatasetRecipe(...)"


def _slips_of_recipe(recipe: object) -> Iterator[str]:
    if recipe is None:
        return
    if not isinstance(recipe, DatasetRecipe):
        yield f"{NAME}: dataset={_shown(recipe)} is no DatasetRecipe"
        return
    for name in ("prepare", "derive", "environment", "at_hand"):
        value = getattr(recipe, name)
        if not (callable(value) or (name == "at_hand" and value is None)):
            yield f"{NAME}: dataset: {name}={value!r} is not a function"
    if not isinstance(recipe.shown, tuple) or not all(isinstance(name, str) for name in recipe.shown):
        yield f"{NAME}: dataset: shown={recipe.shown!r} is no tuple of names"
    elif labels := [name for name in recipe.shown if name.endswith("_labels")]:
        yield f"{NAME}: dataset: shown={recipe.shown!r} would show {labels[0]} to every submission"


def results_of(record: TaskChecks, context: CheckContext) -> list[PartResult]:
    """What a check gives, part by part; BrokenContract for anything else."""
    return checked_results(record.check(context))


def checked_results(given: object) -> list[PartResult]:
    """The results where they are that: named parts whose shares add up to 1."""
    if not isinstance(given, list | tuple) or not all(isinstance(one, PartResult) for one in given):
        raise BrokenContract(f"the check returned {_shown(given)}; it should return a list of PartResult")
    parts = [one.part for one in given]
    if not parts:
        raise BrokenContract("the check returned no part at all; it should return one PartResult a part")
    if twice := next((part for part in parts if parts.count(part) > 1), ""):
        raise BrokenContract(f"the check named the part {twice!r} twice")
    for one in given:
        if not isinstance(one.problem, Problem | None):
            raise BrokenContract(f"the check says {_shown(one.problem)} of {one.part!r}, not a Problem or None")
        if not isinstance(one.share, int | float | np.number):
            raise BrokenContract(f"the share of {one.part!r} is {one.share!r}, which is no number")
    total = sum(one.share for one in given)
    if not abs(total - 1) <= WHOLE or any(one.share < 0 for one in given):
        shares = " + ".join(f"{one.share:g}" for one in given)
        raise BrokenContract(f"the shares of the parts add up to {total:g} ({shares}), not to 1")
    return list(given)


def _shown(value: object) -> str:
    return "None" if value is None else " ".join(f"{type(value).__name__} {value!r}".split())[:80]


def verify(
    path: Path, found: AssignmentChecks, contexts: Mapping[str, Callable[[], CheckContext]], probes: Mapping[str, Any]
) -> None:
    """Try every check on a submission that answers nothing; CourseError for the first slip.

    contexts: makes the context of a task, which calls the author's `cases`. probes: names of the probes' module.
    """
    made: dict[str, CheckContext] = {}
    results: dict[str, Sequence[PartResult]] = {}
    for record in found.tasks:
        doing = "cases"
        try:
            made[record.task] = context = contexts[record.task]()
            doing = "the check, on a submission that answers nothing"
            results[record.task] = results_of(record, context)
            if record.asks is not None:
                doing = "asks"
                record.asks(context)
        except CourseError:
            raise
        except BrokenContract as error:
            raise CourseError(f"{path}: {record.task}: {error}") from error
        except Exception as error:
            raise CourseError(f"{place_of(error, path)}: {record.task}: {doing}: {said(error)}") from error
        if earned := [one.part for one in results[record.task] if one.ok]:
            raise CourseError(
                f"{path}: {record.task}: the check gives {', '.join(earned)} to a submission that answers nothing"
            )
        if not inspect.isgeneratorfunction(probes.get(record.task)):
            raise CourseError(f"{path.parent / 'probes.py'}: {record.task}: yields no questions; see docs/author.md")
    for record in found.tasks:
        if record.afterwards is not None:
            try:
                record.afterwards(made, results)
            except Exception as error:
                raise CourseError(f"{place_of(error, path)}: {record.task}: afterwards: {said(error)}") from error


def checked_cases(given: object) -> Sequence[Case]:
    """The cases where they are that: a dict a case. Without any, every check would be content."""
    if not isinstance(given, list | tuple) or not all(isinstance(case, Mapping) for case in given):
        raise BrokenContract(f"cases returned {_shown(given)}; it should return a list of dicts, one a case")
    if not given:
        raise BrokenContract("cases returned an empty list; a task without inputs has the one case {}")
    for name, value in (item for case in given for item in case.items()):
        if np.asarray(value).dtype not in INPUTS:
            raise BrokenContract(f"cases: the input {name!r} is {_shown(value)}; make it float64, int64 or uint8")
    return given


def said(error: BaseException) -> str:
    """An exception in a line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
