"""Optional tasks: half a required one's points as a bonus; a mark is never lower for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course, load_course
from autograder.course.roster import Roster
from autograder.gradebook import standings
from autograder.grading import made_up
from autograder.lms.export import Class
from autograder.releasing import release

Run = Callable[..., Any]


@pytest.fixture
def here(scratch: Course) -> Course:
    """T2 and T3 are optional: ten required tasks are left."""
    config = scratch.root / "course_config.py"
    text = config.read_text()
    for task in ("T2", "T3"):
        text = text.replace(
            f'Task("{task}", notebook="1-basics")', f'Task("{task}", notebook="1-basics", optional=True)'
        )
    config.write_text(text)
    course = load_course(scratch.root)
    release.release(course, course.assignment("hw4"))
    return course


def totals(course: Course) -> dict[str, tuple[float, float]]:
    with Gradebook(course.gradebook_url) as book:
        return {s.student.id: (s.score, s.max_score) for s in book.assignment_submissions("hw4")}


@pytest.mark.proof
def test_a_bonus_is_half_a_task_and_the_maximum_is_that_of_the_required_ones(
    here: Course, right: dict[str, str], run: Run, tmp_path: Path
) -> None:
    hw4 = here.assignment("hw4")
    work = {
        "none": ["T1"], "wrong": ["T1", "T2"], "one": ["T1", "T2"], "both": ["T1", "T2", "T3"],
    }  # fmt: skip
    for name, tasks in work.items():
        answers = {task: right[task] for task in tasks}
        if name == "wrong":
            answers["T2"] = "size_A = 1\nsize_B = 2\nsize_C = 3\n"
        made_up.write(here.submitted("hw4", name), made_up.hand_in(here, hw4, answers))
    done = run("autograder", "grade", "hw4", "--course", here.root, "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = {"none": (1.0, 10.0), "wrong": (1.0, 10.0), "one": (1.5, 10.0), "both": (2.0, 10.0)}
    assert totals(here) == wanted
    assert any(line.split()[:1] == ["both"] and line.split()[-2:] == ["2", "10"] for line in done.stdout.splitlines())
    again = run("nbgrader", "autograde", "hw4", "--force", cwd=here.root)
    assert again.returncode == 0, again.stderr[-2000:]
    assert totals(here) == wanted
    with Gradebook(here.gradebook_url) as book:
        made = Class(here, hw4, Roster(), standings.standings(book, here, hw4))
    assert [made.mark(name) for name in ("none", "wrong", "one", "both")] == ["1", "1", "1.5", "2"]
