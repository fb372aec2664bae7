"""What the proofs share: a course on the offline sample, a grader with a warm guest, and the record.

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
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograder.course import Assignment, Course, load_course
from autograder.course.loading import load_author_module
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging import judge, mutations
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import Result
from autograder.submissions.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "docs" / "proofs"


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A scratch copy of the course, on the offline sample of digits."""
    return made_up.scratch_course(load_course(ROOT), tmp_path_factory.mktemp("proof") / "course")


@pytest.fixture(scope="session")
def hw4(course: Course) -> Assignment:
    return course.assignment("hw4")


@pytest.fixture(scope="session")
def judge_context(course: Course, hw4: Assignment) -> JudgeContext:
    return judge.open_context(course, hw4)


@pytest.fixture(scope="session")
def checks(course: Course) -> ModuleType:
    """The package of hw4's checks, to look at the inner functions of its modules."""
    return load_author_module(course.part("checks", "hw4"), "proof_hw4")


@pytest.fixture(scope="session")
def grader(course: Course, hw4: Assignment) -> Iterator[GraderContext]:
    """A grader whose guest stays warm for all proofs."""
    opened = pipeline.open_grader(course, hw4)
    with opened.guest:
        yield opened


Grade = Callable[..., Result]


@pytest.fixture(scope="session")
def graded(grader: GraderContext, course: Course, hw4: Assignment) -> Grade:
    """Grade the reference with edits through the real pipeline, with the secret that is given."""

    def grade(edits: tuple[tuple[str, str], ...], name: str, secret: bytes = b"\0" * 32) -> Result:
        text = mutations.plant(made_up.reference_text(course, hw4), edits, name)
        files = made_up.hand_in(course, hw4, made_up.answers(course, hw4, text))
        return pipeline.grade_submission(replace(grader, secret=secret), Submission(name, files))

    return grade


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
