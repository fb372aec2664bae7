"""Work that a person marks: looked for in its cell, in cells of one's own, in files; and known again by a hash."""

import ast
import hashlib
import json
import re
from collections.abc import Collection, Mapping

from autograder.course import PERSON, Assignment, Task
from autograder.submissions import salvage
from autograder.submissions.align import ANSWER, EXTRA, FREE, Cell
from autograder.submissions.merge import Merged
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import PICTURES, Submission

# code, models, and what tools leave are no proof; and a packed submission is the whole, not a part
NO_WORK = re.compile(
    r"\.(ipynb|py|pyc|npz)(/|$)|-submission\.zip$|(^|/)(\.|~\$|__)|(^|/)(thumbs\.db|desktop\.ini|"
    r"timestamp\.txt|submission_secret\.txt|submission_metadata\.yml)$|"
    r"(^|/)feedback/\d{4}-\d\d-\d\d [^/]+/[^/]+\.html$",  # pages that the student fetched for an earlier attempt
    re.IGNORECASE,
)


def files(handed_in: Submission, ours: Collection[str]) -> dict[str, bytes]:
    """Files that may hold such work: all that are not ours by name. ours: names of the release's files."""
    known = {name.casefold() for name in ours}
    return {
        name: data
        for name, data in handed_in.files.items()
        if not NO_WORK.search(name) and name.rsplit("/", 1)[-1].casefold() not in known
    }


def cell_of(merged: Mapping[str, Merged], task: Task) -> Cell | None:
    """The task's own cell, where the student wrote into it."""
    cells = merged[task.notebook].cells
    return next((c for c in cells if c.role == ANSWER and c.task == task.name and c.written), None)


def elsewhere(merged: Mapping[str, Merged], task: Task) -> list[Cell]:
    """Cells outside of the task's own in which the student wrote or pasted something that is no code."""
    lost = task.name in merged[task.notebook].lost
    return [
        cell
        for name, book in merged.items()
        for cell in book.cells
        if (cell.role == EXTRA or (cell.role == FREE and cell.written and name == task.notebook))
        and (_is_text(cell) or (lost and name == task.notebook and cell.source.strip()))
    ]


def _is_text(cell: Cell) -> bool:
    """Whether a cell holds text or a picture: code that is comments alone, or none at all, is text too."""
    if cell.submitted is not None and cell.submitted.attachments:
        return True
    if not cell.source.strip() or cell.kind != "code":
        return bool(cell.source.strip())
    if cell.source.lstrip().startswith(("%", "!")):
        return False
    return all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in salvage.statements(cell.source))


def answered(merged: Mapping[str, Merged], task: Task, handed_in: Submission, ours: Collection[str]) -> bool:
    """Whether anything is there that may be the answer."""
    return bool(cell_of(merged, task) or elsewhere(merged, task) or files(handed_in, ours))


def problems(
    merged: Mapping[str, Merged], assignment: Assignment, handed_in: Submission, ours: Collection[str]
) -> list[FileProblem]:
    """A line for each task whose answer does not stand in its cell, but perhaps elsewhere."""
    found = []
    for task in assignment.tasks:
        if task.graded_by == PERSON and cell_of(merged, task) is None and task.name not in merged[task.notebook].lost:
            places = [*(c.name for c in elsewhere(merged, task)), *files(handed_in, ours)]
            if places:
                some = ", ".join(places[:3]) + (", ..." if len(places) > 3 else "")
                facts = {"cells": task.answer_cell, "places": some}
                found.append(FileProblem("person_elsewhere", f"{task.notebook}.ipynb", facts, (task.name,)))
    return found


def answer_hash(merged: Mapping[str, Merged], task: Task, submission: Submission, ours: Collection[str] = ()) -> str:
    """Hash of a task's answer, and what it is worth: a person's mark is for both.

    Pictures and scans belong to an answer that a person marks, and where its cell is empty, all that may be the
    answer; to any other, the student's own code and classes beside it, and the saved model where the task is about one.
    """
    total = hashlib.sha256()
    book, by_person = merged[task.notebook], task.graded_by == PERSON
    for cell in book.cells:
        if (cell.role == ANSWER and cell.task == task.name) or (cell.role == EXTRA and task.name in book.lost):
            _add(total, cell)
        elif not by_person and cell.is_for_all:
            total.update(cell.source.encode() + b"\0")
    wanted = PICTURES if by_person else (".py", ".npz") if task.saved_model else (".py",)
    names = {name for name in submission.files if name.lower().endswith(wanted)}
    if by_person and cell_of(merged, task) is None and task.name not in book.lost:
        for cell in elsewhere(merged, task):
            _add(total, cell)
        names |= files(submission, ours).keys()
    for name in sorted(names):
        total.update(name.encode() + submission.files[name])
    return f"{total.hexdigest()[:16]} of {float(task.points)!r}"


def _add(total: "hashlib._Hash", cell: Cell) -> None:
    attached = cell.submitted.attachments if cell.submitted else {}
    total.update(json.dumps([cell.source, attached], sort_keys=True).encode())
