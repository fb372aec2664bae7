"""What a student handed in beside a notebook that its cells may use: modules, packages, data, the other notebook."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from autograder.archive import MEGABYTE
from autograder.submissions import cells
from autograder.submissions.merge import Merged
from autograder.submissions.submission import Submission

MODULES, DATA = 1 * MEGABYTE, 8 * MEGABYTE  # of all Python files together, and of all other files
MAX_FILES = 100
NOTEBOOK = ".ipynb"
NO_DATA = (NOTEBOOK, ".npz", ".zip", ".tar", ".gz", ".tgz", ".rar", ".7z", ".pdf", ".docx", ".mp4")


@dataclass(frozen=True)
class Beside:
    """Files by their place as the notebook sees them. data: all that are no modules."""

    modules: Mapping[str, bytes] = field(default_factory=dict)
    data: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """All of them."""
        return {**self.modules, **self.data}


def beside(handed_in: Submission, merged: Mapping[str, Merged], name: str, ours: Collection[str]) -> Beside:
    """The files in the notebook's folder and below it. ours: names of the release's files, which stay ours."""
    book, ours = merged[name], frozenset(ours)
    modules: dict[str, bytes] = {}
    data: dict[str, bytes] = {}
    room = {True: MODULES, False: DATA}
    for path, content in sorted(handed_in.files.items()):
        place = path.removeprefix(book.folder)
        is_module = place.endswith(".py")
        taken = not ours.isdisjoint(place.split("/")) or not path.startswith(book.folder)
        if taken or (not is_module and place.lower().endswith(NO_DATA)) or len(content) > room[is_module]:
            continue
        if len(modules) + len(data) >= MAX_FILES:
            break
        room[is_module] -= len(content)
        (modules if is_module else data)[place] = cells.text_of(content).encode() if is_module else content
    for other, its in merged.items():
        if other != name and any(f"{other}{NOTEBOOK}" in cell.source and "%run" in cell.source for cell in book.cells):
            modules[f"{other}{NOTEBOOK}"] = _code_of(its)
    return Beside(modules, data)


def _code_of(book: Merged) -> bytes:
    """A notebook's code alone, as %run reads it."""
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": cell.source, "metadata": {}, "outputs": [], "execution_count": None}
        for cell in book.cells
        if cell.runs
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
