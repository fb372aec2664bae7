"""skeleton.py: `autograder new` writes an assignment that works as it stands, and overwrites nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, load_course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.releasing import new_assignment

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def made(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course of one new assignment, in a folder that was empty."""
    root = tmp_path_factory.mktemp("new") / "course"
    root.mkdir()
    done = run("autograder", "new", "hw5", "--course", root)
    assert done.returncode == 0, done.stderr
    assert "autograder release hw5" in done.stdout and "autograder audit hw5" in done.stdout
    wrote = {line.removeprefix("wrote: ") for line in done.stdout.splitlines() if line.startswith("wrote: ")}
    assert wrote == {str(path) for path in root.rglob("*") if path.is_file()}
    return load_course(root)


def test_a_new_assignment_is_released_graded_and_audited_without_an_edit(made: Course, run: Run) -> None:
    at = ("--course", made.root)
    assert (done := run("autograder", "release", "hw5", *at)).returncode == 0, done.stderr
    assignment = made.assignment("hw5")
    right = made_up.answers(made, assignment)
    wrong = {**right, "T1": right["T1"].replace("axis=0", "axis=1")}
    for name, answers in {"right": right, "wrong": wrong, "blank": {}}.items():
        made_up.write(made.submitted("hw5", name), made_up.hand_in(made, assignment, answers))
    assert (done := run("autograder", "grade", "hw5", "--jobs", 1, *at)).returncode == 0, done.stderr
    marks = json.loads(run("autograder", "scores", "hw5", "--json", *at).stdout)
    assert {name: tasks["T1"]["score"] for name, tasks in marks.items()} == {"right": 1, "wrong": 0, "blank": 0}
    assert marks["wrong"]["T1"]["mistake"] == "means-of-rows" and "means of the rows" in marks["wrong"]["T1"]["message"]
    assert marks["right"]["T2"]["status"] == "needs grading" and marks["blank"]["T2"]["score"] == 0
    audited = run("autograder", "audit", "hw5", "--jobs", 1, *at)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "2 mistakes: 0 survivors, 0 with collateral, 100 % named; 1 right variants: 0 lost marks" in audited.stdout


def test_the_notebook_comes_with_the_references_lines(made: Course) -> None:
    from autograder.course import solution_regions

    assert solution_regions.sync(made, made.assignment("hw5"), write=False) == []


def test_nbgraders_settings_are_those_of_this_repository() -> None:
    assert (new_assignment.TEMPLATES / "nbgrader_config.py").read_bytes() == (ROOT / "nbgrader_config.py").read_bytes()


def test_a_new_assignment_joins_those_of_a_course(toy_scratch: Course) -> None:
    before = (toy_scratch.root / "course_config.py").read_text(encoding="utf-8")
    settings = (toy_scratch.root / "nbgrader_config.py").read_bytes()
    assert new_assignment.write(toy_scratch.root, "hw-5").to_add == ""
    course = load_course(toy_scratch.root)
    assert [assignment.name for assignment in course.assignments] == ["warmup", "hw-5"]
    after = (toy_scratch.root / "course_config.py").read_text(encoding="utf-8")
    assert "assignments=(warmup, hw_5)," in after
    assert [line for line in before.splitlines() if line not in after.splitlines()] == ["    assignments=(warmup,),"]
    assert (toy_scratch.root / "nbgrader_config.py").read_bytes() == settings


def test_it_overwrites_nothing(made: Course, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match=r"course_config\.py: has hw5 already"):
        new_assignment.write(made.root, "hw5")
    stray = tmp_path / "solutions" / "hw6.py"
    stray.parent.mkdir()
    stray.write_text("mine")
    with pytest.raises(CourseError, match=r"solutions/hw6\.py: there already, and nothing was written"):
        new_assignment.write(tmp_path, "hw6")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [stray]
    assert before == {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["hw 5", "../hw5", "", "hw5/x", "การบ้าน"])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="only letters, digits, - and _"):
        new_assignment.write(tmp_path, name)
    assert not list(tmp_path.iterdir())


def test_a_broken_course_is_named_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "course_config.py").write_text("course = (\n")
    with pytest.raises(CourseError, match=r"course_config\.py: SyntaxError"):
        new_assignment.write(tmp_path, "hw5")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assignments=(warmup,)", "assignments=tuple([warmup])"),
        ("course = Course(", "course: Course = Course("),
        ("import Assignment, Course, Task", "import Assignment, Course, Task as Question"),
    ],
)
def test_a_config_of_another_make_is_left_alone_and_the_lines_to_add_are_told(
    toy_scratch: Course, run: Run, old: str, new: str
) -> None:
    path = toy_scratch.root / "course_config.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new)
    if "Question" in new:
        text = text.replace("        Task(", "        Question(")
    path.write_text(text, encoding="utf-8")
    made = new_assignment.write(toy_scratch.root, "hw5")
    assert path.read_text(encoding="utf-8") == text
    assert 'name="hw5"' in made.to_add and "hw5 among the `assignments`" in made.to_add
    assert toy_scratch.part("checks", "hw5").is_file()


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        ("()", "(hw5,)"),
        ("[]", "(hw5,)"),
        ("(hw4,)", "(hw4, hw5)"),
        ("(  # คำอธิบาย\n        hw4,\n        hw3,\n    )", "(hw4, hw3, hw5)"),
    ],
)
def test_the_entry_stands_before_the_course_and_its_name_in_the_list(listed: str, wanted: str) -> None:
    text = f'"""หลักสูตร"""\nfrom x import Assignment, Task\n\ncourse = Course(name="ก", assignments={listed}, z=1)\n'
    found = new_assignment.with_assignment(text, "hw5")
    assert f'course = Course(name="ก", assignments={wanted}, z=1)\n' in found
    assert found.index("hw5 = Assignment(") < found.index("course = Course(")
    compile(found, "course_config.py", "exec")


@pytest.mark.parametrize(
    ("name", "variable"), [("hw5", "hw5"), ("2026-a", "assignment_2026_a"), ("for", "assignment_for")]
)
def test_the_name_becomes_a_name_of_python(name: str, variable: str) -> None:
    found = new_assignment.with_assignment("from x import Assignment, Task\ncourse = Course(assignments=())\n", name)
    compile(found, "course_config.py", "exec")
    assert f"assignments=({variable},)" in found
