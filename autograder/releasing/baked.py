"""The numbers that visible checks compare with, as a file of the source: public inputs, right answers, known mistakes'.

Students get these numbers and the words for each mistake, and no line of the reference or of a mistake. Answers are
worked out from the numbers as they stand in the file, so that nobody's rounding counts.
"""

import contextlib
import hashlib
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course import Assignment, Course
from autograder.course.loading import load_author_module
from autograder.course.messages import load_messages
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging import counterexamples, mutations
from autograder.judging.checking import Examples
from autograder.judging.contract import VisibleNumbers
from autograder.judging.counterexamples import Trial
from autograder.sandbox.answers import Array

MOST_BYTES = 100_000
DECIMALS, DIGITS, FEW = 4, 7, 4  # of inputs; of right answers; of a mistake's
SAMPLE = 3  # numbers that are kept of an answer that a mistake gives; of whole numbers all
SAME = 1e-6  # another machine may round otherwise


def declared(course: Course, assignment: Assignment) -> VisibleNumbers | None:
    """VISIBLE of visible.py; None where there is no such file."""
    path = course.part("visible", assignment.name)
    if not path.is_file():
        return None
    found = getattr(load_author_module(path, f"mistakes_{assignment.name}"), "VISIBLE", None)
    if not isinstance(found, VisibleNumbers):
        raise CourseError(f"{path}: VISIBLE is not there, or no VisibleNumbers: docs/author.md")
    return found


def file_of(course: Course, assignment: Assignment) -> Path | None:
    """Where the numbers stand in the source; None where the assignment has none."""
    visible = declared(course, assignment)
    return course.source(assignment.name) / visible.file if visible else None


def bake(course: Course, assignment: Assignment) -> dict[str, Any]:
    """The numbers, and words for each mistake; {} where the assignment has none.

    CourseError names a mistake that these inputs do not show.
    """
    visible = declared(course, assignment)
    if visible is None:
        return {}
    key = _key(course, assignment)
    if key not in _known:
        _known[key] = json.dumps(_bake(course, assignment, visible))
    found: dict[str, Any] = json.loads(_known[key])
    return found


_known: dict[str, str] = {}  # JSON by key: a release asks three times


def _key(course: Course, assignment: Assignment) -> str:
    """A hash of all that decides about the numbers."""
    name, found = assignment.name, hashlib.sha256(course.language.encode())
    own = (path for path in course.assignment_folder(name).rglob("*") if "__pycache__" not in path.parts)
    modules = *course.solution(name).parent.glob("*.py"), *course.source(name).glob("*.py")
    for path in sorted(path for path in (*own, *modules) if path.is_file()):
        found.update(f"\0{path.relative_to(course.root)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _bake(course: Course, assignment: Assignment, visible: VisibleNumbers) -> dict[str, Any]:
    text = course.solution(assignment.name).read_text(encoding="utf-8")
    messages = load_messages(course, assignment)
    reference = mutations.run_text(text, "reference")
    ask = visible.asking(course.source(assignment.name))
    cases: dict[str, list[Mapping[str, Array]]] = {
        pool: [{name: np.asarray(np.round(value, DECIMALS)) for name, value in case.items()} for case in some]
        for pool, some in visible.cases(reference).items()
    }
    inputs = {pool: [_as_lists(case) for case in some] for pool, some in cases.items()}
    tasks: dict[str, Any] = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for task, pool in visible.pools.items():
            right = [_rounded(ask(task, reference, case), DIGITS) for case in cases[pool]]
            mistakes = []
            for mistake in mutations.load_mistakes(course, assignment):
                if mistake.task != task or not mistake.edits or mistake.in_class:
                    continue
                names = mutations.run_text(mutations.plant(text, mistake.edits, mistake.name), mistake.name)
                answers = [_answers(ask, task, names, case) for case in cases[pool]]
                if answers == [_sampled(one) for one in right]:
                    raise CourseError(
                        f"{course.part('visible', assignment.name)}: {task}: its inputs do not show {mistake.name}"
                    )
                mistakes.append([messages.mistake(task, mistake.name), answers])
            tasks[task] = {
                "pool": pool,
                "right": [_as_lists(one) for one in right],
                "hint": messages.of_task(task, "hint"),
                "mistakes": mistakes,
            }
            cases[pool] = [{**case, **one} for case, one in zip(cases[pool], right, strict=True)]
    return {"cases": inputs, "tasks": tasks, **_trials(course, assignment, reference)}


def _trials(course: Course, assignment: Assignment, reference: Mapping[str, Any]) -> dict[str, Any]:
    """The public cells by which a mistake is shown, with right answers. What stands in several stands there once."""
    pools: list[Any] = []
    lines: list[str] = []
    found: dict[str, Any] = {}
    for task, trials in counterexamples.load_trials(course, assignment, reference).items():
        by_cell: dict[Examples, list[Trial]] = {}
        for trial in trials:
            by_cell.setdefault(trial.examples, []).append(trial)
        found[task] = []
        for examples, some in by_cell.items():
            cases = [dict(trial.case) for trial in some]
            pools += [cases] if cases not in pools else []
            cell = examples.cell.split("\n")
            lines += [line for line in dict.fromkeys(cell) if line not in lines]
            found[task].append(
                {
                    "cell": [lines.index(line) for line in cell],
                    "cases": pools.index(cases),
                    "of_class": examples.of_class,
                    "behind": examples.behind,
                    "close": examples.close,
                    "same_shape": examples.same_shape,
                    "right": [_as_lists(_rounded(trial.right, DIGITS)) for trial in some],
                }
            )
    return {"trials": found, "pools": pools, "lines": lines} if found else {}


def _answers(ask: Any, task: str, names: Mapping[str, Any], case: Any) -> list[list[float]] | None:
    """What a mistake answers, as the file keeps it; None where it raises."""
    with contextlib.suppress(Exception):
        return _sampled(ask(task, names, {name: value.copy() for name, value in case.items()}))
    return None


def _sampled(answers: Mapping[str, Array]) -> list[list[float]]:
    """Some of the numbers of each answer, from the first to the last."""
    found = []
    for value in answers.values():
        flat = value.ravel()
        most = flat.size if np.all(flat == np.round(flat)) and flat.size < 100 else SAMPLE
        some = flat[np.linspace(0, flat.size - 1, min(flat.size, most)).astype(int)]
        found.append([_number(one, FEW) for one in some])
    return found


def _rounded(answers: Mapping[str, Array], digits: int) -> dict[str, Array]:
    return {
        name: np.array([_number(one, digits) for one in value.ravel()]).reshape(value.shape)
        for name, value in answers.items()
    }


def _number(value: Any, digits: int) -> float:
    """A number with so many digits; a whole one as such."""
    found = float(f"{float(value):.{digits}g}")
    return int(found) if found == round(found, 0) and abs(found) < 1e6 else found


def _as_lists(case: Mapping[str, Array]) -> dict[str, Any]:
    return {name: _whole(value.tolist()) for name, value in case.items()}


def _whole(value: Any) -> Any:
    """Whole numbers without their .0, which JSON need not carry."""
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if np.isfinite(value) and value == int(value) else value


def text_of(numbers: Mapping[str, Any]) -> str:
    """The file's text: JSON, with a digest by which the students' module sees that it was edited."""
    plain = json.loads(json.dumps(numbers))
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({"digest": digest, **plain}, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(course: Course, assignment: Assignment) -> bool:
    """Bake the numbers anew where the file is another one -> whether it was."""
    path, numbers = file_of(course, assignment), bake(course, assignment)
    if path is None or not stale(path, numbers):
        return False
    text = text_of(numbers).encode("utf-8")
    if len(text) > MOST_BYTES:
        raise CourseError(f"{path}: {len(text):,} bytes, at most {MOST_BYTES:,} are to travel: ask fewer public inputs")
    write_whole(path, text)
    return True


def stale(path: Path, numbers: Mapping[str, Any]) -> str:
    """Why a file is not the one that these numbers make; "" where it is."""
    if not path.is_file():
        return "is not there"
    if edited(path):
        return "was edited by hand"
    found = json.loads(path.read_text(encoding="utf-8"))
    found.pop("digest")
    return "" if _alike(found, json.loads(json.dumps(numbers))) else "is stale: not what the reference gives now"


def edited(path: Path) -> bool:
    """Whether its digest is not that of its numbers."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return bool(found.pop("digest") != json.loads(text_of(found))["digest"])
    except (ValueError, AttributeError, KeyError):  # no JSON, or none of ours
        return True


def _alike(one: Any, other: Any) -> bool:
    """Whether two pieces of JSON are the same, but for the rounding of a machine."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME**2) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def numbers_in(value: Any) -> Sequence[float]:
    """All numbers in a piece of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for one in value for number in numbers_in(one)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
