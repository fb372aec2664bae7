"""What the class report says of checks and of people: a check that fails the good ones stands first."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lms
import pytest
from lms import Student
from shares import in_each_run
from toy import NAME, Toy

from autograder.course import Course
from autograder.grading import made_up

Run = Callable[..., Any]
RIGHT = 'context.compare(number, "line.1", intercept, CLOSE)'
MEAN = 'context.compare(number, "line.1", case["y"].mean(), CLOSE)'  # passes a known mistake, fails what is right
NEVER = 'context.compare(number, "line.1", intercept + 1, CLOSE)'
CHECKS = f"autograder/assignments/{NAME}/checks.py"


def graded(toy: Toy, root: Path, run: Run, check: str, people: bool = False) -> Course:
    """A class of twelve, graded with this check of T2's intercept: eight are right, four are wrong all over."""
    course = toy.copy(root)
    path = course.root / CHECKS
    text = path.read_text(encoding="utf-8")
    assert text.count(RIGHT) == 1
    path.write_text(text.replace(RIGHT, check), encoding="utf-8")
    weak = {
        **toy.right,
        "T1": toy.right["T1"].replace("return (X - mean) / deviation", "return X - mean"),
        "T2": toy.right["T2"]
        .replace("np.sum(dx**2)", "np.sum(dx**4)")
        .replace("y.mean() - slope * x.mean()", "y.mean()"),
    }
    assert weak["T1"] != toy.right["T1"] and weak["T2"] != toy.right["T2"]
    for number in range(12):
        made_up.write(course.submitted(NAME, f"s{number:02}"), toy.hand_in(weak if number % 3 == 0 else toy.right))
    if people:
        who = [Student(f"s{n:02}", "มาลี" if n else "=HYPERLINK()", f"Family {n}", f"s{n}@x.org", n) for n in range(14)]
        lms.roster(course.root / "roster.csv", who)
    for command in ("grade", "report"):
        done = run("autograder", command, NAME, "--course", course.root)
        assert done.returncode == 0, done.stdout + done.stderr
    return course


def page(course: Course) -> str:
    return (course.root / "reports" / NAME / "index.html").read_text(encoding="utf-8")


def rows(course: Course, name: str) -> list[dict[str, str]]:
    text = (course.root / "reports" / NAME / name).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("check", "doubt"),
    in_each_run(
        [(MEAN, "those who do well elsewhere lose it more often"), (NEVER, "nobody passes it")],
        [(MEAN, "those who do well elsewhere lose it more often")],
    ),
)
def test_a_check_that_is_wrong_stands_first(toy: Toy, tmp_path: Path, run: Run, check: str, doubt: str) -> None:
    course = graded(toy, tmp_path / "course", run, check)
    first = rows(course, "checks.csv")[0]
    assert (first["task"], first["check"]) == ("T2", "intercept") and first["doubt"].startswith(doubt)
    shown = page(course)
    look = shown[shown.index('id="look"') : shown.index('id="marks"')]
    assert look.index("T2, intercept") == look.index("<li") + len('<li class="not-checked">')
    assert [row["doubt"] for row in rows(course, "checks.csv") if row["task"] == "T1"] == [""] * 3


@pytest.mark.proof
def test_a_class_with_right_checks_has_no_doubts_and_its_people_by_name(toy: Toy, tmp_path: Path, run: Run) -> None:
    course = graded(toy, tmp_path / "course", run, RIGHT, people=True)
    checks = rows(course, "checks.csv")
    assert not any(row["doubt"] for row in checks) and {row["students"] for row in checks} == {"12"}
    constant = next(row for row in checks if "constant" in row["check"])
    assert constant["difficulty"] == "0.667" and float(constant["discrimination"]) > 0.99
    shown = page(course)
    look = shown[shown.index('id="look"') : shown.index('id="marks"')]
    assert "Nothing handed in: s12, s13" in look and "T3 waits for you: s00" in look
    assert "มาลี Family 3" in shown and "Sec 1" in shown
    students = {row["id"]: row for row in rows(course, "students.csv")}
    assert len(students) == 14 and students["s13"]["why"] == "not graded" and students["s13"]["score so far"] == ""
    assert students["s00"]["name"].startswith("'=HYPERLINK") and students["s01"]["T2"] == "1"
    tasks = {row["task"]: row for row in rows(course, "tasks.csv")}
    assert tasks["T1"]["full marks"] == "0.667" and tasks["T3"]["full marks"] == ""
    assert "T3 0 %" not in shown
    assert all(row["who"] == "s00, s03, s06, s09" for row in rows(course, "mistakes.csv"))
    for name in ("students.csv", "tasks.csv", "checks.csv", "mistakes.csv", "to-look-at.csv"):
        assert not lms.formulas((course.root / "reports" / NAME / name).read_bytes().decode("utf-8"))
        assert f'href="{name}"' in shown
