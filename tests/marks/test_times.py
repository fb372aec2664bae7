"""When each of a class handed in: read in one way from the stamp to the penalty, and shown in the course's zone."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from toy import NAME, Toy
from traitlets.config import Config, Configurable

from autograder.course import Course, load_course
from autograder.gradebook.nbgrader_plugins import LatePolicy
from autograder.grading import made_up
from autograder.nbgrader_settings import configure

Run = Callable[..., Any]

# Berlin's clocks go back on 25 October at three; due on the 24th at 23:59, and one day is free
STAMPS = {
    "digits": ("2026-10-24 23:50:00.000000 +02", 0),
    "blank": ("2026-10-24 23:50:00 +0200", 0),
    "letters": ("2026-10-24 23:50:00.000000 CEST", 0),
    "bare": ("2026-10-24 23:50:00", 0),
    "zone": ("2026-10-25 04:50:00 Asia/Bangkok", 0),
    "hour-more": ("2026-10-25 23:30:00.000000 CET", 0),  # 24.5 hours after it was due
    "late": ("2026-10-26 00:30:00 CET", 1),
    "utc": ("2026-10-26 23:30:00 UTC", 2),
    "unsure": ("2026-10-28 12:00:00 CST", 0),
    "garbage": ("yesterday", 0),
}
UNSURE = "2026-10-28 12:00:00 CST"


def times_of(run: Run, course: Course) -> dict[str, float]:
    found = json.loads(run("autograder", "scores", NAME, "--json", "--totals", "--course", course.root).stdout)
    return {student: found[student]["penalty"] for student in STAMPS}


@pytest.fixture(scope="module")
def graded(toy: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, str]:
    """The class, graded -> the course, and what the grading said."""
    course = toy.copy(tmp_path_factory.mktemp("times") / "course")
    config = course.root / "course_config.py"
    text = config.read_text().replace("Course, Task", "Course, Late, Task")
    text = text.replace("    language=", '    timezone="Europe/Berlin",\n    language=')
    late = 'due="2026-10-24 23:59", late=Late("daily", percent_a_day=10, grace_days=1),'
    config.write_text(text.replace("    tasks=(", f"    {late}\n    tasks=(", 1))
    for student, (stamp, _) in STAMPS.items():
        files = toy.hand_in(toy.right)
        made_up.write(course.submitted(NAME, student), {**files, "timestamp.txt": stamp.encode()})
    for leftover in (".ipynb_checkpoints", "__MACOSX", ".hidden", "lost+found"):
        shutil.copytree(course.submitted(NAME, "late"), course.submitted(NAME, leftover))
    done = run("autograder", "grade", NAME, "--course", course.root)
    assert done.returncode == 0, done.stderr
    return load_course(course.root), done.stdout


def test_lateness_is_counted_from_the_time_that_was_meant(graded: tuple[Course, str], run: Run) -> None:
    course, _ = graded
    found = times_of(run, course)
    whole = 2.0  # the two tasks of the judge
    assert found == {student: pytest.approx(0.1 * days * whole) for student, (_, days) in STAMPS.items()}


def test_what_cannot_be_read_is_said_at_each_grading_until_it_is_mended(graded: tuple[Course, str], run: Run) -> None:
    course, said = graded
    file = course.submitted(NAME, "unsure") / "timestamp.txt"
    line = f"unsure: {file}: '{UNSURE}' has 'CST', which is not Europe/Berlin's at that time and may mean several zones"
    again = run("autograder", "grade", NAME, "--course", course.root)
    for text in (said, again.stdout):
        assert text.count(line) == 1 and f"mend it, then `autograder grade {NAME}`" in text
    assert "garbage: timestamp.txt: 'yesterday' is not a time like" in said and "grading 0 of 10" in again.stdout


def test_another_zone_of_the_course_moves_penalties_and_runs_no_code(
    graded: tuple[Course, str], run: Run, tmp_path: Path
) -> None:
    shutil.copytree(graded[0].root, tmp_path / "course")
    config = tmp_path / "course" / "course_config.py"
    config.write_text(config.read_text().replace("Europe/Berlin", "Asia/Shanghai"))
    done = run("autograder", "grade", NAME, "--course", tmp_path / "course")
    assert "grading 0 of 10" in done.stdout and "'CEST', which is not Asia/Shanghai's" in done.stdout
    found = times_of(run, load_course(tmp_path / "course"))
    assert found["unsure"] == pytest.approx(0.6) and found["letters"] == found["digits"] == 0


def test_people_read_times_in_the_courses_zone_to_the_minute(graded: tuple[Course, str], run: Run) -> None:
    course, _ = graded
    assert run("autograder", "report", NAME, "--course", course.root).returncode == 0
    shown = {student: (course.root / "feedback" / student / NAME / "feedback.html").read_text() for student in STAMPS}
    for student in ("digits", "blank", "letters", "bare"):
        assert "Handed in 2026-10-24 23:50 Europe/Berlin." in shown[student]
    assert "Handed in 2026-10-27 00:30 Europe/Berlin." in shown["utc"]
    assert f"Handed in {UNSURE}." in shown["unsure"] and "Handed in" not in shown["garbage"]
    (page,) = (course.root / "reports").rglob("*.html")
    assert "Europe/Berlin. Grader" in page.read_text()


def test_the_formgrader_shows_the_same_times(graded: tuple[Course, str], tmp_path: Path) -> None:
    shutil.copytree(graded[0].root, tmp_path / "course")
    course = load_course(tmp_path / "course")
    config = Config()
    configure(config, course.root)
    config.CourseDirectory.assignment_id = NAME
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    assert api.get_assignment(NAME)["display_duedate"] == "2026-10-24 23:59 CEST"
    assert api.get_submission(NAME, "utc")["display_timestamp"] == "2026-10-27 00:30 CET"
    assert {one["student"] for one in api.get_submissions(NAME)} >= {"utc", "garbage"}  # what is no time ends no list
    # it takes for graded whose time in submitted/ is the gradebook's
    assert api.get_autograded_students(NAME) == set(STAMPS)
    assert api.get_submitted_timestamp(NAME, "digits") == datetime(2026, 10, 24, 21, 50)


def test_nbgraders_own_late_penalties_count_the_calendars_days_too(graded: tuple[Course, str]) -> None:
    class Step(Configurable):
        assignment_id = NAME

    config = Config()
    configure(config, graded[0].root)
    policy = LatePolicy(parent=Step(), config=config)
    hour = 3600
    late = [policy.late_submission_penalty("x", 2.0, hours * hour) for hours in (0, 24.5, 25, 25.5, 49, 49.5)]
    assert late == [None, None, None, pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.4)]


def test_an_id_that_lost_its_zeros_in_the_roster_is_said(toy: Toy, run: Run, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    made_up.write(course.submitted(NAME, "0530000021"), toy.hand_in(toy.right))
    for roster, said in (("id\n530000021\n", True), ("id\n0530000021\n", False), ("id\n1\n", False)):
        (course.root / "roster.csv").write_text(roster)
        done = run("autograder", "grade", NAME, "--course", course.root)
        line = "0530000021: not in roster.csv, which has 530000021; did a spreadsheet take the zeros before it?"
        assert done.returncode == 0 and (line in done.stdout) == said


def test_what_systems_leave_in_submitted_is_no_student(graded: tuple[Course, str], run: Run) -> None:
    course, said = graded
    assert "grading 10 of 10" in said
    found = json.loads(run("autograder", "scores", NAME, "--json", "--course", course.root).stdout)
    assert set(found) == set(STAMPS)


@pytest.mark.proof
def test_nbgraders_own_commands_read_the_same_times(graded: tuple[Course, str], run: Run, tmp_path: Path) -> None:
    shutil.copytree(graded[0].root, tmp_path / "course")
    course = load_course(tmp_path / "course")
    course.gradebook.unlink()
    shutil.rmtree(course.root / "autograded")
    shutil.copytree(course.submitted(NAME, "late"), course.submitted(NAME, "__MACOSX"), dirs_exist_ok=True)
    assert run("autograder", "release", NAME, "--course", course.root).returncode == 0
    done = run("nbgrader", "autograde", NAME, cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {path.name for path in (course.root / "autograded").iterdir()} == set(STAMPS)
    assert f"'{UNSURE}' has 'CST'" in done.stderr
    assert times_of(run, course) == times_of(run, graded[0])
