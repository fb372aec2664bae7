"""What was wrong with the files of a submission: one line for the instructor, one for the student."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autograder.course import Assignment
from autograder.course.messages import Messages
from autograder.judging.verdicts import FAILED, NOT_CHECKED, Verdict
from autograder.sandbox.answers import printable

# kind -> the instructor's line; the student's stands in course/engine_messages.toml under [files]
LINES = {
    "too_large": "{file}: {size} MB is over the limit of {limit} MB; left out",
    "too_many": "{file}: left out, with {count} more; a submission may have {limit} files of {size} MB together",
    "too_many_names": "{file}: more than {limit} files and folders: the rest was not looked at",
    "more_problems": "{file}: and {count} more problems with files",
    "not_a_time": "{file}: {text} is not a time like 2026-11-05 12:00:00 UTC; not read: mend it, then grade again",
    "not_plain": "{file}: not a plain file but {what}; left out",
    "not_readable": "{file}: cannot be read ({why}); mend its permissions and grade again",
    "broken_archive": "{file}: {why}; ask for it again",
    "left_in_archive": "{file}: {why}; left out",
    "missing": "{file} is missing{instead}",
    "empty": "{file}: the file is empty; ask for it again",
    "not_json": "{file}: the file is not a notebook (not JSON); ask for it again",
    "not_notebook": "{file}: the file is not a notebook; ask for it again",
    "no_cells": "{file}: the notebook has no cells; ask for it again",
    "too_many_values": "{file}: the notebook has more values than a notebook can have; not read",
    "cut": "{file}: cut off or damaged after {count} cells; what stands before was marked",
    "trailing": "{file}: something stands after the notebook's end; the notebook was marked",
    "conflict": "{file}: git conflict markers; cells that are the same on both sides were marked, {left} left out",
    "conflict_cell": "{file}: git conflict markers in {cells}",
    "encoding": "{file}: saved as {encoding}, read all the same",
    "old_format": "{file}: notebook format {version}, which is old; read all the same",
    "new_format": "{file}: notebook format {version}, which is unknown; read as format 4",
    "script": "{file}: a Python script in place of a notebook; its cells were taken from it",
    "found_as": "{file} was found as {found}",
    "several": "{file}: several hold it; {found} was marked, {others} was not",
    "answer_missing": "{file}: the answer cell is missing: {cells}",
    "person_lost": "{file}: the cell of {cells} is not there; look through the student's own cells",
    "person_elsewhere": "{file}: nothing stands in {cells}; a person looks through {places}",
    "doubled": "{file}: there twice, the later one is used where they differ: {cells}",
    "retyped": "{file}: not code cells any more, read as code: {cells}",
    "split": "{file}: split cells put together again: {cells}",
    "ids_lost": "{file}: ids lost, cells found by what stands in them: {cells}",
    "flags_changed": "{file}: grading metadata changed, those of the release were used: {cells}",
    "reordered": "{file}: cells stand in another order; run in the order of the release",
    "locked_changed": "{file}: locked cells changed, the originals were used: {cells}",
    "own_class": "{file}: a class of the student's own stands in place of the given one, and was marked: {cells}",
    "locked_missing": "{file}: locked cells missing, the originals were used: {cells}",
    "model_found_as": "{file} was found as {found}",
    "bad_model": "{file}: cannot be read ({why})",
}
# after these something may have no mark at all: tasks that were not checked say this in place of anything else
COSTLY = (
    "too_large",
    "too_many",
    "too_many_names",
    "not_plain",
    "not_readable",
    "broken_archive",
    "left_in_archive",
    "missing",
    "empty",
    "not_json",
    "not_notebook",
    "no_cells",
    "too_many_values",
    "cut",
    "conflict",
    "answer_missing",
)


@dataclass(frozen=True)
class FileProblem:
    """One thing wrong with a file. `tasks`: the tasks that it may have to do with, where that is known."""

    kind: str
    file: str
    facts: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return printable(LINES[self.kind].format_map({**self.facts, "file": self.file}))

    def names(self, file: str) -> bool:
        """Whether it is about a file of that name, in whatever folder."""
        return self.file.rsplit("/", 1)[-1] == file


def cells(kind: str, file: str, names: Iterable[str], tasks: Iterable[str] = ()) -> list[FileProblem]:
    """One FileProblem for all the cells named, or none where there are none."""
    told = ", ".join(dict.fromkeys(names))
    return [FileProblem(kind, file, {"cells": told}, tuple(dict.fromkeys(tasks)))] if told else []


@dataclass(frozen=True)
class Told:
    """What student and instructor are told about the files of a submission."""

    verdicts: Mapping[str, Verdict]
    lines: tuple[str, ...]  # for the student
    notes: tuple[str, ...]  # for the instructor


def tell(
    found: Mapping[str, Verdict], problems: Iterable[FileProblem], words: Messages, assignment: Assignment
) -> Told:
    """The verdicts with the lines for the student in their messages, and the lines alone.

    A line stands at the tasks that it cost, else at the first task that it concerns.
    """
    told, lines, notes = dict(found), [], []
    replaced: set[str] = set()
    for problem in problems:
        concerned = problem.tasks or _tasks_of(problem, assignment)
        unmarked = [task for task in concerned if told[task].status == NOT_CHECKED]
        if problem.kind == "answer_missing" and not unmarked:
            continue  # the answer was found elsewhere
        notes.append(str(problem))
        if problem.kind not in words.engine["files"]:
            continue  # the verdict says it already
        line = printable(words.say("files", problem.kind, **{**problem.facts, "file": problem.file}))
        lines.append(line)
        costly = problem.kind in COSTLY and unmarked
        wrong = [task for task in concerned if told[task].status in (FAILED, NOT_CHECKED)]
        for task in unmarked if costly else (*wrong, *concerned)[:1]:
            before = f"{told[task].message}\n" if task in replaced or not costly else ""
            told[task] = replace(told[task], message=before + line)
            replaced.add(task)
    return Told(told, tuple(lines), tuple(notes))


def _tasks_of(problem: FileProblem, assignment: Assignment) -> tuple[str, ...]:
    if with_model := tuple(t.name for t in assignment.tasks if t.saved_model and problem.names(t.saved_model)):
        return with_model
    of_notebook = tuple(t.name for t in assignment.tasks if problem.names(f"{t.notebook}.ipynb"))
    return of_notebook or (assignment.tasks[0].name,)
