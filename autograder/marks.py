"""What people gave in the formgrader: manual marks, extra credit and comments, put over the judge's verdicts.

Read straight from the gradebook's tables: `autograder scores` must not wait for nbgrader's imports.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder import texts
from autograder.course import PERSON, Assignment, Course, CourseError
from autograder.verdicts import FAILED, NEEDS_GRADING, PASSED, Result, Verdict, load_result

QUERY = """
SELECT handed.student_id, cell.name, grade.manual_score, grade.extra_credit, grade.needs_manual_grade,
       (SELECT comment.manual_comment FROM comment JOIN base_cell AS answer ON answer.id = comment.cell_id
        WHERE comment.notebook_id = grade.notebook_id AND comment.manual_comment <> ''
        AND answer.name IN (cell.name, cell.name || '-answer'))
FROM grade
JOIN base_cell AS cell ON cell.id = grade.cell_id
JOIN submitted_notebook AS book ON book.id = grade.notebook_id
JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
JOIN assignment ON assignment.id = handed.assignment_id
WHERE assignment.name = ?
"""


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


def read(course: Course, assignment: Assignment) -> Marks:
    """Student -> task -> mark, of all that a person gave; nothing where there is no gradebook."""
    path = course.gradebook
    if not course.db_url and not path.is_file():
        return {}
    found: dict[str, dict[str, Mark]] = {}
    try:
        rows = _in_postgresql(course, assignment) if course.db_url else _in_sqlite(path, assignment)
        for student, task, score, extra, waits, comment in rows:
            mark = Mark(score, extra or 0.0, bool(waits), (comment or "").strip())
            if mark.given:
                found.setdefault(student, {})[task] = mark
    except sqlite3.Error as error:
        raise CourseError(
            f"{path}: people's marks cannot be read ({error}); `autograder doctor` looks closer"
        ) from error
    return found


def _in_sqlite(path: Path, assignment: Assignment) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as base:
        return base.execute(QUERY, (assignment.name,)).fetchall()


def _in_postgresql(course: Course, assignment: Assignment) -> list[tuple[Any, ...]]:
    import psycopg  # only where it is used

    try:
        with psycopg.connect(
            course.db_url.replace("postgresql+psycopg:", "postgresql:", 1), connect_timeout=10
        ) as base:
            return base.execute(QUERY.replace("?", "%s"), (assignment.name,)).fetchall()
    except psycopg.errors.UndefinedTable:
        return []  # nothing is graded yet
    except psycopg.Error as error:
        why = (str(error).strip().splitlines() or ["no answer"])[0]
        raise CourseError(
            f"{course.gradebook_name}: people's marks cannot be read ({why}); start the server or mend db_url"
        ) from error


def applied(course: Course, assignment: Assignment, result: Result, given: Mapping[str, Mark]) -> Result:
    """The result with a person's marks and comments in place of the judge's."""
    if not given:
        return result
    said = texts.of_engine(course.language)
    found = dict(result.verdicts)
    for task in assignment.tasks:
        if task.name in given and task.name in found:
            by_person = task.graded_by == PERSON
            found[task.name] = _marked(found[task.name], given[task.name], by_person, said)
    return replace(result, verdicts=found)


def _marked(verdict: Verdict, mark: Mark, by_person: bool, said: texts.Texts) -> Verdict:
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


def as_data(course: Course, assignment: Assignment, students: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`scores --json`: student -> task -> its verdict, with what people gave put over it."""
    given, hidden = read(course, assignment), ("task", "measured", "flag")
    data = {}
    for student in students:
        if (result := load_result(course, assignment.name, student)) is not None:
            found = applied(course, assignment, result, given.get(student, {})).verdicts
            data[student] = {t: {k: v for k, v in one.as_json().items() if k not in hidden} for t, one in found.items()}
    return data
