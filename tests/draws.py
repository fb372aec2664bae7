"""The verdicts on one answer of ours under many draws of the hidden inputs, asked without the sandbox."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.assignments.hw4.right_variants import RIGHT_VARIANTS
from autograder.judging import judge, known_mistakes, mutations
from autograder.judging.checking import CheckContext
from autograder.judging.judge import JudgeContext
from autograder.judging.wording import Decision
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


def of_classes(classes: Mapping[str, tuple[str, str, float | None]]) -> Iterator[Answer]:
    """Whole classes of a student's own."""
    for name, (source, *_) in classes.items():
        yield Answer(f"own class: {name}", source, TASKS, False)


def counted(
    judge_context: JudgeContext, answers: Iterable[Answer], seeds: Iterable[int]
) -> dict[tuple[str, str], dict[Parts, int]]:
    """(answer, task) -> which parts were right, and in how many draws."""
    known_names = [
        # named as a cell is: frames of it are looked into
        (answer, mutations.run_text(f"import numpy as np\n{answer.text}", "cell of a draw"))
        for answer in answers
    ]
    counts: dict[tuple[str, str], dict[Parts, int]] = {}
    for seed in seeds:
        contexts = {task: judge.check_context(judge_context, task, seed, Answers()) for task in TASKS}
        for answer, names in known_names:
            for task in answer.tasks:
                parts = _parts(judge_context, contexts[task], names, answer.class_is_given)
                of_answer = counts.setdefault((answer.name, task), {})
                of_answer[parts] = of_answer.get(parts, 0) + 1
    return counts


def decided(judge_context: JudgeContext, task: str, text: str, seed: int = 7, given: bool = True) -> Decision:
    """How a task is decided for an answer of this text."""
    names = mutations.run_text(f"import numpy as np\n{text}", "cell of a draw")
    context = answered(judge_context, judge.check_context(judge_context, task, seed, Answers()), names, given)
    return judge.decisions(judge_context, {task: context})[task]


def _parts(judge_context: JudgeContext, context: CheckContext, names: Mapping[str, Any], given: bool) -> Parts:
    """Which parts of a task are right in one draw."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = judge_context.checks.of(context.task).check(answered(judge_context, context, names, given))
    return tuple((one.part, one.ok) for one in results)


def answered(judge_context: JudgeContext, context: CheckContext, names: Mapping[str, Any], given: bool) -> CheckContext:
    """The context with the answers of these names."""
    np.random.seed(context.seed)
    # without the real training of T9, which no part hangs on
    asked = ("form", "train", "decayed", "own") if context.task == "T9" else ("",)
    with np.errstate(all="ignore"), warnings.catch_warnings(), contextlib.ExitStack() as quiet:
        warnings.simplefilter("ignore")
        quiet.enter_context(contextlib.redirect_stdout(io.StringIO()))
        quiet.enter_context(contextlib.redirect_stderr(io.StringIO()))
        answers = known_mistakes.ask(judge_context.probes, context.task, names, context.cases, asked, given)
    return replace(context, answers=answers, memo={})
