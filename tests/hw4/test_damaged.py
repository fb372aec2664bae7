"""Every damaged submission of tests/damaged/, in one class: its marks by `autograder grade`, and its line for the
student and for the instructor; and the same of some of them by `nbgrader autograde` (`make proof`: of all).

In each test run some of them, in `make proof` all. The table in docs/damaged.md is rendered from here: after a
change, run `pytest -m proof` of this file with AUTOGRADER_RECORD=1.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from shares import in_each_run

from autograder.course import Course
from autograder.judging.verdicts import Result
from tests.damaged import graded
from tests.damaged.case import CASES, OF_CLASS, Case
from tests.damaged.graded import (
    MODULES,
    Class,
    Marks,
    Run,
    note_of,
    result_of,
    same_files,
    same_marks_and_lines,
    student,
)

DOC = Path(__file__).resolve().parents[2] / "docs" / "damaged.md"
START, END = "<!-- table -->\n", "<!-- end of table -->\n"
# where plain nbgrader stops the class, passes a folder over, or copies what a link points to
UNLIKE_NBGRADERS = (
    "another_name",
    "folder_with_the_notebooks_name",
    "json_that_is_a_list",
    "link_to_the_gradebook",
    "no_permission_to_read_the_notebook",
    "notebook_is_a_link",
    "notebook_is_a_pipe",
    "nothing_handed_in",
    "schema_too_new",
    "schema_too_old",
    "zip_as_it_came",
    "zip_cut_off",
)
IN_EACH_RUN = {name: case for at, (name, case) in enumerate(CASES.items()) if name in UNLIKE_NBGRADERS or at % 48 == 0}
ALL = in_each_run(CASES, IN_EACH_RUN)
SAMPLE = [case for number, case in enumerate(CASES.values()) if case.name in UNLIKE_NBGRADERS or number % 60 == 0]


@pytest.fixture(scope="module")
def right_files(hand_in: Callable[..., dict[str, bytes]], right: dict[str, str]) -> dict[str, bytes]:
    return graded.right_files(hand_in(right))


@pytest.fixture(scope="module")
def ours(repo: Course, right_files: dict[str, bytes], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """A part of the class graded by one `autograder grade`: in each test run."""
    made = graded.build(repo, right_files, tmp_path_factory.mktemp("ours"), IN_EACH_RUN.values())
    return graded.by_autograder(made, run)


@pytest.fixture(scope="module")
def whole(repo: Course, right_files: dict[str, bytes], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """All of it: in `make proof`."""
    return graded.by_autograder(graded.build(repo, right_files, tmp_path_factory.mktemp("whole"), CASES.values()), run)


@pytest.fixture
def that_class(request: pytest.FixtureRequest, name: str) -> Class:
    """The class that a case stands in."""
    found: Class = request.getfixturevalue("ours" if name in IN_EACH_RUN else "whole")
    return found


@pytest.fixture(scope="module")
def theirs(
    repo: Course, right_files: dict[str, bytes], run: Run, tmp_path_factory: pytest.TempPathFactory, whole: Class
) -> Class:
    """A part of the class graded by one `nbgrader autograde`."""
    return graded.by_nbgrader(graded.build(repo, right_files, tmp_path_factory.mktemp("theirs"), SAMPLE), run, whole)


def line_of(found: Result, case: Case) -> str:
    """The line of the message that the situation's student reads."""
    task, said = case.student
    if not task:
        return ""
    return next((line for line in found.verdicts[task].message.splitlines() if said in line), "")


def test_there_are_enough_situations_and_each_says_what_it_is() -> None:
    assert len(CASES) >= 50
    assert all(case.about and case.about.endswith((".", "?")) for case in CASES.values())
    made = {case.damage.__module__ for case in CASES.values()}
    assert made == {module.__name__ for module in MODULES}


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_submission_has_the_marks_that_it_deserves(name: str, that_class: Class) -> None:
    case = CASES[name]
    found = result_of(that_class, case)
    scores = {task: verdict.score for task, verdict in found.verdicts.items()}
    assert scores == dict.fromkeys(scores, 1.0) | {"T4": None} | dict(case.marks)


@pytest.mark.parametrize("name", ALL)
def test_student_and_instructor_have_one_clear_line(name: str, that_class: Class) -> None:
    case = CASES[name]
    found = result_of(that_class, case)
    if case.student[0]:
        assert line_of(found, case), found.verdicts[case.student[0]].message
    if case.instructor:
        assert (note := note_of(found, case)), found.notes
        assert f"{student(case)}: {note}" in that_class.printed.splitlines()
    else:
        assert found.notes == ()


@pytest.mark.proof
def test_nbgrader_autograde_gives_the_same_marks_and_lines(
    whole: Class, theirs: Class, gradebook_of: Callable[[Course], Marks]
) -> None:
    same_marks_and_lines(whole, theirs, gradebook_of)


@pytest.mark.proof
def test_the_graded_files_are_the_same_and_nothing_came_through_a_link(whole: Class, theirs: Class) -> None:
    same_files(whole, theirs)


def table(made: Class) -> str:
    """The table of docs/damaged.md."""
    lines = ["| situation | marks | the student reads | the instructor reads |", "|---|---|---|---|"]
    for module in MODULES:
        lines.append(f"| **{(module.__doc__ or '').strip()}** | | | |")
        for case in CASES.values():
            if case.damage.__module__ == module.__name__ and case.name not in made.impossible:
                lines.append(_row(case, result_of(made, case)))
    return "\n".join(lines) + "\n"


def _row(case: Case, found: Result) -> str:
    total = sum(verdict.score or 0 for verdict in found.verdicts.values())
    lost = [task for task in found.verdicts if task in case.marks and task != "T4"]
    which = f"{total:g}" + (f", without {_range(lost)}" if lost else "")
    which += "; T4 is 0" if "T4" in case.marks else ""
    task = case.student[0]
    told = f"{task}: {line_of(found, case)}" if task else "-"
    cells = [f"`{case.name}`: {case.about}", which, told, note_of(found, case) or "-"]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def _range(tasks: list[str]) -> str:
    text = ", ".join(tasks)
    return text.replace(", ".join(OF_CLASS), "T5-T11").replace("T1, T2, T3", "T1-T3")


def test_the_page_shows_each_of_these_rows(ours: Class) -> None:
    shown = DOC.read_text(encoding="utf-8").splitlines()
    rows = [_row(case, result_of(ours, case)) for case in ours.cases if case.name not in ours.impossible]
    assert [row for row in rows if row not in shown] == [], "run the proof's test with AUTOGRADER_RECORD=1"
    assert sum(line.startswith("| `") for line in shown) == len(CASES)


@pytest.mark.proof
def test_the_page_shows_this_table(whole: Class) -> None:
    if whole.impossible:
        pytest.skip(f"not all situations can be made here: {', '.join(whole.impossible)}")
    before, _, rest = DOC.read_text(encoding="utf-8").partition(START)
    shown, _, after = rest.partition(END)
    if os.environ.get("AUTOGRADER_RECORD"):
        DOC.write_text(before + START + table(whole) + END + after, encoding="utf-8")
        return
    assert shown == table(whole), "run this test with AUTOGRADER_RECORD=1, and look at what changed"
    assert f"{len(CASES)} submissions" in before


def test_without_power_over_permissions(ours: Class) -> None:
    """The class was really graded by somebody who may not read everything."""
    closed = ours.course.submitted("hw4", "no_permission_to_read_the_notebook") / "2-two-layer-network.ipynb"
    with contextlib.suppress(PermissionError):
        assert os.getuid() == 0 and closed.read_bytes()
    assert "Permission denied" in ours.printed
