"""What the proofs share: a course on the offline sample, a desk with a warm guest, and the record.

A plain `make proof` only checks. With AUTOGRADER_RECORD=1 each proof also writes its numbers to
docs/proofs/, from where docs/checks.md has them.
"""

import datetime
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import course as course_module
from autograder import grade, judge, planting, sample
from autograder.course import Assignment, Course
from autograder.grade import Desk, Result
from autograder.judge import Bench
from autograder.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "docs" / "proofs"


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A scratch copy of the course, on the offline sample of digits."""
    return sample.scratch_course(course_module.load(ROOT), tmp_path_factory.mktemp("proof") / "course")


@pytest.fixture(scope="session")
def hw4(course: Course) -> Assignment:
    return course.assignment("hw4")


@pytest.fixture(scope="session")
def bench(course: Course, hw4: Assignment) -> Bench:
    return judge.bench(course, hw4)


@pytest.fixture(scope="session")
def desk(course: Course, hw4: Assignment) -> Iterator[Desk]:
    """A desk whose guest stays warm for all proofs."""
    desk = grade.open_desk(course, hw4)
    with desk.guest:
        yield desk


Grader = Callable[..., Result]


@pytest.fixture(scope="session")
def graded(desk: Desk, course: Course, hw4: Assignment) -> Grader:
    """Grade the reference with edits through the real pipeline, with the secret that is given."""

    def grader(edits: tuple[tuple[str, str], ...], name: str, secret: bytes = b"\0" * 32) -> Result:
        text = planting.plant(sample.reference_text(course, hw4), edits, name)
        files = sample.hand_in(course, hw4, sample.answers(course, hw4, text))
        return grade.grade_submission(replace(desk, secret=secret), Submission(name, files))

    return grader


def machine() -> str:
    """The machine in a line: no names, no paths."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"


def rounded(value: Any) -> Any:
    """Floats to four significant digits, through dicts and lists."""
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float | np.floating) else value


@pytest.fixture(scope="session")
def record() -> Callable[[str, Mapping[str, Any]], None]:
    """Keep a proof's numbers in docs/proofs/NAME.json, where AUTOGRADER_RECORD=1 asks for it."""

    def keep(name: str, results: Mapping[str, Any]) -> None:
        if os.environ.get("AUTOGRADER_RECORD") == "1":
            head = {"proof": name, "date": datetime.date.today().isoformat(), "machine": machine()}
            RECORDS.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**head, **rounded(results)}, ensure_ascii=False, indent=1)
            (RECORDS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

    return keep
