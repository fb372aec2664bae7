"""Tables for the instructor's terminal."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from autograder.course import Assignment, few, shown
from autograder.course.roster import NOBODY, Person, Roster
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED
from autograder.marks.final_marks import StudentMark, by_reason, of_other_points

if TYPE_CHECKING:  # `autograder scores` starts without numpy
    from autograder.commands.diagnoses import Diagnosis
    from autograder.releasing.trials.audit import Audit, Row

LEAST = 8  # letters of an id or a name: less says nothing
WAITS = "[cyan]...[/]"
MARKS = {PASSED: "[green]{}[/]", FAILED: "[red]{}[/]", NOT_CHECKED: "[yellow]{}?[/]", NEEDS_GRADING: WAITS}


def marks(
    assignment: Assignment, class_marks: Sequence[StudentMark], people: Roster = NOBODY, width: int = 130
) -> Table:
    """The marks of a class, a line each; a column for lateness where it took anything.

    width: of the screen, in letters. Where it is short, ids and names are cut, and no mark is.
    """
    gap = 2 if width > 100 else 1  # one of it is the box's own
    table = Table(title=assignment.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, gap - 1, 0, 0))
    late = any(mark.penalty for mark in class_marks)
    headings = [*(task.name for task in assignment.tasks), *(["late"] if late else []), "score", "of"]
    rows = [_cells(assignment, mark, late) for mark in class_marks]
    columns = list(zip(*([Text(heading) for heading in headings], *rows), strict=True))
    left = width - 2 - sum(max(cell.cell_len for cell in column) + gap for column in columns)
    known = {person.id: person for person in people.people}
    found = [known.get(mark.student, Person(mark.student)) for mark in class_marks]
    who = {
        "student": [person.id for person in found],
        "name": [person.name for person in found],
        "section": [person.ids.get("section", "") for person in found],
    }
    shown_of = {}
    for heading, texts in who.items():
        longest = max(map(cell_len, texts), default=0)
        most = min(max(longest, len(heading)), max(left - gap, LEAST))
        if longest and (heading == "student" or left > LEAST):
            shown_of[heading] = texts
            most = min(most, max(LEAST, left // 2)) if heading == "student" and any(who["name"]) else most
            table.add_column(heading, no_wrap=True, overflow="ellipsis", width=most)
            left -= most + gap
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(*(Text(texts[number]) for texts in shown_of.values()), *row)
    return table


def _cells(assignment: Assignment, mark: StudentMark, late: bool) -> list[Text]:
    found = [mark.result.verdicts[task.name] for task in assignment.tasks]
    cells = [MARKS[v.status].format(shown(v.score)) if v.score is not None else WAITS for v in found]
    if late:
        cells.append(f"[red]-{shown(mark.penalty)}[/]" if mark.penalty else "")
    return [Text.from_markup(cell) for cell in (*cells, f"[bold]{shown(mark.so_far)}[/]", shown(assignment.points))]


def below(
    assignment: Assignment,
    class_marks: Sequence[StudentMark],
    ungraded: Sequence[str],
    absent: Sequence[str] = (),
) -> Iterator[str]:
    """The lines below that table: what its signs mean, the class in a line, and what waits."""
    found = [(mark.student, verdict) for mark in class_marks for verdict in mark.result.verdicts.values()]
    yield "green: right, red: wrong, yellow?: not checked, ...: waits for a person"
    if len(class_marks) > 1:
        totals = [mark.so_far for mark in class_marks]
        yield (
            f"the class of {len(totals)}: mean {fmean(totals):.2f}, median {shown(median(totals))}, "
            f"from {shown(min(totals))} to {shown(max(totals))}, of {shown(assignment.points)} points"
        )
    yield from of_other_points(assignment, class_marks)
    yield from (f"{reason} {few(names, 5)}" for reason, names in by_reason(class_marks).items())
    if waiting := sum(mark.waiting for mark in class_marks):
        answers = "1 answer waits" if waiting == 1 else f"{waiting} answers wait"
        yield f"{answers} for a person: `autograder mark {assignment.name}`"
    if flagged := [f"{student} {verdict.task} ({verdict.flag})" for student, verdict in found if verdict.flag]:
        yield f"flagged, the marks stand until you look (SECURITY.md says what it means): {', '.join(flagged)}"
    if ungraded:
        yield f"not graded yet: {', '.join(ungraded)}; run `autograder grade {assignment.name}`"
    if absent:
        yield f"nothing handed in: {few(absent, 10)}"


def diagnoses(found: Iterable["Diagnosis"]) -> Table:
    """What the doctor found, a line each, with its mend."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "what", "found"):
        table.add_column(heading, overflow="fold")
    for diagnosis in found:
        state = Text("ok", "green") if diagnosis.ok else Text("problem", "bold red" if diagnosis.stops else "yellow")
        said = diagnosis.found if diagnosis.ok else f"{diagnosis.found}\nmend: {diagnosis.mend}"
        table.add_row(state, diagnosis.what, Text(said))
    return table


def matrix(assignment: Assignment, found: "Audit") -> Table:
    """Planted in (rows) against tasks that lost marks (columns)."""
    table = Table(
        title="mistakes planted (rows), tasks that lost marks (columns)", title_justify="left", box=box.SIMPLE_HEAD
    )
    tasks = [task.name for task in assignment.tasks]
    for heading in ("planted in", "mistakes", *tasks):
        table.add_column(heading, justify="right")
    groups = {task: [row for row in found.mistakes if row.task == task] for task in tasks}
    groups |= {f"{task}, edits": [row for row in found.mutants if row.task == task] for task in tasks}
    groups["right"] = list(found.variants)
    for name, rows in groups.items():
        if rows:
            counts = [sum(task in row.lost for row in rows) for task in tasks]
            table.add_row(name, str(len(rows)), *(str(count) if count else "." for count in counts))
    return table


def rows(found: "Audit") -> Iterator[str]:
    """The lines below the matrix: each row that is not as it should be, and the sum."""
    for line in found.wrong:
        yield f"[red]wrong[/]      {escape(line)}"
    for row in found.survivors:
        yield f"[red]survivor[/]   {_called(row)}: costs nothing"
        yield from _difference(row)
    for row in found.collateral:
        yield f"[red]collateral[/] {_called(row)}: also costs {', '.join(row.collateral)}"
        yield from _difference(row)
    for row in found.wronged:
        yield f"[red]wronged[/]    {row.name}: loses {', '.join(row.lost)}: {row.message}"
    for row in found.mistakes:
        if not row.named and not row.survivor:
            yield f"[yellow]unnamed[/]    {row.name}: the feedback says {row.mistake or 'no name'}"
    if not found.own_tests and (found.mistakes or found.variants or not found.mutants):
        yield (
            f"{_sum(found.mistakes, 'mistakes')}; {len(found.variants)} right variants: {len(found.wronged)} lost marks"
        )
    if found.mutants:
        equivalent = sum(row.equivalent for row in found.mutants)
        edits = f"{len(found.mutants)} edits by machine: {len(found.survivors)} survivors"
        told = edits if found.own_tests else _sum(found.mutants, "edits by machine")
        yield f"{told}; {equivalent} listed as equivalent"
    planted = len(found.mistakes) + len(found.variants) + len(found.mutants)
    if planted < found.every:
        what = "edits" if found.own_tests else "mistakes, edits and right variants"
        yield f"a sample: {planted} of {found.every} {what}; without --sample all"
    if found.own_tests:
        return
    for row in (*found.mistakes, *found.mutants):
        if row.shown and not row.shown.numbers:
            yield f"[yellow]not shown[/]  {_called(row)}: no public cell shows it"
            yield from _difference(row)
    if found.shown:
        yield found.shown


def _called(row: "Row") -> str:
    """A planted mistake by its name, an edit by its place."""
    return f"{row.task}: {row.mutant.place}" if row.mutant else row.name


def _difference(row: "Row") -> Iterator[str]:
    """Of a mutant: the lines without and with the edit, and the check that let it pass."""
    if row.mutant:
        for sign, colour, text in (("-", "red", row.mutant.edit.before), ("+", "green", row.mutant.edit.after)):
            yield from (f"  [{colour}]{sign} {escape(line)}[/]" for line in text.splitlines())
        if row.check:
            yield f"  passed by {escape(row.check)}"


def _sum(rows: Sequence["Row"], what: str) -> str:
    """How many there are, and what became of them. An equivalent edit has nothing that could be named."""
    wrong = [row for row in rows if not row.equivalent]
    named = sum(row.named for row in wrong) / max(1, len(wrong))
    return (
        f"{len(rows)} {what}: {sum(row.survivor for row in rows)} survivors, "
        f"{sum(bool(row.collateral) for row in rows)} with collateral, {100 * named:.0f} % named"
    )
