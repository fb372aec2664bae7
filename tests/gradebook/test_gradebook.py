"""gradebook.py and session.py: verdicts in nbgrader's gradebook, by our command and by nbgrader's own."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import give
from toy import BOOK, NAME, TASKS, Toy

from autograder.course import Course
from autograder.grading import made_up

THAI = "สมชาย ใจดี"
STUDENTS = ["anong", "blank", "broken", "bua", "duplicate", THAI]
Marks = Callable[[Course], dict[str, dict[str, Any]]]
Copy = Callable[[Course, Path], Course]
Run = Callable[..., Any]


def grading(done: Any) -> str:
    """The line that says how many are graded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if line.startswith("grading "))


@pytest.fixture(scope="module")
def handed_in(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with six submissions, not yet graded."""
    course = toy.copy(tmp_path_factory.mktemp("class") / "course")
    right = toy.right
    doubled = json.loads(toy.hand_in(right)[BOOK])
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in doubled["cells"]]
    doubled["cells"].insert(ids.index("T2-answer"), doubled["cells"][ids.index("T2-answer")])
    files = {
        "anong": toy.hand_in(right),
        "blank": toy.hand_in({}),
        "broken": {BOOK: b"{not json", "own.py": b"\x00\xff"},
        "bua": toy.hand_in({**right, "T1": right["T1"].replace("    deviation[deviation == 0] = 1\n", "")}),
        "duplicate": {BOOK: json.dumps(doubled).encode()},
        THAI: toy.hand_in({**right, "T1": "# หาค่าเฉลี่ย\n" + right["T1"], "T3": "พิสูจน์: " + right["T3"]}),
    }
    for name, found in files.items():
        stamp = {"timestamp.txt": b"2026-11-05 12:00:00 UTC\n"}
        made_up.write(course.submitted(NAME, name), {**found, **stamp})
    return course


@pytest.fixture(scope="module")
def graded(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class graded by `autograder grade`. Only read: tests that change something copy it."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("graded") / "course")
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert grading(done) == "grading 6 of 6 submissions of warmup"
    return course


@pytest.fixture
def changing(graded: Course, copy_of: Copy, tmp_path: Path) -> Course:
    """A copy of the graded class."""
    return copy_of(graded, tmp_path / "course")


def test_the_marks_stand_in_the_gradebook(graded: Course, gradebook_of: Marks) -> None:
    marks = gradebook_of(graded)
    assert sorted(marks) == sorted(STUDENTS)
    totals = {name: sum(auto or 0 for auto, *_ in tasks.values()) for name, tasks in marks.items()}
    assert totals == {"anong": 2, "blank": 0, "broken": 0, "bua": 1.75, "duplicate": 2, THAI: 2}
    for name in STUDENTS:
        assert sorted(marks[name]) == list(TASKS)
        assert [t for t in TASKS if marks[name][t][2]] == ([] if name in ("blank", "broken") else ["T3"])
    assert "A column of equal numbers" in marks["bua"]["T1"][3]


def test_one_broken_submission_does_not_stop_the_others_and_is_told(graded: Course, gradebook_of: Marks) -> None:
    assert {auto for auto, *_ in gradebook_of(graded)["broken"].values()} == {0}
    result = json.loads((graded.state / "verdicts" / NAME / "broken.json").read_text())
    assert result["notes"] == [f"{BOOK}: the file is not a notebook (not JSON); ask for it again"]


def test_the_graded_notebooks_lie_where_nbgrader_has_them(graded: Course) -> None:
    for name in STUDENTS:
        folder = graded.root / "autograded" / name / NAME
        assert {p.name for p in folder.iterdir()} >= {BOOK, "timestamp.txt"}
        assert all((p.stat().st_mode & 0o777) == 0o444 for p in folder.iterdir())
    assert not list(graded.root.glob("autograded/*/.*"))


def test_grading_again_grades_only_what_changed(changing: Course, run: Run, gradebook_of: Marks) -> None:
    give(changing, "bua", "T3", score=0.5, comment="Nice.")
    before = gradebook_of(changing)
    done = run("autograder", "grade", NAME, "--course", changing.root)
    assert grading(done).startswith("grading 0 of 6")
    assert "6 unchanged since they were graded" in done.stdout
    path = changing.submitted(NAME, "bua") / BOOK
    path.write_text(path.read_text().replace("return slope, intercept", "return slope, 0.0"))
    done = run("autograder", "grade", NAME, "--course", changing.root)
    assert grading(done).startswith("grading 1 of 6")
    assert "bua: T2: 1 -> 0.5" in done.stdout
    after = gradebook_of(changing)
    assert {n: m for n, m in after.items() if n != "bua"} == {n: m for n, m in before.items() if n != "bua"}
    assert after["bua"]["T2"][0] == 0.5
    assert after["bua"]["T3"][:3] == (None, 0.5, False), "a change elsewhere leaves a person's mark settled"


def test_named_students_alone_are_graded(changing: Course, run: Run) -> None:
    done = run("autograder", "grade", NAME, "anong", THAI, "--course", changing.root, "--force", "--jobs", 1)
    assert grading(done).startswith("grading 2 of 2")
    assert THAI in done.stdout and "bua" not in done.stdout


def test_a_graded_notebook_that_was_deleted_and_a_broken_verdict_are_made_again(changing: Course, run: Run) -> None:
    shutil.rmtree(changing.root / "autograded" / "blank")
    (changing.state / "verdicts" / NAME / "broken.json").write_text("{")
    done = run("autograder", "grade", NAME, "--course", changing.root)
    assert grading(done).startswith("grading 1 of 6")
    assert "graded notebooks written again from kept verdicts: blank" in done.stdout
    assert "broken: the kept verdict cannot be read; graded again" in done.stdout
    assert (changing.root / "autograded" / "blank" / NAME / BOOK).is_file()


# ---- nbgrader's own commands --------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_nbgrader(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class graded by nbgrader's commands alone."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("nbgrader") / "course")
    for command in (["generate_assignment", NAME, "--force"], ["autograde", NAME]):
        done = run("nbgrader", *command, cwd=course.root)
        assert done.returncode == 0, done.stderr[-2000:]
    return course


def test_nbgrader_autograde_gives_the_same_marks_and_messages(
    graded: Course, by_nbgrader: Course, gradebook_of: Marks
) -> None:
    ours, theirs = gradebook_of(graded), gradebook_of(by_nbgrader)
    assert sorted(theirs) == sorted(STUDENTS)
    for name in STUDENTS:
        assert theirs[name] == ours[name], name


def test_a_gradebook_that_we_make_is_as_nbgraders_own(graded: Course, by_nbgrader: Course) -> None:
    def made(course: Course) -> tuple[set[tuple[str, str, str]], list[tuple[str]]]:
        with contextlib.closing(sqlite3.connect(course.gradebook)) as database:
            tables = set(database.execute("SELECT type, name, sql FROM sqlite_master").fetchall())
            return tables, database.execute("SELECT version_num FROM alembic_version").fetchall()

    tables, version = made(graded)
    assert len(version) == 1 and len(tables) > 10
    assert (tables, version) == made(by_nbgrader)


def test_nbgrader_autograde_gives_the_same_graded_notebooks(graded: Course, by_nbgrader: Course) -> None:
    for name in STUDENTS:
        ours, theirs = (
            json.loads((course.root / "autograded" / name / NAME / BOOK).read_text())["cells"]
            for course in (graded, by_nbgrader)
        )
        assert [(c["cell_type"], "".join(c["source"])) for c in theirs] == [
            (c["cell_type"], "".join(c["source"])) for c in ours
        ]
        assert [c.get("outputs") for c in theirs] == [c.get("outputs") for c in ours]


def test_our_command_keeps_what_nbgraders_command_graded(by_nbgrader: Course, copy_of: Copy, run: Run, tmp_path: Path,
                                                         gradebook_of: Marks) -> None:  # fmt: skip
    course = copy_of(by_nbgrader, tmp_path / "course")
    before = gradebook_of(course)
    done = run("autograder", "grade", NAME, "--course", course.root)
    assert grading(done).startswith("grading 0 of 6")
    assert gradebook_of(course) == before


def test_feedback_shows_each_message_and_no_expected_value(graded: Course, copy_of: Copy, run: Run, tmp_path: Path,
                                                           gradebook_of: Marks) -> None:  # fmt: skip
    course = copy_of(graded, tmp_path / "course")
    done = run("nbgrader", "generate_feedback", NAME, cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in STUDENTS:
        pages = {p.stem: p.read_text() for p in (course.root / "feedback" / name / NAME).glob("*.html")}
        assert set(pages) == {"1-lines", "feedback"}
        text = "\n".join(pages.values())
        plain = text.replace("&#39;", "'").replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<")
        for task, (auto, _, _, message) in gradebook_of(course)[name].items():
            if message in (f"{task} is not written yet.", "No answer was found."):  # in one row, as what is right
                assert f'<li id="{task}">? <a href="#{task}-answer">' in text, (name, task)
            elif (task != "T3" and auto != 1) or (task == "T3" and auto == 0):
                assert message[:60] in plain.replace("&amp;", "&"), (name, task)
        if name in ("blank", "broken"):
            for secret in ("deviation[deviation == 0] = 1", "slope * x.mean()", "a formula; but one outlier"):
                assert secret not in plain


# ---- a person's marks ---------------------------------------------------------------------------


def comment_of(course: Course, student: str) -> str | None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        rows = database.execute(
            "SELECT manual_comment FROM comment JOIN base_cell AS cell ON cell.id = comment.cell_id "
            "JOIN submitted_notebook AS book ON book.id = comment.notebook_id "
            "JOIN submitted_assignment AS handed ON handed.id = book.assignment_id "
            "WHERE cell.name = 'T3' AND student_id = ?",
            (student,),
        ).fetchall()
    database.close()
    return str(rows[0][0])


def change_t3(course: Course, student: str) -> None:
    path = course.submitted(NAME, student) / BOOK
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T3":
            cell["source"] = "another reason"
    path.write_text(json.dumps(notebook))


def test_a_manual_mark_stands_through_force_and_waits_again_when_its_answer_changes(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    give(changing, "bua", "T3", score=0.5, comment="Nice.")
    again = run("autograder", "grade", NAME, "bua", "anong", "--course", changing.root, "--force", "--jobs", 1)
    assert grading(again).startswith("grading 2 of 2")
    assert gradebook_of(changing)["bua"]["T3"][:3] == (None, 0.5, False)
    assert gradebook_of(changing)["anong"]["T3"][:3] == (None, None, True)
    assert comment_of(changing, "bua") == "Nice."
    change_t3(changing, "bua")
    grading(run("autograder", "grade", NAME, "--course", changing.root))
    assert gradebook_of(changing)["bua"]["T3"][:3] == (None, 0.5, True)
    assert comment_of(changing, "bua") == "Nice."
    grading(run("autograder", "grade", NAME, "bua", "--course", changing.root, "--force", "--jobs", 1))
    assert gradebook_of(changing)["bua"]["T3"][:3] == (None, 0.5, True)


@pytest.mark.proof
def test_a_manual_mark_stands_and_waits_again_through_nbgraders_command_too(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    give(changing, "bua", "T3", score=0.5, comment="Nice.")
    give(changing, "anong", "T3", score=0.75)
    change_t3(changing, "anong")
    done = run("nbgrader", "autograde", NAME, "--force", cwd=changing.root)
    assert done.returncode == 0, done.stderr[-2000:]
    marks = gradebook_of(changing)
    assert marks["bua"]["T3"][:3] == (None, 0.5, False)
    assert marks["anong"]["T3"][:3] == (None, 0.75, True)


def test_a_gradebook_that_is_no_database_is_told_in_one_line(toy: Toy, run: Run, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    made_up.write(course.submitted(NAME, "x"), toy.hand_in({}))
    (course.root / "gradebook.db").write_bytes(b"this is no database, " * 100)
    done = run("autograder", "grade", NAME, "--course", course.root)
    assert done.returncode == 1
    assert "gradebook.db: broken" in done.stderr and "--rebuild" in done.stderr
    assert "Traceback" not in done.stderr
