"""`autograder export`: marks out, as a file for a learning system."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.errors import CourseError


def command(
    assignment: Name,
    to: Annotated[str, typer.Option("--to", help="canvas, moodle or csv.")],
    course: CourseDir = Path(),
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="What the LMS gave you, to fill in.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="The file; exports/ASSIGNMENT-LMS.csv.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Marks as they stand, T4 missing.")] = False,
) -> None:
    """Write the marks as a file for an LMS."""
    loaded, wanted = load(course, assignment)
    from autograder.gradebook import standings  # nbgrader takes seconds to import

    path, made = standings.export_file(loaded, wanted, to, worksheet, output, partial)
    say([*made.notes, *(f"not in the file: {line}" for line in made.missing)])
    out.print(f"written: {path}")
    if made.missing:
        raise CourseError(f"{len(made.missing)} marks are not in {path}, listed above; mend {loaded.roster}")
