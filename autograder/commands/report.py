"""`autograder report`: the feedback of each student, and the class report."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out
from autograder.gradebook.reader import read_rows


def command(
    assignment: Name,
    course: CourseDir = Path(),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Write each student's feedback and the class report, as HTML."""
    loaded, wanted = load(course, assignment)
    from autograder.pages import report  # draws with matplotlib, which takes a second to import

    report.make(loaded, wanted, read_rows(loaded, wanted), out, quiet)
    if not quiet:
        out.print("next: open the report in a browser; then give each student the page of feedback")
