"""course.py: what is wrong in the course folder is an error that names the culprit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course, Task, load_course, load_module
from autograder.errors import CourseError
from autograder.judging.contract import load_checks

CONFIG = "course_config.py"
BASICS = "source/hw4/1-basics.ipynb"
PROBES = "autograder/assignments/hw4/probes.py"
CHECKS = "autograder/assignments/hw4/checks/__init__.py"
GRADIENTS = "autograder/assignments/hw4/checks/gradients.py"
LAST_TASK = '        Task("T11", notebook="2-two-layer-network"),\n'


def edit(course: Course, file: str, old: str, new: str) -> None:
    path = course.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def complaint(course: Course) -> str:
    with pytest.raises(CourseError) as caught:
        load_course(course.root)
    return str(caught.value)


def test_the_course_of_this_repository_loads_with_twelve_tasks_of_equal_points(repo: Course) -> None:
    hw4 = repo.assignment("hw4")
    assert [task.name for task in hw4.tasks] == [f"T{n}" for n in range(1, 13)]
    assert {task.points for task in hw4.tasks} == {1.0}
    assert hw4.notebooks == ("1-basics", "2-two-layer-network")
    assert [task.name for task in hw4.tasks if task.graded_by == "person"] == ["T4"]
    assert repo.root.is_absolute()


def test_an_optional_task_counts_half_a_required_one() -> None:
    assert Task("OT1", notebook="1-basics", optional=True).points == 0.5


def test_the_records_are_frozen(repo: Course) -> None:
    with pytest.raises(AttributeError):
        repo.language = "th"  # type: ignore[misc]


def test_an_unknown_assignment_names_those_that_there_are(repo: Course) -> None:
    with pytest.raises(CourseError, match=r"unknown assignment 'hw9'.*hw4"):
        repo.assignment("hw9")


def test_an_unknown_task_names_those_that_there_are(repo: Course) -> None:
    with pytest.raises(CourseError, match=r"hw4 has no task 'T99'; it has T1, T2"):
        repo.assignment("hw4").task("T99")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('Task("T6",', 'Task("T5",', ["hw4", "task 'T5'", "twice"]),
        ("assignments=(hw4,)", "assignments=(hw4, hw4)", ["assignment 'hw4'", "twice"]),
        ("(0.974, 0.963)", "(97.4, 0.963)", ["hw4", "threshold 97.4", "mnist", "between 0 and 1"]),
        ("(0.974, 0.963)", "(0.974, -0.1)", ["hw4", "threshold -0.1", "mnist", "between 0 and 1"]),
        ('DATASET = "sample"', 'DATASET = "cifar"', ["hw4", "thresholds", "'cifar'"]),
        ("cell_seconds=10", "cell_seconds=0", ["hw4", "limit cell_seconds = 0", "above 0"]),
        ("memory_mb=2048", "memory_mb=-1", ["hw4", "limit memory_mb = -1", "above 0"]),
        (
            "limits=Limits(",
            'limits=Limits(system_calls="numa", ',
            ["system_calls is str 'numa'", '("numa",) with its comma'],
        ),
        (
            "limits=Limits(",
            'limits=Limits(system_calls=("gpu",), ',
            ["no group 'gpu'", "affinity, epoll, numa, timers"],
        ),
        ('language="en"', 'language="fr"', ["language 'fr'", "en, th"]),
        ('graded_by="person"', 'graded_by="robot"', ["T4", "'robot'", "judge, examiner or person"]),
        ('name="hw4"', 'name="hw 4"', ["hw 4", "letters, digits"]),
        (LAST_TASK, LAST_TASK + LAST_TASK.replace("T11", "T13"), ["task T13", "no cell 'T13-answer'", "2-two-layer"]),
        ('Task("T5", notebook="2-two-layer-network")', 'Task("T5", notebook="1-basics")', ["task T5", "'T5-answer'"]),
        ('Task("T5", notebook="2-two-layer-network")', 'Task("T5", notebook="3-more")', ["3-more.ipynb", "not found"]),
        ("course = Course(", "kurs = Course(", [CONFIG, "no `course`"]),
        ("assignments=(hw4,)", "assignments=(hw4)", ["assignments", "Assignment", "(hw5,) with its comma"]),
        ("assignments=(hw4,)", 'assignments=("hw4",)', ["assignments: the entry 1 is str 'hw4'"]),
        ("course = Course(", "course = dict(", ["course is dict", "course = Course(...)"]),
        ('language="en"', "language=7", ["language is int 7", "a text"]),
        ("limits=Limits(", "limits=dict(", ["hw4: limits is dict", "no Limits"]),
        ('name="pattern-recognition"', 'name="x", timezone="Bangkok"', ["timezone 'Bangkok' is not known"]),
        ('name="pattern-recognition"', 'name="x", timezone=7', ["timezone is int 7"]),
        ("hw4 = Assignment(", "hw4 = Asignment(", [CONFIG, "NameError", "Asignment"]),
        ("hw4 = Assignment(", "hw4 = Assignment((", [CONFIG, "SyntaxError"]),
    ],
)
def test_a_mistake_in_the_config_is_an_error_that_names_it(
    scratch: Course, old: str, new: str, said: list[str]
) -> None:
    edit(scratch, CONFIG, old, new)
    text = complaint(scratch)
    assert all(words in text for words in [CONFIG if ".ipynb" not in text else ".ipynb", *said]), text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (PROBES, "def T7(", "def _T7(", ["task T7 has no probe", PROBES]),
        (
            "solutions/hw4.py",
            "def backward(",
            "def back(",
            ["task T7 has no reference", "backward"],
        ),
        ("solutions/hw4.py", "def T1(", "def T_1(", ["task T1 has no reference", "T1", "solutions/hw4.py"]),
        (CHECKS, "ASSIGNMENT = Assig", "ASSIGNMENT = (Assig", ["checks/__init__.py:"]),
        (BASICS, '"grade_id": "T2-answer"', '"grade_id": "T2-anwser"', ["task T2 has no cell 'T2-answer'", BASICS]),
        (BASICS, '"grade_id": "T3"', '"grade_id": "T2"', ["1-basics.ipynb", "two cells", "'T2'"]),
    ],
)
def test_a_task_without_one_of_its_parts_is_an_error_that_names_both(
    scratch: Course, file: str, old: str, new: str, said: list[str]
) -> None:
    edit(scratch, file, old, new)
    text = complaint(scratch)
    assert all(words in text for words in said), text


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            CHECKS,
            'TaskChecks("T7", T7_cases',
            'TaskChecks("T_7", T7_cases',
            ["checks/__init__.py", "T_7", "no judged task"],
        ),
        (CHECKS, 'TaskChecks("T3", one_empty_case, T3),', "", [CHECKS, "T3: has no TaskChecks"]),
        (GRADIENTS, "def T7(", "def _T7(", [f"{CHECKS}:", "T7"]),
        (GRADIENTS, "def T7(", "def T7((", ["checks/gradients.py:"]),
    ],
)
def test_a_check_that_is_missing_or_broken_is_an_error_that_names_it_where_the_checks_are_loaded(
    scratch: Course, file: str, old: str, new: str, said: list[str]
) -> None:
    edit(scratch, file, old, new)
    course = load_course(scratch.root)
    with pytest.raises(CourseError) as caught:
        load_checks(course, course.assignment("hw4"))
    text = str(caught.value)
    assert all(words in text for words in said), text
    assert "\n" not in text


@pytest.mark.parametrize("file", [CONFIG, BASICS, "solutions/hw4.py", PROBES, CHECKS])
def test_a_missing_file_is_an_error_that_names_it(scratch: Course, file: str) -> None:
    (scratch.root / file).unlink()
    assert file in (text := complaint(scratch))
    assert "not found" in text


@pytest.mark.parametrize("text", ["", "no json", "{}", "[]", '{"cells": 3}', '{"cells": [1]}'])
def test_a_source_that_is_no_notebook_is_an_error_that_names_it(scratch: Course, text: str) -> None:
    (scratch.root / BASICS).write_text(text, encoding="utf-8")
    assert "1-basics.ipynb" in (said := complaint(scratch))
    assert "not a notebook" in said


def test_a_course_needs_no_copy_of_the_engine(scratch: Course) -> None:
    assert not list((scratch.root / "autograder").glob("*.py"))
    assert scratch.part("probes", "hw4").is_file()
    assert scratch.assignment("hw4").dataset == "sample"


def test_files_are_parsed_not_run_when_the_course_is_loaded(scratch: Course) -> None:
    path = scratch.solution("hw4")
    path.write_text(path.read_text() + "\nraise SystemExit('run!')\n")
    assert load_course(scratch.root).name == scratch.name


def test_loading_the_same_path_anew_sees_its_changes(tmp_path: Path) -> None:
    path = tmp_path / "part.py"
    path.write_text("value = 1\n")
    first = load_module(path, "part").value
    path.write_text("value = 22\n")
    assert (first, load_module(path, "part").value) == (1, 22)


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"gone\.py: not found"):
        load_module(tmp_path / "gone.py", "gone")


@pytest.fixture
def second(scratch: Course) -> Callable[[], Course]:
    """A second assignment made of added files and one entry in the config alone."""

    def make() -> Course:
        shutil.copytree(scratch.root / "source/hw4", scratch.root / "source/hw5")
        shutil.copytree(scratch.assignment_folder("hw4"), scratch.assignment_folder("hw5"))
        shutil.copy(scratch.solution("hw4"), scratch.solution("hw5"))
        edit(
            scratch,
            CONFIG,
            "course = Course(",
            'import dataclasses\nhw5 = dataclasses.replace(hw4, name="hw5")\n\ncourse = Course(',
        )
        edit(scratch, CONFIG, "assignments=(hw4,)", "assignments=(hw4, hw5)")
        return load_course(scratch.root)

    return make


def test_a_second_assignment_adds_files_and_edits_none(second: Callable[[], Course]) -> None:
    assert [assignment.name for assignment in second().assignments] == ["hw4", "hw5"]


def test_the_notebook_contract_holds(repo: Course) -> None:
    found = {}
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.source("hw4") / f"{name}.ipynb").read_text())["cells"]:
            if info := cell["metadata"].get("nbgrader"):
                found[info["grade_id"]] = info
    for task in repo.assignment("hw4").tasks:
        answer, test = found[task.answer_cell], found[task.name]
        assert answer["solution"] and not answer["locked"]
        assert test["grade"]
        if task.graded_by == "judge":
            assert not answer["grade"]
            assert test["locked"] and not test["solution"]
