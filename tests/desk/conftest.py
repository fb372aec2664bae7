"""A small class at the desk. Only read: `room` is a copy for a test that changes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import desks
import pytest
from toy import NAME, Toy

from autograder.course import Course
from autograder.grading import made_up

LONG = "Squares make $\\frac{\\partial}{\\partial a}$ easy, and one wild point counts far too much: $(y - ax)^2$."
ANSWERS = {
    "anong": LONG,
    "bua": LONG.replace("Squares make", "squares  make").replace("\\frac", "\\dfrac"),
    "chai": LONG.replace("(y - ax)", "(y + ax)"),
    "dao": "Smooth, but sensitive to outliers.",
    "สมหญิง ใจดี": "หาอนุพันธ์ได้ง่าย แต่ค่าผิดปกติมีผลมาก",
}


@pytest.fixture(scope="session")
def graded(toy: Toy, run: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = desks.with_rubric(toy.copy(tmp_path_factory.mktemp("desk") / "course"))
    made_up.write(course.submitted(NAME, "blank"), toy.hand_in({}))
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    desks.class_of(course, ANSWERS)
    return course


@pytest.fixture
def room(graded: Course, copy_of: Callable[[Course, Path], Course], tmp_path: Path) -> Course:
    return copy_of(graded, tmp_path / "course")
