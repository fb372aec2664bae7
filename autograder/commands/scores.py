"""`autograder scores`: the marks, task by task."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.course import Assignment, Course
from autograder.gradebook import reader
from autograder.marks import final_marks, verdict_files


def command(
    assignment: Name,
    course: CourseDir = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="JSON alone on standard output.")] = False,
) -> None:
    """Show the marks, task by task."""
    loaded, wanted = load(course, assignment)
    names = verdict_files.students(loaded, wanted)
    if as_json:
        data = final_marks.as_data(loaded, wanted, names, reader.read_manual_marks(loaded, wanted))
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
        return
    show_marks(loaded, wanted, names)
    out.print(f"next: `autograder report {wanted.name}` writes the feedback and the class report")


def show_marks(course: Course, assignment: Assignment, names: Sequence[str]) -> None:
    """Print the table of marks."""
    from autograder.commands import console_tables

    results = {name: verdict_files.load_result(course, assignment.name, name) for name in sorted(names)}
    given = reader.read_manual_marks(course, assignment)
    graded = [final_marks.applied(course, assignment, r, given.get(n, {})) for n, r in results.items() if r is not None]
    out.print(console_tables.marks(assignment, graded))
    say(console_tables.below(assignment, graded, [name for name, result in results.items() if result is None]))
