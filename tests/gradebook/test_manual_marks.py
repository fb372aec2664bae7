"""People's marks, written as the formgrader writes them, through every regrading and rebuilding."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import give, rows
from toy import NAME, Toy

from autograder.course import Course
from autograder.grading import made_up
from autograder.marks import manual_marks, verdict_files
from autograder.marks.manual_marks import ManualMark, Sheet

Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]
Marks = Callable[[Course], dict[str, dict[str, Any]]]


def grade(run: Run, course: Course, *more: str) -> str:
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def wrong(toy: Toy) -> dict[str, str]:
    """Answers of which T1 is worth nothing."""
    return {**toy.right, "T1": "def standardise(X):\n    return X + 1"}


@pytest.fixture(scope="module")
def marked(toy: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two students graded; a person marked T3 of both, and gave bua an override, a bonus and a comment."""
    course = toy.copy(tmp_path_factory.mktemp("people") / "course")
    for name in ("anong", "bua"):
        made_up.write(course.submitted(NAME, name), toy.hand_in(wrong(toy)))
    grade(run, course)
    give(course, "anong", "T3", score=0.75, comment="Nice.")
    give(course, "bua", "T3", score=0.5, comment="ขาดกรณีที่สอง")
    give(course, "bua", "T1", score=0.5, comment="A slip of the pen.")
    give(course, "bua", "T2", extra=0.25)
    return course


@pytest.fixture
def changing(marked: Course, copy_of: Copy, tmp_path: Path) -> Course:
    return copy_of(marked, tmp_path / "course")


def given(course: Course, student: str) -> dict[str, tuple[Any, ...]]:
    """Task -> (auto, manual, extra credit, waits, comment) where a person gave something."""
    found = rows(course.gradebook)
    comments = {(s, cell.removesuffix("-answer")): text for s, cell, _, text in found["comments"] if text}
    return {
        task: (auto, manual, extra, bool(waits), comments.get((student, task)))
        for s, task, auto, manual, extra, waits in found["grades"]
        if s == student and (manual is not None or extra is not None or (student, task) in comments)
    }


GIVEN = {
    "T1": (0.0, 0.5, None, False, "A slip of the pen."),
    "T2": (1.0, None, 0.25, False, None),
    "T3": (None, 0.5, None, False, "ขาดกรณีที่สอง"),
}


def resubmit(course: Course, student: str, files: dict[str, bytes]) -> None:
    made_up.write(course.submitted(NAME, student), files)


def test_what_a_person_gave_survives_every_regrading(changing: Course, run: Run) -> None:
    grade(run, changing, "--force")
    assert given(changing, "bua") == GIVEN
    path = changing.part("checks", NAME)
    path.write_text(path.read_text() + "\n# another kit\n")
    grade(run, changing)
    assert given(changing, "bua") == GIVEN
    done = run("nbgrader", "autograde", NAME, "--force", cwd=changing.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert given(changing, "bua") == GIVEN


def test_where_the_answer_changed_the_task_needs_grading_and_keeps_the_old_mark_in_view(
    changing: Course, run: Run, toy: Toy
) -> None:
    # of bua T1 and T3 are other answers, T2 is the same; of anong T2 is changed, and nobody marked it
    resubmit(changing, "bua", toy.hand_in({**toy.right, "T3": "another reason"}))
    resubmit(changing, "anong", toy.hand_in({**wrong(toy), "T2": toy.right["T2"] + "\n# the same"}))
    said = grade(run, changing)
    assert "bua: T1: 0 -> 1" in said
    assert "bua: T1: needs grading: a person gave 0.5 for an answer that has changed" in said
    assert "bua: T3: needs grading: a person gave 0.5 for an answer that has changed" in said
    assert given(changing, "bua") == {
        "T1": (1.0, 0.5, None, True, "A slip of the pen."),
        "T2": (1.0, None, 0.25, False, None),
        "T3": (None, 0.5, None, True, "ขาดกรณีที่สอง"),
    }
    done = run("autograder", "scores", NAME, "--json", "--course", changing.root)
    shown = {
        name: {task for task, verdict in tasks.items() if verdict["status"] == "needs grading"}
        for name, tasks in json.loads(done.stdout).items()
    }
    assert shown == {"anong": set(), "bua": {"T1", "T3"}}
    assert "gave 0.5 for an earlier answer" in json.loads(done.stdout)["bua"]["T1"]["message"]
    # a person marks anew: that holds, by the next grading too, and by the first answer no more
    give(changing, "bua", "T3", score=0.5)
    give(changing, "bua", "T1", score=1.0)
    grade(run, changing, "--force")
    assert given(changing, "bua")["T3"][:4] == (None, 0.5, None, False)
    assert given(changing, "bua")["T1"][:4] == (1.0, 1.0, None, False)


def test_an_extra_cell_of_code_that_changed_asks_for_the_override_again(changing: Course, run: Run, toy: Toy) -> None:
    resubmit(changing, "bua", toy.hand_in(wrong(toy), extra=("a_helper = 1",)))
    grade(run, changing)
    assert {task for task, (_, _, _, waits, _) in given(changing, "bua").items() if waits} == {"T1", "T2"}


def test_the_gradebook_deleted_and_rebuilt_is_equal(changing: Course, run: Run) -> None:
    grade(run, changing)  # takes up what the person gave
    before = rows(changing.gradebook)
    changing.gradebook.unlink()
    said = grade(run, changing, "--rebuild")
    assert rows(changing.gradebook) == before
    assert "was not there; made again" in said and "due dates" in said
    assert "the gradebook holds the kept verdicts of 2 students, and 4 entries of people" in said
    assert "grading 0 of 2" in grade(run, changing)
    assert rows(changing.gradebook) == before


def test_rebuilding_a_gradebook_that_is_well_takes_up_the_newest_marks_and_changes_nothing(
    changing: Course, run: Run
) -> None:
    before = rows(changing.gradebook)
    grade(run, changing, "--rebuild")
    assert rows(changing.gradebook) == before
    changing.gradebook.unlink()
    grade(run, changing, "--rebuild")
    assert rows(changing.gradebook) == before


def test_a_deleted_gradebook_gets_its_marks_back_by_plain_grading_and_by_nbgraders_command(
    changing: Course, run: Run
) -> None:
    grade(run, changing)
    before = given(changing, "bua")
    changing.gradebook.unlink()
    assert "kept verdicts entered into the gradebook: anong, bua" in grade(run, changing)
    assert given(changing, "bua") == before == GIVEN
    changing.gradebook.unlink()
    for command in (["generate_assignment", NAME, "--force"], ["autograde", NAME, "--force"]):
        done = run("nbgrader", *command, cwd=changing.root)
        assert done.returncode == 0, done.stderr[-2000:]
    assert {task: found[1:] for task, found in given(changing, "bua").items()} == {
        task: found[1:] for task, found in GIVEN.items()
    }


def test_marks_that_were_taken_back_are_remembered(changing: Course, run: Run) -> None:
    grade(run, changing)
    give(changing, "bua", "T1")
    grade(run, changing)
    sheet = manual_marks.load_sheet(changing, NAME, "bua")
    assert sheet is not None and sheet.marks["T1"].score is None
    assert [(task, entry.score) for task, entry in sheet.earlier] == [("T1", 0.5)]
    assert given(changing, "bua")["T1"][:4] == (0.0, None, None, False)


def test_points_changed_after_the_release_are_taken_up_and_told(changing: Course, run: Run) -> None:
    config = changing.root / "course_config.py"
    config.write_text(
        config.read_text().replace('Task("T2", notebook="1-lines")', 'Task("T2", notebook="1-lines", optional=True)')
    )
    assert "optional=True)," in config.read_text()
    said = grade(run, changing)
    assert "anong: T2: 1 of 1 -> 0.5 of 0.5" in said and "bua: T2: 1 of 1 -> 0.5 of 0.5" in said
    assert ("T2", 0.0) in rows(changing.gradebook)["points"]  # a bonus counts on top of the whole
    assert given(changing, "bua") == GIVEN | {"T2": (0.5, *GIVEN["T2"][1:])}


def test_a_changed_check_is_taken_up_and_the_marks_that_moved_are_listed(
    changing: Course, run: Run, change_check: Callable[[Course, str, str], None]
) -> None:
    imports = "from autograder.author import PartResult, Problem\n\n\n"
    check = 'def changed(context):\n    return [PartResult("slope", 1.0, Problem("number"))]'
    change_check(changing, "T2", imports + check)
    said = grade(run, changing)
    assert "anong: T2: 1 -> 0" in said and "bua: T2: 1 -> 0" in said
    assert given(changing, "bua") == GIVEN | {"T2": (0.0, *GIVEN["T2"][1:])}


def test_a_mark_holds_for_the_answer_that_the_gradebook_had_heard_of() -> None:
    settled = ManualMark(0.5, None, None, False, "old")
    sheet = Sheet({"T4": settled}, {"T4": "old"})
    # an ended run: the verdict is of the new answer, the gradebook has not heard of it
    assert manual_marks.taken_up(sheet, {"T4": ManualMark(0.5)}, {"T4": "new"}).marks["T4"].answer == "old"
    assert manual_marks.taken_up(sheet, {"T4": ManualMark(0.7)}, {"T4": "new"}).marks["T4"].answer == "old"
    # the gradebook heard of it, and waits; then a person gives the same mark once more
    told = Sheet({"T4": ManualMark(0.5, None, None, True, "old")}, {"T4": "new"})
    assert manual_marks.taken_up(told, {"T4": ManualMark(0.5, waits=True)}, {"T4": "new"}).marks["T4"].answer == "old"
    assert manual_marks.taken_up(told, {"T4": ManualMark(0.5)}, {"T4": "new"}).marks["T4"].answer == "new"
    # a gradebook from before there were sheets: its settled marks are for what was graded last
    assert manual_marks.taken_up(None, {"T4": ManualMark(0.5)}, {"T4": "last"}).marks["T4"].answer == "last"
    assert manual_marks.taken_up(None, {"T4": ManualMark(0.5, waits=True)}, {"T4": "last"}).marks["T4"].answer == ""


@pytest.mark.parametrize(
    "text", ["", "{}", '{"mark": {}}', '{"marks": {}, "heard": {}}', "[]", '{"marks": {"T4": {"score": NaN}}']
)
def test_a_sheet_that_is_not_whole_is_never_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    course = Course(name="x", assignments=(), root=tmp_path)
    path = manual_marks.sheet_file(course, "hw4", "bua")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(manual_marks.UnreadableSheet, match=r"bua\.json: what people gave cannot be read"):
        manual_marks.load_sheet(course, "hw4", "bua")
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"marks": ' + "[" * 5000, '{"marks": {"T1": {"score": ' + "9" * 5000 + "}}}"]
)
def test_a_sheet_of_nonsense_is_told_and_no_traceback(toy: Toy, tmp_path: Path, text: str) -> None:
    course = toy.copy(tmp_path / "course")
    path = manual_marks.sheet_file(course, NAME, "mali")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(manual_marks.UnreadableSheet, match="cannot be read"):
        manual_marks.load_sheet(course, NAME, "mali")


def test_a_verdict_nested_deep_is_no_verdict(toy: Toy, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    path = verdict_files.verdict_file(course, NAME, "mali")
    path.parent.mkdir(parents=True)
    path.write_text("[" * 100_000)
    assert verdict_files.load_result(course, NAME, "mali") is None
