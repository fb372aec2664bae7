"""Which known mistake gives the student's values: each is made again in the reference, and asked the same questions."""

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograder.judging import mutations
from autograder.judging.checking import Case, CheckContext, compare
from autograder.sandbox.answers import Answers, Array, Error
from autograder.sandbox.guest import namespace as guest_namespace

if TYPE_CHECKING:  # the judge imports this module
    from autograder.judging.judge import JudgeContext

SAME = 1e-6  # of the largest entry: a known mistake made again gives the same values


def name(judge_context: "JudgeContext", context: CheckContext, planted: list[Mapping[str, Any]]) -> str:
    """Name of the known mistake that gives the student's values, or ""; remembers it in `planted`."""
    given = context.answers.class_is_given
    known = [m for m in judge_context.mistakes if m.task == context.task and m.edits and not (m.in_class and given)]
    # a class of the student's own is first held against the mistakes that only a class can have
    for mistake in sorted(known, key=lambda mistake: not mistake.in_class):
        with contextlib.suppress(Exception):  # a mistake may make the reference raise
            text = mutations.plant(judge_context.reference_text, mistake.edits, mistake.name)
            names = mutations.run_text(text, mistake.name)
            if _same(judge_context, context, names):
                planted.append(names)
                return mistake.name
    return ""


def follows(judge_context: "JudgeContext", context: CheckContext, planted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a class of the student's own errs here just as an earlier mistake makes it err."""
    possible = judge_context.checks.of(context.task).can_follow
    if possible is not None and not possible(context):
        return False
    return any(_same(judge_context, context, names) for names in planted)


def _same(judge_context: "JudgeContext", context: CheckContext, names: Mapping[str, Any]) -> bool:
    """Whether the student's distinguishing answers are those that the module `names` gives."""
    record = judge_context.checks.of(context.task)
    theirs = context.answers
    of_function, of_class = record.distinguishing or ("", "")
    prefix = of_function if theirs.class_is_given else of_class
    wanted = (prefix.partition(".")[0], *record.also_asked)
    ours = ask(judge_context.probes, context.task, names, context.cases, wanted, theirs.class_is_given)
    if record.signature is not None:
        if "signature" not in context.memo:  # once, not for each mistake: their answers may be as large as a frame
            context.memo["signature"] = record.signature(context)
        return bool(record.signature(replace(context, answers=ours)) == context.memo["signature"])

    def distinguishing(keys: Mapping[str, Any]) -> set[str]:
        return {key for key in keys if key.partition("/")[2].startswith(prefix)}

    keys = distinguishing(ours.arrays)
    if not keys or keys != distinguishing(theirs.arrays):
        return False
    if distinguishing(ours.errors) != distinguishing(theirs.errors):
        return False
    return all(_equal(theirs.arrays[key], ours.arrays[key]) for key in keys)


def _equal(a: Array, b: Array) -> bool:
    if a.size != b.size:
        return False
    a, b = a.ravel(), b.ravel()
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    return compare(a[finite], b[finite], SAME) is None


def ask(
    probes: ModuleType,
    task: str,
    names: Mapping[str, Any],
    cases: Sequence[Case],
    wanted: tuple[str, ...],
    class_is_given: bool,
) -> Answers:
    """Ask a probe about trusted code, here on the host: the reference with an edit.

    wanted: only the questions whose names begin so.
    """
    if task in names and not names[task].__code__.co_argcount:  # plain assignments: the reference returns them
        names = {**names, **names[task]()}
    # otherwise the module's own names, not a copy: instruments must stand in where its functions look
    who = guest_namespace.Namespace(cast("dict[str, Any]", names))
    arrays: dict[str, Array] = {}
    errors: dict[str, Error] = {}
    for number, case in enumerate(cases):
        plain = guest_namespace.Case({key: np.asarray(value) for key, value in case.items()})
        for question_name, question in getattr(probes, task)(who, plain):
            if not question_name.startswith(wanted):
                continue
            try:
                arrays.update(guest_namespace.plain(f"{number}/{question_name}", question()))
            except Exception as error:
                errors[f"{number}/{question_name}"] = Error(type(error).__name__, "")
    return Answers(arrays, errors, class_is_given)


# ---- for an appeal ------------------------------------------------------------------------------


def expected(judge_context: "JudgeContext", context: CheckContext) -> dict[str, Array]:
    """What the reference answers to the same questions, by name; what it draws at random is left out."""
    reference, task = judge_context.reference, context.task
    if task not in reference and not judge_context.checks.of(task).distinguishing:
        return {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once, twice = (
            ask(judge_context.probes, task, reference, context.cases, ("",), context.answers.class_is_given).arrays
            for _ in "ab"
        )
    return {key: once[key] for key in once if key in twice and np.array_equal(once[key], twice[key])}
