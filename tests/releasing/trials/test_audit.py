"""The audit refuses hidden tests that do not do their work, and says why."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.commands.console_tables import rows
from autograder.course import Course
from autograder.releasing.trials.audit import audit

RETURN = 'return [PartResult("means", 1.0, first(problems))]'
ALWAYS = 'Problem("missing", {"name": "more"})'
IMPORT = "CheckContext, PartResult,"
Run = Callable[..., Any]
Refused = Callable[..., tuple[str, Course]]


@pytest.fixture
def refused(hw5: Course, tmp_path: Path, run: Run) -> Refused:
    """Replace what a check returns, audit, and give what was said of what is wrong."""

    def refused(returned: str = "", mistakes: str | None = "") -> tuple[str, Course]:
        course = replace(hw5, root=tmp_path / "course")
        shutil.copytree(hw5.root, course.root)
        path = course.part("checks", "hw5")
        text = path.read_text(encoding="utf-8")
        assert RETURN in text and IMPORT in text
        if returned:
            path.write_text(text.replace(RETURN, returned).replace(IMPORT, f"{IMPORT} Problem,"), encoding="utf-8")
        listed = course.part("mistakes", "hw5")
        if mistakes is None:
            listed.unlink()
        elif mistakes:
            listed.write_text(mistakes, encoding="utf-8")
        done = run("autograder", "audit", "hw5", "--course", course.root, "--jobs", 1)
        out, err = done.stdout, done.stderr
        assert done.returncode == 1 and err.count("\n") == 1 and "Traceback" not in err, err
        assert "hw5: the hidden tests do not do their work; mend the checks named above" in err
        return out, course

    return refused


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (
            f'return [PartResult("means", 0.7, first(problems)), PartResult("more", 0.3, {ALWAYS})]',
            "T1: the reference earns 0.7 of 1: ",
        ),
        (f'return [PartResult("means", 1.0, {ALWAYS})]', "T1: the reference earns 0 of 1: "),
        (
            'if context.answers.get(0, "means") is not None:\n        1 / 0\n    ' + RETURN,
            "T1: the reference earns no mark of 1: autograder/assignments/hw5/checks.py:",
        ),
    ],
    ids=["0.7", "0", "none"],
)
def test_a_reference_below_full_marks_is_refused(refused: Refused, returned: str, told: str) -> None:
    out, _ = refused(returned)
    assert told in out


def test_a_blank_release_that_earns_something_is_refused(refused: Refused) -> None:
    forgiving = 'if context.answers.error(0, "means"):\n        problems = []\n    '
    out, _ = refused(forgiving + RETURN)
    assert "T1: the release, handed in as it is, earns 1 of 1" in out
    assert "the reference earns" not in out


def test_a_check_that_only_stumbles_over_wrong_answers_is_refused(refused: Refused) -> None:
    wrong = "first(problems) is not None and not first(problems).unchecked"
    out, _ = refused(f"if {wrong}:\n        1 / 0\n    {RETURN}")
    assert "T1: cannot judge the submission 'T1: means-of-rows': autograder/assignments/hw5/checks.py:" in out
    assert "the reference earns" not in out


def test_a_check_that_passes_whatever_comes_back_is_refused(refused: Refused) -> None:
    asked = 'None if context.answers.get(0, "means") is not None else first(problems)'
    out, course = refused(f'return [PartResult("means", 1.0, {asked})]')
    told = "T1: no listed mistake is caught, so nobody knows whether its check can fail; list one in "
    assert told + str(course.part("mistakes", "hw5")) in out
    assert "T1: means-of-rows: costs nothing" in out and "2 mistakes: 2 survivors" in out


@pytest.mark.parametrize("mistakes", ["MISTAKES = ()\n", None], ids=["an empty list", "no list"])
def test_where_no_mistake_is_listed_a_machine_makes_them(
    hw5: Course, tmp_path: Path, run: Run, mistakes: str | None
) -> None:
    course = replace(hw5, root=tmp_path / "course")
    shutil.copytree(hw5.root, course.root)
    path = course.part("mistakes", "hw5")
    path.unlink() if mistakes is None else path.write_text(mistakes, encoding="utf-8")
    done = run("autograder", "audit", "hw5", "--course", course.root, "--jobs", 1)
    out = done.stdout
    assert done.returncode == 0, out + done.stderr
    assert "0 mistakes: 0 survivors" in out and "1 right variants: 0 lost marks" in out
    assert "5 edits by machine: 0 survivors, 0 with collateral, 0 % named; 0 listed as equivalent" in out


def test_where_each_task_has_a_listed_mistake_no_machine_makes_more(hw5: Course, tmp_path: Path) -> None:
    found = audit(hw5, hw5.assignment("hw5"), tmp_path / "course", 1, lambda done, total: None)
    assert found.passed and len(found.mistakes) == 2 and not found.mutants


def test_of_a_sample_each_task_has_so_many_and_the_same_ones_again(hw5: Course, tmp_path: Path) -> None:
    course = replace(hw5, root=tmp_path / "course")
    shutil.copytree(hw5.root, course.root)
    with course.part("right_variants", "hw5").open("a", encoding="utf-8") as file:
        file.write(
            "\nRIGHT_VARIANTS = [*RIGHT_VARIANTS, *(RightVariant(f'{n}', RIGHT_VARIANTS[0].edits) for n in (1, 2))]\n"
        )
    found = [
        audit(course, course.assignment("hw5"), tmp_path / f"{n}", 1, lambda done, total: None, sample=1)
        for n in (1, 2)
    ]
    assert all(one.passed and len(one.mistakes) == len(one.variants) == 1 for one in found)
    assert found[0].mistakes[0].name == found[1].mistakes[0].name
    assert "a sample: 2 of 5 mistakes, edits and right variants; without --sample all" in rows(found[0])


def test_a_check_that_passes_whatever_comes_back_is_refused_where_no_mistake_is_listed(refused: Refused) -> None:
    asked = 'None if context.answers.get(0, "means") is not None else first(problems)'
    out, course = refused(f'return [PartResult("means", 1.0, [{asked}][0])]', mistakes=None)
    passed = f"  passed by {course.part('checks', 'hw5').relative_to(course.root)}:"
    edit = ": costs nothing\n  - return X.mean(axis=0)\n  + return X.mean(axis=1)\n"
    assert f"column_means, axis{edit}{passed}" in out and "5 edits by machine: 4 survivors" in out


def test_two_mistakes_of_one_name_are_refused(hw5: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = replace(hw5, root=tmp_path / "course")
    shutil.copytree(hw5.root, course.root)
    path = course.part("mistakes", "hw5")
    path.write_text(path.read_text(encoding="utf-8").replace("sum-not-mean", "means-of-rows"), encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["audit", "hw5", "--course", str(course.root), "--jobs", "1"]) == 1
    assert f"{path}: two mistakes of a task, or two right variants, share a name" in capsys.readouterr().err
