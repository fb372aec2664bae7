"""Which known mistake gives the student's values: each is made again in the reference, and asked the same questions."""

import contextlib
import functools
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

Asked = tuple[str, Mapping[str, Array] | Error]  # a question, and what it brought


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
    made: dict[str, Mapping[str, Any]] = {}
    for mistake in known:
        with contextlib.suppress(Exception):  # a mistake may make the reference raise
            made[mistake.name] = with_mistakes(judge_context, (mistake,))
            if gives(judge_context, context, made[mistake.name]):
                planted.append(made[mistake.name])
                return (mistake.name,)
    fitting = list(itertools.islice(_pairs(judge_context, context, known, wrong, made), 2))
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
    made: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Pairs of mistakes that give the student's values together, and the module that does."""
    every = list(itertools.combinations([mistake for mistake in known if mistake.name in made], 2))
    if len(every) > MOST_PAIRS:
        right = _distinguishing(judge_context, context, judge_context.reference)
        alone: dict[str, Answers] = {}
        for name, names in made.items():
            with contextlib.suppress(Exception):
                alone[name] = _distinguishing(judge_context, context, names)
        every = [two for two in every if all(mistake.name in alone for mistake in two)]
        every = [two for two in every if _agree(context, right, *(alone[mistake.name] for mistake in two))]
    by_chance = judge_context.checks.of(context.task).signature is not None
    for one, other in every[:MOST_PAIRS]:
        with contextlib.suppress(Exception):  # two may not fit into one text
            # first what costs less: values are compared up to the first that differs, what is lost is remembered
            if by_chance and not _lose(judge_context, context, (one, other), wrong):
                continue
            names = with_mistakes(judge_context, (one, other))
            if not gives(judge_context, context, names):
                continue
            if by_chance or _lose(judge_context, context, (one, other), wrong):
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
    return _collected(_asked(judge_context, context, names), context.answers.class_is_given)


def _asked(judge_context: "JudgeContext", context: CheckContext, names: Mapping[str, Any]) -> Iterator[Asked]:
    """The same, one question after the other."""
    record, given = judge_context.checks.of(context.task), context.answers.class_is_given
    wanted = (_prefix(record, given).partition(".")[0], *record.also_asked)
    return _questions(judge_context.probes, context.task, names, context.cases, wanted)


def _prefix(record: TaskChecks, class_is_given: bool) -> str:
    of_function, of_class = record.distinguishing or ("", "")
    return of_function if class_is_given else of_class


def comparable(judge_context: "JudgeContext", context: CheckContext) -> bool:
    """Whether the student gave anything by which a mistake could be told."""
    record, theirs = judge_context.checks.of(context.task), context.answers
    return record.signature is not None or bool(_telling(theirs.arrays, _prefix(record, theirs.class_is_given)))


def gives(judge_context: "JudgeContext", context: CheckContext, names: Mapping[str, Any]) -> bool:
    """Whether the module `names` gives the student's distinguishing answers. No more is asked once one differs."""
    record, theirs = judge_context.checks.of(context.task), context.answers
    if record.signature is not None:
        # once, not for each mistake: their answers may be as large as a frame
        said = context.once("signature", functools.partial(record.signature, context))
        ours = _distinguishing(judge_context, context, names)
        return bool(record.signature(replace(context, answers=ours, memo={})) == said)
    told_by = _prefix(record, theirs.class_is_given)
    gave, failed = set[str](), set[str]()
    for question, answer in _asked(judge_context, context, names):
        if isinstance(answer, Error):
            failed |= _telling([question], told_by)
            continue
        keys = _telling(answer, told_by)
        if not all(key in theirs.arrays and equal(theirs.arrays[key], answer[key]) for key in keys):
            return False
        gave |= keys
    return bool(gave) and gave == _telling(theirs.arrays, told_by) and failed == _telling(theirs.errors, told_by)


def _telling(keys: Iterable[str], told_by: str) -> set[str]:
    """Those answers by which mistakes are told. key: `number of the case/name`."""
    return {key for key in keys if key.partition("/")[2].startswith(told_by)}


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
    return _collected(_questions(probes, task, names, cases, wanted), class_is_given)


def _questions(
    probes: ModuleType, task: str, names: Mapping[str, Any], cases: Sequence[Case], wanted: tuple[str, ...]
) -> Iterator[Asked]:
    """Ask, and give what each question brings: `number of the case/name`, and its answers or its error."""
    if task in names and not names[task].__code__.co_argcount:  # plain assignments: the reference returns them
        names = {**names, **names[task]()}
    # otherwise the module's own names, not a copy: instruments must stand in where its functions look
    who = guest_namespace.Namespace(cast("dict[str, Any]", names))
    for number, case in enumerate(cases):
        plain = guest_namespace.Case({key: np.asarray(value) for key, value in case.items()})
        for question_name, question in getattr(probes, task)(who, plain):
            if not question_name.startswith(wanted):
                continue
            key = f"{number}/{question_name}"
            try:
                yield key, guest_namespace.plain(key, question())
            except Exception as error:
                yield key, Error(type(error).__name__, "")


def _collected(asked: Iterator[Asked], class_is_given: bool) -> Answers:
    arrays: dict[str, Array] = {}
    errors: dict[str, Error] = {}
    for key, answer in asked:
        if isinstance(answer, Error):
            errors[key] = answer
        else:
            arrays.update(answer)
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
