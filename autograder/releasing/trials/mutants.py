"""The reference with one edit, for each edit that a machine can make: what `audit --mutants` hands in.

Edits that change nothing that a task asks for are listed by the author, each with its reason, in
equivalent_mutants.toml beside the checks.
"""

import random
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from autograder import deadline
from autograder.course import JUDGE, Assignment, Course, solution_regions
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.judging import mutations
from autograder.judging.by_machine.edits import Edit, edits_of
from autograder.judging.contract import load_checks
from autograder.judging.mutations import Mistake
from autograder.source_notebooks import function_name
from autograder.submissions.align import ANSWER
from autograder.submissions.merge import released

SEED = 1  # of a sample: the same ones each time
SECONDS = 2.0  # of plain assignments: an edit may make a loop endless
LISTED = "equivalent"  # the table of an entry
FIELDS = {"function": str, "before": str, "after": list, "reason": str, "place": int}  # the last may be left out


@dataclass(frozen=True)
class Equivalent:
    """An edit on the author's list, told as Edit.key tells it, and why it is no mistake."""

    function: str
    before: str
    after: str
    reason: str
    place: int = 1

    def holds(self, edit: Edit) -> bool:
        """Whether it is about this edit."""
        return (self.function, self.before, self.after, self.place) == edit.key

    def __str__(self) -> str:
        more = f", place {self.place}" if self.place > 1 else ""
        return f"{self.function}: {self.before!r} -> {self.after!r}{more}"


@dataclass(frozen=True)
class Mutant:
    """The answer to a task with one edit: `source` is its cell. equivalent: the author's entry for it."""

    task: str
    name: str
    place: str
    edit: Edit
    source: str
    equivalent: Equivalent | None = None


Planted = TypeVar("Planted", Mistake, Mutant)


def mutants_of(course: Course, assignment: Assignment, tasks: Collection[str]) -> list[Mutant]:
    """Every edit of the answers to these tasks.

    Left out: cells that are never run, and what gives the same values where values are all that is asked.
    """
    reference, equivalents = made_up.reference_text(course, assignment), load_equivalents(course, assignment)
    right, path = made_up.answers(course, assignment, reference), course.solution(assignment.name)
    found = []
    for task, function in _functions(course, assignment).items():
        plain = not function_name(right[task])
        for number, edit in enumerate(edits_of(reference, function) if task in tasks else ()):
            if plain:
                source = made_up.answers(course, assignment, edit.text)[task]
            else:
                source = solution_regions.node_text(edit.text, function)
            if source == right[task] or (plain and _same_values(reference, edit)):
                continue  # of plain assignments the last line is not in the cell
            listed = next((one for one in equivalents if one.holds(edit)), None)
            place = f"{path.relative_to(course.root)}:{edit.line}, {function}, {edit.kind}"
            found.append(Mutant(task, f"{task}: edit {number + 1}", place, edit, source, listed))
    return found


def _same_values(reference: str, edit: Edit) -> bool:
    """Whether plain assignments still come to what they came to: then the answer is the same."""
    right = mutations.run_text(reference, "reference")[edit.function]()
    try:
        with deadline.within(SECONDS):
            found = mutations.run_text(edit.text, "edited")[edit.function]()
        return found.keys() == right.keys() and all(np.array_equal(found[name], right[name]) for name in right)
    except Exception:  # of the edit
        return False


def sample_of(planted: Sequence[Planted], most: int) -> list[Planted]:
    """At most so many of each task, always the same ones."""
    chosen: list[Planted] = []
    for task in dict.fromkeys(one.task for one in planted):
        theirs = [one for one in planted if one.task == task]
        numbers = random.Random(SEED).sample(range(len(theirs)), min(most, len(theirs)))
        chosen += [theirs[number] for number in sorted(numbers)]
    return chosen


def _functions(course: Course, assignment: Assignment) -> dict[str, str]:
    """The reference's function for each task that the judge marks and whose cell is run."""
    sources = solution_regions.answers(course, assignment, made_up.reference_text(course, assignment))
    bases = released(course.release(assignment.name), assignment).values()
    run = {cell.task for base in bases for cell in base.cells if cell.role == ANSWER and not cell.skip}
    judged = [task.name for task in assignment.tasks if task.graded_by == JUDGE and task.name in run & sources.keys()]
    return {task: function_name(sources[task]) or task for task in judged}


def check_of(course: Course, assignment: Assignment, task: str) -> str:
    """Where the check of a task stands, and what it says that it asks."""
    path, check = course.part("checks", assignment.name), load_checks(course, assignment).of(task).check
    code = getattr(check, "__code__", None)  # not of a functools.partial
    place = f"{code.co_filename}:{code.co_firstlineno}" if code else str(path)
    says = (check.__doc__ or "").strip().partition("\n")[0]
    return ": ".join(filter(None, (place.removeprefix(f"{course.root}/"), getattr(check, "__name__", task), says)))


# ---- the author's list --------------------------------------------------------------------------


def load_equivalents(course: Course, assignment: Assignment) -> tuple[Equivalent, ...]:
    """equivalent_mutants.toml; () where there is no such file. CourseError names the first thing wrong."""
    path = course.part("equivalent_mutants", assignment.name)
    if not path.is_file():
        return ()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # of TOML, and of UTF-8
        raise CourseError(f"{path}: {error}") from error
    if wrong := next(_slips(found), ""):
        raise CourseError(f"{path}: {wrong}; docs/author.md shows an entry")
    return tuple(Equivalent(**{**entry, "after": after}) for entry in found.get(LISTED, ()) for after in entry["after"])


def unmade(course: Course, assignment: Assignment, mutants: Sequence[Mutant]) -> list[Equivalent]:
    """Entries of the list that are about none of these."""
    listed = load_equivalents(course, assignment)
    return [one for one in listed if not any(one.holds(mutant.edit) for mutant in mutants)]


def _slips(found: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the list, in words."""
    for name in found:
        if name != LISTED:
            yield f"has {name!r}; every entry begins with [[{LISTED}]]"
    entries = found.get(LISTED, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield f"every entry begins with [[{LISTED}]]"
        return
    known: set[tuple[Any, ...]] = set()
    for number, entry in enumerate(entries, start=1):
        for name, value in entry.items():
            if name not in FIELDS:
                yield f"entry {number} has {name!r}; an entry has {', '.join(FIELDS)}"
            elif type(value) is not FIELDS[name] or not value:
                yield f"entry {number}: {name} = {value!r} is no {FIELDS[name].__name__}, or empty"
        for name in FIELDS:
            if name not in entry and name != "place":
                yield f"entry {number} has no {name}"
        for after in entry.get("after", ()):
            if not isinstance(after, str):
                yield f"entry {number}: after has {after!r}, which is no text"
            key = (entry.get("function"), entry.get("before"), after, entry.get("place", 1))
            if key in known:
                yield f"entry {number}: {after!r} is listed twice"
            known.add(key)
