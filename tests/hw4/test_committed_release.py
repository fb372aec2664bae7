"""The committed release of hw4 is what its source gives, and says nothing that it should not."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
import sources
from shares import one_in
from sources import Change, add_line, hashes

from autograder.course import Course, load_course, solution_regions
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.releasing import leaks, release

NETWORK = "2-two-layer-network.ipynb"
Run = Callable[..., Any]


def edit_cell(course: Course, name: str, grade_id: str, change: Change) -> None:
    sources.edit_cell(course.source("hw4") / name, grade_id, change)


def test_the_committed_release_is_what_the_source_gives(repo: Course) -> None:
    assert release.same_release(repo, repo.assignment("hw4")) == []


def test_the_committed_release_has_no_leaks(repo: Course) -> None:
    assert list(leaks.leaks(repo, repo.assignment("hw4"), repo.release("hw4"))) == []


def test_the_solution_regions_are_the_references_lines(repo: Course) -> None:
    assert solution_regions.sync(repo, repo.assignment("hw4"), write=False) == []


def test_the_release_has_what_a_student_needs(repo: Course) -> None:
    names = {path.name for path in repo.release("hw4").iterdir()}
    assert names == {
        "1-basics.ipynb",
        NETWORK,
        "README.md",
        "requirements.txt",
        "hw4_helpers.py",
        "hw4_numbers.json",
        "hw4_thai.json",
    }


def test_every_stub_raises_with_the_name_of_its_task(repo: Course) -> None:
    stubs = {}
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.release("hw4") / f"{name}.ipynb").read_text())["cells"]:
            stubs[cell["metadata"].get("nbgrader", {}).get("grade_id")] = "".join(cell["source"])
    for task in repo.assignment("hw4").tasks:
        if task.graded_by == "judge":
            assert f'raise NotImplementedError("{task.name}")' in stubs[task.answer_cell]
            assert stubs[task.answer_cell].startswith(f"# {task.answer_cell}\n"), "messages use that name"


def test_the_source_has_no_outputs_and_no_execution_data(repo: Course) -> None:
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.source("hw4") / f"{name}.ipynb").read_text())["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
            assert "execution" not in cell["metadata"]


def test_what_only_shows_or_trains_is_tagged_in_the_source(repo: Course) -> None:
    tagged = set()
    for cell in json.loads((repo.source("hw4") / NETWORK).read_text())["cells"]:
        if "skip-execution" in cell["metadata"].get("tags", []):
            tagged.add(cell["metadata"]["nbgrader"]["grade_id"])
    assert {"load-mnist", "show-digits", "train-first", "train-second", "T12-answer", "save-best-net"} <= tagged
    assert not tagged & {f"T{n}" for n in range(5, 13)}


@pytest.mark.proof
def test_the_goals_that_students_see_are_stamped_from_the_course(scratch: Course) -> None:
    config = scratch.root / "course_config.py"
    config.write_text(config.read_text().replace("(0.974, 0.963)", "(0.9, 0.8)"))
    changed = load_course(scratch.root)
    hw4 = changed.assignment("hw4")
    assert solution_regions.sync(changed, hw4, write=False) == ["hw4_helpers.py: GOALS"]
    release.release(changed, hw4)
    assert '"mnist": [0.9, 0.8]' in (changed.release("hw4") / "hw4_helpers.py").read_text()
    assert solution_regions.sync(changed, hw4, write=False) == []


# What a careless instructor may leave in the source -> what the release says about it.
LEAKS: dict[str, tuple[Callable[[Course], object], str]] = {
    "the reference in the helper module": (
        lambda c: add_to(c, "hw4_helpers.py", "\n    chosen = np.random.choice(len(X), batch_size, replace=True) \n"),
        "hw4_helpers.py: a line of hw4.py:sample_minibatch",
    ),
    "a line of a check": (
        lambda c: edit_cell(
            c,
            NETWORK,
            "toy-data",
            add_line("# x\nreturn _numbers(context, 1e-3)  # typed by hand, perhaps rounded to three digits"),
        ),
        "a line of numbers.py:T1",
    ),
    "a hidden value": (
        lambda c: add_to(c, "README.md", "\nThe answer is 557,057.\n"),
        "README.md: the hidden value of T3",
    ),
    "a hidden value without its comma": (
        lambda c: edit_cell(c, "1-basics.ipynb", "setup", add_line("assert num_parameters != 557057")),
        "1-basics.ipynb: the hidden value of T3",
    ),
    "an import of the autograder": (
        lambda c: add_to(c, "hw4_helpers.py", "\nimport autograder.checking\n"),
        "hw4_helpers.py: imports the reference or the autograder",
    ),
}


def add_to(course: Course, name: str, text: str) -> None:
    path = course.source("hw4") / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


# in each test run one in three, in `make proof` all
@pytest.mark.parametrize("kind", one_in(3, LEAKS))
def test_a_leak_stops_the_release_and_leaves_the_old_one(scratch: Course, kind: str) -> None:
    spoil, said = LEAKS[kind]
    before = hashes(scratch.root / "release")
    spoil(scratch)
    with pytest.raises(CourseError) as caught:
        release.release(scratch, scratch.assignment("hw4"))
    assert said in str(caught.value)
    assert hashes(scratch.root / "release") == before


@pytest.fixture(scope="module")
def by_nbgrader(repo: Course, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("nbgrader") / "course")
    shutil.rmtree(course.release("hw4"))
    done = run("nbgrader", "generate_assignment", "hw4", cwd=course.root)
    assert done.returncode == 0, done.stderr
    return course


@pytest.mark.proof
def test_nbgraders_own_command_gives_the_same_notebooks(by_nbgrader: Course, repo: Course) -> None:
    assert hashes(by_nbgrader.release("hw4")) == hashes(repo.release("hw4"))
