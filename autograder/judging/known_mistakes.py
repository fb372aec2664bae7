"""Which known mistake gives the student's values: each is made again in the reference, and asked the same questions."""

import contextlib
import functools
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from autograder.judging import mutations
from autograder.judging.checking import Case, CheckContext
from autograder.judging.contract import TaskChecks
from autograder.judging.mutations import Mistake
from autograder.sandbox.answers import Answers, Array, Error
from autograder.sandbox.guest import namespace as guest_namespace

if TYPE_CHECKING:  # the judge imports this module
    from autograder.judging.judge import JudgeContext

SAME = 1e-6  # of the largest entry: a known mistake made again gives the same values
MOST_PAIRS = 200  # of known mistakes that are made together


def name(
    judge_context: "JudgeContext", context: CheckContext, wrong: Sequence[str], planted: list[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Names of the known mistakes that give the student's values: one, or two; () where none do, or several pairs.

    wrong: the parts that are lost. What gave the values is remembered in `planted`.
    """
    given = context.answers.class_is_given
    known = [m for m in judge_context.mistakes if m.task == context.task and m.edits and not (m.in_class and given)]
    # a class of the student's own is first held against the mistakes that only a class can have
    known.sort(key=lambda mistake: not mistake.in_class)
    alone: dict[str, Answers] = {}
    names: Mapping[str, Any]
    for mistake in known:
        with contextlib.suppress(Exception):  # a mistake may make the reference raise
            names = with_mistakes(judge_context, (mistake,))
            alone[mistake.name] = _distinguishing(judge_context, context, names)
            if _gives(judge_context, context, alone[mistake.name]):
                planted.append(names)
                return (mistake.name,)
    fitting = list(itertools.islice(_pairs(judge_context, context, known, wrong, alone), 2))
    if len(fitting) != 1:
        return ()  # two explanations that fit alike are none
    ((pair, names),) = fitting
    planted.append(names)
    return pair


def _pairs(
    judge_context: "JudgeContext",
    context: CheckContext,
    known: Sequence[Mistake],
    wrong: Sequence[str],
    alone: Mapping[str, Answers],
) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Pairs of mistakes that give the student's values together, and the module that does."""
    right = _distinguishing(judge_context, context, judge_context.reference)
    some = [mistake for mistake in known if mistake.name in alone]
    every = list(itertools.combinations(some, 2))
    if len(every) > MOST_PAIRS:
        every = [two for two in every if _agree(context, right, *(alone[mistake.name] for mistake in two))]
    for one, other in every[:MOST_PAIRS]:
        with contextlib.suppress(Exception):  # two may not fit into one text
            if _lose(judge_context, context, (one, other), wrong):
                names = with_mistakes(judge_context, (one, other))
                if _gives(judge_context, context, _distinguishing(judge_context, context, names)):
                    yield (one.name, other.name), names


def _agree(context: CheckContext, right: Answers, one: Answers, other: Answers) -> bool:
    """Whether the student's values are those of a mistake wherever that one alone changes any, and right elsewhere."""
    for key in right.arrays.keys() & one.arrays.keys() & other.arrays.keys() & context.answers.arrays.keys():
        wanted, *both, theirs = (a.arrays[key].ravel() for a in (right, one, other, context.answers))
        if len({values.size for values in (wanted, *both, theirs)}) > 1:
            continue
        same, by_one, by_other = (_equal_entries(values, wanted) for values in (theirs, *both))
        fits = np.where(by_one & by_other, same, True)
        fits &= np.where(~by_one & by_other, _equal_entries(theirs, both[0]), True)
        fits &= np.where(by_one & ~by_other, _equal_entries(theirs, both[1]), True)
        if not fits.all():
            return False
    return True


def with_mistakes(judge_context: "JudgeContext", mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """Names of the reference with the mistakes made in it."""
    edits = tuple(edit for mistake in mistakes for edit in mistake.edits)
    told = " and ".join(mistake.name for mistake in mistakes)
    return mutations.run_text(mutations.plant(judge_context.reference_text, edits, told), told)


def _lose(
    judge_context: "JudgeContext", context: CheckContext, mistakes: Sequence[Mistake], wrong: Sequence[str]
) -> bool:
    """Whether each of the mistakes loses some of the lost parts and no other, and together they lose all of them."""
    lost = [_loses(judge_context, context, mistake) for mistake in mistakes]
    return all(some and some <= set(wrong) for some in lost) and set().union(*lost) == set(wrong)


def _loses(judge_context: "JudgeContext", context: CheckContext, mistake: Mistake) -> frozenset[str]:
    """The parts that a mistake loses alone. No draw of the cases changes that, so it is worked out once."""
    given = context.answers.class_is_given
    memo, key = judge_context.lost_by, (context.task, mistake.name, given)
    if key not in memo:
        memo[key] = frozenset()
        record = judge_context.checks.of(context.task)
        names = with_mistakes(judge_context, (mistake,))
        answers = ask(judge_context.probes, context.task, names, context.cases, ("",), given)
        results = record.check(replace(context, answers=answers, memo={}))
        memo[key] = frozenset(one.part for one in results if not one.ok)
    return memo[key]


def follows(judge_context: "JudgeContext", context: CheckContext, planted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a class of the student's own errs here just as an earlier mistake makes it err."""
    possible = judge_context.checks.of(context.task).can_follow
    if possible is not None and not possible(context):
        return False
    return any(gives(judge_context, context, names) for names in planted)


def _distinguishing(judge_context: "JudgeContext", context: CheckContext, names: Mapping[str, Any]) -> Answers:
    """What the module `names` answers to the questions by which mistakes are told."""
    record, given = judge_context.checks.of(context.task), context.answers.class_is_given
    wanted = (_prefix(record, given).partition(".")[0], *record.also_asked)
    return ask(judge_context.probes, context.task, names, context.cases, wanted, given)


def _prefix(record: TaskChecks, class_is_given: bool) -> str:
    of_function, of_class = record.distinguishing or ("", "")
    return of_function if class_is_given else of_class


def gives(judge_context: "JudgeContext", context: CheckContext, names: Mapping[str, Any]) -> bool:
    """Whether the module `names` gives the student's distinguishing answers."""
    return _gives(judge_context, context, _distinguishing(judge_context, context, names))


def _gives(judge_context: "JudgeContext", context: CheckContext, ours: Answers) -> bool:
    """Whether the student's distinguishing answers are these."""
    record, theirs = judge_context.checks.of(context.task), context.answers
    if record.signature is not None:
        # once, not for each mistake: their answers may be as large as a frame
        said = context.once("signature", functools.partial(record.signature, context))
        return bool(record.signature(replace(context, answers=ours, memo={})) == said)
    prefix = _prefix(record, theirs.class_is_given)

    def distinguishing(keys: Mapping[str, Any]) -> set[str]:
        return {key for key in keys if key.partition("/")[2].startswith(prefix)}

    keys = distinguishing(ours.arrays)
    if not keys or keys != distinguishing(theirs.arrays):
        return False
    if distinguishing(ours.errors) != distinguishing(theirs.errors):
        return False
    return all(equal(theirs.arrays[key], ours.arrays[key]) for key in keys)


def equal(a: Array, b: Array) -> bool:
    """Whether these are the same numbers, in whatever shape."""
    return a.size == b.size and bool(_equal_entries(a.ravel(), b.ravel()).all())


def _equal_entries(a: Array, b: Array) -> NDArray[np.bool_]:
    """Which entries of `a` are those of `b`. Where b is nan, inf will do, and 0: an overflow ends in any of them."""
    finite = np.isfinite(a) & np.isfinite(b)
    scale = float(np.abs(b[finite]).max(initial=0.0)) or 1.0
    return np.where(finite, np.abs(a - b) <= SAME * scale, ~np.isfinite(b) & (~np.isfinite(a) | (a == 0)))


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


def value_of(cell: str, names: Mapping[str, Any], name: str) -> dict[str, Array]:
    """What a public cell gives among trusted names, here on the host."""
    return guest_namespace.numbers(name, guest_namespace.value_of(cell, dict(names)))


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
