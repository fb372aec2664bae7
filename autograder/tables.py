"""Tables for the instructor's terminal."""

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from autograder.audit import Audit
from autograder.course import Assignment
from autograder.doctor import Finding


def findings(found: Iterable[Finding]) -> Table:
    """What the doctor found, a line each, with its mend."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "what", "found"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        state = Text("ok", "green") if finding.ok else Text("problem", "bold red" if finding.stops else "yellow")
        said = finding.found if finding.ok else f"{finding.found}\nmend: {finding.mend}"
        table.add_row(state, finding.what, Text(said))
    return table


def matrix(assignment: Assignment, found: Audit) -> Table:
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
