"""What was decided about a task -> its verdict: the marks of the parts, and what the student reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course import Task
from autograder.course.messages import Messages
from autograder.judging.checking import CRASHES, Kind, PartResult
from autograder.judging.slips import Slip
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Part, Verdict


@dataclass(frozen=True)
class Decision:
    """What a mark follows from: the results by part, names of known mistakes, and the rule that decided, in words."""

    results: Sequence[PartResult]
    mistakes: tuple[str, ...] = ()
    rule: str = ""
    slip: Slip | None = None  # where no known mistake explains the values, and one edit of the reference does


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
    message = _message(words, task, wrong, decision)
    return Verdict(task.name, status, score, points, parts, ", ".join(decision.mistakes), message, measured)


def _message(words: Messages, task: Task, wrong: Sequence[PartResult], decision: Decision) -> str:
    """One text for the student: the known mistake, or what was asked, what was got, one hint."""
    told: dict[str, list[str]] = {}
    for one in wrong:
        if one.problem is not None:
            told.setdefault(words.problem(one.problem.kind, one.problem.facts), []).append(
                words.part(task.name, one.part)
            )
    got = " ".join(f"{', '.join(parts)}: {text}" for text, parts in told.items())
    kinds = {one.problem.kind for one in wrong if one.problem is not None}
    texts = [words.mistake(task.name, mistake) for mistake in decision.mistakes]
    if known := "\n".join(text for text in texts if text):
        told_by_check = any(one.mistake for one in wrong) and kinds != {Kind.NO_MODEL}
        return f"{known}\n{words.say('report', 'got')} {got}" if told_by_check else known
    if kinds <= {Kind.BLANK, Kind.LOST, Kind.NO_MODEL, Kind.BAD_MODEL}:
        return " ".join(told)
    if kinds & CRASHES:
        return f"{words.say('report', 'got')} {got}\n{words.say('report', 'hint')} {words.say('report', 'crash-hint')}"
    asked, hint = words.of_task(task.name, "asks"), words.of_task(task.name, "hint")
    if decision.slip is not None:
        hint = words.slip(task.name, decision.slip.step, decision.slip.way, dict(decision.slip.facts)) or hint
    lines = [
        (words.say("report", "asked"), asked),
        (words.say("report", "got"), got),
        (words.say("report", "hint"), hint),
    ]
    return "\n".join(f"{label} {text}" for label, text in lines if text)


def needs_person(words: Messages, task: Task, written: bool) -> Verdict:
    """The verdict of a task that a person grades: blank is 0, text or a picture waits."""
    if written:
        return Verdict(task.name, NEEDS_GRADING, None, task.points, (), "", words.say("status", "needs-grading"))
    return Verdict(task.name, NOT_CHECKED, 0.0, task.points, (), "", words.say("status", "blank-text"))
