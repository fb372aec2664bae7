"""Every damaged submission of tests/damaged/, in one class: its marks by `autograder grade` and by
`nbgrader autograde`, the same, and its line for the student and for the instructor.

The table in docs/damaged.md is rendered from here: after a change, run with AUTOGRADER_RECORD=1.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.verdicts import Result
from autograder.marks.verdict_files import load_result
from tests.damaged import cells, files, folder, model, names
from tests.damaged.case import CASES, OF_CLASS, Case, Hand

MODULES = (files, cells, names, model, folder)
DOC = Path(__file__).resolve().parents[2] / "docs" / "damaged.md"
START, END = "<!-- table -->\n", "<!-- end of table -->\n"
# root reads everything: the class is graded without that power, as by any other user
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
Marks = dict[str, dict[str, tuple[float | None, float | None, bool, str | None]]]
Run = Callable[..., Any]


def student(case: Case) -> str:
    return case.folder or case.name


@dataclass(frozen=True)
class Class:
    """One course with every damaged submission in it, and what the two commands made of it."""

    course: Course
    impossible: frozenset[str]  # situations that cannot be made here
    printed: str = ""


def build(repo: Course, right: dict[str, bytes], place: Path) -> Class:
    course, impossible = made_up.scratch_course(repo, place / "course"), set()
    for case in CASES.values():
        where = course.submitted("hw4", student(case))
        where.mkdir(parents=True)
        hand = Hand(dict(right), where)
        try:
            case.damage(hand)
        except PermissionError:  # devices are root's to make
            shutil.rmtree(where.parent)
            impossible.add(case.name)
            continue
        made_up.write(where, hand.files)
    return Class(course, frozenset(impossible))


@pytest.fixture(scope="module")
def right_files(hand_in: Callable[..., dict[str, bytes]], right: dict[str, str]) -> dict[str, bytes]:
    """A right submission, indented as Jupyter saves it."""
    found = hand_in(right)
    return {
        name: json.dumps(json.loads(data), indent=1, ensure_ascii=False).encode() if name.endswith(".ipynb") else data
        for name, data in found.items()
    }


@pytest.fixture(scope="module")
def ours(repo: Course, right_files: dict[str, bytes], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """The class graded by one `autograder grade`."""
    made = build(repo, right_files, tmp_path_factory.mktemp("ours"))
    done = run("autograder", "grade", "hw4", "--course", made.course.root, "--jobs", 2, before=PLAIN)
    assert done.returncode == 0, done.stdout + done.stderr
    return Class(made.course, made.impossible, done.stdout)


@pytest.fixture(scope="module")
def theirs(
    repo: Course, right_files: dict[str, bytes], run: Run, tmp_path_factory: pytest.TempPathFactory, ours: Class
) -> Class:
    """The class graded by one `nbgrader autograde`."""
    made = build(repo, right_files, tmp_path_factory.mktemp("theirs"))
    made.course.state.mkdir(exist_ok=True)
    shutil.copy(ours.course.state / "secret", made.course.state / "secret")  # the same inputs, so the same words
    for line in (["generate_assignment", "hw4", "--force"], ["autograde", "hw4"]):
        done = run("nbgrader", *line, cwd=made.course.root, before=PLAIN, seconds=600)
        assert done.returncode == 0, done.stderr[-3000:]
    return Class(made.course, made.impossible, done.stderr)


def result_of(made: Class, case: Case) -> Result:
    if case.name in made.impossible:
        pytest.skip("only root can make a device, and not everywhere")
    found = load_result(made.course, "hw4", student(case))
    assert found is not None
    return found


def line_of(found: Result, case: Case) -> str:
    """The line of the message that the situation's student reads."""
    task, said = case.student
    if not task:
        return ""
    return next((line for line in found.verdicts[task].message.splitlines() if said in line), "")


def note_of(found: Result, case: Case) -> str:
    """The line that the instructor reads."""
    return next((note for note in found.notes if case.instructor in note), "") if case.instructor else ""


def test_there_are_enough_situations_and_each_says_what_it_is() -> None:
    assert len(CASES) >= 50
    assert all(case.about and case.about.endswith((".", "?")) for case in CASES.values())
    made = {case.damage.__module__ for case in CASES.values()}
    assert made == {module.__name__ for module in MODULES}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_damaged_submission_has_the_marks_that_it_deserves(case: Case, ours: Class) -> None:
    found = result_of(ours, case)
    scores = {task: verdict.score for task, verdict in found.verdicts.items()}
    assert scores == dict.fromkeys(scores, 1.0) | {"T4": None} | dict(case.marks)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_student_and_instructor_have_one_clear_line(case: Case, ours: Class) -> None:
    found = result_of(ours, case)
    if case.student[0]:
        assert line_of(found, case), found.verdicts[case.student[0]].message
    if case.instructor:
        assert (note := note_of(found, case)), found.notes
        assert f"{student(case)}: {note}" in ours.printed.splitlines()
    else:
        assert found.notes == ()


def test_nbgrader_autograde_gives_the_same_marks_and_lines(
    ours: Class, theirs: Class, gradebook_of: Callable[[Course], Marks]
) -> None:
    mine, others = gradebook_of(ours.course), gradebook_of(theirs.course)
    assert sorted(mine) == sorted(others)
    assert len(mine) == len(CASES) - len(ours.impossible)
    for name in mine:
        assert others[name] == mine[name], name
    for case in CASES.values():
        if case.name not in theirs.impossible:
            assert result_of(theirs, case).notes == result_of(ours, case).notes
            if case.instructor:
                assert note_of(result_of(ours, case), case) in theirs.printed


def test_the_graded_files_are_the_same_and_nothing_came_through_a_link(ours: Class, theirs: Class) -> None:
    for case in CASES.values():
        if case.name in ours.impossible:
            continue
        one, other = (made.course.root / "autograded" / student(case) / "hw4" for made in (ours, theirs))
        files_of = [
            sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()) for place in (one, other)
        ]
        assert files_of[0] == files_of[1], case.name
        assert {"1-basics.ipynb", "2-two-layer-network.ipynb"} <= set(files_of[0])
        assert not [name for name in files_of[0] if name == "gradebook.db"]
        assert not any(path.is_symlink() for path in one.rglob("*"))


def test_a_linked_source_notebook_never_reaches_a_student(ours: Class, theirs: Class) -> None:
    for made in (ours, theirs):
        place = made.course.root / "autograded" / "notebook_is_a_link" / "hw4" / "2-two-layer-network.ipynb"
        assert "def softmax_loss" not in place.read_text(encoding="utf-8")


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


def test_the_page_shows_this_table(ours: Class) -> None:
    if ours.impossible:
        pytest.skip(f"not all situations can be made here: {', '.join(ours.impossible)}")
    before, _, rest = DOC.read_text(encoding="utf-8").partition(START)
    shown, _, after = rest.partition(END)
    if os.environ.get("AUTOGRADER_RECORD"):
        DOC.write_text(before + START + table(ours) + END + after, encoding="utf-8")
        return
    assert shown == table(ours), "run this test with AUTOGRADER_RECORD=1, and look at what changed"
    assert f"{len(CASES)} submissions" in before


def test_without_power_over_permissions(ours: Class) -> None:
    """The class was really graded by somebody who may not read everything."""
    closed = ours.course.submitted("hw4", "no_permission_to_read_the_notebook") / "2-two-layer-network.ipynb"
    with contextlib.suppress(PermissionError):
        assert os.getuid() == 0 and closed.read_bytes()
    assert "Permission denied" in ours.printed
