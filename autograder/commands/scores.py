"""`autograder scores`: the marks, task by task."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.course import Assignment, Course, roster
from autograder.errors import CourseError
from autograder.gradebook import reader
from autograder.marks import final_marks, verdict_files


def command(
    assignment: Name,
    course: CourseDir = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="JSON alone on standard output.")] = False,
    totals: Annotated[bool, typer.Option("--totals", help="With --json: tasks, penalty, reason and total.")] = False,
    counterexamples: Annotated[
        bool, typer.Option("--counterexamples", help="With --json: what shows a mistake, in place of the marks.")
    ] = False,
) -> None:
    """Show the marks, task by task."""
    loaded, wanted = load(course, assignment)
    names = verdict_files.students(loaded, wanted)
    if counterexamples and (totals or not as_json):
        raise CourseError("--counterexamples goes with --json, and not with --totals")
    if as_json:
        marks = final_marks.class_marks(loaded, wanted, names, reader.read_rows(loaded, wanted))
        shape = with_totals if totals else _counterexamples if counterexamples else final_marks.as_data
        data = {name: shape(mark) for name, mark in marks.items()}
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
        return
    show_marks(loaded, wanted, names)
    say(verdict_files.told_again(loaded, wanted, names))
    out.print(f"next: `autograder report {wanted.name}` writes the feedback and the class report")


def with_totals(mark: final_marks.StudentMark) -> dict[str, Any]:
    """A student as `scores --json --totals` has them."""
    return {
        "tasks": final_marks.as_data(mark),
        "penalty": _plain(mark.penalty),
        "reason": mark.reason,
        "total": None if mark.total is None else _plain(mark.total),
    }


def _plain(points: float) -> float:
    """Points without the dust of binary fractions, as far as a task's score goes."""
    return round(points, 6)


def _counterexamples(mark: final_marks.StudentMark) -> dict[str, Any]:
    found = ((task, verdict.counterexample) for task, verdict in mark.result.verdicts.items())
    return {task: vars(example) for task, example in found if example is not None}


def show_marks(course: Course, assignment: Assignment, names: Sequence[str]) -> None:
    """Print the table of marks."""
    from autograder.commands import console_tables

    marks = final_marks.class_marks(course, assignment, names, reader.read_rows(course, assignment))
    people = roster.load_roster(course)
    out.print(console_tables.marks(assignment, list(marks.values()), people, out.width))
    ungraded = [name for name in sorted(names) if name not in marks]
    handed_in = set(verdict_files.students(course, assignment))
    absent = [person.id for person in people.people if person.id not in handed_in]
    say(console_tables.below(assignment, list(marks.values()), ungraded, absent))
