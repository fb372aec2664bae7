"""What was decided about a task -> its verdict: the marks of the parts, and what the student reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.course import Task
from autograder.course.messages import Messages
from autograder.judging.by_machine.slips import Slip
from autograder.judging.checking import UNCHECKED, Kind, PartResult, Problem
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Part, Verdict

# these say all there is to say
ALONE = frozenset({Kind.BLANK, Kind.LOST, Kind.NO_MODEL, Kind.BAD_MODEL})


@dataclass(frozen=True)
class Decision:
    """What a mark follows from: the results by part, names of known mistakes, and the rule that decided, in words.

    planted: names of a reference with a mistake in it that gives all of the student's values, where one is known.
    """

    results: Sequence[PartResult]
    mistakes: tuple[str, ...] = ()
    rule: str = ""
    slip: Slip | None = None  # where no known mistake explains the values, and one edit of the reference does
    planted: Mapping[str, Any] | None = None


def verdict(words: Messages, task: Task, decision: Decision) -> Verdict:
    """The verdict that follows from a decision, with one text for the student."""
    points, results = task.points, decision.results
    if fault := next((one.fault for one in results if one.fault), ""):
        return Verdict(task.name, NOT_CHECKED, None, points, (), "", words.say("problem", Kind.UNJUDGED), fault=fault)
    parts = tuple(Part(f.part, points * f.share if f.ok else 0.0, points * f.share) for f in results)
    wrong = [one for one in results if one.problem is not None]
    measured = {f.part: f.measured for f in results if f.measured is not None}
    if not wrong:
        return Verdict(task.name, PASSED, points, points, parts, "", words.say("status", "passed"), measured)
    score = min(points, max(0.0, round(sum(part.score for part in parts), 6)))
    nothing = score == 0 and all(f.problem is not None and f.problem.unchecked for f in wrong)
    status = NOT_CHECKED if nothing else FAILED
    message = message_of(words, task.name, decision)
    cause = _cause([one.problem for one in wrong if one.problem is not None]) if nothing else ""
    return Verdict(
        task.name, status, score, points, parts, ", ".join(decision.mistakes), message, measured, cause=cause
    )


def _cause(problems: Sequence[Problem]) -> str:
    """What became of the code: the first thing that happened to it, and not what is not written besides."""
    told = next((problem for problem in problems if problem.kind != Kind.BLANK), problems[0])
    return told.facts.get("reason", told.kind) if told.kind == Kind.LOST else told.kind


def needs_person(words: Messages, task: Task, written: bool) -> Verdict:
    """The verdict of a task that a person grades: blank is 0, text or a picture waits."""
    if written:
        return Verdict(task.name, NEEDS_GRADING, None, task.points, (), "", words.say("status", "needs-grading"))
    return Verdict(
        task.name, NOT_CHECKED, 0.0, task.points, (), "", words.say("status", "blank-text"), cause=Kind.BLANK
    )


def message_of(words: Messages, task: str, decision: Decision) -> str:
    """One text for the student: the known mistakes; or what was asked, what was got, and what may help."""
    results, problems = decision.results, _problems(decision.results)
    told: dict[str, list[str]] = {}
    for part, problem in problems.items():
        told.setdefault(words.problem(problem.kind, problem.facts), []).append(words.part(task, part))
    everything = len(told) == 1 and len(problems) == len(results)  # then no part needs to be named
    got = next(iter(told)) if everything else " ".join(f"{', '.join(names)}: {text}" for text, names in told.items())
    kinds = {problem.kind for problem in problems.values()}
    if known := "\n".join(text for mistake in decision.mistakes if (text := words.mistake(task, mistake))):
        told_by_check = any(one.mistake for one in results if not one.ok) and kinds != {Kind.NO_MODEL}
        return f"{known}\n{words.say('report', 'got')} {got}" if told_by_check else known
    if kinds <= ALONE:
        return " ".join(told)
    lines = [
        (words.say("report", "asked"), words.of_task(task, "asks") if kinds - UNCHECKED else ""),
        (words.say("report", "got"), got),
        (words.say("report", "hint"), _hints(words, task, problems, decision.slip)),
    ]
    return "\n".join(f"{label} {text}" for label, text in lines if text)


def _problems(results: Sequence[PartResult]) -> dict[str, Problem]:
    """The problem of each part; where none is written, that the task is not, and nothing of its parts."""
    problems = {one.part: one.problem for one in results if one.problem is not None}
    if len(problems) == len(results) and all(problem.kind == Kind.BLANK for problem in problems.values()):
        return {part: Problem(Kind.BLANK, {"task": problem.facts["task"]}) for part, problem in problems.items()}
    return problems


def _hints(words: Messages, task: str, problems: Mapping[str, Problem], slip: Slip | None) -> str:
    """What may help: against that kind of error; where a value came that is wrong, the slip or the task's own hint."""
    of_slip = words.slip(task, slip.step, slip.way, dict(slip.facts)) if slip else ""
    of_task = of_slip or words.of_task(task, "hint")
    found = [words.hint(p.kind, p.facts) or ("" if p.unchecked else of_task) for p in problems.values()]
    return " ".join(dict.fromkeys(hint for hint in found if hint))
