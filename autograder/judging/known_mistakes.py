"""Which known mistake gives the student's values: each is made again in the reference, and asked the same questions."""

import contextlib
import functools
import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograder.judging import mutations
from autograder.judging.checking import Case, CheckContext, compare
from autograder.judging.mutations import Mistake
from autograder.sandbox.answers import Answers, Array, Error
from autograder.sandbox.guest import namespace as guest_namespace

if TYPE_CHECKING:  # the judge imports this module
    from autograder.judging.judge import JudgeContext

SAME = 1e-6  # of the largest entry: a known mistake made again gives the same values


def name(
    judge_context: "JudgeContext", context: CheckContext, wrong: Sequence[str], planted: list[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Names of the known mistakes that give the student's values: one, or two that go together; () where none do.

    wrong: the parts that are lost: two mistakes lose them together, and neither alone. What gave the values is
    remembered in `planted`.
    """
    given = context.answers.class_is_given
    known = [m for m in judge_context.mistakes if m.task == context.task and m.edits and not (m.in_class and given)]
    # a class of the student's own is first held against the mistakes that only a class can have
    known.sort(key=lambda mistake: not mistake.in_class)
    pairs = itertools.combinations(known, 2) if len(wrong) > 1 else ()
    for some in itertools.chain(((mistake,) for mistake in known), pairs):
        with contextlib.suppress(Exception):  # a mistake may make the reference raise, and two may not fit together
            if len(some) == 2 and not _go_together(judge_context, context, some, wrong):
                continue
            names = _planted(judge_context, some)
            if _same(judge_context, context, names):
                planted.append(names)
                return tuple(mistake.name for mistake in some)
    return ()


def _planted(judge_context: "JudgeContext", mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """Names of the reference with the mistakes made in it."""
    edits = tuple(edit for mistake in mistakes for edit in mistake.edits)
    told = " and ".join(mistake.name for mistake in mistakes)
    return mutations.run_text(mutations.plant(judge_context.reference_text, edits, told), told)


def _go_together(
    judge_context: "JudgeContext", context: CheckContext, mistakes: Sequence[Mistake], wrong: Sequence[str]
) -> bool:
    """Whether each of the mistakes loses some of the lost parts, not all of them, and no other."""
    lost = [_loses(judge_context, context, mistake) for mistake in mistakes]
    return all(some and some < set(wrong) for some in lost) and set().union(*lost) == set(wrong)


def _loses(judge_context: "JudgeContext", context: CheckContext, mistake: Mistake) -> frozenset[str]:
    """The parts that a mistake loses alone. No draw of the cases changes that, so it is worked out once."""
    given = context.answers.class_is_given
    memo, key = judge_context.lost_by, (context.task, mistake.name, given)
    if key not in memo:
        memo[key] = frozenset()
        record = judge_context.checks.of(context.task)
        names = _planted(judge_context, (mistake,))
        answers = ask(judge_context.probes, context.task, names, context.cases, ("",), given)
        results = record.check(replace(context, answers=answers, memo={}))
        memo[key] = frozenset(one.part for one in results if not one.ok)
    return memo[key]


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
        # once, not for each mistake: their answers may be as large as a frame
        said = context.once("signature", functools.partial(record.signature, context))
        return bool(record.signature(replace(context, answers=ours, memo={})) == said)

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
