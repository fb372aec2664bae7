"""The course as frozen records: what course_config.py says."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograder.course.late import Late
from autograder.errors import CourseError

LANGUAGES = ("en", "th")
JUDGE, PERSON = "judge", "person"
EXAMINER = "examiner"  # the task's own test cell decides, run where no student's code is
ASSIGNMENT_NAME = r"[A-Za-z0-9_-]+"
USUAL = 1.0  # points of a required task that says none
BONUS = 0.5  # of a required one's points: those of an optional task that says none
LEAST, MOST = 0.01, 1000.0  # points of a task
SYSTEM_CALLS = (
    "affinity",
    "epoll",
    "numa",
    "timers",
)  # the groups of sandbox/guest/system_calls.toml that a course may add


def shown(points: float | None, places: int = 3) -> str:
    """Points as people read them: without the dust of binary fractions, never as a power of ten. "-": none yet."""
    return "-" if points is None else f"{round(points, places) + 0.0:.{places}f}".rstrip("0").rstrip(".")


def few(names: Sequence[str], most: int = 3) -> str:
    """Some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


@dataclass(frozen=True)
class Limits:
    """What one submission may use, at least: seconds of CPU time unless said otherwise, megabytes of address space."""

    cell_seconds: float = 10.0
    question_seconds: float = 3.0  # of one question to a student's code
    probe_seconds: float = 30.0  # of all questions of a task, wall time
    check_seconds: float = 3.0  # of a visible check, which no mark hangs on
    total_seconds: float = 300.0  # wall time
    reference_times: float = 50.0  # what the reference needs: all seconds are stretched to it (calibration.py)
    patience: float = 3.0  # a cell or question may take that many times its limit in wall time: a busy machine
    memory_mb: int = 2048
    processes: int = 64
    file_mb: int = 64
    open_files: int = 256
    system_calls: tuple[str, ...] = ()  # groups of docs/system-calls.md beside the usual ones

    def stretched(self, factor: float) -> "Limits":
        """The same limits with all seconds that many times as long."""
        return replace(self, **{n: factor * v for n, v in vars(self).items() if n.endswith("_seconds")})


@dataclass(frozen=True)
class Task:
    """One task: its name is the grade_id of its test cell, its answer cell is `<name>-answer`.

    Of a task that its notebook tells of (Assignment.from_notebooks), `answers` and `tests` have the grade_ids.
    """

    name: str
    notebook: str
    graded_by: str = JUDGE
    optional: bool = False
    slowness: float = 1.0  # multiplies the limits of its questions
    saved_model: str = ""  # file of the saved model that its probe is given: "model.npz"
    points: float = None  # type: ignore[assignment]  # never None once it is made
    answers: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()  # of its points, what each of these tests gives
    points_said: bool = field(init=False, repr=False, compare=False)  # False: they follow from the other tasks

    def __post_init__(self) -> None:
        """A required task is worth 1 point, an optional one half of it, unless it says otherwise."""
        object.__setattr__(self, "points_said", self.points is not None)
        if not self.points_said:
            object.__setattr__(self, "points", self.usual_points)

    @property
    def usual_points(self) -> float:
        """What it is worth where nobody says."""
        return BONUS * USUAL if self.optional else USUAL

    @property
    def answer_cell(self) -> str:
        """grade_id of the cell that the student fills in; of several the last one."""
        return self.answer_cells[-1]

    @property
    def answer_cells(self) -> tuple[str, ...]:
        """grade_ids of all of them."""
        return self.answers or (self.name if self.graded_by == PERSON else f"{self.name}-answer",)

    @property
    def test_cells(self) -> tuple[str, ...]:
        """grade_ids of the cells that decide, or of the one that a person marks."""
        return self.tests or (self.name,)

    @property
    def grade_cell(self) -> str:
        """grade_id of the one cell that has the task's points in the release and in the gradebook."""
        return self.test_cells[-1]


@dataclass(frozen=True)
class Assignment:
    """One assignment. `thresholds` maps a dataset to its (validation, test) accuracies."""

    name: str
    title: str
    tasks: tuple[Task, ...]
    dataset: str = ""
    sample: str = ""  # a small dataset that is always there: for scratch courses, which the audit and the demo make
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    due: str = ""  # "2026-11-10 23:59" in the course's time zone, or with an offset; "": never late
    late: Late = field(default_factory=Late)
    canvas: str = ""  # title of its column in Canvas's gradebook: "Homework 4 (12345)"
    environment: str = ""  # lock file of its own packages, beside course_config.py: for the box and the examiner
    told_by_notebooks: bool = False  # its tasks are what its source notebooks say; load_course reads them

    @classmethod
    def from_notebooks(cls, name: str, title: str = "", **more: Any) -> "Assignment":
        """The assignment whose tasks, points and graders stand in source/<name>/*.ipynb, as nbgrader has them there.

        more: what else an Assignment has: limits, due, late, canvas, environment.
        """
        return cls(name, title or name, (), told_by_notebooks=True, **more)

    def with_points(self) -> "Assignment":
        """The same, where each optional task that says no points gets half of a required one's.

        Where the required ones differ, that is half of what one is worth that says none.
        """
        worth = {task.points for task in self.tasks if not task.optional}
        half = BONUS * (worth.pop() if len(worth) == 1 else USUAL)
        unsaid = [task for task in self.tasks if task.optional and not task.points_said]
        tasks = tuple(replace(task, points=half) if task in unsaid else task for task in self.tasks)
        return replace(self, tasks=tasks)

    @property
    def points(self) -> float:
        """What all required tasks give together. Optional ones come on top."""
        return sum(task.points for task in self.tasks if not task.optional)

    @property
    def model_file(self) -> str:
        """Name of the file with the saved model, or ""."""
        return next((task.saved_model for task in self.tasks if task.saved_model), "")

    @property
    def by_examiner(self) -> bool:
        """Whether its tests are the notebooks' own test cells, be there none."""
        return self.told_by_notebooks or any(task.graded_by == EXAMINER for task in self.tasks)

    def cell_points(self, notebook: str) -> dict[str, float]:
        """What each graded cell of a notebook is worth: a task's points in one of its cells, 0 in the others."""
        mine = [task for task in self.tasks if task.notebook == notebook]
        found = {cell: 0.0 for task in mine for cell in task.test_cells}
        return found | {task.grade_cell: task.points for task in mine}

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
    state_folder: Path | None = None  # in place of .autograder: for a replay that must leave nothing behind

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

    def beside_notebooks(self, assignment: str) -> tuple[Path, ...]:
        """Files of the release that notebooks find beside them: modules, and their numbers."""
        return tuple(sorted(path for path in self.release(assignment).glob("*") if path.suffix in (".py", ".json")))

    def data_files(self, assignment: str) -> dict[str, Path]:
        """Files of the release that notebooks may read, by their place beside them: all but notebooks and modules."""
        folder = self.release(assignment)
        found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".ipynb", ".py"))
        return {path.relative_to(folder).as_posix(): path for path in found}

    def submitted(self, assignment: str, student: str) -> Path:
        """Folder of one submission, where nbgrader has it."""
        return self.root / "submitted" / student / assignment

    def assignment_folder(self, assignment: str) -> Path:
        """What belongs to one assignment and is for the graders alone."""
        return self.root / "autograder" / "assignments" / assignment

    def part(self, kind: str, assignment: str) -> Path:
        """A file of that folder: probes, checks, mistakes, right_variants, visible, examples, messages, ...

        checks may be a package: then it is the package's own file.
        """
        folder = self.assignment_folder(assignment)
        if kind == "checks" and (folder / kind).is_dir():
            return folder / kind / "__init__.py"
        return folder / (f"{kind}.toml" if kind in ("messages", "equivalent_mutants", "rubric") else f"{kind}.py")

    def solution(self, assignment: str) -> Path:
        """The reference solution module."""
        return self.root / "solutions" / f"{assignment}.py"

    @property
    def exchange_id(self) -> str:
        """The course in nbgrader's exchange: its name, with a dash for what a folder's name had better not have."""
        kept = (c if c in "-_." or unicodedata.category(c)[0] in "LMN" else "-" for c in self.name)
        return re.sub("--+", "-", "".join(kept))[:80].strip("-.")

    @property
    def gradebook(self) -> Path:
        """nbgrader's gradebook."""
        return self.root / "gradebook.db"

    @property
    def gradebook_url(self) -> str:
        """nbgrader's db_url: SQLite in the course folder where nothing else is set."""
        return self.db_url or sqlite_url(self.gradebook)

    @property
    def gradebook_name(self) -> str:
        """The gradebook in a line for people, without a password."""
        return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", self.db_url) or str(self.gradebook)

    @property
    def state(self) -> Path:
        """The kit's own files: the secret, verdicts, people's marks, kept answers. Outside git."""
        return self.state_folder or self.root / ".autograder"


def sqlite_url(path: Path) -> str:
    """A database file as SQLAlchemy has it. What follows a `?` is options there: such a path is written as a URI."""
    return f"sqlite:///file:{quote(str(path))}?uri=true" if "?" in str(path) else f"sqlite:///{path}"
