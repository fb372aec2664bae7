"""gradebook.py and session.py: verdicts in nbgrader's gradebook, by our command and by nbgrader's own."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.mutations import Mistake

TASKS = [f"T{number}" for number in range(1, 13)]
THAI = "สมชาย ใจดี"
NETWORK = "2-two-layer-network.ipynb"
STUDENTS = ["anong", "blank", "broken", "bua", "duplicate", THAI]
Marks = Callable[[Course], dict[str, dict[str, Any]]]
Copy = Callable[[Course, Path], Course]
Run = Callable[..., Any]
HandIn = Callable[..., dict[str, bytes]]


def grading(done: Any) -> str:
    """The line that says how many are graded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if line.startswith("grading "))


@pytest.fixture(scope="module")
def handed_in(
    repo: Course,
    hw4: Any,
    hand_in: HandIn,
    right: dict[str, str],
    mistakes: dict[tuple[str, str], Mistake],
    tmp_path_factory: pytest.TempPathFactory,
) -> Course:
    """A course with six submissions, not yet graded."""
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("class") / "course")
    mistake, _ = made_up.with_mistake(course, hw4, mistakes["T7", "W2-regularization-missing"])
    doubled = json.loads(hand_in(right)[NETWORK])
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in doubled["cells"]]
    doubled["cells"].insert(ids.index("T6-answer"), doubled["cells"][ids.index("T6-answer")])
    files = {
        "anong": hand_in(right),
        "blank": hand_in({}, weights=None),
        "broken": {"1-basics.ipynb": b"{not json", NETWORK: b"\x00\xff", "best_net.npz": b"PK"},
        "bua": hand_in(mistake),
        "duplicate": {**hand_in(right), NETWORK: json.dumps(doubled).encode()},
        THAI: hand_in(right | {"T5": "# หาคะแนน\n" + right["T5"], "T4": "พิสูจน์: " + right["T4"]}),
    }
    for name, found in files.items():
        stamp = {"timestamp.txt": b"2026-11-05 12:00:00 UTC\n"}
        made_up.write(course.submitted("hw4", name), {**found, **stamp})
    return course


@pytest.fixture(scope="module")
def graded(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class graded by `autograder grade`. Only read: tests that change something copy it."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("graded") / "course")
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1)
    assert grading(done) == "grading 6 of 6 submissions of hw4, dataset sample"
    return course


@pytest.fixture
def changing(graded: Course, copy_of: Copy, tmp_path: Path) -> Course:
    """A copy of the graded class."""
    return copy_of(graded, tmp_path / "course")


def test_the_marks_stand_in_the_gradebook(graded: Course, gradebook_of: Marks) -> None:
    marks = gradebook_of(graded)
    assert sorted(marks) == sorted(STUDENTS)
    totals = {name: sum(auto or 0 for auto, *_ in tasks.values()) for name, tasks in marks.items()}
    assert totals == {"anong": 11, "blank": 0, "broken": 0, "bua": 10.75, "duplicate": 11, THAI: 11}
    for name in STUDENTS:
        assert sorted(marks[name]) == sorted(TASKS)
        assert [t for t in TASKS if marks[name][t][2]] == ([] if name in ("blank", "broken") else ["T4"])
    assert "reg * W2" in marks["bua"]["T7"][3]


def test_one_broken_submission_does_not_stop_the_others_and_is_told(graded: Course, gradebook_of: Marks) -> None:
    assert {auto for auto, *_ in gradebook_of(graded)["broken"].values()} == {0}
    result = json.loads((graded.state / "verdicts" / "hw4" / "broken.json").read_text())
    assert result["notes"] == [
        "1-basics.ipynb: the file is not a notebook (not JSON); ask for it again",
        f"{NETWORK}: the file is not a notebook (not JSON); ask for it again",
        "best_net.npz: cannot be read (File is not a zip file)",
    ]


def test_the_graded_notebooks_lie_where_nbgrader_has_them(graded: Course) -> None:
    for name in STUDENTS:
        folder = graded.root / "autograded" / name / "hw4"
        assert {p.name for p in folder.iterdir()} >= {"1-basics.ipynb", NETWORK, "timestamp.txt"}
        assert all((p.stat().st_mode & 0o777) == 0o444 for p in folder.iterdir())
    assert not list(graded.root.glob("autograded/*/.*"))


def test_grading_again_grades_only_what_changed(changing: Course, run: Run, gradebook_of: Marks) -> None:
    give(changing, "bua", 0.5)
    before = gradebook_of(changing)
    done = run("autograder", "grade", "hw4", "--course", changing.root)
    assert grading(done).startswith("grading 0 of 6")
    assert "6 unchanged since they were graded" in done.stdout
    path = changing.submitted("hw4", "bua") / "1-basics.ipynb"
    path.write_text(path.read_text().replace("size_C = 1", "size_C = 2"))
    done = run("autograder", "grade", "hw4", "--course", changing.root)
    assert grading(done).startswith("grading 1 of 6")
    assert "bua: T2: 1 -> 0.666667" in done.stdout
    after = gradebook_of(changing)
    assert {n: m for n, m in after.items() if n != "bua"} == {n: m for n, m in before.items() if n != "bua"}
    assert after["bua"]["T2"][0] == pytest.approx(2 / 3, abs=1e-6)
    assert after["bua"]["T4"][:3] == (None, 0.5, False), "a change elsewhere leaves a person's mark settled"


def test_named_students_alone_are_graded(changing: Course, run: Run) -> None:
    done = run("autograder", "grade", "hw4", "anong", THAI, "--course", changing.root, "--force", "--jobs", 1)
    assert grading(done).startswith("grading 2 of 2")
    assert THAI in done.stdout and "bua" not in done.stdout


def test_a_graded_notebook_that_was_deleted_and_a_broken_verdict_are_made_again(changing: Course, run: Run) -> None:
    shutil.rmtree(changing.root / "autograded" / "blank")
    (changing.state / "verdicts" / "hw4" / "broken.json").write_text("{")
    done = run("autograder", "grade", "hw4", "--course", changing.root)
    assert grading(done).startswith("grading 1 of 6")
    assert "graded notebooks written again from kept verdicts: blank" in done.stdout
    assert "broken: the kept verdict cannot be read; graded again" in done.stdout
    assert (changing.root / "autograded" / "blank" / "hw4" / NETWORK).is_file()


# ---- nbgrader's own commands --------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_nbgrader(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class graded by nbgrader's commands alone."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("nbgrader") / "course")
    for command in (["generate_assignment", "hw4", "--force"], ["autograde", "hw4"]):
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


def test_nbgrader_autograde_gives_the_same_graded_notebooks(graded: Course, by_nbgrader: Course) -> None:
    for name in STUDENTS:
        for book in ("1-basics.ipynb", NETWORK):
            ours, theirs = (
                json.loads((course.root / "autograded" / name / "hw4" / book).read_text())["cells"]
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
    done = run("autograder", "grade", "hw4", "--course", course.root)
    assert grading(done).startswith("grading 0 of 6")
    assert gradebook_of(course) == before


def test_feedback_shows_each_message_and_no_expected_value(graded: Course, copy_of: Copy, run: Run, tmp_path: Path,
                                                           gradebook_of: Marks) -> None:  # fmt: skip
    course = copy_of(graded, tmp_path / "course")
    done = run("nbgrader", "generate_feedback", "hw4", cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in STUDENTS:
        pages = {p.stem: p.read_text() for p in (course.root / "feedback" / name / "hw4").glob("*.html")}
        assert set(pages) == {"1-basics", "2-two-layer-network", "feedback"}
        text = "\n".join(pages.values())
        plain = text.replace("&#39;", "'").replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<")
        for task, (auto, _, _, message) in gradebook_of(course)[name].items():
            if task != "T4" or auto == 0:
                assert message[:60] in plain.replace("&amp;", "&"), (name, task)
        if name in ("blank", "broken"):
            for secret in ("557057", "557,057", "(30 + 1) * 1024", "dhidden[hidden <= 0] = 0", "1.30378789132983"):
                assert secret not in plain


# ---- a person's marks ---------------------------------------------------------------------------


def give(course: Course, student: str, mark: float) -> None:
    """What the formgrader does when a person enters a mark for T4."""
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as book:
        grade = book.find_grade("T4", "1-basics", "hw4", student)
        grade.manual_score, grade.needs_manual_grade = mark, False
        comment = book.find_comment("T4", "1-basics", "hw4", student)
        comment.manual_comment = "Nice."
        book.db.commit()


def comment_of(course: Course, student: str) -> str | None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        rows = database.execute(
            "SELECT manual_comment FROM comment JOIN base_cell AS cell ON cell.id = comment.cell_id "
            "JOIN submitted_notebook AS book ON book.id = comment.notebook_id "
            "JOIN submitted_assignment AS handed ON handed.id = book.assignment_id "
            "WHERE cell.name = 'T4' AND student_id = ?",
            (student,),
        ).fetchall()
    database.close()
    return str(rows[0][0])


def change_t4(course: Course, student: str) -> None:
    path = course.submitted("hw4", student) / "1-basics.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["source"] = "another proof"
    path.write_text(json.dumps(notebook))


def test_a_manual_mark_stands_through_force_and_waits_again_when_its_answer_changes(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    give(changing, "bua", 0.5)
    again = run("autograder", "grade", "hw4", "bua", "anong", "--course", changing.root, "--force", "--jobs", 1)
    assert grading(again).startswith("grading 2 of 2")
    assert gradebook_of(changing)["bua"]["T4"][:3] == (None, 0.5, False)
    assert gradebook_of(changing)["anong"]["T4"][:3] == (None, None, True)
    assert comment_of(changing, "bua") == "Nice."
    change_t4(changing, "bua")
    grading(run("autograder", "grade", "hw4", "--course", changing.root))
    assert gradebook_of(changing)["bua"]["T4"][:3] == (None, 0.5, True)
    assert comment_of(changing, "bua") == "Nice."
    grading(run("autograder", "grade", "hw4", "bua", "--course", changing.root, "--force", "--jobs", 1))
    assert gradebook_of(changing)["bua"]["T4"][:3] == (None, 0.5, True)


def test_a_manual_mark_stands_and_waits_again_through_nbgraders_command_too(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    give(changing, "bua", 0.5)
    give(changing, "anong", 0.75)
    change_t4(changing, "anong")
    done = run("nbgrader", "autograde", "hw4", "--force", cwd=changing.root)
    assert done.returncode == 0, done.stderr[-2000:]
    marks = gradebook_of(changing)
    assert marks["bua"]["T4"][:3] == (None, 0.5, False)
    assert marks["anong"]["T4"][:3] == (None, 0.75, True)


def test_a_gradebook_that_is_no_database_is_told_in_one_line(scratch: Course, run: Run, hand_in: HandIn) -> None:
    made_up.write(scratch.submitted("hw4", "x"), hand_in({}, weights=None))
    (scratch.root / "gradebook.db").write_bytes(b"this is no database, " * 100)
    done = run("autograder", "grade", "hw4", "--course", scratch.root)
    assert done.returncode == 1
    assert "gradebook.db: broken" in done.stderr and "--rebuild" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-13-45", "2026-11-05 12:00:00 UTC"])
def test_any_timestamp_is_read_or_left(stamp: str) -> None:
    from autograder.gradebook.writer import parse_timestamp

    found = parse_timestamp(stamp)
    assert (found is not None) == stamp.startswith("2026-11")
