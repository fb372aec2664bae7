"""What a task is worth: said in the course, followed everywhere, and never changed under a mark without a word."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import give
from nbgrader.api import Gradebook
from shares import in_each_run
from toy import BOOK, NAME, Toy

from autograder import cli
from autograder.course import Course, Task, load_course, shown
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.marks.manual_marks import ManualMark, load_sheet
from autograder.pages import charts, report

Run = Callable[..., Any]
Grade = Callable[..., str]


def set_points(course: Course, **points: Any) -> Course:
    """Write Task(..., points=...) into course_config.py, as text; None takes it out."""
    config = course.root / "course_config.py"
    text = re.sub(r", points=[^,)]+", "", config.read_text(encoding="utf-8"))
    for task, value in points.items():
        if value is not None:
            text = re.sub(rf'(Task\("{task}"[^)]*notebook="[^"]+")', rf"\1, points={value}", text)
    config.write_text(text, encoding="utf-8")
    return load_course(course.root)


def scores(course: Course, capsys: Any) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["scores", NAME, "--json", "--totals", "--course", str(course.root)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# ---- what the course says -----------------------------------------------------------------------


def test_a_required_task_is_worth_one_point_and_an_optional_one_half_of_it() -> None:
    assert (Task("T1", "a").points, Task("T2", "a", optional=True).points) == (1.0, 0.5)
    assert (Task("T1", "a", points=3).points, Task("T2", "a", optional=True, points=2).points) == (3, 2)


@pytest.mark.parametrize(
    ("required", "bonus"),
    [((10, 10), 5), ((None, None), 0.5), ((3, None), 0.5), ((3, 5), 0.5), ((0.25, 0.25), 0.125)],
)
def test_an_optional_task_that_says_nothing_is_worth_half_of_a_required_one(
    toy_scratch: Course, required: tuple[float | None, float | None], bonus: float
) -> None:
    config = toy_scratch.root / "course_config.py"
    config.write_text(
        config.read_text().replace('Task("T2", notebook="1-lines"', 'Task("T2", notebook="1-lines", optional=True')
    )
    course = set_points(toy_scratch, T1=required[0], T3=required[1])
    assignment = course.assignment(NAME)
    assert assignment.task("T2").points == bonus
    assert assignment.points == sum(1 if points is None else points for points in required)
    assert set_points(course, T1=required[0], T2=7, T3=required[1]).assignment(NAME).task("T2").points == 7


BAD = ["0", "-1", "0.001", "1001", "1e300", 'float("inf")', 'float("nan")', '"3"', "True", "[2]", "1j", "10**5000"]


@pytest.mark.parametrize("value", BAD)
def test_what_is_no_number_of_points_is_refused_with_file_value_and_remedy(toy_scratch: Course, value: str) -> None:
    with pytest.raises(CourseError) as error:
        set_points(toy_scratch, T2=value)
    said = str(error.value)
    assert said.startswith("course_config.py: warmup: T2: points=") and "from 0.01 to 1000; write points=2" in said
    assert value.strip('"') in said or value in ('float("inf")', 'float("nan")', "1e300", "10**5000")
    assert len(said) < 250


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (None, "-"), (0.0, "0"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (1 / 3, "0.333"), (37.5, "37.5"), (250.0, "250"),
        (98.75, "98.75"), (12345.75, "12345.75"), (1000, "1000"), (-1.5, "-1.5"),
    ],
)  # fmt: skip
def test_points_are_shown_without_dust_and_without_powers_of_ten(points: float | None, text: str) -> None:
    assert shown(points) == text


@pytest.mark.parametrize("best", [0.5, 3, 12, 25, 26, 100, 1234.5, 12000])
def test_the_chart_of_marks_has_few_bars_and_leaves_nobody_out(best: float) -> None:
    totals = [0, best / 2, best, 1.01 * best]
    drawn = charts.marks(totals, best, "words", report.words_of("en"))
    ticks = [float(t) for t in re.findall(r"<text[^>]*>([0-9.]+)</text>", drawn)]
    assert len(ticks) < 2 * charts.MOST_BARS and max(ticks) >= best / 1.1 - 1
    assert ("nearest whole point" in drawn) == (best <= 24)


# ---- the release --------------------------------------------------------------------------------


def points_of(path: Path) -> dict[str, Any]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    return {info["grade_id"]: info.get("points") for info in found if info.get("grade")}


def set_in_notebook(path: Path, task: str, points: Any) -> None:
    """As nbgrader's *Create Assignment* does."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == task:
            cell["metadata"]["nbgrader"]["points"] = points
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def test_points_in_the_notebook_that_are_not_the_courses_are_told_at_release(
    toy_scratch: Course, run: Run, capsys: Any
) -> None:
    source, release = toy_scratch.source(NAME) / BOOK, toy_scratch.release(NAME) / BOOK
    set_in_notebook(source, "T3", 5)
    course = set_points(toy_scratch, T1=2)
    done = run("nbgrader", "generate_assignment", NAME, "--force", "--no-db", cwd=course.root)
    assert done.returncode == 0 and "T3: points=5 do not count, 1.0 do" in done.stderr, done.stderr
    capsys.readouterr()
    assert cli.main(["release", NAME, "--course", str(course.root)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{source}: T3: points=5 in the notebook (Create Assignment) do not count, 1 in course_config.py do" in said
    assert 'Task("T3", ..., points=5)' in said and f"{source}: T1: points=1 " in said and "T2: points" not in said
    assert points_of(release) == points_of(source) == {"T1": 2, "T2": 1, "T3": 1}
    assert cli.main(["release", NAME, "--course", str(course.root)]) == 0
    assert "do not count" not in capsys.readouterr().out


def test_a_release_that_fails_keeps_what_is_to_be_told(toy_scratch: Course, capsys: Any) -> None:
    source = toy_scratch.source(NAME) / BOOK
    set_in_notebook(source, "T3", None)
    before = source.read_bytes()
    (toy_scratch.source(NAME) / "stray.exe").write_text("x")
    assert cli.main(["release", NAME, "--course", str(toy_scratch.root)]) == 1
    assert source.read_bytes() == before
    (toy_scratch.source(NAME) / "stray.exe").unlink()
    capsys.readouterr()
    assert cli.main(["release", NAME, "--course", str(toy_scratch.root)]) == 0
    assert "T3: points=None in the notebook" in capsys.readouterr().out


def test_the_audit_plants_and_finds_with_unequal_points(toy_scratch: Course, run: Run) -> None:
    course = set_points(toy_scratch, T1=37.5, T2=250)
    done = run("autograder", "audit", NAME, "--jobs", 1, "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 survivors, 0 with collateral, 100 % named" in done.stdout


# ---- points that change after marks were given --------------------------------------------------


@pytest.fixture
def marked(toy_scratch: Course, toy: Toy, grade: Grade) -> Course:
    """`ada` has 0.5 of 1 in T3 by a person and an override in T1; `bob` nothing by a person."""
    for name in ("ada", "bob"):
        made_up.write(toy_scratch.submitted(NAME, name), toy.hand_in(toy.right))
    grade(toy_scratch, "-q")
    give(toy_scratch, "ada", "T3", score=0.5, comment="almost")
    give(toy_scratch, "ada", "T1", score=0.25)
    return toy_scratch


def in_gradebook(course: Course, student: str) -> dict[str, tuple[float, float, bool]]:
    with Gradebook(course.gradebook_url) as book:
        grades = [grade for paper in book.find_submission(NAME, student).notebooks for grade in paper.grades]
        return {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in grades}


def test_marks_of_people_wait_when_points_change_and_keep_their_share_when_told_to(
    marked: Course, capsys: Any, grade: Grade
) -> None:
    course = set_points(marked, T1=4, T3=10)
    said = grade(course)
    assert "ada: T3: needs grading: a person gave 0.5 of 1, and the task is worth 10 now" in said
    assert "ada: T1: needs grading: a person gave 0.25 of 1, and the task is worth 4 now" in said
    assert "bob: T1: 1 of 1 -> 4 of 4" in said
    assert f"`autograder grade {NAME} --rescale` gives each its share of the new points; or mark them again" in said
    found = scores(course, capsys)
    assert found["ada"]["total"] is None and found["ada"]["tasks"]["T3"]["score"] is None
    message = found["ada"]["tasks"]["T3"]["message"]
    assert "A person gave 0.5 / 1. The task is worth 10 now" in message and "earlier answer" not in message
    assert in_gradebook(course, "ada")["T3"][1:] == (10, True)
    said = grade(course, "--rescale")
    assert "ada: T3: what a person gave: 0.5 of 1 -> 5 of 10" in said and "--rescale" not in said
    found = scores(course, capsys)
    assert {task: one["score"] for task, one in found["ada"]["tasks"].items()} == {"T1": 1, "T2": 1, "T3": 5}
    assert found["ada"]["total"] == 7 and "Your teacher says: almost" in found["ada"]["tasks"]["T3"]["message"]
    assert in_gradebook(course, "ada") == {"T1": (1, 4, False), "T2": (1, 1, False), "T3": (5, 10, False)}
    sheet = load_sheet(course, NAME, "ada")
    assert sheet is not None and [(task, mark.score) for task, mark in sheet.earlier] == [("T1", 0.25), ("T3", 0.5)]
    assert "what a person gave" not in grade(course, "--rescale")  # once is enough
    assert scores(course, capsys)["ada"]["total"] == 7


@pytest.mark.proof
def test_points_that_are_put_back_bring_the_marks_back(marked: Course, capsys: Any, grade: Grade) -> None:
    grade(marked, "-q")
    before = scores(marked, capsys)
    grade(set_points(marked, T3=10), "-q")
    assert scores(marked, capsys)["ada"]["total"] is None
    grade(set_points(marked), "-q")
    assert scores(marked, capsys) == before and before["ada"]["total"] == 1.75


def test_a_mark_that_a_person_gives_anew_counts_as_it_is(marked: Course, capsys: Any, grade: Grade) -> None:
    course = set_points(marked, T3=10)
    grade(course, "-q")
    give(course, "ada", "T3", score=9.0)
    grade(course, "-q", "--rescale")
    assert scores(course, capsys)["ada"]["tasks"]["T3"]["score"] == 9


@pytest.mark.parametrize("how", in_each_run(["release", "grade", "generate_assignment"], ["grade"]))
def test_a_mark_given_while_the_gradebook_shows_the_new_points_is_out_of_those(
    marked: Course, toy: Toy, run: Run, capsys: Any, how: str, grade: Grade
) -> None:
    course = set_points(marked, T3=10)
    made_up.write(course.submitted(NAME, "chai"), toy.hand_in(toy.right))
    if how == "grade":  # of another student: the gradebook shows the new points for all
        grade(course, "chai", "-q")
    elif how == "release":
        assert cli.main(["release", NAME, "--course", str(course.root)]) == 0
    else:
        done = run("nbgrader", "generate_assignment", NAME, "--force", cwd=course.root)
        assert done.returncode == 0, done.stderr[-2000:]
    assert in_gradebook(course, "bob")["T3"][1] == 10
    give(course, "bob", "T3", score=0.9)
    grade(course, "-q")
    found = scores(course, capsys)
    assert [found[name]["tasks"]["T3"]["score"] for name in ("ada", "bob")] == [None, 0.9]
    grade(course, "-q", "--rescale")
    found = scores(course, capsys)
    assert [found[name]["tasks"]["T3"]["score"] for name in ("ada", "bob")] == [5, 0.9]


def test_what_nobody_can_have_given_out_of_the_old_points_is_not_rescaled(
    marked: Course, capsys: Any, grade: Grade
) -> None:
    give(marked, "ada", "T3", score=7.0)
    course = set_points(marked, T3=10)
    grade(course, "-q", "--rescale")
    assert scores(course, capsys)["ada"]["tasks"]["T3"]["score"] is None


@pytest.mark.proof
def test_nbgraders_own_autograde_does_the_same(marked: Course, run: Run, capsys: Any) -> None:
    course = set_points(marked, T3=10)
    done = run("nbgrader", "autograde", NAME, "--force", cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert in_gradebook(course, "ada")["T3"][1:] == (10, True) and in_gradebook(course, "bob")["T1"] == (1, 1, False)
    assert scores(course, capsys)["ada"]["total"] is None


def test_before_the_next_grading_no_place_shows_a_mark_of_other_points(
    marked: Course, capsys: Any, grade: Grade
) -> None:
    grade(marked, "-q")
    course = set_points(marked, T1=4)
    found = scores(course, capsys)
    assert [found[name]["total"] for name in ("ada", "bob")] == [None, None]
    assert "1 / 1 when it was graded. The task is worth 4 now" in found["bob"]["tasks"]["T1"]["message"]
    again = "2 (ada, bob) were graded when tasks were worth other points, and have no mark for those: run `autograder"
    for line in (["scores", NAME], ["export", NAME, "--to", "csv"]):
        assert cli.main([*line, "--course", str(course.root)]) == 0
        assert again in " ".join(capsys.readouterr().out.split())
    assert ",,,4" not in (course.root / "exports" / f"{NAME}-csv.csv").read_text()
    assert cli.main(["report", NAME, "-q", "--course", str(course.root)]) == 0
    assert again in (course.root / "reports" / NAME / "index.html").read_text(encoding="utf-8")


@pytest.mark.proof
def test_marks_of_a_version_that_wrote_down_no_points_still_hold_for_the_points_of_then(
    marked: Course, capsys: Any, grade: Grade
) -> None:
    grade(marked, "-q")
    for path in (marked.state / "marks" / NAME / "ada.json", marked.state / "verdicts" / NAME / "ada.json"):
        text = path.read_text()
        assert " of 1.0" in text
        path.write_text(text.replace(" of 1.0", ""))
    grade(marked, "-q", "--force")
    assert scores(marked, capsys)["ada"]["total"] == 1.75
    path = marked.state / "marks" / NAME / "ada.json"
    path.write_text(path.read_text().replace(" of 1.0", ""))
    course = set_points(marked, T3=10)
    grade(course, "-q")
    assert scores(course, capsys)["ada"]["total"] is None
    grade(course, "-q", "--rescale")
    assert scores(course, capsys)["ada"]["tasks"]["T3"]["score"] == 5


def test_what_a_mark_was_given_for() -> None:
    mark = ManualMark(0.5, answer="abc of 2.0")
    assert mark.holds("abc of 2.0") and mark.holds("abc")
    assert not mark.holds("abc of 3.0") and not mark.holds("abd of 2.0") and not mark.holds(None)
    assert (mark.points_then("abc of 3.0", 1.0), mark.points_then("abd of 3.0", 1.0)) == (2.0, None)
    old = ManualMark(0.5, answer="abc")
    assert old.holds("abc of 1.0") and old.holds("abc of 0.5") and not old.holds("abc of 3.0")
    assert old.points_then("abc of 3.0", 0.5) == 0.5
    extra = ManualMark(None, 0.5, answer="abc of 2.0")  # points on top, out of nothing
    assert extra.holds("abc of 3.0") and not extra.holds("abd of 2.0") and extra.points_then("abc of 3.0", 1.0) is None
    assert not ManualMark(0.5).holds("abc of 1.0") and ManualMark(0.5).points_then("abc of 3.0", 1.0) is None
