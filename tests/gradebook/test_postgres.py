"""PostgreSQL as the gradebook: a real server, two graders at once, nothing lost, the marks of SQLite."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import postgres
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from toy import NAME, TASKS, Toy
from traitlets.config import Config

from autograder.course import Course, secret
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.nbgrader_settings import configure

Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    """A running server."""
    with postgres.server() as folder:
        yield folder


_names = (f"course{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def classroom(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Eight small submissions on SQLite, not graded. Only read: each test copies it."""
    course = toy.copy(tmp_path_factory.mktemp("pg") / "course")
    secret.load_secret(course)
    fill(course, 8, toy.right)
    return course


def fill(course: Course, count: int, right: Mapping[str, str]) -> list[str]:
    """So many submissions, each with answers of its own to a few tasks -> the students."""
    (assignment,) = course.assignments
    names = [f"s{number:03d}" for number in range(count - 1)] + ["สมหญิง ใจดี"]
    tasks = list(right)
    for number, name in enumerate(names):
        answers = {task: right[task] for task in tasks[number % 4 : 4 + number % 5]}
        stamp = {"timestamp.txt": b"2026-11-05 12:00:00 UTC\n"}
        made_up.write(
            course.submitted(assignment.name, name), {**made_up.hand_in(course, assignment, answers), **stamp}
        )
    return names


def start(course: Course, names: list[str]) -> "subprocess.Popen[str]":
    """A grader in a session of its own, so that it can be killed with all that it started."""
    (assignment,) = course.assignments
    command = [str(Path(sys.executable).parent / "autograder"), "grade", assignment.name, *names, "--jobs", "1", "-q"]
    return subprocess.Popen(
        [*command, "--course", str(course.root)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def graded(course: Course) -> int:
    return len(list(course.root.glob(f"autograded/*/{NAME}")))


def finished(grader: "subprocess.Popen[str]") -> str:
    said, _ = grader.communicate(timeout=600)
    assert grader.returncode == 0, said
    return said


def read_beside(course: Course, stop: threading.Event, seen: list[int], wrong: list[str]) -> None:
    """What formgrader's pages ask for, again and again while graders write."""
    config = Config()
    configure(config, course.root)
    while not stop.is_set():
        try:
            api = NbGraderAPI(CourseDirectory(config=config), config=config)
            with api.gradebook:
                seen.append(len(api.get_submissions(course.assignments[0].name)))
        except Exception as error:
            wrong.append(repr(error))
        stop.wait(2)


def two_graders(course: Course, names: list[str], kill_after: int) -> list[int]:
    """Each half by a grader of its own; the first is killed and started again. -> what formgrader saw."""
    half = len(names) // 2
    stop, seen, wrong = threading.Event(), list[int](), list[str]()
    first, second = start(course, names[:half]), start(course, names[half:])
    reader = threading.Thread(target=read_beside, args=(course, stop, seen, wrong))
    reader.start()
    try:
        deadline = time.monotonic() + 500
        while sum((course.root / "autograded" / name).is_dir() for name in names[:half]) < kill_after:
            assert time.monotonic() < deadline and first.poll() is None
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        again = start(course, names[:half])
        finished(again)
        finished(second)
    finally:
        stop.set()
        reader.join()
    assert not wrong, wrong[0]
    return seen


@pytest.mark.proof  # in each test run two graders at the desk are on PostgreSQL, and one of them is killed
def test_two_graders_at_once_one_killed_give_the_marks_of_sqlite_each_once(
    classroom: Course, copy_of: Copy, socket: str, tmp_path: Path, run: Run
) -> None:
    course = postgres.with_url(copy_of(classroom, tmp_path / "pg"), postgres.database(socket, next(_names)))
    names = sorted(path.name for path in (course.root / "submitted").iterdir())
    two_graders(course, names, kill_after=1)
    beside = copy_of(classroom, tmp_path / "sqlite")
    done = run("autograder", "grade", NAME, "--course", beside.root, "--jobs", 1, "--quiet")
    assert done.returncode == 0, done.stderr
    found = postgres.rows(course)
    assert found == postgres.rows(beside)
    assert len(found) == len(TASKS) * len(names) == len({row[:2] for row in found})
    assert graded(course) == len(names)
    assert not list(course.root.glob(f"autograded/*/.{NAME}*.part"))


@pytest.mark.proof
def test_a_submission_in_another_graders_hands_is_left_to_it(
    classroom: Course, copy_of: Copy, socket: str, tmp_path: Path
) -> None:
    course = postgres.with_url(copy_of(classroom, tmp_path / "pg"), postgres.database(socket, next(_names)))
    names = sorted(path.name for path in (course.root / "submitted").iterdir())[:4]
    both = [start(course, names), start(course, names)]
    said = [finished(grader) for grader in both]
    found = postgres.rows(course)
    assert len(found) == len(TASKS) * len(names) == len({row[:2] for row in found}), said
    counts = [int(line.split()[1]) for text in said for line in text.splitlines() if line.startswith("grading ")]
    assert sum(counts) == len(names), said


def test_on_sqlite_the_second_grader_says_one_line(classroom: Course, copy_of: Copy, tmp_path: Path, run: Run) -> None:
    course = copy_of(classroom, tmp_path / "sqlite")
    first = start(course, ["s000", "s001"])
    lock = course.state / "grading.lock"
    while not lock.exists():
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(first.pid, signal.SIGSTOP)  # at work for as long as the second needs to start
    second = run("autograder", "grade", NAME, "--course", course.root)
    os.killpg(first.pid, signal.SIGCONT)
    finished(first)
    assert second.returncode == 1
    assert "another `autograder grade` is at work" in second.stderr and "Traceback" not in second.stderr
    assert {row[0] for row in postgres.rows(course)} == {"s000", "s001"}


@pytest.mark.proof
def test_a_gradebook_that_moves_is_filled_again(
    classroom: Course, copy_of: Copy, socket: str, tmp_path: Path, run: Run
) -> None:
    first = copy_of(classroom, tmp_path / "sqlite")
    assert run("autograder", "grade", NAME, "s001", "s002", "--course", first.root, "--jobs", 1).returncode == 0
    course = postgres.with_url(copy_of(first, tmp_path / "pg"), postgres.database(socket, next(_names)))
    done = run("autograder", "grade", NAME, "s001", "s002", "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = [row for row in postgres.rows(first) if row[0] in ("s001", "s002")]
    assert postgres.rows(course) == wanted and len(wanted) == 2 * len(TASKS)


@pytest.mark.proof
def test_nbgraders_own_commands_use_the_same_postgresql(
    classroom: Course, copy_of: Copy, socket: str, tmp_path: Path, run: Run
) -> None:
    course = postgres.with_url(copy_of(classroom, tmp_path / "pg"), postgres.database(socket, next(_names)))
    ours = run("autograder", "grade", NAME, "s000", "s001", "--course", course.root, "--jobs", 1)
    assert ours.returncode == 0, ours.stderr
    before = postgres.rows(course)
    done = run("nbgrader", "autograde", NAME, "--student=s001", "--force", cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert postgres.rows(course) == before
    assert not (course.root / "gradebook.db").exists()
    assert run("nbgrader", "export", "--to", "all.csv", cwd=course.root).returncode == 0


def test_a_server_that_does_not_answer_is_told_in_one_line_without_the_password(
    classroom: Course, copy_of: Copy, tmp_path: Path, run: Run
) -> None:
    url = "postgresql+psycopg://anong:s3cret@/none?host=/nowhere"
    course = postgres.with_url(copy_of(classroom, tmp_path / "pg"), url)
    done = run("autograder", "grade", NAME, "--course", course.root)
    assert done.returncode == 1
    assert "mend db_url" in done.stderr and "s3cret" not in done.stderr and "Traceback" not in done.stderr


def test_a_db_url_of_another_kind_is_refused(classroom: Course, copy_of: Copy, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"postgresql\+psycopg"):
        postgres.with_url(copy_of(classroom, tmp_path / "x"), "mysql://somewhere/db")
