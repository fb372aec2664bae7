"""Whatever goes wrong with one student's files stays with that student: one line, exit code 1, and tried again."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lms import zipped
from shares import one_in
from sqlalchemy.exc import DataError
from toy import BOOK, NAME, Toy

from autograder.course import Course
from autograder.gradebook.writer import GradebookWriter
from autograder.grading import made_up, workers
from autograder.grading.session import GradingSession
from autograder.submissions import submission

Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
CLASS = ("anong", "mallory", "zoe")


@pytest.fixture(scope="module")
def handed_in(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = toy.copy(tmp_path_factory.mktemp("one") / "course")
    for student in CLASS:
        made_up.write(course.submitted(NAME, student), toy.hand_in(toy.right))
    return course


@pytest.fixture(scope="module")
def graded(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = copy_of(handed_in, tmp_path_factory.mktemp("graded") / "course")
    assert grade(run, course).returncode == 0
    return course


@pytest.fixture(scope="module")
def released(handed_in: Course, copy_of: Copy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """nbgrader's own command wants the assignment in the gradebook."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("released") / "course")
    assert run("autograder", "release", NAME, "--course", course.root).returncode == 0
    return course


@pytest.fixture
def changing_released(released: Course, copy_of: Copy, tmp_path: Path) -> Course:
    return copy_of(released, tmp_path / "course")


@pytest.fixture
def changing(handed_in: Course, copy_of: Copy, tmp_path: Path) -> Course:
    return copy_of(handed_in, tmp_path / "course")


@pytest.fixture
def changing_graded(graded: Course, copy_of: Copy, tmp_path: Path) -> Course:
    return copy_of(graded, tmp_path / "course")


def grade(run: Run, course: Course, *more: str) -> Any:
    return run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1, *more)


def marks(run: Run, course: Course) -> dict[str, float]:
    found = json.loads(run("autograder", "scores", NAME, "--course", course.root, "--json").stdout)
    return {student: sum(task["score"] or 0 for task in tasks.values()) for student, tasks in found.items()}


@pytest.mark.proof
def test_a_name_that_is_not_utf_8_stops_nobody(changing: Course, run: Run) -> None:
    folder = os.fsencode(changing.submitted(NAME, "mallory"))
    for name in (b"\xff" * 96 + b".png", b"a" * 251 + b".png", b"a\nb.png", "รายงาน".encode("cp874") + b".pdf"):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(PNG)
    done = grade(run, changing)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(set(marks(run, changing).values())) == 1 and set(marks(run, changing)) == set(CLASS)
    laid = sorted(path.name for path in (changing.root / "autograded" / "mallory" / NAME).iterdir())
    assert sum(name.endswith((".png", ".pdf")) for name in laid) == 4 and all(map(str.isprintable, laid))
    assert "3 unchanged" in grade(run, changing).stdout
    assert run("autograder", "report", NAME, "--course", changing.root).returncode == 0


def laid(course: Course, student: str) -> dict[str, bytes]:
    """What lies in the graded folder of a student, without the stamps of the graded notebooks."""
    folder = course.root / "autograded" / student / NAME
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.proof
def test_a_zip_as_it_came_is_graded_laid_explained_and_reported_as_its_files_are(changing: Course, run: Run) -> None:
    places = {student: changing.submitted(NAME, student) for student in CLASS}
    (places["anong"] / "scan").mkdir()
    (places["anong"] / "scan" / "page 1.png").write_bytes(PNG)
    files = {p.relative_to(places["anong"]).as_posix(): p.read_bytes() for p in places["anong"].rglob("*.*")}
    packed = zipped({f"warmup/{name}": data for name, data in files.items()})
    for student, data in (("mallory", packed), ("zoe", packed[:-200])):
        shutil.rmtree(places[student])
        made_up.write(places[student], {"warmup-submission.zip": data})
    done = grade(run, changing)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zoe: warmup-submission.zip: cannot be opened" in done.stdout
    found = marks(run, changing)
    assert found["mallory"] == found["anong"] > found["zoe"] == 0
    assert laid(changing, "mallory").keys() == laid(changing, "anong").keys() >= {BOOK, "scan/page 1.png"}
    assert b"scan/page%201.png" in laid(changing, "mallory")[BOOK]
    assert [p.name for p in places["mallory"].iterdir()] == ["warmup-submission.zip"]  # nothing was unpacked
    assert "3 unchanged" in grade(run, changing).stdout
    explained = grade(run, changing, "mallory", "--explain", "T1")
    assert explained.returncode == 0 and "the same verdict" in explained.stdout, explained.stdout + explained.stderr
    assert run("autograder", "report", NAME, "--course", changing.root).returncode == 0
    assert (changing.root / "feedback" / "mallory" / NAME / "feedback.html").is_file()
    made_up.write(places["mallory"], {"warmup-submission.zip": zipped(files)})  # packed anew: another submission
    assert "grading 1 of 3 submissions" in grade(run, changing).stdout


def test_a_student_whose_name_is_not_utf_8_is_left_out_and_told(changing: Course, run: Run) -> None:
    mallory = changing.submitted(NAME, "mallory").parent
    for raw in (b"\xff\xfe", b"x<b>"):
        renamed = os.path.join(os.fsencode(mallory.parent), raw)
        os.rename(mallory, renamed)
        done = grade(run, changing)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert "left out" in done.stdout and "rename it" in done.stdout
        assert set(marks(run, changing)) == {"anong", "zoe"}
        shown = run("autograder", "report", NAME, "--course", changing.root)
        assert shown.returncode == 1 and "left out" in shown.stdout and "Traceback" not in shown.stderr
        os.rename(renamed, mallory)
    assert grade(run, changing).returncode == 0 and set(marks(run, changing)) == set(CLASS)


@pytest.mark.parametrize("raw", one_in(5, [b"\xff\xfe", b"x<b>", b"x\ny", b"x\x1b[31m", b"y" * 230]))
def test_a_folder_that_can_be_nobodys_stops_neither_command(changing_released: Course, run: Run, raw: bytes) -> None:
    mallory = changing_released.submitted(NAME, "mallory").parent
    os.rename(mallory, os.path.join(os.fsencode(mallory.parent), raw))
    shutil.copytree(changing_released.submitted(NAME, "zoe"), changing_released.submitted(NAME, "__MACOSX"))
    done = run("nbgrader", "autograde", NAME, cwd=changing_released.root)
    assert done.returncode == 0 and done.stderr.count("left out: a name") == 1, done.stderr[-2000:]
    assert set(marks(run, changing_released)) == {"anong", "zoe"}
    graded = grade(run, changing_released)
    assert graded.returncode == 1 and graded.stdout.count("left out: a name") == 1
    assert "\x1b" not in graded.stdout + graded.stderr


def test_an_attachment_with_a_lone_surrogate_costs_nothing(changing: Course, run: Run) -> None:
    path = changing.submitted(NAME, "mallory") / BOOK
    data = json.loads(path.read_text(encoding="utf-8"))
    for cell in data["cells"]:
        if cell["cell_type"] == "markdown":
            cell.update(attachments={"\ud800": {"image/png": "\udfff"}, "x": [[1]]}, source="![x](attachment:\ud800)")
    data["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:\ud800)", "id": "\ud800",
                          "attachments": {"\ud800": {"image/png": "iVBORw0KGgo="}}})  # fmt: skip
    path.write_text(json.dumps(data), encoding="ascii")
    done = grade(run, changing)
    assert done.returncode == 0, done.stdout + done.stderr
    assert marks(run, changing)["mallory"] == marks(run, changing)["anong"]


@pytest.mark.proof
def test_graded_notebooks_that_cannot_be_laid_stop_nobody(changing: Course, run: Run) -> None:
    (changing.root / "autograded").mkdir()
    blocked = changing.root / "autograded" / "mallory"
    blocked.write_text("a file where a folder should be")
    for again in (False, True):  # and at every run, until it is mended
        done = grade(run, changing)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert done.stdout.count("mallory: graded notebooks not written: ") == 1, done.stdout
        assert set(marks(run, changing)) == set(CLASS)
        assert ("3 unchanged" in done.stdout) == again  # the verdict is kept
    blocked.unlink()
    done = grade(run, changing)
    assert done.returncode == 0 and "graded notebooks written again from kept verdicts: mallory" in done.stdout


def test_feedback_that_cannot_be_made_stops_nobody(changing_graded: Course, run: Run) -> None:
    book = changing_graded.root / "autograded" / "mallory" / NAME / BOOK
    for text in ('{"cells": [{}]}', "[" * 100_000, '{"cells": 3}'):
        book.chmod(0o644)
        book.write_text(text)
        done = run("autograder", "report", NAME, "--course", changing_graded.root)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert done.stdout.count("mallory: feedback not written: ") == 1 and "mallory" in done.stderr
        for student in ("anong", "zoe"):
            assert (changing_graded.root / "feedback" / student / NAME / "feedback.html").is_file()
        assert (changing_graded.root / "reports" / NAME / "index.html").is_file()


def test_files_that_cannot_be_read_are_told_with_their_student(
    handed_in: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = submission.read_submission

    def stumble(folder: Path, student: str) -> submission.Submission:
        if student == "mallory":
            raise UnicodeError("what nobody thought of")
        return read(folder, student)

    monkeypatch.setattr(submission, "read_submission", stumble)
    outcomes = workers.grade_all(handed_in, handed_in.assignment(NAME), CLASS, workers.local(1))
    found = {one.student: result for one, result in outcomes}
    assert set(found) == set(CLASS) and isinstance(found["mallory"], UnicodeError)
    assert not isinstance(found["anong"], Exception) and not isinstance(found["zoe"], Exception)


@pytest.mark.parametrize(
    "error", [OverflowError("no such number"), DataError("insert", None, Exception("no such text"))]
)
def test_marks_that_the_gradebook_does_not_take_stop_nobody(
    changing_graded: Course, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    save = GradebookWriter._save

    def stumble(writer: GradebookWriter, book: Any, results: Any) -> Any:
        if any(result.student == "mallory" for result in results):
            raise error
        return save(writer, book, results)

    assignment = changing_graded.assignment(NAME)
    with GradingSession(changing_graded, assignment) as work:
        monkeypatch.setattr(GradebookWriter, "_save", stumble)
        said = work.rebuild(CLASS)
        monkeypatch.undo()
    assert any(line.startswith("mallory: marks in the gradebook not written: ") for line in said), said
    assert set(work.unwritten) == {"mallory"}


def test_a_time_that_is_none_stops_nobody_under_nbgrader_autograde(changing_released: Course, run: Run) -> None:
    (changing_released.submitted(NAME, "anong") / "timestamp.txt").write_bytes(b"yesterday")
    (changing_released.submitted(NAME, "mallory") / "timestamp.txt").write_bytes(b"\xff\xfe\0")
    done = run("nbgrader", "autograde", NAME, cwd=changing_released.root)
    assert done.returncode == 0, done.stderr
    assert set(marks(run, changing_released)) == set(CLASS)


def test_nbgrader_autograde_grades_one_student_who_handed_in_a_zip_alone(changing_released: Course, run: Run) -> None:
    """nbgrader's own command looks for notebooks at the top of the folder, and ends where there are none."""
    place = changing_released.submitted(NAME, "mallory")
    packed = zipped({path.name: path.read_bytes() for path in place.iterdir()})
    shutil.rmtree(place)
    made_up.write(place, {"warmup-submission.zip": packed})
    assert run("nbgrader", "autograde", NAME, cwd=changing_released.root).returncode == 0
    shutil.rmtree(changing_released.root / "autograded" / "mallory")
    done = run("nbgrader", "autograde", NAME, "--student", "mallory", "--force", cwd=changing_released.root)
    assert done.returncode == 0, done.stderr
    assert laid(changing_released, "mallory").keys() == laid(changing_released, "anong").keys()
    found = marks(run, changing_released)
    assert found["mallory"] == found["anong"] > 0
    nobody = run("nbgrader", "autograde", NAME, "--student", "nobody", cwd=changing_released.root)
    assert nobody.returncode != 0 and "No notebooks were matched" in nobody.stderr
