"""What has come apart in a course's folder is told by release, grade and doctor, and stops none of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import BOOK, NAME, Toy

from autograder import cli
from autograder.commands import folder_diagnoses
from autograder.course import Course, load_course
from autograder.grading import made_up
from autograder.releasing import drift, new_assignment
from autograder.releasing import release as releasing

Grade = Callable[..., str]
ROOT = Path(__file__).resolve().parents[2]


def edit(path: Path, change: Callable[[list[Any]], None]) -> None:
    """Change the cells of a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def cell(cells: list[Any], grade_id: str) -> Any:
    return next(one for one in cells if one["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def replaced(grade_id: str, old: str, new: str) -> Callable[[list[Any]], None]:
    def change(cells: list[Any]) -> None:
        found = cell(cells, grade_id)
        text = "".join(found["source"])
        assert old in text
        found["source"] = text.replace(old, new).splitlines(keepends=True)

    return change


def by_person(name: str) -> Callable[[list[Any]], None]:
    """A cell more that nbgrader would have marked by hand."""
    info = {
        "grade": True,
        "grade_id": name,
        "locked": False,
        "points": 2,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    new = {"cell_type": "markdown", "id": f"own-{name}", "metadata": {"nbgrader": info}, "source": ["Why?"]}
    return lambda cells: cells.append(new)


# ---- source and release -------------------------------------------------------------------------


def test_what_was_just_released_is_not_old(toy: Toy, tmp_path: Path) -> None:
    assert drift.outdated(toy.course, toy.assignment) == []
    kit = load_course(ROOT)
    assert drift.outdated(kit, kit.assignment("hw4")) == []
    new_assignment.write(tmp_path, "hw5")
    assert drift.outdated(load_course(tmp_path), load_course(tmp_path).assignment("hw5")) == []  # none is made yet
    assert cli.main(["release", "hw5", "--course", str(tmp_path)]) == 0
    assert drift.outdated(load_course(tmp_path), load_course(tmp_path).assignment("hw5")) == []


def title(cells: list[Any]) -> None:
    cells[0]["source"] = ["# Another title\n"]


def tagged(cells: list[Any]) -> None:
    cell(cells, "T1")["metadata"]["tags"] = ["skip-execution"]


EDITS: dict[str, Callable[[list[Any]], None]] = {
    "text": title,
    "signature": replaced("T1-answer", "def standardise(X):", "def standardise(X, axis=0):"),
    "below": replaced("T1-answer", "### END SOLUTION", "### END SOLUTION\n    # the end"),
    "check": replaced("T1", "print(", "print('x', "),
    "tag": tagged,
    "order": lambda cells: cells.reverse(),
    "more": lambda cells: cells.append(dict(cells[0], id="another")),
}


@pytest.mark.parametrize("what", list(EDITS))
def test_a_release_that_the_source_would_give_otherwise_is_told(toy_scratch: Course, toy: Toy, what: str) -> None:
    source, assignment = toy_scratch.source(NAME) / BOOK, toy_scratch.assignment(NAME)
    edit(source, EDITS[what])
    assert drift.outdated(toy_scratch, assignment) == [BOOK] == releasing.same_release(toy_scratch, assignment)
    (told,) = drift.told(toy_scratch, assignment)
    assert f"release/{NAME}: older than its source ({BOOK})" in told and f"`autograder release {NAME}`" in told


def test_what_students_never_get_makes_no_release_old(toy_scratch: Course) -> None:
    assignment, path = toy_scratch.assignment(NAME), toy_scratch.solution(NAME)
    path.write_text(path.read_text().replace("return slope, intercept", "return (slope, intercept)"))
    edit(toy_scratch.source(NAME) / BOOK, replaced("T1-answer", "mean = X.mean(axis=0)", "mean = np.mean(X, axis=0)"))
    (toy_scratch.source(NAME) / ".ipynb_checkpoints").mkdir()
    (toy_scratch.source(NAME) / ".ipynb_checkpoints" / BOOK).write_text("{}")
    assert drift.outdated(toy_scratch, assignment) == []


def test_points_and_files_make_a_release_old(toy_scratch: Course, capsys: Any) -> None:
    source, release = toy_scratch.source(NAME), toy_scratch.release(NAME)
    config = toy_scratch.root / "course_config.py"
    (source / "helper.py").write_text("X = 1\n")
    (release / "gone.py").write_text("X = 1\n")
    config.write_text(config.read_text().replace('Task("T1",', 'Task("T1", points=2,'))
    course = load_course(toy_scratch.root)
    assert drift.outdated(course, course.assignment(NAME)) == [BOOK, "gone.py", "helper.py"]
    assert cli.main(["release", NAME, "--course", str(course.root)]) == 0
    assert drift.outdated(course, course.assignment(NAME)) == []
    (source / "helper.py").write_text("X = 2\n")
    assert drift.outdated(course, course.assignment(NAME)) == ["helper.py"]


def test_an_old_release_is_graded_all_the_same(toy_scratch: Course, toy: Toy, grade: Grade) -> None:
    made_up.write(toy_scratch.submitted(NAME, "ada"), toy.hand_in(toy.right))
    edit(toy_scratch.source(NAME) / BOOK, title)
    assert "older than its source" in grade(toy_scratch, "-q")
    found = folder_diagnoses.notebooks(toy_scratch, toy_scratch.assignment(NAME))
    assert not found.ok and not found.stops and found.mend == f"autograder release {NAME}" and BOOK in found.found


def test_files_that_cannot_be_released_stop_no_grading(toy_scratch: Course, toy: Toy, grade: Grade) -> None:
    made_up.write(toy_scratch.submitted(NAME, "ada"), toy.hand_in(toy.right))
    files = {"broken.ipynb": b"{", "odd.ipynb": b'{"cells": [{"metadata": 3}, 4]}', "latin.py": b"# \xe9"}
    for folder in (toy_scratch.source(NAME), toy_scratch.release(NAME)):
        made_up.write(folder, files)
    assert "older than its source (latin.py)" in grade(toy_scratch, "-q")
    edit(toy_scratch.source(NAME) / BOOK, replaced("T1-answer", "def standardise(", "def unknown("))
    assert drift.outdated(toy_scratch, toy_scratch.assignment(NAME)) == [BOOK, "latin.py"]
    assert not folder_diagnoses.notebooks(toy_scratch, toy_scratch.assignment(NAME)).ok


# ---- course and notebook ------------------------------------------------------------------------


def test_a_graded_cell_that_is_no_task_of_the_course_is_told_everywhere(
    toy_scratch: Course, toy: Toy, capsys: Any, grade: Grade
) -> None:
    edit(toy_scratch.source(NAME) / BOOK, by_person("T9"))
    assignment = toy_scratch.assignment(NAME)
    assert cli.main(["release", NAME, "--course", str(toy_scratch.root)]) == 0
    line = f"{BOOK}: the cell T9 is graded there and is no task of the course, so nobody marks it"
    said = capsys.readouterr().out
    assert line in said and 'Task("T9", notebook="1-lines", graded_by="person")' in said
    made_up.write(toy_scratch.submitted(NAME, "ada"), made_up.hand_in(toy_scratch, assignment, toy.right))
    assert line in grade(toy_scratch, "-q")
    found = folder_diagnoses.notebooks(toy_scratch, assignment)
    assert not found.ok and not found.stops and line in found.found
    from nbgrader.api import Gradebook

    with Gradebook(toy_scratch.gradebook_url) as book:
        assert book.find_submission(NAME, "ada").max_score == 3  # as on every page of ours
    config = toy_scratch.root / "course_config.py"
    task = 'Task("T9", notebook="1-lines", graded_by="person"),\n    ),\n)'
    config.write_text(config.read_text().replace("    ),\n)", f"        {task}", 1))
    course = load_course(toy_scratch.root)
    assert drift.no_tasks(course.release(NAME), course.assignment(NAME)) == []


# ---- submissions --------------------------------------------------------------------------------


def test_loose_notebooks_are_told_by_grade_and_doctor(toy_scratch: Course, toy: Toy, capsys: Any, grade: Grade) -> None:
    submitted = toy_scratch.root / "submitted"
    made_up.write(toy_scratch.submitted(NAME, "ada"), toy.hand_in(toy.right))
    made_up.write(submitted / "bua", {BOOK: b"{}", "copy of 1-lines.ipynb": b"{}"})
    made_up.write(submitted / "chai", {"warmup-submission.zip": b"PK"})
    made_up.write(submitted, {"alone.ipynb": b"{}"})
    made_up.write(submitted / "ek" / "Warm up", {BOOK: b"{}"})
    made_up.write(submitted / "fah" / ".ipynb_checkpoints", {BOOK: b"{}"})
    made_up.write(submitted / NAME / "dao", {BOOK: b"{}"})
    (submitted / "README.txt").write_text("not a notebook")
    wanted = [
        f"{submitted}/alone.ipynb: not graded: they belong into submitted/STUDENT/{NAME}/",
        f"{submitted}/bua/{BOOK} and 1 more: not graded: they belong into submitted/bua/{NAME}/",
        f"{submitted}/chai/warmup-submission.zip: not graded: they belong into submitted/chai/{NAME}/",
        f"{submitted}/ek/Warm up/{BOOK}: not graded: they belong into submitted/ek/{NAME}/",
        f"{submitted}/{NAME}: not graded: students' folders come first, as in {submitted}/STUDENT/{NAME}/",
    ]
    assert sorted(drift.loose(toy_scratch, toy_scratch.assignment(NAME))) == sorted(wanted)
    said = grade(toy_scratch, "-q")
    assert all(line in said for line in wanted)
    found = folder_diagnoses.submissions(toy_scratch)
    assert not found.ok and not found.stops and all(line in found.found for line in wanted)
    shutil.rmtree(toy_scratch.submitted(NAME, "ada"))
    assert cli.main(["grade", NAME, "--course", str(toy_scratch.root)]) == 1  # no submission at all
    told = capsys.readouterr()
    assert wanted[1] in told.out and "no submissions of warmup" in told.err


def test_of_many_loose_folders_some_are_told_and_other_assignments_names_are_theirs(toy_scratch: Course) -> None:
    new_assignment.write(toy_scratch.root, "hw5")
    course = load_course(toy_scratch.root)
    for number in range(15):
        made_up.write(course.root / "submitted" / f"s{number:02d}", {BOOK: b"{}"})
    made_up.write(course.root / "submitted" / "bad\x1b[31m", {BOOK: b"{}"})
    lines = drift.loose(course, course.assignment(NAME))
    assert len(lines) == drift.MANY + 1 and lines[-1].startswith("and 6 more such folders")
    assert "\x1b" not in "".join(lines)
    assert drift.loose(course, course.assignment("hw5")) == []
