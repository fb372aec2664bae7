"""Every damaged submission by `nbgrader autograde`: marks, lines and files are those of `autograder grade`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load_course
from tests.damaged import graded
from tests.damaged.case import CASES

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]


def test_each_of_them_has_the_marks_lines_and_files_of_our_command(
    tmp_path: Path,
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
    run: Callable[..., Any],
    gradebook_of: Callable[..., Any],
    record: Callable[..., None],
) -> None:
    repo, files = load_course(ROOT), graded.right_files(hand_in(right))
    first, second = (graded.build(repo, files, tmp_path / name, CASES.values()) for name in ("ours", "theirs"))
    ours = graded.by_autograder(first, run)
    started = time.monotonic()
    theirs = graded.by_nbgrader(second, run, ours)
    seconds = time.monotonic() - started
    graded.same_marks_and_lines(ours, theirs, gradebook_of)
    graded.same_files(ours, theirs)
    made = len(theirs.cases) - len(theirs.impossible)
    record("damaged-by-nbgrader", {"submissions": made, "different": 0, "seconds of nbgrader's commands": seconds})
