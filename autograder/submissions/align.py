"""Which submitted cell is which cell of the release: by its ids, its text, or the function that it defines."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from autograder.source_notebooks import function_name
from autograder.submissions import problems, salvage
from autograder.submissions.cells import SubmittedCell, plain
from autograder.submissions.problems import FileProblem


class Role(StrEnum):
    """What a cell of the merged notebook is."""

    ANSWER = "answer"
    TEST = "test"  # a visible check
    LOCKED = "locked"  # given, not to be changed
    FREE = "free"  # given, and the student's to change
    EXTRA = "extra"  # the student's own


ANSWER, TEST, LOCKED, FREE, EXTRA = Role.ANSWER, Role.TEST, Role.LOCKED, Role.FREE, Role.EXTRA


@dataclass(frozen=True)
class Cell:
    """A cell of the merged notebook. `raw` is the release's cell, or {} for one of the student's own."""

    role: Role
    kind: str
    source: str
    name: str
    task: str = ""
    skip: bool = False
    raw: Mapping[str, Any] | None = None
    submitted: SubmittedCell | None = None
    written: bool = False

    @functools.cached_property
    def plain(self) -> str:
        """Its source as a submitted cell's is compared with it."""
        return plain(self.source)

    @functools.cached_property
    def is_for_all(self) -> bool:
        """Whether it holds code that any answer may use: the student's own cells, and classes."""
        own = self.kind == "code" and self.written
        return own and (self.role != ANSWER or re.search(r"^class\s", self.source, re.MULTILINE) is not None)

    @property
    def runs(self) -> bool:
        """Whether grading runs the cell: all code but what the source tags, whose definitions count."""
        return self.kind == "code" and bool(self.source.strip()) and (not self.skip or self.role == ANSWER)


@dataclass(frozen=True)
class Alignment:
    """Submitted cells (split ones joined), those that fill a cell of the release, and the student's own.

    filled: number of a release's cell -> submitted cell; own: (number of a submitted cell, number of
    the release's cell that it stands after, or -1); the rest names cells that something was wrong with.
    """

    cells: tuple[SubmittedCell, ...]
    filled: Mapping[int, SubmittedCell]
    own: tuple[tuple[int, int], ...]
    doubled: tuple[int, ...] = ()
    retyped: tuple[int, ...] = ()
    split: tuple[int, ...] = ()
    strayed: tuple[int, ...] = ()  # found without their grade_id
    in_order: bool = True


def place(cells: Sequence[Cell], submitted: Sequence[SubmittedCell], parser: salvage.Parser) -> Alignment:
    """Find the place of every submitted cell."""
    submitted, split = _rejoined(cells, submitted, parser)
    places = _places(cells, submitted)
    filled: dict[int, int] = {}
    for number, at in places.items():
        before = filled.get(at)
        if before is None or (
            _stands_back(cells[at], submitted[before]) and not _same(submitted[before], submitted[number])
        ):
            filled[at] = number
    own, doubled, anchor, order = [], [], -1, []
    for number, cell in enumerate(submitted):
        if number not in places:
            own.append((number, anchor))
            continue
        anchor = at = places[number]
        if filled[at] == number:
            order.append(at)
        else:
            doubled.append(at)
            if not _same(cell, submitted[filled[at]]) and not _is(cell, cells[at]):
                own.append((number, at))
    own = _find_lost(cells, submitted, filled, own)
    used = {at: submitted[number] for at, number in filled.items()}
    return Alignment(
        cells=tuple(submitted),
        filled=used,
        own=tuple(own),
        doubled=tuple(at for at in doubled if cells[at].role in (ANSWER, FREE)),
        retyped=tuple(at for at, c in used.items() if cells[at].kind == "code" != c.kind),
        split=tuple(split),
        strayed=tuple(at for at, c in used.items() if cells[at].role != FREE and c.grade_id != cells[at].name),
        in_order=order == sorted(order),
    )


def _stands_back(cell: Cell, submitted: SubmittedCell) -> bool:
    """Whether another one of the same id is the cell: an answer that is a stub still, a locked cell with edits."""
    return _is(submitted, cell) if cell.role in (ANSWER, FREE) else not _is(submitted, cell)


def _is(submitted: SubmittedCell, cell: Cell) -> bool:
    return submitted.plain == cell.plain


def _same(one: SubmittedCell, other: SubmittedCell) -> bool:
    return one.plain == other.plain


def _turned(submitted: SubmittedCell, cell: Cell) -> bool:
    """Whether a cell's grading metadata are not those that it was given with."""
    given = (cell.raw or {})["metadata"].get("nbgrader", {})
    return any(given.get(name) != value for name, value in submitted.flags.items() if name in given)


def _places(cells: Sequence[Cell], submitted: Sequence[SubmittedCell]) -> dict[int, int]:
    """Number of a submitted cell -> number of the release's cell that it is."""
    by_grade_id = {c.name: n for n, c in enumerate(cells) if c.role != FREE}
    by_cell_id = {str(c.raw["id"]): n for n, c in enumerate(cells) if c.raw and c.raw.get("id")}
    by_source = {c.plain: n for n, c in enumerate(cells) if c.source.strip()}
    found: dict[int, int] = {}
    for number, cell in enumerate(submitted):
        keys = ((cell.grade_id, by_grade_id), (cell.cell_id, by_cell_id), (cell.plain, by_source))
        for key, known in keys:
            at = known.get(key) if key else None
            # an answer that became text by a slip of the keyboard is the answer still
            answer = known is by_grade_id and at is not None and cells[at].role == ANSWER
            if at is not None and (answer or cells[at].kind in (cell.kind, "markdown")):
                found[number] = at
                break
    return found


def _find_lost(
    cells: Sequence[Cell],
    submitted: Sequence[SubmittedCell],
    filled: dict[int, int],
    own: list[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Answers without their ids: the last cell that defines the function is it, the others stay before it."""
    for at, cell in enumerate(cells):
        wanted = function_name(cell.source)
        if cell.role != ANSWER or at in filled or not wanted:
            continue
        answers = [n for a, n in filled.items() if cells[a].role in (ANSWER, FREE)]
        if any(_defines(submitted[n], wanted) for n in answers):
            continue
        edited = [n for a, n in filled.items() if cells[a].role in (LOCKED, TEST) and not _is(submitted[n], cells[a])]
        able = [n for n in sorted([*edited, *(n for n, _ in own)]) if _defines(submitted[n], wanted)]
        if able:
            filled[at] = able[-1]
            own = [(n, min(anchor, at - 1) if n in able else anchor) for n, anchor in own if n != able[-1]]
    return own


def _defines(cell: SubmittedCell, function: str) -> bool:
    return cell.kind == "code" and function in cell.functions


def _rejoined(
    cells: Sequence[Cell], submitted: Sequence[SubmittedCell], parser: salvage.Parser
) -> tuple[list[SubmittedCell], list[int]]:
    """Answers that were split into several cells made one again, and the numbers of their places."""
    answers = {c.name: n for n, c in enumerate(cells) if c.role == ANSWER and c.kind == "code"}
    whole: list[SubmittedCell] = []
    split = []
    for cell in submitted:
        last = whole[-1] if whole else None
        if (
            last is not None
            and last.grade_id in answers
            and cell.grade_id in ("", last.grade_id)
            and last.kind == cell.kind == "code"
            and parser.one_cell(last.source, cell.source)
        ):
            whole[-1] = replace(last, source=f"{last.source}\n{cell.source}", outputs=last.outputs + cell.outputs)
            split.append(answers[last.grade_id])
        else:
            whole.append(cell)
    return whole, split


def problems_of(
    file: str, cells: Sequence[Cell], found: Alignment, by_person: set[str], own_classes: Sequence[int] = ()
) -> list[FileProblem]:
    """What was wrong with the cells, one FileProblem a kind."""
    filled, told = found.filled, []

    def of(kind: str, places: Sequence[int]) -> list[FileProblem]:
        return problems.cells(
            kind, file, [cells[at].name for at in places], [cells[at].task for at in places if cells[at].task]
        )

    locked = [at for at, c in enumerate(cells) if c.role in (LOCKED, TEST) and c.kind == "code"]
    lost = [at for at, c in enumerate(cells) if c.role == ANSWER and at not in filled]
    conflicts = [at for at, c in filled.items() if cells[at].role == ANSWER and salvage.conflicted(c.source)]
    told += of("answer_missing", [at for at in lost if cells[at].task not in by_person])
    told += of("person_lost", [at for at in lost if cells[at].task in by_person])
    told += of("conflict_cell", conflicts)
    told += of("doubled", found.doubled)
    told += of("retyped", found.retyped)
    told += of("split", found.split)
    told += of("ids_lost", found.strayed)
    told += of("flags_changed", [at for at, c in filled.items() if c.flags and _turned(c, cells[at])])
    told += of("own_class", own_classes)
    edited = [at for at in locked if at in filled and not _is(filled[at], cells[at])]
    told += of("locked_changed", [at for at in edited if at not in own_classes])
    # what grading never runs is missed by nobody: a picture, or a cell that came with a later release
    told += of("locked_missing", [at for at in locked if at not in filled and not cells[at].skip])
    if not found.in_order:
        told.append(FileProblem("reordered", file))
    return told
