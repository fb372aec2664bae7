"""A class graded again and again, the grader killed at a random moment and started again.

The coordinator is forked from this process, so that its imports are paid once; its workers are the
real ones. It is killed with SIGKILL: either after a random time, or at a random one of its own file
operations (so that the moments between two writes are hit as surely as the long ones), and either
alone or together with its workers.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from autograder import cli
from autograder.course import Course
from autograder.grading import made_up, session, workers

assert session and workers  # imported here, so that no fork pays for it
FILE_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree", "sqlite3.connect")
# the rows that matter: no ids
ROWS = {
    "grades": """SELECT student_id, cell.name, auto_score, manual_score, extra_credit, needs_manual_grade
        FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id
        JOIN submitted_notebook AS book ON book.id = grade.notebook_id
        JOIN submitted_assignment AS handed ON handed.id = book.assignment_id""",
    "comments": """SELECT student_id, cell.name, auto_comment, manual_comment
        FROM comment JOIN base_cell AS cell ON cell.id = comment.cell_id
        JOIN submitted_notebook AS book ON book.id = comment.notebook_id
        JOIN submitted_assignment AS handed ON handed.id = book.assignment_id""",
    "submissions": """SELECT student_id, handed.timestamp, assignment.name, notebook.name
        FROM submitted_notebook AS book JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
        JOIN assignment ON assignment.id = handed.assignment_id JOIN notebook ON notebook.id = book.notebook_id""",
    "students": "SELECT id, first_name, last_name, email FROM student",
    "cells": "SELECT cell.name, cell.type FROM base_cell AS cell",
    "points": "SELECT base_cell.name, max_score FROM grade_cells JOIN base_cell ON base_cell.id = grade_cells.id",
}


@dataclass(frozen=True)
class State:
    """All that grading leaves behind, without what differs from one undisturbed run to the next."""

    rows: dict[str, list[tuple[Any, ...]]]
    graded: dict[str, bytes]
    verdicts: dict[str, dict[str, Any]]
    stray: list[str]


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The gradebook's rows that matter, in an order of their own."""
    database = sqlite3.connect(path)
    try:
        return {name: sorted(database.execute(query).fetchall(), key=repr) for name, query in ROWS.items()}
    finally:
        database.close()


def state(course: Course) -> State:
    """What stands in the course folder."""
    folder = course.root / "autograded"
    verdicts = {
        p.name: json.loads(p.read_text())
        for p in (course.state / "verdicts" / course.assignments[0].name).glob("*.json")
    }
    for verdict in verdicts.values():
        del verdict["seconds"]
    hidden = [p for p in course.root.rglob(".*") if p.name not in (".autograder", ".ipynb_checkpoints")]
    return State(
        rows(course.gradebook),
        {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()},
        verdicts,
        sorted(str(p.relative_to(course.root)) for p in hidden),
    )


def make_class(
    course: Course,
    right: Mapping[str, str],
    bua: Mapping[str, str],
    chai: Mapping[str, str],
    by_person: str,
    bonus: str,
) -> None:
    """Six submissions. Two were graded and marked by a person before, and one of those was handed in anew since.

    bua, chai: answers with a mistake each; by_person: the task that a person marks; bonus: one that bua gets more for.
    """
    (assignment,) = course.assignments
    first, *others = (f"{name}.ipynb" for name in assignment.notebooks)
    broken = {first: b"{not json", **dict.fromkeys(others, b"\x00\xff")}
    if assignment.model_file:
        broken[assignment.model_file] = b"PK"
    thai = {**right, by_person: "พิสูจน์"}
    answers = {"anong": right, "bua": bua, "chai": chai, "สมชาย ใจดี": thai, "empty": {}}
    files = {name: made_up.hand_in(course, assignment, found) for name, found in answers.items()}
    for name, found in (files | {"broken": broken}).items():
        stamp = {"timestamp.txt": b"2026-11-05 12:00:00 UTC\n"}
        made_up.write(course.submitted(assignment.name, name), {**found, **stamp})
    before = ["grade", assignment.name, "anong", "bua", "--jobs", "1", "--quiet", "--course", str(course.root)]
    assert cli.main(before) == 0
    give(course, "anong", by_person, score=0.75, comment="Nice.")
    give(course, "bua", by_person, score=0.5, comment="The second case is missing.")
    give(course, "bua", bonus, extra=0.25)
    assert cli.main(before) == 0  # takes up what the person gave
    anew = made_up.hand_in(course, assignment, {**right, by_person: "another proof"})
    made_up.write(course.submitted(assignment.name, "bua"), anew)


def give(
    course: Course,
    student: str,
    task: str,
    score: float | None = None,
    extra: float | None = None,
    comment: str | None = None,
) -> None:
    """What a person gives, written as the formgrader's handlers write it, through nbgrader's own API."""
    (assignment,) = course.assignments
    where = assignment.task(task).notebook, assignment.name, student
    with Gradebook(f"sqlite:///{course.gradebook}") as book:
        grade = book.find_grade(task, *where)
        grade.manual_score, grade.extra_credit = score, extra
        grade.needs_manual_grade = grade.manual_score is None and grade.auto_score is None
        book.db.commit()
        if comment is not None:
            found = book.find_comment(assignment.task(task).answer_cell, *where)
            found.manual_comment = comment
            book.db.commit()


def fork(work: Callable[[], int], log: Path) -> int:
    """Start `work` in a fork of this process, in a process group of its own -> its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    try:  # never back into pytest
        os.setpgid(0, 0)
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
        code = work()
    finally:
        os._exit(code)


def die_at(event: int) -> None:
    """In the forked coordinator: SIGKILL at the event-th file operation, alone or with the workers."""
    seen = 0

    def hook(name: str, _: tuple[Any, ...]) -> None:
        nonlocal seen
        if name in FILE_EVENTS:
            seen += 1
            if seen == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def copied(template: Course, folder: Path) -> Course:
    """The class in another folder."""
    shutil.copytree(template.root, folder)
    return replace(template, root=folder)


def undisturbed(template: Course, folder: Path) -> tuple[State, float, int]:
    """A run that nobody kills -> (what it leaves, seconds, file operations)."""
    course, count, log = copied(template, folder), folder.with_suffix(".events"), folder.with_suffix(".log")

    def counted() -> int:
        seen = 0

        def hook(name: str, _: tuple[Any, ...]) -> None:
            nonlocal seen
            seen += name in FILE_EVENTS

        sys.addaudithook(hook)
        code = cli.main(line(course, 2))
        count.write_text(str(seen))
        return code

    started = time.monotonic()
    assert wait_for(fork(counted, log)) == 0, log.read_text()
    seconds = time.monotonic() - started
    return state(course), seconds, int(count.read_text())


def wait_for(child: int) -> int:
    """Exit code of a child; minus the signal's number where one ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def line(course: Course, jobs: int) -> list[str]:
    """The command line."""
    return ["grade", course.assignments[0].name, "--quiet", "--course", str(course.root), "--jobs", str(jobs)]


def killed(course: Course, rng: random.Random, seconds: float, events: int, log: Path) -> dict[str, Any]:
    """Start the grader and kill it once -> how, and whether it was faster."""
    at_event = rng.random() < 0.5
    group = rng.random() < 0.5
    jobs = 1 + (rng.random() < 0.3)
    if at_event:
        event = rng.randrange(1, events)
        code = wait_for(child := fork(lambda: die_at(event) or cli.main(line(course, jobs)), log))  # type: ignore[func-returns-value]
        how = {"at file operation": event}
    else:
        delay = rng.uniform(0, seconds)
        child = fork(lambda: cli.main(line(course, jobs)), log)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        code = wait_for(child)
        how = {"after seconds": round(delay, 3)}
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    return {**how, "jobs": jobs, "workers too": group, "ended by": code}


def one_run(
    template: Course, folder: Path, seed: int, seconds: float, events: int
) -> tuple[list[dict[str, Any]], State, str]:
    """A copy of the class, killed once or twice, then graded to the end -> (kills, what is there, what was said)."""
    rng = random.Random(seed)
    course, log = copied(template, folder), folder.with_suffix(".log")
    if rng.random() < 0.2:
        course.gradebook.unlink()  # it is made by the run that is killed
    kills = [killed(course, rng, seconds, events, log) for _ in range(2 if rng.random() < 0.25 else 1)]
    log.write_bytes(b"")
    code = wait_for(fork(lambda: cli.main(line(course, 1)), log))
    said = log.read_text()
    assert code == 0, said
    found = state(course)
    shutil.rmtree(folder)
    return kills, found, said
