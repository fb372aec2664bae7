"""Data that are not on this machine: one line tells it before they are got, once, by whatever command needs them."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import NAME, Toy

from autograder import cli
from autograder.commands import diagnoses
from autograder.course import Course, load_course
from autograder.gradebook import database, registration
from autograder.grading import made_up

LINE = "the dataset 'rows' is not on this machine (ask [the office]): getting it now"
RECIPE = """
import os
from pathlib import Path
from autograder.author import DatasetRecipe

def prepare(name, source):
    with Path({log!r}).open("a", encoding="utf-8") as file:
        file.write(f"{{os.getpid()}}\\n")
    if not Path({data!r}).exists():
        raise OSError("the office does not answer")
    return {{"rows": np.arange(3)}}

def at_hand(name, source):
    return "ask [the office]"

RECIPE = DatasetRecipe(prepare=prepare, at_hand=at_hand)

"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Who got the data, each time a line."""
    return tmp_path / "log"


@pytest.fixture
def data(toy: Toy, toy_scratch: Course, tmp_path: Path, log: Path) -> Path:
    """Without this file nobody gets them. Two have handed in."""
    data = tmp_path / "data"
    for student in ("a", "b"):
        made_up.write(toy_scratch.submitted(NAME, student), toy.hand_in(toy.right))
    checks, config = toy_scratch.part("checks", NAME), toy_scratch.root / "course_config.py"
    text, begin = checks.read_text(encoding="utf-8"), "ASSIGNMENT = AssignmentChecks("
    recipe = RECIPE.format(log=str(log), data=str(data))
    checks.write_text(text.replace(begin, f"{recipe}{begin}\n    dataset=RECIPE,"), encoding="utf-8")
    text = config.read_text(encoding="utf-8").replace(f'name="{NAME}",', f'name="{NAME}", dataset="rows",')
    config.write_text(text, encoding="utf-8")
    return data


def test_it_is_told_and_done_once(
    toy_scratch: Course, log: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, checks = str(toy_scratch.root), toy_scratch.part("checks", NAME)
    assert cli.main(["grade", NAME, "--course", root]) == 1
    said = capsys.readouterr()
    assert LINE in said.out and "dataset 'rows': the office does not answer" in said.err
    assert not list((toy_scratch.state / "verdicts").rglob("*.json"))
    data.touch()
    assert cli.main(["grade", NAME, "--jobs", "2", "--course", root]) == 0
    assert LINE in capsys.readouterr().out
    assert log.read_text().split() == [str(os.getpid())] * 2  # this process, no worker
    assert cli.main(["grade", NAME, "a", "--force", "--course", root]) == 0
    assert LINE not in capsys.readouterr().out
    assert len(log.read_text().split()) == 2

    checks.write_text(checks.read_text(encoding="utf-8").replace('return "ask', 'return 1 / 0, "ask'), encoding="utf-8")
    assert cli.main(["grade", NAME, "--course", root]) == 1
    course = load_course(toy_scratch.root)
    for told in (capsys.readouterr().err, diagnoses.data(course, course.assignment(NAME)).found):
        found = re.search(r"checks\.py:(\d+): at_hand: ZeroDivisionError", told)
        assert found and "1 / 0" in checks.read_text(encoding="utf-8").splitlines()[int(found[1]) - 1], told


def test_nbgraders_command_and_a_replay_tell_it_too(
    toy_scratch: Course, log: Path, data: Path, run: Callable[..., Any]
) -> None:
    autograde, course = ("nbgrader", "autograde", NAME), load_course(toy_scratch.root)
    with database.connect(course) as book:
        registration.register(book, course, course.assignment(NAME))
    failed = run(*autograde, cwd=toy_scratch.root)
    assert failed.returncode == 1 and LINE in failed.stderr and failed.stderr.count("the office does not answer") == 1
    assert "Traceback" not in failed.stderr
    data.touch()
    done = run(*autograde, cwd=toy_scratch.root)
    assert done.returncode == 0 and done.stderr.count(LINE) == 1, done.stderr
    assert len(log.read_text().split()) == 2
    for kept in (toy_scratch.state / "data").iterdir():
        kept.unlink()
    again = run(*autograde, "--force", cwd=toy_scratch.root)
    assert again.returncode == 0 and LINE not in again.stderr, "nobody's code has to run"
    done = run("autograder", "grade", NAME, "a", "--explain", "T1", "--course", toy_scratch.root)
    assert done.returncode == 0 and done.stdout.startswith(LINE), done.stdout + done.stderr
    assert len(log.read_text().split()) == 3
