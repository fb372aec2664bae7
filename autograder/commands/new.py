"""`autograder new`: a small assignment that works, to be edited."""

from pathlib import Path

from autograder.commands.console import CourseDir, Name, out


def command(assignment: Name, course: CourseDir = Path()) -> None:
    """Write a small assignment that works, to be edited. docs/author.md goes on from there."""
    from autograder.releasing import new_assignment

    made = new_assignment.write(course, assignment)
    for path in made.files:
        out.print(f"wrote: {path}")
    if made.to_add:
        out.print(f"now add this to {course / 'course_config.py'}:\n{made.to_add}")
    out.print(f"next: `autograder release {assignment}`, then `autograder audit {assignment}`; then edit these files")
