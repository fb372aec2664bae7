"""release.py and regions.py: source -> release."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import sources
from sources import Change, add_line, hashes
from toy import BOOK, NAME

from autograder.course import Course, load_course, solution_regions
from autograder.errors import CourseError
from autograder.releasing import leaks, release

Run = Callable[..., Any]


def edit_cell(course: Course, grade_id: str, change: Change) -> None:
    sources.edit_cell(course.source(NAME) / BOOK, grade_id, change)


def test_the_same_input_gives_the_same_bytes(toy_scratch: Course) -> None:
    first = release.release(toy_scratch, toy_scratch.assignment(NAME)).archive.read_bytes()
    files = hashes(toy_scratch.release(NAME))
    assert release.release(toy_scratch, toy_scratch.assignment(NAME)).archive.read_bytes() == first
    assert hashes(toy_scratch.release(NAME)) == files
    assert files == hashes(toy_scratch.root / "release" / NAME)
    assert sorted(path.name for path in (toy_scratch.root / "release").iterdir()) == [NAME, f"{NAME}.zip"]


@pytest.mark.parametrize(("changed", "date"), [
    (1_790_000_000, (2026, 9, 21, 14, 13, 20)), (0, (1980, 1, 1, 0, 0, 0)), (2**33, (1980, 1, 1, 0, 0, 0)),
])  # fmt: skip
def test_the_zips_files_have_the_date_of_the_last_change_of_the_source(
    toy_scratch: Course, changed: int, date: tuple[int, ...]
) -> None:
    for path in toy_scratch.source(NAME).rglob("*"):
        os.utime(path, (changed, changed))
    assert release._date(toy_scratch.source(NAME)) == date
    archive = toy_scratch.root / "a.zip"
    release._zip(toy_scratch.source(NAME), archive, NAME, release._date(toy_scratch.source(NAME)))
    with zipfile.ZipFile(archive) as file:
        assert {one.date_time for one in file.infolist()} == {date}


def test_points_are_stamped_from_the_course(toy_scratch: Course) -> None:
    config = toy_scratch.root / "course_config.py"
    line = 'Task("T2", notebook="1-lines"'
    config.write_text(config.read_text().replace(line, f"{line}, optional=True"))
    changed = load_course(toy_scratch.root)
    release.release(changed, changed.assignment(NAME))
    cells = json.loads((changed.release(NAME) / BOOK).read_text())["cells"]
    grading = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    points = {info["grade_id"]: info.get("points") for info in grading}
    assert (points["T1"], points["T2"]) == (1, 0.5)


# What a careless instructor may leave in the source -> what the release says about it.
LEAKS: dict[str, tuple[Callable[[Course], object], str]] = {
    "a line of the reference": (
        lambda c: edit_cell(c, "setup", add_line("slope = np.sum(dx * dy) / np.sum(dx**2)")),
        "a line of warmup.py:fit_line",
    ),
    "a line of a check": (
        lambda c: edit_cell(c, "setup", add_line('return context.compare(number, "columns", expected, CLOSE)')),
        "a line of checks.py:",
    ),
    "an import of the reference": (
        lambda c: edit_cell(c, "setup", add_line("from solutions import warmup")),
        "imports the reference",
    ),
    "an execution record": (
        lambda c: edit_cell(c, "setup", lambda cell: cell["metadata"].update(execution={"a": "2026"})),
        "has an execution count",
    ),
    "an absolute path": (
        lambda c: edit_cell(c, "setup", add_line("path = '/home/ajarn/mnist'")),
        "an absolute path (/home/...)",
    ),
    "a stray file": (lambda c: (c.source(NAME) / "answers.docx").write_bytes(b"x"), "answers.docx: a stray file"),
    "a solution file": (
        lambda c: shutil.copy(c.solution(NAME), c.source(NAME) / "solution.py"),
        "solution.py: a line of warmup.py",
    ),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_stops_the_release_and_leaves_the_old_one(toy_scratch: Course, kind: str) -> None:
    spoil, said = LEAKS[kind]
    before = hashes(toy_scratch.root / "release")
    spoil(toy_scratch)
    with pytest.raises(CourseError) as caught:
        release.release(toy_scratch, toy_scratch.assignment(NAME))
    assert said in str(caught.value)
    assert hashes(toy_scratch.root / "release") == before


def test_outputs_are_found_by_the_audit_and_cleared_by_the_release(toy_scratch: Course) -> None:
    def run_it(cell: dict[str, Any]) -> None:
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "0.0171436"}]
        cell["execution_count"] = 7

    assignment = toy_scratch.assignment(NAME)
    path = toy_scratch.release(NAME) / BOOK
    made = json.loads(path.read_text())
    run_it(made["cells"][1])
    path.write_text(json.dumps(made))
    said = "; ".join(leaks.leaks(toy_scratch, assignment, toy_scratch.release(NAME)))
    assert "cell 2 has an output" in said and "cell 2 has an execution count" in said
    edit_cell(toy_scratch, "setup", run_it)
    release.release(toy_scratch, assignment)
    assert list(leaks.leaks(toy_scratch, assignment, toy_scratch.release(NAME))) == []


def test_a_region_left_in_a_release_is_found(toy_scratch: Course) -> None:
    shutil.copy(toy_scratch.source(NAME) / BOOK, toy_scratch.release(NAME) / BOOK)
    said = list(leaks.leaks(toy_scratch, toy_scratch.assignment(NAME), toy_scratch.release(NAME)))
    assert any("T1-answer: a solution or hidden region is left" in line for line in said)


def test_a_stub_that_does_not_raise_is_found(toy_scratch: Course) -> None:
    path = toy_scratch.release(NAME) / BOOK
    path.write_text(path.read_text().replace('raise NotImplementedError(\\"T2\\")', "pass"))
    said = list(leaks.leaks(toy_scratch, toy_scratch.assignment(NAME), toy_scratch.release(NAME)))
    assert said == [f"{BOOK}: T2-answer: the stub does not raise NotImplementedError"]


def test_a_source_that_nbgrader_refuses_is_told_in_one_line(toy_scratch: Course) -> None:
    edit_cell(toy_scratch, "setup", lambda cell: cell["metadata"]["nbgrader"].update(grade_id="a", grade=True))
    before = hashes(toy_scratch.root / "release")
    with pytest.raises(CourseError) as caught:
        release.release(toy_scratch, toy_scratch.assignment(NAME))
    assert str(caught.value).startswith("nbgrader could not release warmup")
    assert "\n" not in str(caught.value)
    assert hashes(toy_scratch.root / "release") == before


def test_release_puts_the_references_lines_into_the_source(toy_scratch: Course) -> None:
    path = toy_scratch.solution(NAME)
    path.write_text(path.read_text().replace("return (X - mean) / deviation", "return np.divide(X - mean, deviation)"))
    assignment = toy_scratch.assignment(NAME)
    assert solution_regions.sync(toy_scratch, assignment, write=False) == [f"{BOOK}: T1-answer"]
    release.release(toy_scratch, assignment)
    assert "np.divide" in (toy_scratch.source(NAME) / BOOK).read_text()
    assert solution_regions.sync(toy_scratch, assignment, write=False) == []


def test_a_cell_that_asks_for_what_the_reference_lacks_is_named(toy_scratch: Course) -> None:
    with pytest.raises(CourseError, match="no function 'nothing'"):
        solution_regions.solution_lines(toy_scratch.solution(NAME).read_text(), "nothing")
    with pytest.raises(CourseError, match="no 'Nothing'"):
        solution_regions.node_text(toy_scratch.solution(NAME).read_text(), "Nothing")


@pytest.mark.proof
def test_nbgraders_own_command_refuses_a_source_that_differs_from_the_reference(toy_scratch: Course, run: Run) -> None:
    edit_cell(toy_scratch, "T1-answer", lambda cell: cell.update(source="".join(cell["source"]).replace("= 1", "= 2")))
    shutil.rmtree(toy_scratch.release(NAME))
    done = run("nbgrader", "generate_assignment", NAME, cwd=toy_scratch.root)
    assert done.returncode != 0
    assert "T1-answer" in done.stderr and "autograder release warmup" in done.stderr
