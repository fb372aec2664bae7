"""`autograder audit`: the hidden tests, tested."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CORES, CourseDir, Jobs, Name, load, out
from autograder.errors import CourseError
from autograder.progress import Progress

Mutants = Annotated[bool, typer.Option("--mutants", help="Plant single edits of the reference, made by machine.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="Of each task at most so many; 0: all.")]
Visible = Annotated[bool, typer.Option("--visible", help="Hold the visible checks against the hidden ones: a table.")]
Cases = Annotated[Path | None, typer.Option("--cases", help="With --visible: a folder of more answers, a file each.")]
Into = Annotated[Path | None, typer.Option("--into", help="With --visible: a page that the table is put into.")]


def command(
    assignment: Name,
    course: CourseDir = Path(),
    jobs: Jobs = CORES,
    mutants: Mutants = False,
    sample: Sample = 0,
    visible: Visible = False,
    cases: Cases = None,
    into: Into = None,
) -> None:
    """Plant known mistakes and right variants, and see what each loses."""
    from autograder.commands import console_tables
    from autograder.releasing.trials import audit as audit_module  # numpy and more
    from autograder.releasing.trials import own_tests
    from autograder.releasing.trials import visible as visible_checks

    loaded, wanted = load(course, assignment)
    if wanted.by_examiner and (visible or cases):
        raise CourseError(
            f"audit: {wanted.name}: its visible tests are its hidden tests' first lines; leave --visible out"
        )
    with tempfile.TemporaryDirectory() as scratch, Progress(0, out) as progress:
        place = Path(scratch) / "course"
        if wanted.by_examiner:
            found = own_tests.audit(loaded, wanted, place, jobs, progress.at, sample)
        else:
            found = audit_module.audit(loaded, wanted, place, jobs, progress.at, mutants, sample, visible, cases)
    out.print(console_tables.matrix(wanted, found))
    for line in console_tables.rows(found):
        out.print(line)
    if visible:
        tasks = visible_checks.compared(loaded, wanted)
        lines = list(visible_checks.table(found.rows, tasks))
        if into:
            visible_checks.put_into(into, lines)
        else:
            out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
        lost = [(row.name, visible_checks.green_but_lost(row, tasks)) for row in found.rows]
        if green := [f"{name} ({', '.join(theirs)})" for name, theirs in lost if theirs]:
            raise CourseError(f"{wanted.name}: a visible check passes, and a mark is lost: {'; '.join(green)}")
    if not found.passed:
        mend = "tests" if wanted.by_examiner else "checks"
        raise CourseError(f"{wanted.name}: the hidden tests do not do their work; mend the {mend} named above")
