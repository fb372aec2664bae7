"""course_config.py, read and checked: the first thing that is wrong is named in one line."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autograder.course.late import Late
from autograder.course.loading import load_module
from autograder.course.records import (
    ASSIGNMENT_NAME,
    EXAMINER,
    JUDGE,
    LANGUAGES,
    LEAST,
    MOST,
    PERSON,
    SYSTEM_CALLS,
    Assignment,
    Course,
    Limits,
    Task,
)
from autograder.errors import CourseError
from autograder.source_notebooks import grade_ids, tasks_of


def load_course(root: Path) -> Course:
    """Read and check course_config.py under `root`; CourseError names the first thing wrong."""
    config = root / "course_config.py"
    if not config.is_file():
        raise CourseError(f"{config}: not found; run in the course folder or pass --course DIR")
    try:
        found: Any = load_module(config, "course_config").course
    except AttributeError:
        raise CourseError(f"{config}: defines no `course`; see the one that came with the kit") from None
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(f"{config}: {type(error).__name__}: {error}") from error
    if wrong := next(_wrong_types(found), ""):
        raise CourseError(f"{config}: {wrong}")
    course: Course = replace(found, root=root.resolve())
    course = replace(course, assignments=tuple(_told_by_notebooks(course, one) for one in course.assignments))
    for assignment in course.assignments:
        _refuse_old_shape(course, assignment.name)
    _check_values(course)
    for assignment in course.assignments:
        _check_parts(course, assignment)
    return replace(course, assignments=tuple(assignment.with_points() for assignment in course.assignments))


def _told_by_notebooks(course: Course, assignment: Assignment) -> Assignment:
    """The assignment with the tasks that its source notebooks tell of, where it says that they do."""
    name = assignment.name
    if not assignment.told_by_notebooks or not re.fullmatch(ASSIGNMENT_NAME, name):
        return assignment
    paths = sorted(course.source(name).glob("*.ipynb"))
    if not paths:
        raise CourseError(
            f"course_config.py: {name}: no notebook in {course.source(name)}; put yours there, or take the "
            f"line out, and `autograder new {name} --simple` writes one"
        )
    return replace(
        assignment,
        tasks=tuple(
            Task(
                one.name,
                one.notebook,
                graded_by=PERSON if one.by_person else EXAMINER,
                points=sum(one.points),
                answers=one.answers,
                tests=one.tests,
                shares=one.points,
            )
            for one in tasks_of(paths, name)
        ),
    )


def _wrong_types(found: Any) -> Iterator[str]:
    """What is no record, or no tuple of records: mostly a comma that is missing."""
    if not isinstance(found, Course):
        yield f"course is {_shown(found)}; write course = Course(...)"
        return
    if not isinstance(found.assignments, tuple | list):
        yield f"assignments is {_shown(found.assignments)}; it takes a tuple: (hw5,) with its comma"
        return
    for number, assignment in enumerate(found.assignments, start=1):
        if not isinstance(assignment, Assignment):
            yield f"assignments: the entry {number} is {_shown(assignment)}, no Assignment"
            return
        here = assignment.name
        if not isinstance(assignment.tasks, tuple | list):
            yield f"{here}: tasks is {_shown(assignment.tasks)}; it takes a tuple: (Task(...),) with its comma"
            return
        for at, task in enumerate(assignment.tasks, start=1):
            if not isinstance(task, Task):
                yield f"{here}: tasks: the entry {at} is {_shown(task)}, no Task"
        for name, kind in (("limits", Limits), ("late", Late), ("thresholds", Mapping)):
            if not isinstance(getattr(assignment, name), kind):
                yield f"{here}: {name} is {_shown(getattr(assignment, name))}, no {kind.__name__}"
                return
        if not isinstance(calls := assignment.limits.system_calls, tuple | list):
            yield f'{here}: limits: system_calls is {_shown(calls)}; it takes a tuple: ("numa",) with its comma'
    for name, value in vars(found).items():
        if isinstance(getattr(Course, name, None), str) and not isinstance(value, str):
            yield f"{name} is {_shown(value)}; it takes a text"


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:80]


def _check_values(course: Course) -> None:
    where = "course_config.py"
    if course.language not in LANGUAGES:
        raise CourseError(f"{where}: language {course.language!r} is not one of {', '.join(LANGUAGES)}")
    _check_ways(where, course)
    _no_doubles(where, "assignment", [a.name for a in course.assignments])
    for assignment in course.assignments:
        here = f"{where}: {assignment.name}"
        if not re.fullmatch(ASSIGNMENT_NAME, assignment.name):
            raise CourseError(f"{here}: use only letters, digits, - and _ in an assignment's name")
        _no_doubles(here, "task", [task.name for task in assignment.tasks])
        for task in assignment.tasks:
            if task.graded_by not in (JUDGE, EXAMINER, PERSON):
                raise CourseError(f"{here}: {task.name}: graded_by {task.graded_by!r} is not judge, examiner or person")
            if task.graded_by == JUDGE and assignment.by_examiner:
                raise CourseError(f"{here}: {task.name}: graded_by is judge, and examiner elsewhere; use one of them")
            if not isinstance(task.saved_model, str):
                raise CourseError(f"{here}: {task.name}: saved_model={task.saved_model!r} is no file's name")
            if not _are_points(task.points):
                raise CourseError(
                    f"{here}: {task.name}: points={_repr(task.points)} is no number from {LEAST:g} to {MOST:g}; write "
                    "points=2, or leave it out"
                )
        for dataset, bounds in assignment.thresholds.items():
            for bound in bounds:
                if not 0 <= bound <= 1:
                    raise CourseError(f"{here}: threshold {bound} for {dataset} is not between 0 and 1")
        if assignment.thresholds and assignment.dataset not in assignment.thresholds:
            raise CourseError(f"{here}: no thresholds for dataset {assignment.dataset!r}")
        for name, value in vars(assignment.limits).items():
            if name != "system_calls" and not value > 0:
                raise CourseError(f"{here}: limit {name} = {value} must be above 0")
        for group in assignment.limits.system_calls:
            if group not in SYSTEM_CALLS:
                known = ", ".join(SYSTEM_CALLS)
                raise CourseError(f"{here}: limits: system_calls has no group {group!r}; it takes some of {known}")
        if wrong := _environment(course, assignment):
            raise CourseError(f"{here}: environment {_repr(assignment.environment)}: {wrong}")
        if wrong := assignment.late.wrong(assignment.due, course.timezone):
            raise CourseError(f"{here}: {wrong}")


def _environment(course: Course, assignment: Assignment) -> str:
    """What is wrong with the name of a lock file."""
    name = assignment.environment
    if not isinstance(name, str):
        return 'is no text; write environment="hw5.lock"'
    if name and not assignment.by_examiner:
        return "its tests are not its notebooks' own, and have the judge's packages; leave it out"
    if name and not (course.root / name).is_file():
        return f"there is no such lock file in {course.root}; write one, or leave it out"
    return ""


def _are_points(value: object) -> bool:
    """Whether it is a number that a task may be worth; nan is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and LEAST <= value <= MOST


def _repr(value: object) -> str:
    try:
        return repr(value)[:60]
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "(a number that is too long to be shown)"


def _check_ways(where: str, course: Course) -> None:
    """How submissions come in, and where marks go."""
    try:
        ZoneInfo(course.timezone)
    except (KeyError, ValueError, OSError):  # unknown, or not a name at all
        raise CourseError(f'{where}: timezone {course.timezone!r} is not known; try "Asia/Bangkok" or "UTC"') from None
    if course.db_url and not course.db_url.startswith("postgresql+psycopg://"):
        raise CourseError(
            f"{where}: db_url must begin with postgresql+psycopg://; without one it is SQLite's gradebook.db"
        )
    if course.collect_pattern:
        try:
            groups = re.compile(course.collect_pattern).groupindex
        except re.error as error:
            raise CourseError(f"{where}: collect_pattern: {error}; see docs/in-and-out.md") from None
        for name in ("student_id", "file_id"):
            if name not in groups:
                raise CourseError(f"{where}: collect_pattern has no group (?P<{name}>...); see docs/in-and-out.md")


def _no_doubles(where: str, noun: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CourseError(f"{where}: {noun} {name!r} stands there twice")


def _check_parts(course: Course, assignment: Assignment) -> None:
    """Every task has its cells, probe and reference. Files are parsed, not run; checks are tried at their use."""
    cells = {name: grade_ids(course.source(assignment.name) / f"{name}.ipynb") for name in assignment.notebooks}
    judged = [task for task in assignment.tasks if task.graded_by == JUDGE]
    for task in assignment.tasks:
        here = f"course_config.py: {assignment.name}: task {task.name}"
        for cell in dict.fromkeys((*task.answer_cells, *task.test_cells)):
            if cell not in cells[task.notebook]:
                raise CourseError(f"{here} has no cell {cell!r} in source/{assignment.name}/{task.notebook}.ipynb")
    if assignment.by_examiner:
        return
    probes = course.part("probes", assignment.name)
    asked = _functions(probes)
    _functions(course.part("checks", assignment.name))  # it is there, and is Python
    solution = course.solution(assignment.name)
    answers = _functions(solution)
    for task in judged:
        here = f"course_config.py: {assignment.name}: task {task.name}"
        if task.name not in asked:
            raise CourseError(f"{here} has no probe: define {task.name} in {probes.relative_to(course.root)}")
        wanted = cells[task.notebook][task.answer_cell]
        if wanted not in answers and task.name not in answers:
            path = solution.relative_to(course.root)
            raise CourseError(f"{here} has no reference: define {wanted or task.name} in {path}")


def _refuse_old_shape(course: Course, name: str) -> None:
    """Until version 0.1 an assignment's files stood in four folders."""
    old = [course.root / "autograder" / kind / f"{name}.py" for kind in ("probes", "checks", "bugs")]
    new = course.assignment_folder(name)
    if not new.is_dir() and (there := [path for path in old if path.is_file()]):
        raise CourseError(
            f"{there[0]}: the shape of an older version; move {name}'s probes, checks, bugs and messages to "
            f"{new}/ as probes.py, checks.py, mistakes.py, messages.toml: docs/author.md, `From the old shape`"
        )


def _functions(path: Path) -> set[str]:
    """Names of the functions and classes that a Python file defines."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found; every assignment needs one") from None
    except SyntaxError as error:
        raise CourseError(f"{path}:{error.lineno}: {error.msg}") from error
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
