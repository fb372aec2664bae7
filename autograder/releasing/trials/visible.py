"""What the visible checks say of a made-up submission, held against its hidden verdict.

It runs in this process, as the reference and its mistakes do: code of ours alone, never a student's.
"""

import contextlib
import io
import itertools
import json
import linecache
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import deadline
from autograder.course import JUDGE, Assignment, Course
from autograder.course.loading import load_module
from autograder.errors import CourseError
from autograder.releasing import baked
from autograder.submissions.cells import joined
from autograder.submissions.merge import SKIP_TAG

if TYPE_CHECKING:  # the audit imports this module
    from autograder.releasing.trials.audit import Row

SECONDS = 30.0  # of one cell
SHOWN = 300  # characters of what a check says
GREEN, NOT_YET = "passed", "not yet"
BEGIN, END = "<!-- made by `autograder audit --visible` -->", "<!-- its end -->"
_numbers = itertools.count()  # of cells: each is known to linecache under a name of its own


@dataclass(frozen=True)
class Seen:
    """How a visible check ended: `state` is the word behind its task, `said` all that it printed."""

    state: str
    said: str

    @property
    def to_do(self) -> str:
        """The last thing that it said."""
        return self.said.strip().rpartition("\n")[2].strip()


def look(course: Course, assignment: Assignment, files: Mapping[str, bytes]) -> dict[str, Seen]:
    """Run the notebooks of a made-up submission, and then each visible check -> what it says, by task."""
    seen: dict[str, Seen] = {}
    judged = {task.name for task in assignment.tasks if task.graded_by == JUDGE}
    with _modules(course, assignment):
        for name in assignment.notebooks:
            names: dict[str, Any] = {"__name__": "__main__"}
            checks = {}
            np.random.seed(0)
            for cell in json.loads(files[f"{name}.ipynb"])["cells"]:
                grade_id, source = cell["metadata"].get("nbgrader", {}).get("grade_id", ""), joined(cell["source"])
                if cell["cell_type"] != "code" or SKIP_TAG in cell["metadata"].get("tags", ()):
                    continue
                if grade_id in judged:
                    checks[grade_id] = source
                else:
                    _run(source, names)
            for task, source in checks.items():
                said, error = _run(source, names)
                found = re.match(rf"{re.escape(task)}: (.*)", said)
                state = found[1] if found else GREEN
                seen[task] = Seen(NOT_YET if error else state, said or error)
    return seen


def _run(source: str, names: dict[str, Any]) -> tuple[str, str]:
    """Run a cell -> (what it prints, its error or "")."""
    place = f"<visible check {next(_numbers)}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), _quiet():
        try:
            with deadline.within(SECONDS):
                exec(compile(source, place, "exec"), names)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    return printed.getvalue(), error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _modules(course: Course, assignment: Assignment) -> Iterator[None]:
    """The release's own modules, as notebooks import them."""
    paths = [path for path in course.beside_notebooks(assignment.name) if path.suffix == ".py"]
    before = {path.stem: sys.modules.get(path.stem) for path in paths}
    try:
        for path in paths:
            names = vars(load_module(path, path.stem))
            if "LANGUAGE" in names:  # the tables here compare words: in English, whatever students read
                names["LANGUAGE"] = "en"
        yield
    finally:
        for name, earlier in before.items():
            sys.modules.pop(name, None)
            if earlier is not None:
                sys.modules[name] = earlier


# ---- other submissions than the author's list ---------------------------------------------------


def cases(folder: Path, right: Mapping[str, str], last: str) -> dict[str, dict[str, str]]:
    """Answers by the names of the files in a folder: a whole class, or the cells behind lines such as `# T7-answer`.

    right: the other answers; last: the task whose cell a whole class stands in.
    """
    found = {}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        parts = re.split(r"^# (T\d+)-answer\n", text, flags=re.MULTILINE)
        given = dict(zip(parts[1::2], parts[2::2], strict=True))
        plain = {task: source for task, source in right.items() if not source.startswith("def ")}
        found[path.stem] = {**right, **given} if given else {**plain, last: text}
    return found


# ---- the table ----------------------------------------------------------------------------------


def compared(course: Course, assignment: Assignment) -> tuple[str, ...]:
    """The tasks whose visible checks compare with baked numbers; of another assignment all that are judged."""
    declared = baked.declared(course, assignment)
    return tuple(declared.pools) if declared else tuple(t.name for t in assignment.tasks if t.graded_by == JUDGE)


def green_but_lost(row: "Row", tasks: Sequence[str]) -> list[str]:
    """Tasks whose check passes, and that lose a mark."""
    return [task for task in tasks if task in row.lost and row.seen[task].state == GREEN]


def not_yet_but_right(row: "Row", tasks: Sequence[str]) -> list[str]:
    """Tasks whose check says "not yet", and that lose none."""
    return [task for task in tasks if task not in row.lost and row.seen[task].state == NOT_YET]


def table(rows: Sequence["Row"], tasks: Sequence[str]) -> Iterator[str]:
    """Markdown: the sums for each task, what differs, and every row."""
    yield "| task | lose a mark | told *not yet* | in graders' words | passes, yet marks lost | *not yet*, yet right |"
    yield "|---|---|---|---|---|---|"
    for task in tasks:
        wrong = [row for row in rows if task in row.lost]
        told = [row for row in wrong if row.seen[task].state == NOT_YET]
        named = [row for row in told if row.task == task and row.mistake and row.message in row.seen[task].said]
        green = sum(task in green_but_lost(row, tasks) for row in rows)
        right = sum(task in not_yet_but_right(row, tasks) for row in rows)
        yield f"| {task} | {len(wrong)} | {len(told)} | {len(named)} | {green} | {right} |"
    yield ""
    yield "| submission | loses marks in | the check says *not yet* | the form fits |"
    yield "|---|---|---|---|"
    for row in rows:
        states = {task: seen.state for task, seen in row.seen.items() if task in tasks}
        lost = [task for task in row.lost if task in tasks]
        other = [task for task, state in states.items() if state not in (GREEN, NOT_YET)]
        yield (
            "| "
            + " | ".join((row.name, _list(lost), _list([t for t, s in states.items() if s == NOT_YET]), _list(other)))
            + " |"
        )
    strict = [(row, task) for row in rows for task in not_yet_but_right(row, tasks)]
    if strict:
        yield ""
        yield "*Not yet*, and right:"
        yield ""
    for row, task in strict:
        yield f"- {row.name}, {task}: {row.seen[task].to_do[:SHOWN]}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "-"


def put_into(path: Path, lines: Iterable[str]) -> None:
    """Put the table into a page, between the two comments that mark its place."""
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CourseError(f"{path}: the lines {BEGIN} and {END} mark the place of the table, each once")
    before, _, rest = text.partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.partition(END)[2]}", encoding="utf-8")
