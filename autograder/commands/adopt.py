"""`autograder adopt`: an existing nbgrader course or assignment, and what of it runs here as it is."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.commands.console import out, say
from autograder.course import shown

if TYPE_CHECKING:
    from autograder.releasing.trials.adoption import Adoption


def command(
    folder: Annotated[Path, typer.Argument(help="An nbgrader course, or the folder of one assignment.")],
    sample: Annotated[int, typer.Option("--sample", min=0, help="Of each task at most so many edits; 0: none.")] = 10,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="COURSE", help="Write what was read into this course folder.")
    ] = None,
) -> None:
    """Look at an nbgrader course, cell by cell. Nothing is changed without --into."""
    from autograder.releasing.trials import adoption  # nbgrader takes seconds to import

    with tempfile.TemporaryDirectory() as scratch:
        found = [adoption.look(path, Path(scratch), sample) for path in adoption.assignments_in(folder.resolve())]
    for one in found:
        say(report(one))
    if into is None:
        out.print("nothing was changed; --into COURSE writes what was read into a course folder", markup=False)
        return
    for path in adoption.into(into, [one for one in found if not one.refused]):
        out.print(f"wrote: {path}", markup=False)


def report(found: "Adoption") -> Iterator[str]:
    """What was found of one assignment, as Markdown."""
    yield f"## {found.name}\n"
    yield "| notebook | cell | ID | kind | as it is | |\n|---|---|---|---|---|---|"
    for one in found.cells:
        yield (
            f"| {one.notebook} | {one.number} | {one.name} | {one.kind} | {'yes' if one.runs else 'no'} "
            f"| {one.why.replace('|', '/')} |"
        )
    if found.refused:
        yield f"\nnot tried: {found.refused}\n"
        return
    tests = [one for one in found.cells if one.kind == "tests"]
    best = shown(found.best)
    yield f"\n{sum(one.runs for one in tests)} of {len(tests)} test cells run as they are."
    yield f"Its reference earns {shown(found.earned)} of {best}, a blank notebook {shown(found.blank)}."
    yield f"A person marks {shown(found.by_person)} more."
    yield f"{found.edits} edits by machine of its reference: its tests let {len(found.survivors)} pass.\n"
    for mutant, tests_of_it in found.survivors:
        yield f"{mutant.place}: passed by {tests_of_it}\n\n```diff"
        for sign, text in (("-", mutant.edit.before), ("+", mutant.edit.after)):
            yield from (f"{sign} {line}" for line in text.splitlines())
        yield "```\n"
