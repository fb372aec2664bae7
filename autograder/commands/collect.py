"""`autograder collect`: submissions in, from the archives of learning systems."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.errors import CourseError


def command(
    assignment: Name,
    archives: Annotated[list[Path], typer.Argument(help="Archives or folders of a class, as an LMS gives them.")],
    course: CourseDir = Path(),
    student: Annotated[str, typer.Option("--student", help="All of it is this student's.")] = "",
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="Moodle's grading worksheet.")] = None,
    layout: Annotated[
        str, typer.Option("--layout", help="moodle, canvas, gradescope or folders, where names do not tell.")
    ] = "",
) -> None:
    """Sort submissions into submitted/STUDENT/ASSIGNMENT/."""
    loaded, wanted = load(course, assignment)
    from autograder.lms import collect, layouts

    if layout not in ("", *layouts.LAYOUTS):
        raise CourseError(f"--layout {layout}: not one of {', '.join(layouts.LAYOUTS)}")
    done = collect.collect(loaded, wanted, archives, student, worksheet, layout)
    say([*done.notes, *(f"not taken: {line}" for line in done.strangers)])
    out.print(f"collected {len(done.taken)} new or changed, {len(done.same)} as before")
    if done.strangers:
        raise CourseError(
            f"{len(done.strangers)} not taken, listed above; mend {loaded.roster} or the files, then collect again"
        )
    out.print(f"next: `autograder grade {wanted.name}`")
