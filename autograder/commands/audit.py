"""`autograder audit`: the hidden tests, tested."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CORES, CourseDir, Jobs, Name, load, out
from autograder.errors import CourseError
from autograder.progress import Progress

Mutants = Annotated[bool, typer.Option("--mutants", help="Plant single edits of the reference, made by machine.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="Of the edits of each task at most so many; 0: all.")]


def command(
    assignment: Name, course: CourseDir = Path(), jobs: Jobs = CORES, mutants: Mutants = False, sample: Sample = 0
) -> None:
    """Plant known mistakes and right variants: does each lose its own marks and no others?"""
    from autograder.commands import console_tables
    from autograder.releasing import audit as audit_module  # numpy and more

    loaded, wanted = load(course, assignment)
    with tempfile.TemporaryDirectory() as scratch, Progress(0, out) as progress:
        found = audit_module.audit(loaded, wanted, Path(scratch) / "course", jobs, progress.at, mutants, sample)
    out.print(console_tables.matrix(wanted, found))
    for line in console_tables.rows(found):
        out.print(line)
    if not found.passed:
        raise CourseError(f"{wanted.name}: the hidden tests do not do their work; mend the checks named above")
