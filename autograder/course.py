"""The course as frozen records: what course_config.py says, checked when loaded."""

import ast
import importlib.machinery
import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from autograder.late import Late as Late  # course_config.py has it from here

LANGUAGES = ("en", "th")
JUDGE, PERSON = "judge", "person"
ASSIGNMENT_NAME = r"[A-Za-z0-9_-]+"


class CourseError(Exception):
    """Something in the course folder that its owner can mend. The text names culprit and next step."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use, at least: seconds of CPU time unless said otherwise, megabytes of address space."""

    cell_seconds: float = 10.0
    question_seconds: float = 3.0  # of one question to a student's code
    probe_seconds: float = 30.0  # of all questions of a task, wall time
    check_seconds: float = 3.0  # of a visible check, which no mark hangs on
    total_seconds: float = 300.0  # wall time
    reference_times: float = 50.0  # what the reference needs: all seconds are stretched to it (see pace.py)
    patience: float = 3.0  # a cell or question may take that many times its limit in wall time: a busy machine
    memory_mb: int = 2048
    processes: int = 64
    file_mb: int = 64
    open_files: int = 256

    def stretched(self, factor: float) -> "Limits":
        """The same limits with all seconds that many times as long."""
        return replace(self, **{n: factor * v for n, v in vars(self).items() if n.endswith("_seconds")})


@dataclass(frozen=True)
class Task:
    """One task: its name is the grade_id of its test cell; its answer cell is `<name>-answer`."""

    name: str
    notebook: str
    graded_by: str = JUDGE
    optional: bool = False
    slowness: float = 1.0  # multiplies the limits of its questions
    saved_model: bool = False  # its probe is given the saved model

    @property
    def points(self) -> float:
        """A required task is worth 1 point, an optional one half of it."""
        return 0.5 if self.optional else 1.0

    @property
    def answer_cell(self) -> str:
        """grade_id of the cell that the student fills in."""
        return self.name if self.graded_by == PERSON else f"{self.name}-answer"


@dataclass(frozen=True)
class Assignment:
    """One assignment. `thresholds` maps a dataset to its (validation, test) accuracies."""

    name: str
    title: str
    tasks: tuple[Task, ...]
    dataset: str = ""
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    due: str = ""  # "2026-11-10 23:59" in the course's time zone, or with an offset; "": never late
    late: Late = field(default_factory=Late)
    canvas: str = ""  # title of its column in Canvas's gradebook: "Homework 4 (12345)"

    @property
    def points(self) -> float:
        """What all required tasks give together. Optional ones come on top."""
        return sum(task.points for task in self.tasks if not task.optional)

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Notebook names without .ipynb, in the order of their first task."""
        return tuple(dict.fromkeys(task.notebook for task in self.tasks))

    def task(self, name: str) -> Task:
        """The task of that name; CourseError for an unknown one."""
        for task in self.tasks:
            if task.name == name:
                return task
        known = ", ".join(task.name for task in self.tasks)
        raise CourseError(f"course_config.py: {self.name} has no task {name!r}; it has {known}")


@dataclass(frozen=True)
class Course:
    """The course; `root` is the folder that course_config.py stands in."""

    name: str
    assignments: tuple[Assignment, ...]
    language: str = "en"
    root: Path = Path()
    timezone: str = "UTC"  # of due dates, and of times in LMS files that name none
    roster: str = "roster.csv"  # beside course_config.py; see docs/in-and-out.md
    collect_pattern: str = ""  # of file names in archives of any other system, as nbgrader's zip_collect has it
    db_url: str = ""  # of the gradebook where it is PostgreSQL: "postgresql+psycopg://user@host/name"

    def assignment(self, name: str) -> Assignment:
        """The assignment of that name; CourseError for an unknown one."""
        for assignment in self.assignments:
            if assignment.name == name:
                return assignment
        known = ", ".join(a.name for a in self.assignments)
        raise CourseError(f"unknown assignment {name!r}: course_config.py has {known}")

    def source(self, assignment: str) -> Path:
        """Folder that the instructor edits."""
        return self.root / "source" / assignment

    def release(self, assignment: str) -> Path:
        """Folder that students get."""
        return self.root / "release" / assignment

    def submitted(self, assignment: str, student: str) -> Path:
        """Folder of one submission, where nbgrader has it."""
        return self.root / "submitted" / student / assignment

    def part(self, kind: str, assignment: str) -> Path:
        """A file that belongs to an assignment: kind is probes, checks, bugs or messages."""
        suffix = ".toml" if kind == "messages" else ".py"
        return self.root / "autograder" / kind / f"{assignment}{suffix}"

    def solution(self, assignment: str) -> Path:
        """The reference solution module."""
        return self.root / "solutions" / f"{assignment}.py"

    @property
    def gradebook(self) -> Path:
        """nbgrader's gradebook."""
        return self.root / "gradebook.db"

    @property
    def gradebook_url(self) -> str:
        """nbgrader's db_url: SQLite in the course folder where nothing else is set."""
        return self.db_url or f"sqlite:///{self.gradebook}"

    @property
    def gradebook_name(self) -> str:
        """The gradebook in a line for people, without a password."""
        return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", self.db_url) or str(self.gradebook)

    @property
    def state(self) -> Path:
        """The kit's own files: the secret, verdicts, people's marks, kept answers. Outside git."""
        return self.root / ".autograder"


class _Source(importlib.machinery.SourceFileLoader):
    """Reads the text itself: a cached form is told by its time, and clocks may be set back."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(path: Path, name: str) -> ModuleType:
    """Import one trusted file of the course by its path, anew each time."""
    spec = importlib.util.spec_from_file_location(name, path, loader=_Source(name, str(path)))
    if spec is None or spec.loader is None or not path.is_file():
        raise CourseError(f"{path}: not found; `autograder doctor` lists what the course needs")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def load(root: Path) -> Course:
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
    course: Course = replace(found, root=root.resolve())
    _check_values(course)
    for assignment in course.assignments:
        _check_parts(course, assignment)
    return course


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
            if task.graded_by not in (JUDGE, PERSON):
                raise CourseError(f"{here}: {task.name}: graded_by {task.graded_by!r} is not judge or person")
        for dataset, bounds in assignment.thresholds.items():
            for bound in bounds:
                if not 0 <= bound <= 1:
                    raise CourseError(f"{here}: threshold {bound} for {dataset} is not between 0 and 1")
        if assignment.thresholds and assignment.dataset not in assignment.thresholds:
            raise CourseError(f"{here}: no thresholds for dataset {assignment.dataset!r}")
        for name, value in vars(assignment.limits).items():
            if not value > 0:
                raise CourseError(f"{here}: limit {name} = {value} must be above 0")
        if wrong := assignment.late.wrong(assignment.due, course.timezone):
            raise CourseError(f"{here}: {wrong}")


def _check_ways(where: str, course: Course) -> None:
    """How submissions come in, and where marks go."""
    try:
        ZoneInfo(course.timezone)
    except (ValueError, OSError):  # unknown, or not a name at all
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
    """Every task has its cells, probe, check and reference. Files are parsed, not run."""
    cells = {name: _grade_ids(course, assignment, name) for name in assignment.notebooks}
    judged = [task for task in assignment.tasks if task.graded_by == JUDGE]
    defined = {
        kind: _functions(path)
        for kind, path in (
            ("probe", course.part("probes", assignment.name)),
            ("check", course.part("checks", assignment.name)),
        )
    }
    solution = course.solution(assignment.name)
    answers = _functions(solution)
    for task in assignment.tasks:
        here = f"course_config.py: {assignment.name}: task {task.name}"
        for cell in dict.fromkeys((task.answer_cell, task.name)):
            if cell not in cells[task.notebook]:
                raise CourseError(f"{here} has no cell {cell!r} in source/{assignment.name}/{task.notebook}.ipynb")
    for task in judged:
        here = f"course_config.py: {assignment.name}: task {task.name}"
        for kind, names in defined.items():
            if task.name not in names:
                path = course.part(f"{kind}s", assignment.name).relative_to(course.root)
                raise CourseError(f"{here} has no {kind}: define {task.name} in {path}")
        wanted = cells[task.notebook][task.answer_cell]
        if wanted not in answers and task.name not in answers:
            path = solution.relative_to(course.root)
            raise CourseError(f"{here} has no reference: define {wanted or task.name} in {path}")


def _functions(path: Path) -> set[str]:
    """Names of the functions and classes that a Python file defines."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found; every assignment needs one") from None
    except SyntaxError as error:
        raise CourseError(f"{path}:{error.lineno}: {error.msg}") from error
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def function_name(source: str) -> str:
    """Name of the first function that a cell defines, or "" where it defines none."""
    match = re.search(r"^def\s+(\w+)", source, re.MULTILINE)
    return match.group(1) if match else ""


def _grade_ids(course: Course, assignment: Assignment, notebook: str) -> dict[str, str]:
    """grade_id of each nbgrader cell -> the function that the cell defines."""
    path = course.source(assignment.name) / f"{notebook}.ipynb"
    found: dict[str, str] = {}
    try:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if grade_id:
                if grade_id in found:
                    raise CourseError(f"{path}: two cells have the grade_id {grade_id!r}; give one another ID")
                found[grade_id] = function_name("".join(cell["source"]))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found, but course_config.py names it") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: not a notebook ({type(error).__name__}: {error}); restore it from git") from error
    return found
