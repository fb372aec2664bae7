"""A course stands in a folder of any name: every command of ours works there, and doctor says what does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import NAME, Toy

from autograder.commands import diagnoses
from autograder.course import load_course
from autograder.grading import made_up

Run = Callable[..., Any]
NAMES = ("วิชา %41%00?x=1&mode=ro#2 [1] *",)
MORE = [
    pytest.param(name, marks=pytest.mark.proof) for name in ("วิชา 2110 ภาคต้น", "50% done", "fall [2026] *", "file:a b")
]


@pytest.mark.parametrize("name", [*NAMES, *MORE])
def test_all_commands_work_in_a_folder_of_any_name(toy: Toy, run: Run, tmp_path: Path, name: str) -> None:
    root = tmp_path / name / "course"
    toy.copy(root)
    (root / "roster.csv").write_text("id\nanong\n")
    made_up.write(tmp_path / "class" / "anong", toy.hand_in(toy.right))
    for line in (
        ("release", NAME),
        ("collect", NAME, tmp_path / "class"),
        ("grade", NAME),
        ("grade", NAME, "--rebuild"),
        ("grade", NAME, "anong", "--explain", "T1"),
        ("scores", NAME),
        ("report", NAME),
        ("export", NAME, "--to", "csv"),
    ):
        done = run("autograder", *line, "--course", root)
        assert done.returncode == 0 and "Traceback" not in done.stderr, (line, done.stdout + done.stderr)
    assert (root / "gradebook.db").stat().st_size and "anong,,,,,1,1," in (root / "exports/warmup-csv.csv").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {name, "class"}  # nothing was written beside it
    course = load_course(root)
    assert diagnoses.gradebook(course).found == "whole; 1 submissions in it"
    done = run("nbgrader", "autograde", NAME, "--force", cwd=root)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("name", "odd"), [("50% วิชา", ""), ("[2026]?", "[?"), ("a*", "*")])
def test_doctor_says_where_nbgraders_own_commands_cannot_work(toy: Toy, tmp_path: Path, name: str, odd: str) -> None:
    found = diagnoses.place(toy.copy(tmp_path / name))
    assert found.ok == (not odd) and not (found.stops and odd)
    if odd:
        assert f"has {odd}: nbgrader's own commands" in found.found and found.mend.startswith("rename that folder")
