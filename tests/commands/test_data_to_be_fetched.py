"""Data that are not on this machine: before the workers start, one line tells it, and one process gets them."""

import os
import re
from pathlib import Path

import pytest
from toy import NAME, Toy

from autograder import cli
from autograder.commands import diagnoses
from autograder.course import Course, load_course
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


def test_it_is_told_and_done_once(
    toy: Toy, toy_scratch: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, data, root = tmp_path / "log", tmp_path / "data", str(toy_scratch.root)
    for student in ("a", "b"):
        made_up.write(toy_scratch.submitted(NAME, student), toy.hand_in(toy.right))
    checks, config = toy_scratch.part("checks", NAME), toy_scratch.root / "course_config.py"
    text, begin = checks.read_text(encoding="utf-8"), "ASSIGNMENT = AssignmentChecks("
    recipe = RECIPE.format(log=str(log), data=str(data))
    checks.write_text(text.replace(begin, f"{recipe}{begin}\n    dataset=RECIPE,"), encoding="utf-8")
    text = config.read_text(encoding="utf-8").replace(f'name="{NAME}",', f'name="{NAME}", dataset="rows",')
    config.write_text(text, encoding="utf-8")

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
