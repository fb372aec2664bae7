"""What all commands share: where they print, and how they name the course, the assignment and the workers."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.course import Assignment, Course, load_course
from autograder.errors import CourseError

# where nobody watches, lines are not cut to the width of a screen
WIDTH = None if sys.stdout.isatty() else 130
out = Console(highlight=False, soft_wrap=True, width=WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

CourseDir = Annotated[Path, typer.Option("--course", help="Course folder, with course_config.py.")]
Name = Annotated[str, typer.Argument(help="Assignment, for example hw5.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Submissions at a time.")]


def load(root: Path, name: str) -> tuple[Course, Assignment]:
    """The course in a folder, and its assignment of that name."""
    course = load_course(root)
    return course, course.assignment(name)


def refuse_own_tests(assignment: Assignment, command: str) -> None:
    """CourseError where the notebooks' own tests decide: there are no known mistakes that a command could plant."""
    if assignment.by_examiner:
        raise CourseError(
            f"{command}: {assignment.name} is graded by its notebooks' own tests, and has no known mistakes; "
            f"`autograder release {assignment.name}` tries the source's answers"
        )


def tell(line: str) -> None:
    """A line that may hold anything, as it is."""
    out.print(line, markup=False)


def say(lines: Iterable[str]) -> None:
    """Lines that may hold anything, as they are."""
    for line in lines:
        tell(line)
