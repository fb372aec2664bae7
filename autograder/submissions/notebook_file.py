"""A submitted file read as a notebook, whatever has become of it; and which file is which notebook."""

import contextlib
import json
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from autograder.submissions import cells as cells_module
from autograder.submissions import salvage
from autograder.submissions.cells import NoCells, SubmittedCell
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import Submission

MAX_PAPERS = 20
NOTEBOOK = ".ipynb"
MAYBE = (".json", ".txt", ".py")  # read where a notebook is missing


@dataclass(frozen=True)
class NotebookFile:
    """A file and the cells that could be read of it, with what was wrong."""

    file: str
    cells: tuple[SubmittedCell, ...] = ()
    problems: tuple[FileProblem, ...] = ()

    @property
    def base(self) -> str:
        """The file's name without folders."""
        return base_name(self.file)


def notebook_files(handed_in: Submission, wanted: Collection[str]) -> list[str]:
    """Names of files that are notebooks or may be, those of the wanted names first, then those nearest to the top."""

    def order(file: str) -> tuple[bool, int, str]:
        return base_name(file) not in wanted, file.count("/"), file

    names = [name for name in sorted(handed_in.files, key=order) if _may_be(name, handed_in.files[name])]
    return names[:MAX_PAPERS]


def base_name(file: str) -> str:
    """A file's name without folders."""
    return file.rsplit("/", 1)[-1]


def is_notebook(file: str) -> bool:
    """Whether a file is a notebook by its name."""
    return base_name(file).lower().endswith(NOTEBOOK)


def _may_be(name: str, data: bytes) -> bool:
    if is_notebook(name):
        return True
    base = base_name(name).lower()
    head = data[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t\0")
    return (base.endswith(MAYBE) or "." not in base) and (head.startswith(b"{") or base.endswith(".py"))


def read(file: str, data: bytes) -> NotebookFile:
    """The cells of one file. Nothing raises: a file without any says why in its problems."""
    text, encoding = cells_module.decoded(data)
    odd = [FileProblem("encoding", file, {"encoding": encoding})] if encoding not in ("", "UTF-8") else []
    if file.lower().endswith(".py"):
        return NotebookFile(file, _cells(salvage.script_cells(text)), (FileProblem("script", file), *odd))
    try:
        content = cells_module.content_of(text)
    except NoCells as error:
        cells, problem = _salvaged(file, text, error)
        return NotebookFile(file, cells, (problem, *odd) if cells else (problem,))
    version = content.get("nbformat")
    if isinstance(version, int) and version != 4:
        odd.append(FileProblem("old_format" if version < 4 else "new_format", file, {"version": str(version)[:20]}))
    cells = _cells(content["cells"])
    return NotebookFile(file, cells, tuple(odd) if cells else (FileProblem("no_cells", file),))


def _cells(raw: Sequence[Any]) -> tuple[SubmittedCell, ...]:
    return tuple(cells_module.cell(c) for c in raw[: cells_module.MAX_CELLS] if isinstance(c, dict))


def _salvaged(file: str, text: str, error: NoCells) -> tuple[tuple[SubmittedCell, ...], FileProblem]:
    """What can be had of a file that is no whole notebook."""
    if error.kind != "not_json":
        return (), FileProblem(error.kind, file)
    if salvage.conflicted(text):
        return _agreed(file, *salvage.sides(text))
    if whole := salvage.before_the_rest(text):
        with contextlib.suppress(NoCells):
            return _cells(cells_module.content_of(whole)["cells"]), FileProblem("trailing", file)
    if cells := _cells(salvage.whole_cells(text)):
        return cells, FileProblem("cut", file, {"count": str(len(cells))})
    if salvage.SCRIPT.search(text):
        return _cells(salvage.script_cells(text)), FileProblem("script", file)
    return (), FileProblem("not_json", file)


def _agreed(file: str, ours: str, theirs: str) -> tuple[tuple[SubmittedCell, ...], FileProblem]:
    """The cells that both sides of a conflict have alike. Which side is meant is for the student to say."""
    try:
        mine, other = (_cells(cells_module.content_of(side)["cells"]) for side in (ours, theirs))
    except NoCells:
        return (), FileProblem("conflict", file, {"left": "all"})

    def key(cell: SubmittedCell) -> str:
        return json.dumps([cell.kind, cell.grade_id, cell.source])

    there = {key(cell) for cell in other}
    here = {key(cell) for cell in mine}
    kept = tuple(cell for cell in mine if key(cell) in there)
    names = [c.grade_id or "an own cell" for c in (*mine, *other) if key(c) not in there & here]
    return kept, FileProblem("conflict", file, {"left": ", ".join(dict.fromkeys(names)) or "nothing"})


def traits(base: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """What tells one notebook of the release from the others: ids, functions, texts."""
    theirs = set().union(*(_traits(other) for other in others))
    return frozenset(_traits(base) - theirs)


def _traits(base: Mapping[str, Any]) -> set[str]:
    cells = [cells_module.cell(raw) for raw in base["cells"]]
    return set().union(*(_signs(cell) for cell in cells))


def _signs(cell: SubmittedCell) -> set[str]:
    found = {f"id {cell.grade_id}"} if cell.grade_id else set()
    found |= {f"def {name}" for name in cell.functions}
    return found | ({cell.source.strip()} if cell.source.strip() else set())


def score(found: NotebookFile, wanted: Set[str]) -> int:
    """How much of a notebook's traits a file has."""
    return len(set().union(*(_signs(cell) for cell in found.cells)) & wanted)
