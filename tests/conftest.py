"""Shared fixtures: the toy course, hw4 on the offline sample, warm graders, a trained net, the command line."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy as toy_course
from command_server import COMMANDS, CommandServer, command_server
from filelock import FileLock
from toy import Toy

from autograder import cli
from autograder.course import Assignment, Course, load_course
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging.mutations import Mistake, load_mistakes
from autograder.judging.verdicts import Result
from autograder.sandbox.answers import Array
from autograder.submissions.submission import Submission

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Once = Callable[[str, Callable[[Path], object]], Path]


# Files that take longest begin first, and a file stays in one worker: its fixtures are dear.
SLOW = ["test_attacks", "test_one_notebook", "test_readers", "test_commands", "test_damaged", "test_visible_checks",
        "test_faults", "test_points", "test_docs", "test_audit_of_a_sample", "test_feedback_page", "test_one_mark",
        "test_messages", "test_trace", "test_snapshots", "test_report", "test_counterexamples_of_hw4", "test_keys",
        "test_contract", "test_one_students_files", "test_helpers_module", "test_sandbox", "test_killed",
        "test_cluster", "test_doctor", "test_examiner", "test_student_kernel", "test_notebooks_run", "test_walk",
        "test_exchange"]  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With -n, unless --dist says otherwise: whole files to workers, in the order below."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist, config.option.loadscopereorder = "loadfile", False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow files first."""
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The attacks that were run: how many, how many took place, and whose wall is shown. (Here: xdist's controller
    reads no other conftest.)"""
    found: dict[str, set[str]] = {}  # a property stands in more than one report of a test
    for reports in terminalreporter.stats.values():
        for name, value in (pair for one in reports for pair in getattr(one, "user_properties", ())):
            found.setdefault(name, set()).add(value)
    if "attack" in found:
        attacks, took_place, shown = (len(found.get(name, ())) for name in ("attack", "took place", "shown"))
        terminalreporter.section("attacks")
        terminalreporter.line(f"{attacks} were run, {took_place} showed that they took place")
        terminalreporter.line(f"{shown} won where their wall is gone; the others were not shown:")
        for line in sorted(found.get("not shown", ())):
            terminalreporter.line(f"  {line}")


@pytest.fixture(scope="session")
def repo() -> Course:
    """The course of this repository. Only read."""
    return load_course(ROOT)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder in one worker's process for those of all. Only read."""
    own = tmp_path_factory.getbasetemp()
    place = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def once(name: str, make: Callable[[Path], object]) -> Path:
        folder, made = place / f"once-{name}", place / f"once-{name}.made"
        with FileLock(place / f"once-{name}.lock"):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
                make(folder)
                made.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def course(repo: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """hw4's course on the offline sample, released. Only read: `scratch` is for changes."""
    return made_up.scratch_course(repo, tmp_path_factory.mktemp("shared") / "course")


@pytest.fixture(scope="session")
def toy(once: Once) -> Toy:
    """The toy course. Only read: `toy.copy` is for changes."""
    return toy_course.load(once("toy", toy_course.make))


@pytest.fixture(scope="session")
def two_books(once: Once) -> Toy:
    """The toy course in two notebooks. Only read."""
    return toy_course.load(once("two-books", lambda root: toy_course.make(root, books=2)))


@pytest.fixture(scope="session")
def hw5(once: Once) -> Course:
    """A new assignment as it was written, released. Only copied."""

    def make(root: Path) -> None:
        root.mkdir()
        for command in ("new", "release"):
            assert cli.main([command, "hw5", "--course", str(root)]) == 0

    return load_course(once("hw5", make))


@pytest.fixture
def toy_scratch(toy: Toy, tmp_path: Path) -> Course:
    """A copy of the toy course that a test may change."""
    return toy.copy(tmp_path / "course")


@pytest.fixture(scope="session")
def hw4(course: Course) -> Assignment:
    """The assignment of the scratch course."""
    return course.assignment("hw4")


@pytest.fixture
def scratch(repo: Course, tmp_path: Path) -> Course:
    """A copy of hw4's course that a test may change."""
    return made_up.scratch_course(repo, tmp_path / "course")


@pytest.fixture(scope="session")
def net(course: Course, hw4: Assignment, once: Once) -> dict[str, Array]:
    """Parameters that pass T12 on the sample of digits."""

    def make(folder: Path) -> None:
        folder.mkdir()
        np.savez(folder / "net.npz", **made_up.train(course, hw4, "sample", iterations=1000, hidden=30))

    with np.load(once("net", make) / "net.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def model(net: dict[str, Array]) -> bytes:
    """best_net.npz of that net."""
    return made_up.model_file(net)


@pytest.fixture(scope="session")
def right(course: Course, hw4: Assignment) -> dict[str, str]:
    """Answers that are right: task -> source of its cell."""
    return made_up.answers(course, hw4)


@pytest.fixture(scope="session")
def mistakes(course: Course) -> dict[tuple[str, str], Mistake]:
    """The known mistakes, by task and name."""
    return {(one.task, one.name): one for one in load_mistakes(course, course.assignment("hw4"))}


OTHER_CHECK = """

import dataclasses


{source}


ASSIGNMENT = dataclasses.replace(ASSIGNMENT, tasks=tuple(
    dataclasses.replace(one, check=changed) if one.task == "{task}" else one for one in ASSIGNMENT.tasks
))
"""


@pytest.fixture(scope="session")
def change_check() -> Callable[[Course, str, str], None]:
    """Have the author judge a task by another check: source of a function named `changed`."""

    def change(course: Course, task: str, source: str) -> None:
        with course.part("checks", course.assignments[0].name).open("a", encoding="utf-8") as file:
            file.write(OTHER_CHECK.format(source=source, task=task))

    return change


@pytest.fixture(scope="session")
def grader(course: Course, hw4: Assignment) -> Iterator[GraderContext]:
    """A grader with a warm guest."""
    opened = pipeline.open_grader(course, hw4)
    with opened.guest:
        yield opened


@pytest.fixture(scope="session")
def toy_mark(toy: Toy) -> Iterator[Callable[..., Result]]:
    """Grade files of the toy course in the real sandbox, behind the real judge."""
    opened = pipeline.open_grader(toy.course, toy.assignment)

    def mark(files: Mapping[str, bytes], student: str = "somchai") -> Result:
        return pipeline.grade_submission(opened, Submission(student, files))

    with opened.guest:
        yield mark


@pytest.fixture(scope="session")
def mark(grader: GraderContext) -> Callable[..., Result]:
    """Grade files in the real sandbox, behind the real judge."""

    def mark(files: Mapping[str, bytes], student: str = "somchai") -> Result:
        return pipeline.grade_submission(grader, Submission(student, files))

    return mark


@pytest.fixture(scope="session")
def hand_in(course: Course, hw4: Assignment, model: bytes) -> Callable[..., dict[str, bytes]]:
    """Files of a submission from answers: the released notebooks filled in, and the trained net."""

    def hand_in(
        answers: Mapping[str, str], extra: Sequence[str] = (), weights: bytes | None = model
    ) -> dict[str, bytes]:
        return made_up.hand_in(course, hw4, answers, weights, extra)

    return hand_in


def around(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200", **more}


@pytest.fixture(scope="session")
def warm() -> Iterator[CommandServer]:
    """Commands whose imports are paid once."""
    with command_server(around({})) as server:
        yield server


@pytest.fixture(scope="session")
def run(warm: CommandServer) -> Run:
    """Run a command of the environment by its name, as a user would; `env` and `before` start it from nothing."""

    def run(
        *line: str | Path,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        seconds: float = 240,
        before: Sequence[str] = (),
    ) -> Any:
        command, wanted = [*before, str(BIN / line[0]), *map(str, line[1:])], around(env or {})
        if not before and env is None and line[0] in COMMANDS:
            return warm.run(command, cwd, wanted, seconds)
        return subprocess.run(command, cwd=cwd, env=wanted, capture_output=True, text=True, timeout=seconds)

    return run


@pytest.fixture(scope="session")
def grade(run: Run) -> Callable[..., str]:
    """Grade a course's first assignment by the command -> what it said."""

    def grade(course: Course, *more: str) -> str:
        done = run("autograder", "grade", course.assignments[0].name, "--jobs", 1, *more, "--course", course.root)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    return grade


@pytest.fixture(scope="session")
def copy_of() -> Callable[[Course, Path], Course]:
    """A copy of a course with all that was graded in it."""

    def copy_of(course: Course, folder: Path) -> Course:
        shutil.copytree(course.root, folder)
        return load_course(folder)

    return copy_of


Mark = tuple[float | None, float | None, bool, str | None]


@pytest.fixture(scope="session")
def gradebook_of() -> Callable[[Course], dict[str, dict[str, Mark]]]:
    """What nbgrader's gradebook holds: student -> task -> (auto, manual, needs a person, comment)."""

    def gradebook_of(course: Course) -> dict[str, dict[str, Mark]]:
        query = """
            SELECT student_id, cell.name, auto_score, manual_score, needs_manual_grade,
                   (SELECT auto_comment FROM comment JOIN base_cell AS answer ON answer.id = comment.cell_id
                    WHERE comment.notebook_id = grade.notebook_id
                    AND answer.name IN (cell.name, cell.name || '-answer'))
            FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id
            JOIN submitted_notebook AS book ON book.id = grade.notebook_id
            JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
        """
        found: dict[str, dict[str, Mark]] = {}
        database = sqlite3.connect(course.root / "gradebook.db")
        for student, task, auto, manual, waits, comment in database.execute(query):
            found.setdefault(student, {})[task] = (auto, manual, bool(waits), comment)
        database.close()
        return found

    return gradebook_of
