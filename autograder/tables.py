"""Tables for the instructor's terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from autograder.course import Assignment
from autograder.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result

if TYPE_CHECKING:  # `autograder scores` starts without numpy
    from autograder.audit import Audit
    from autograder.doctor import Finding

MARKS = {PASSED: "[green]{}[/]", FAILED: "[red]{}[/]", NOT_CHECKED: "[yellow]{}?[/]", NEEDS_GRADING: "[cyan]...[/]"}


def marks(assignment: Assignment, results: Iterable[Result]) -> Table:
    """The marks of a class, a line each."""
    table = Table(title=assignment.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("student", no_wrap=True)
    for task in assignment.tasks:
        table.add_column(task.name, justify="right")
    table.add_column("score", justify="right")
    table.add_column("of", justify="right")
    best = assignment.points
    for result in results:
        found = [result.verdicts[task.name] for task in assignment.tasks]
        cells = [MARKS[v.status].format("" if v.score is None else f"{v.score:g}") for v in found]
        total = sum(v.score or 0 for v in found)
        table.add_row(Text(result.student), *cells, f"[bold]{total:g}[/]", f"{best:g}")
    return table


def findings(found: Iterable["Finding"]) -> Table:
    """What the doctor found, a line each, with its mend."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "what", "found"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        state = Text("ok", "green") if finding.ok else Text("problem", "bold red" if finding.stops else "yellow")
        said = finding.found if finding.ok else f"{finding.found}\nmend: {finding.mend}"
        table.add_row(state, finding.what, Text(said))
    return table


def matrix(assignment: Assignment, found: "Audit") -> Table:
    """Planted in (rows) against tasks that lost marks (columns)."""
    table = Table(
        title="bugs planted (rows), tasks that lost marks (columns)", title_justify="left", box=box.SIMPLE_HEAD
    )
    tasks = [task.name for task in assignment.tasks]
    for heading in ("planted in", "bugs", *tasks):
        table.add_column(heading, justify="right")
    groups = {task: [row for row in found.bugs if row.task == task] for task in tasks}
    groups["right"] = list(found.variants)
    for name, rows in groups.items():
        if rows:
            counts = [sum(task in row.lost for row in rows) for task in tasks]
            table.add_row(name, str(len(rows)), *(str(count) if count else "." for count in counts))
    return table
