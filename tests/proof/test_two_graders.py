"""Two graders on PostgreSQL, a hundred submissions each, one killed once: all marks there, once each, as on SQLite."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import postgres
import pytest
from gradebook import test_postgres

from autograder.course import load_course, secret
from autograder.grading import made_up

pytestmark = pytest.mark.proof


def test_two_hundred_submissions_by_two_graders_one_killed(
    tmp_path: Path,
    copy_of: Callable[..., Any],
    right: dict[str, str],
    run: Callable[..., Any],
    record: Callable[..., None],
) -> None:
    root = Path(__file__).resolve().parents[2]
    classroom = made_up.scratch_course(load_course(root), tmp_path / "course")
    secret.load_secret(classroom)
    names = sorted(test_postgres.fill(classroom, 200, right))
    with postgres.server() as socket:
        course = postgres.with_url(copy_of(classroom, tmp_path / "pg"), postgres.database(socket, "proof"))
        started = time.monotonic()
        seen = test_postgres.two_graders(course, names, kill_after=40)
        seconds = time.monotonic() - started
        found = postgres.rows(course)
    done = run("autograder", "grade", "hw4", "--course", classroom.root, "--quiet", seconds=1500)
    assert done.returncode == 0, done.stderr
    assert len(found) == 200 * 12 == len({row[:2] for row in found})
    assert found == postgres.rows(classroom)
    assert seen and max(seen) <= 200
    record("two-graders", {"submissions": 200, "graders": 2, "killed": 1, "marks": len(found), "seconds": seconds,
                           "reads by formgrader's API meanwhile": len(seen)})  # fmt: skip
