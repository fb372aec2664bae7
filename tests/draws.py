"""The verdicts on one answer of ours under many draws of the hidden inputs, asked without the sandbox."""

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.assignments.hw4.right_variants import RIGHT_VARIANTS
from autograder.judging import judge, known_mistakes, mutations
from autograder.judging.judge import JudgeContext
from autograder.sandbox.answers import Answers

TASKS = ("T5", "T6", "T7", "T8", "T9", "T10", "T11")
Parts = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Answer:
    """Something that a student may hand in: a cell's text behind the imports, and the tasks to ask it."""

    name: str
    text: str
    tasks: tuple[str, ...]
    class_is_given: bool = True


def known(judge_context: JudgeContext) -> Iterator[Answer]:
    """Every known mistake in a task's code."""
    for mistake in judge_context.mistakes:
        if mistake.edits and mistake.task in TASKS:
            text = mutations.plant(judge_context.reference_text, mistake.edits, mistake.name)
            yield Answer(f"{mistake.task} {mistake.name}", text, (mistake.task,), not mistake.in_class)


def right(judge_context: JudgeContext, functions: Mapping[str, str]) -> Iterator[Answer]:
    """Every right variant, with the tasks that it words otherwise. functions: task -> text of the reference's own."""
    for variant in RIGHT_VARIANTS:
        before = "\n".join(variant.extra)
        if variant.whole:
            yield Answer(variant.name, f"{before}\n{variant.whole}", TASKS, False)
            continue
        text = mutations.plant(judge_context.reference_text, variant.edits, variant.name)
        changed = tuple(task for task in TASKS if functions[task] not in text)
        if changed or "class TwoLayerNet" not in text:
            yield Answer(variant.name, f"{before}\n{text}", changed)


def parts_of(judge_context: JudgeContext, answer: Answer, task: str, seeds: Sequence[int]) -> Iterator[Parts]:
    """Which parts of a task are right, draw by draw."""
    source = answer.text if answer.class_is_given else f"import numpy as np\n{answer.text}"
    names = mutations.run_text(source, "cell of a draw")  # as a cell is named: frames of it are looked into
    for seed in seeds:
        np.random.seed(seed)
        context = judge.check_context(judge_context, task, seed, Answers())
        with np.errstate(all="ignore"), warnings.catch_warnings(), contextlib.ExitStack() as quiet:
            warnings.simplefilter("ignore")
            quiet.enter_context(contextlib.redirect_stdout(io.StringIO()))
            quiet.enter_context(contextlib.redirect_stderr(io.StringIO()))
            given = answer.class_is_given
            answers = known_mistakes.ask(judge_context.probes, task, names, context.cases, ("",), given)
            results = judge_context.checks.of(task).check(replace(context, answers=answers))
        yield tuple((one.part, one.ok) for one in results)


def differing(judge_context: JudgeContext, answer: Answer, seeds: Sequence[int]) -> dict[str, dict[Parts, int]]:
    """Tasks whose verdict is not the same in every draw: how often each came."""
    found: dict[str, dict[Parts, int]] = {}
    for task in answer.tasks:
        counts: dict[Any, int] = {}
        for parts in parts_of(judge_context, answer, task, seeds):
            counts[parts] = counts.get(parts, 0) + 1
        if len(counts) > 1:
            found[task] = counts
    return found
