"""What people gave in the formgrader: manual marks, extra credit and comments, put over the judge's verdicts.

The rows of the gradebook come in as an argument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograder.course import PERSON, Assignment, Course, messages
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, PASSED, Result, Verdict
from autograder.marks.verdict_files import load_result


@dataclass(frozen=True)
class Mark:
    """What a person gave for one task. `waits`: the answer is another one since."""

    score: float | None
    extra: float
    waits: bool
    comment: str

    @property
    def given(self) -> bool:
        """Whether there is anything to put over the verdict."""
        return self.score is not None or bool(self.extra) or bool(self.comment)


Marks = Mapping[str, Mapping[str, Mark]]


def applied(course: Course, assignment: Assignment, result: Result, given: Mapping[str, Mark]) -> Result:
    """The result with a person's marks and comments in place of the judge's."""
    if not given:
        return result
    said = messages.of_engine(course.language)
    found = dict(result.verdicts)
    for task in assignment.tasks:
        if task.name in given and task.name in found:
            by_person = task.graded_by == PERSON
            found[task.name] = _marked(found[task.name], given[task.name], by_person, said)
    return replace(result, verdicts=found)


def _marked(verdict: Verdict, mark: Mark, by_person: bool, said: messages.Messages) -> Verdict:
    message = verdict.message
    if mark.score is not None and not mark.waits:
        score = mark.score + mark.extra
        right = score >= verdict.max_score
        message = said.say("status", "graded") if by_person else f"{message}\n{said.say('status', 'overridden')}"
        verdict = replace(
            verdict,
            score=score,
            status=PASSED if right else FAILED,
            parts=(),
            mistake="" if right else verdict.mistake,
        )
    elif mark.waits and (
        mark.score is not None or (mark.extra and not by_person)
    ):  # given for an answer that has changed
        old = f"{mark.score or 0:g}" + (f" + {mark.extra:g}" if mark.extra else "")
        message = f"{message}\n{said.say('status', 'stale', mark=old)}"
        verdict = replace(verdict, score=None, status=NEEDS_GRADING, parts=())
    elif mark.extra and verdict.score is not None:
        verdict = replace(verdict, score=verdict.score + mark.extra)
    if mark.comment:
        message = f"{message}\n{said.say('status', 'comment', text=mark.comment)}"
    return replace(verdict, message=message)


def as_data(course: Course, assignment: Assignment, students: Iterable[str], given: Marks) -> dict[str, dict[str, Any]]:
    """`scores --json`: student -> task -> its verdict, with what people gave put over it."""
    hidden = ("task", "measured", "flag", "fault")
    data = {}
    for student in students:
        if (result := load_result(course, assignment.name, student)) is not None:
            found = applied(course, assignment, result, given.get(student, {})).verdicts
            data[student] = {t: {k: v for k, v in one.as_json().items() if k not in hidden} for t, one in found.items()}
    return data
