"""diagnoses.py: each thing that grading needs, whole and broken; the container's recipe against CI's."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import BOOK, NAME, Toy

from autograder.commands import diagnoses
from autograder.course import Course
from autograder.errors import CourseError
from autograder.sandbox import walls

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


def test_a_whole_course_passes_and_an_unreadable_gradebook_does_not(toy_scratch: Course, run: Run) -> None:
    done = run("autograder", "doctor", "--course", toy_scratch.root)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("python", "packages", "bubblewrap", "jupyter", "course", "sandbox (warmup)", "disk"):
        assert re.search(rf"^ *ok +{re.escape(line)} ", done.stdout, re.MULTILINE), line
    assert "the walls stand" in done.stdout and "next: " in done.stdout
    (toy_scratch.root / "gradebook.db").write_bytes(b"SQLite format 3\0 but no more")
    done = run("autograder", "doctor", "--course", toy_scratch.root)
    assert done.returncode == 1
    assert "mend: " in done.stdout and "until this is mended: gradebook" in done.stderr


def test_a_broken_course_is_told_with_the_line(toy_scratch: Course) -> None:
    config = toy_scratch.root / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="xx"'))
    found = list(diagnoses.examine(toy_scratch.root))[-1]
    assert not found.ok and found.stops and "language 'xx'" in found.found


def test_packages_that_are_not_those_of_the_lock_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.1 \\\n    --hash=sha256:0\nnot-there-at-all==1\nappnope==1 ; sys_platform == 'never'\n")
    found = diagnoses.packages(lock)
    assert not found.ok and not found.stops
    assert "numpy" in found.found and "instead of ==0.1" in found.found and "not-there-at-all missing" in found.found
    assert "appnope" not in found.found and str(lock) in found.mend


def test_no_lock_is_no_problem(tmp_path: Path) -> None:
    assert diagnoses.packages(tmp_path / "none").ok


def test_walls_that_do_not_stand_stop_grading(toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(walls, "bubblewrap", lambda: str(fake))
    found = diagnoses.sandbox(toy.course, toy.assignment)
    assert not found.ok and found.stops and "No permissions" in found.found and found.mend


def test_no_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise CourseError("bubblewrap is not installed")

    monkeypatch.setattr(walls, "bubblewrap", gone)
    found = diagnoses.bubblewrap()
    assert not found.ok and "apt install bubblewrap" in found.mend


def test_a_missing_release_is_told(toy_scratch: Course) -> None:
    (toy_scratch.release(NAME) / BOOK).unlink()
    assert f"lacks {BOOK}" in diagnoses.release(toy_scratch, toy_scratch.assignment(NAME)).found


def test_too_little_room_says_how_much(toy_scratch: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnoses, "FREE_MB", 10**9)
    found = diagnoses.disk(toy_scratch)
    assert not found.ok and re.search(r"free \d+ MB", found.mend)


def test_a_database_that_is_not_nbgraders_is_told(toy_scratch: Course) -> None:
    sqlite3.connect(toy_scratch.root / "gradebook.db").execute("CREATE TABLE other (x)").connection.commit()
    assert not diagnoses.gradebook(toy_scratch).ok


def test_the_container_is_made_by_the_commands_that_ci_and_the_makefile_run() -> None:
    recipe = (ROOT / "Dockerfile").read_text()
    steps = re.findall(r"^RUN (.*)", recipe.replace("\\\n", " "), re.MULTILINE)
    steps = [" ".join(step.split()) for step in steps]
    assert steps[-1] == "make .venv/ready"
    assert re.search(r"^test: .venv/ready", (ROOT / "Makefile").read_text(), re.MULTILINE)
    install = "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
    assert install in steps[0]
    assert install in " ".join((ROOT / ".ci" / "run").read_text().replace("\\\n", " ").split())
    ignored = set((ROOT / ".gitignore").read_text().split())
    for name in ("submitted", "autograded", "feedback", "reports", ".autograder"):
        assert name in (ROOT / ".dockerignore").read_text().split() and f"{name}/" in ignored
