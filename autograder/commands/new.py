"""`autograder new`: a small assignment that works, to be edited; or one of another course, or that whole course."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, out, say
from autograder.course import load_course
from autograder.errors import CourseError


def command(
    assignment: Annotated[str, typer.Argument(help="Its name, for example hw5; with --from one of that course.")] = "",
    origin: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="COURSE", help="Copy from this course folder; without a name, the whole course."
        ),
    ] = None,
    simple: Annotated[
        bool, typer.Option("--simple", help="One notebook, whose own test cells decide, and one line.")
    ] = False,
    course: CourseDir = Path(),
) -> None:
    """Write a small assignment that works, to be edited. Or copy one, or a whole course for its next semester."""
    from autograder.releasing import course_copy, new_assignment

    if origin is None and not assignment:
        raise CourseError(
            "name the new assignment: `autograder new hw5`; or a course to copy: `autograder new --from DIR`"
        )
    if origin is not None and simple:
        raise CourseError("--simple writes a new assignment, --from copies one: take one of them")
    if origin is None:
        made = new_assignment.write(course, assignment, simple)
    elif assignment:
        made = course_copy.assignment_from(course, origin, assignment)
    else:
        made = course_copy.next_semester(course, origin)
    for path in made.files:
        out.print(f"wrote: {path}", markup=False)
    if made.to_add:
        out.print(f"now add this to {course / 'course_config.py'}:\n{made.to_add}", markup=False)
    say(made.said)
    if course.resolve() == new_assignment.KIT:
        out.print("this is the kit's own folder; a course of your own is safer in another: docs/own-course.md")
    if origin is None:
        out.print(
            f"next: `autograder release {assignment}`, then `autograder audit {assignment}`; then edit these files"
        )
        return
    names = [assignment] if assignment else [one.name for one in load_course(course).assignments]
    out.print(
        "next: " + ", ".join(f"`autograder release {name}`" for name in names) + "; `autograder doctor` looks at all"
    )
