"""`autograder release`: what students get, made from the source."""

from pathlib import Path

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.course import Assignment, Course


def command(assignment: Name, course: CourseDir = Path()) -> None:
    """Make release/ASSIGNMENT/ and its zip. They are scanned for leaks, and tried as a right student would."""
    loaded, wanted = load(course, assignment)
    archive = release(loaded, wanted)
    out.print(f"next: give students {archive}, then `autograder grade {wanted.name}`")


def release(loaded: Course, wanted: Assignment) -> Path:
    """Make the release -> its zip."""
    # nbgrader takes seconds to import
    from autograder.gradebook import database, registration
    from autograder.releasing import release as releasing

    out.print(f"making {wanted.name} for students from {loaded.source(wanted.name)}, and scanning it for leaks")
    if wanted.environment:
        out.print(f"the packages of {wanted.environment} are installed now, if they are not: that may take minutes")
    made = releasing.release(loaded, wanted)
    say(made.said)
    with database.connect(loaded) as book:
        registration.register(book, loaded, wanted)
    out.print(f"released: {loaded.release(wanted.name)}")
    return made.archive
