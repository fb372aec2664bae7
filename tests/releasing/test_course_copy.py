"""`autograder new --from`: an assignment, or a whole course for its next semester, and nothing of people in it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import NAME, Toy

from autograder import cli, files
from autograder.course import Course, load_course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.releasing import course_copy, new_assignment
from autograder.releasing.new_assignment import KIT

Run = Callable[..., Any]
PRIVATE = ("submitted", "autograded", "feedback", "reports", "exports", ".autograder", "gradebook.db", "roster.csv")
ASSIGNMENT = f"autograder/assignments/{NAME}"
ENTRY = "warmup = Assignment("
CONSTANTS = """A = 2
B = A + 1
NAMES = ["T1"]  # kept


def worth(n):
    return n + B


"""
TERM = """    due="2026-11-10 23:59",
    canvas="Warm-up (123)",
    late=Late("daily", percent_a_day=20.0, grace_days=1, extensions={"mali": 2}, forgiven=("nok",)),
    tasks=("""


def tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def edit(course: Course, *pairs: tuple[str, str]) -> Course:
    config = course.root / "course_config.py"
    text = config.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    config.write_text(text, encoding="utf-8")
    return load_course(course.root)


@pytest.fixture
def origin(toy_scratch: Course, toy: Toy) -> Course:
    """Last semester's course: dates, a late policy with names in it, points, students' work."""
    course = edit(
        toy_scratch,
        ("import Assignment, Course, Task", "import Assignment, Course, Late, Task"),
        ("    tasks=(", TERM),
        ('Task("T1", notebook="1-lines"', 'Task("T1", notebook="1-lines", points=3'),
        ('language="en"', 'language="th"'),
    )
    made_up.write(course.submitted(NAME, "mali"), toy.hand_in(toy.right))
    (course.root / "roster.csv").write_text("id,first_name\nmali,Mali\n")
    (course.source(NAME) / ".ipynb_checkpoints").mkdir()
    (course.source(NAME) / ".ipynb_checkpoints" / "1-lines-checkpoint.ipynb").write_text("{}")
    return course


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """An empty folder."""
    (tmp_path / "to").mkdir()
    return tmp_path / "to"


def test_the_next_semester_has_the_course_and_nothing_of_people_or_of_the_term(
    origin: Course, toy: Toy, tmp_path: Path, run: Run
) -> None:
    for line in (["grade", "--jobs", "1"], ["report", "-q"], ["export", "--to", "csv", "--partial"]):
        assert cli.main([line[0], NAME, *line[1:], "--course", str(origin.root)]) == 0
    root, before = tmp_path / "next", tree(origin.root)
    assert {name.split("/")[0] for name in before} >= set(PRIVATE)
    done = run("autograder", "new", "--from", origin.root, "--course", root)
    assert done.returncode == 0, done.stderr
    assert tree(origin.root) == before
    made = tree(root)
    assert not [name for name in made if name.split("/")[0] in (*PRIVATE, "release") or "checkpoint" in name]
    same = {name for name in made if before.get(name) == made[name]}
    assert set(made) - same == {"course_config.py", "README.md", ".gitignore"}
    assert {n for n in before if n.split("/")[0] in ("source", "solutions", "autograder")} - same == {
        f"source/{NAME}/.ipynb_checkpoints/1-lines-checkpoint.ipynb"
    }
    course = load_course(root)
    one, old = course.assignment(NAME), origin.assignment(NAME)
    assert (course.language, one.tasks, one.title) == ("th", old.tasks, old.title)
    assert (one.due, one.canvas, one.late.policy, one.late.percent_a_day) == ("", "", "none", 20.0)
    assert not one.late.extensions and not one.late.forgiven
    config = made["course_config.py"].decode()
    assert "mali" not in config and "nok" not in config
    assert "    # was: due='2026-11-10 23:59'\n" in config and "    # was: policy='daily'\n" in config
    said = " ".join(done.stdout.split())
    assert 'warmup: due, which was "2026-11-10 23:59" and late=Late("daily", ...): until then nothing is late' in said
    assert 'canvas, the title of this semester\'s column; it was "Warm-up (123)"' in said
    assert "bring this semester's roster as roster.csv" in said and "`autograder release warmup`" in said
    at = ("--course", root)
    assert run("autograder", "release", NAME, *at).returncode == 0
    made_up.write(course.submitted(NAME, "new-student"), toy.hand_in(toy.right))
    assert run("autograder", "grade", NAME, "-q", "--jobs", 1, *at).returncode == 0
    scores = json.loads(run("autograder", "scores", NAME, "--json", *at).stdout)
    assert list(scores) == ["new-student"] and scores["new-student"]["T1"]["score"] == 3
    assert (root / ".autograder" / "secret").read_bytes() != (origin.state / "secret").read_bytes()


@pytest.mark.proof
def test_an_assignment_is_copied_into_an_empty_folder_and_into_another_course(
    origin: Course, tmp_path: Path, run: Run
) -> None:
    for folder in ("empty", "other"):
        root = tmp_path / folder
        root.mkdir()
        if folder == "other":
            new_assignment.write(root, "hw5")
        done = run("autograder", "new", NAME, "--from", origin.root, cwd=root)
        assert done.returncode == 0, done.stderr
        course = load_course(root)
        assert [one.name for one in course.assignments] == (["hw5"] if folder == "other" else []) + [NAME]
        assert course.assignment(NAME).task("T1").points == 3 and course.language == "en"
        assert course.assignment(NAME).due == "" and 'due, which was "2026' in done.stdout
        for name in (
            f"source/{NAME}/1-lines.ipynb",
            f"solutions/{NAME}.py",
            f"autograder/assignments/{NAME}/checks.py",
        ):
            assert (root / name).read_bytes() == (origin.root / name).read_bytes()
        assert run("autograder", "release", NAME, cwd=root).returncode == 0
        again = run("autograder", "new", NAME, "--from", origin.root, cwd=root)
        assert again.returncode == 1 and f"has {NAME} already" in again.stderr


def test_the_kits_own_hw4_comes_whole(to: Path) -> None:
    made = course_copy.assignment_from(to, KIT, "hw4")
    course, kit = load_course(to), load_course(KIT)
    assert course.assignment("hw4") == kit.assignment("hw4") and made.said == ()
    for folder in ("source/hw4", "autograder/assignments/hw4"):
        tracked = subprocess.run(["git", "-C", KIT, "ls-files", folder], capture_output=True, text=True, check=True)
        assert {name for name in tree(to) if name.startswith(folder)} == set(tracked.stdout.split())
    assert course_copy.next_semester(to / "whole", KIT).files
    assert load_course(to / "whole").assignments == kit.assignments
    readme = (to / "whole" / "README.md").read_bytes()
    assert readme == (new_assignment.TEMPLATES / "README.md").read_bytes() != (KIT / "README.md").read_bytes()


def test_the_kits_own_names_are_not_given_to_a_sample(to: Path, run: Run) -> None:
    done = run("autograder", "new", "hw4", cwd=to)
    assert done.returncode == 1 and not list(to.iterdir())
    said = " ".join(done.stderr.split())
    assert f"`autograder new hw4 --from {KIT}`" in said and "`autograder new my-hw4`" in said
    done = run("autograder", "new", cwd=to)
    assert done.returncode == 1 and "`autograder new hw5`" in done.stderr and "--from DIR" in done.stderr


def test_lines_that_the_assignment_needs_come_along_in_their_order(origin: Course, to: Path) -> None:
    course = edit(
        origin,
        (ENTRY, CONSTANTS + ENTRY),
        ("points=3", "points=worth(A)"),
        (
            "import Assignment, Course, Late, Task",
            "import Assignment, Course, Task, Late as Lateness",
        ),
        ("late=Late(", "late=Lateness("),
    )
    assert course.assignment(NAME).task("T1").points == 5
    course_copy.assignment_from(to, origin.root, NAME)
    text = (to / "course_config.py").read_text()
    assert load_course(to).assignment(NAME).task("T1").points == 5
    assert "NAMES" not in text and text.index("A = 2") < text.index("B = A + 1") < text.index("def worth")
    assert "from autograder.course import Late as Lateness" in text


def test_a_name_that_stands_for_something_else_here_is_refused(origin: Course, to: Path) -> None:
    edit(origin, ("warmup = Assignment(", "WORTH = 5\n\nwarmup = Assignment("), ("points=3", "points=WORTH"))
    new_assignment.write(to, "hw5")
    config = to / "course_config.py"
    config.write_text(config.read_text().replace("hw5 = Assignment(", "WORTH = 7\n\nhw5 = Assignment("))
    before = tree(to)
    with pytest.raises(CourseError, match=r"WORTH stands for something else there \(WORTH = 7\)"):
        course_copy.assignment_from(to, origin.root, NAME)
    assert tree(to) == before


DUE = "OF = dict(due='2026-11-10 23:59')\n"
MORE = 'MORE = dict(db_url="postgresql+psycopg://u:secret@h/n")\n'


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (
            [(ENTRY, DUE + ENTRY), ('    due="2026-11-10 23:59",\n', "    **OF,\n")],
            "warmup: its due, late or canvas cannot",
        ),
        (
            [("course = Course(", f"{MORE}course = Course("), ('language="th",', "**MORE,")],
            "db_url cannot be taken out",
        ),
        ([('    name="warmup",\n', '    name="warm" + "up",\n')], 'not written as Assignment(name="warmup", ...)'),
        ([(ENTRY, f"class X:\n    x = 3\n\n\n{ENTRY}"), ("points=3", "points=X.x")], "needs X, and that is bound"),
    ],
)
def test_what_cannot_be_read_as_lines_is_refused_and_nothing_is_written(
    origin: Course, to: Path, pairs: list[tuple[str, str]], said: str
) -> None:
    edit(origin, *pairs)
    with pytest.raises(CourseError, match=re.escape(said)) as error:
        course_copy.assignment_from(to / "one", origin.root, NAME)
    assert "secret" not in str(error.value) and not list(to.glob("*/*"))


def test_the_other_semesters_database_is_not_taken_along(origin: Course, to: Path) -> None:
    edit(origin, ('language="th",', 'language="th", db_url="postgresql+psycopg://u:secret@host/last",'))
    made = course_copy.next_semester(to, origin.root)
    assert load_course(to).db_url == "" and "secret" not in (to / "course_config.py").read_text()
    told = "db_url, another one: the other semester's marks are in postgresql+psycopg://u:***@host/last"
    assert f"set in course_config.py: {told}" in made.said


def test_settings_of_nbgrader_that_came_along_are_told(origin: Course, to: Path) -> None:
    line = f"look through {new_assignment.SETTINGS}: it came along with settings of the other course's own"
    assert line not in course_copy.next_semester(to / "one", origin.root).said
    with (origin.root / new_assignment.SETTINGS).open("a") as file:
        file.write('\nget_config().Exchange.root = "/srv/last"\n')
    assert line in course_copy.next_semester(to / "two", origin.root).said


def test_modules_beside_the_reference_come_along(origin: Course, to: Path) -> None:
    solutions = origin.solution(NAME).parent
    (solutions / "helpers.py").write_text("import deeper\n")
    (solutions / "deeper.py").write_text("X = 1\n")
    (solutions / "unused.py").write_text("X = 2\n")
    path = origin.solution(NAME)
    path.write_text(f"import helpers  # noqa\n{path.read_text()}")
    course_copy.assignment_from(to, origin.root, NAME)
    assert {p.name for p in (to / "solutions").iterdir()} == {f"{NAME}.py", "helpers.py", "deeper.py"}


def test_links_to_folders_and_to_nothing_are_told_and_links_to_files_are_copied(origin: Course, to: Path) -> None:
    source = origin.source(NAME)
    (origin.root / "data").mkdir()
    (origin.root / "one.csv").write_text("1")
    for name, target in (("data", "../../data"), ("gone", "nowhere"), ("one.csv", "../../one.csv")):
        (source / name).symlink_to(target)
    made = course_copy.next_semester(to, origin.root)
    told = [line for line in made.said if "not copied" in line]
    assert told == [
        f"not copied: {source / name} is a link to {target}; copy what is needed of it by hand"
        for name, target in (("data", "../../data"), ("gone", "nowhere"))
    ]
    copied = to / "source" / NAME / "one.csv"
    assert copied.read_text() == "1" and not copied.is_symlink()
    assert [line for line in course_copy.assignment_from(to / "other", origin.root, NAME).said if line in told] == told


@pytest.mark.parametrize(
    "there", [f"solutions/{NAME}.py", f"source/{NAME}/notes.ipynb", f"autograder/assignments/{NAME}/x.csv"]
)
def test_what_is_there_is_never_written_over(origin: Course, to: Path, there: str) -> None:
    (to / there).parent.mkdir(parents=True)
    (to / there).write_text("mine")
    with pytest.raises(CourseError, match=rf"{there}: there already, and nothing was written"):
        course_copy.assignment_from(to, origin.root, NAME)
    with pytest.raises(CourseError, match=rf"{there}: there already, and nothing was written"):
        course_copy.next_semester(to, origin.root)
    assert tree(to) == {there: b"mine"}


def test_a_folder_that_has_a_course_gets_no_second(origin: Course, to: Path) -> None:
    new_assignment.write(to, "hw5")
    before = tree(to)
    with pytest.raises(CourseError, match=f"there is a course already.*`autograder new {NAME} --from"):
        course_copy.next_semester(to, origin.root)
    with pytest.raises(CourseError, match="that is this folder"):
        course_copy.next_semester(origin.root, origin.root)
    with pytest.raises(CourseError, match=r"no course there: .*nowhere/course_config\.py is not found"):
        course_copy.next_semester(to / "new", to / "nowhere")
    with pytest.raises(CourseError, match="unknown assignment 'hw9'"):
        course_copy.assignment_from(to, origin.root, "hw9")
    assert tree(to) == before


@pytest.mark.parametrize("nth", [1, 3, 6, 9])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_ends_on_the_way_leaves_nothing(
    origin: Course, to: Path, monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException
) -> None:
    root = to / "course"
    count = 0

    def replace(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == nth:
            raise error
        return original(self, target)

    original = Path.replace
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises((CourseError, KeyboardInterrupt)):
        course_copy.next_semester(root, origin.root)
    assert not root.exists()
    monkeypatch.undo()
    assert course_copy.next_semester(root, origin.root).files


def test_after_a_kill_the_same_command_goes_on(origin: Course, to: Path) -> None:
    """A killed run leaves whole files, without their entry; and perhaps one under its temporary name."""
    whole, root = to / "whole", to / "killed"
    course_copy.next_semester(whole, origin.root)
    shutil.copytree(whole / "source", root / "source")
    (root / "solutions").mkdir()
    part = files.temporary_sibling(root / "solutions" / f"{NAME}.py")
    part.with_name(part.name.replace(f".{__import__('os').getpid()}-", ".4194304-")).write_text("half")
    made = course_copy.next_semester(root, origin.root)
    assert tree(root) == tree(whole) and root / f"source/{NAME}/1-lines.ipynb" not in made.files
