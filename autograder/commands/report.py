"""`autograder report`: the feedback of each student, and the class report."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.course import few
from autograder.errors import CourseError
from autograder.gradebook.reader import read_rows


def command(
    assignment: Name,
    course: CourseDir = Path(),
    to: Annotated[str, typer.Option("--zip", help="Pack the feedback as well, for moodle, canvas or plain.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Write each student's feedback and the class report, as HTML."""
    from autograder.lms import handback
    from autograder.pages import report  # draws with matplotlib, which takes a second to import

    if to not in ("", *handback.SYSTEMS):
        raise CourseError(f"--zip {to}: not one of {', '.join(handback.SYSTEMS)}")
    loaded, wanted = load(course, assignment)
    made = report.make(loaded, wanted, read_rows(loaded, wanted), out, quiet)
    missing: list[str] = []
    if to:
        packed, missing = handback.write(loaded, wanted, made.folders, to)
        say(f"not in the archive: {line}" for line in missing)
        if not quiet:
            out.print(f"written: {packed}", markup=False)
    elif not quiet:
        out.print("next: open the report in a browser; then hand back: --zip moodle, canvas or plain packs the pages")
    if made.failed:
        raise CourseError(
            f"{len(made.failed)} without feedback, or with an old one ({few(list(made.failed))}): told above"
        )
    if missing:
        raise CourseError(f"{len(missing)} are not in {packed}, listed above; hand their pages back by hand")
