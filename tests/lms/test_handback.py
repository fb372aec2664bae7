"""Feedback into the archives of learning systems, and out of them as the systems read those: each page to its owner."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lms
import pytest
from lms import Student
from shares import one_in
from toy import NAME, Toy

from autograder.course import Course
from autograder.errors import CourseError
from autograder.lms import handback

Run = Callable[..., Any]

SOMCHAI = Student("65010001", "สมชาย", "ใจดี", "somchai@example.org", 1)
LINE = Student("65010002", "Anna_101_9001", "O'Neil/Berg_7", "anna@example.org", 2)  # a name like a platform's own
EVIL = Student("65010003", '=cmd|"/c calc"!A1', "..", "evil@example.org", 3)
CLASS = [SOMCHAI, LINE, EVIL]
PARTICIPANTS = [5000 + student.number for student in CLASS]


@dataclass(frozen=True)
class Graded:
    """A class that was collected from a system and graded."""

    course: Course
    run: Run

    def report(self, to: str, code: int = 0) -> str:
        """Write report and archive -> all that was said."""
        done = self.run("autograder", "report", NAME, "--zip", to, "--course", self.course.root)
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout + done.stderr)

    def archive(self, to: str) -> bytes:
        return (self.course.root / "exports" / f"{NAME}-feedback-{to}.zip").read_bytes()

    def page(self, student: Student) -> bytes:
        return (self.course.root / "feedback" / student.id / NAME / "feedback.html").read_bytes()


@pytest.fixture
def collected(toy: Toy, tmp_path: Path, run: Run) -> Callable[[Path, bool], Graded]:
    """Collect an archive of the class and grade it."""

    def collected(archive: Path, by_roster: bool = True) -> Graded:
        course = toy.copy(tmp_path / "course")
        if by_roster:
            lms.roster(course.root / "roster.csv", CLASS)
        for command in (["collect", NAME, archive], ["grade", NAME, "--jobs", 1]):
            done = run("autograder", *command, "--course", course.root)
            assert done.returncode == 0, done.stdout + done.stderr
        return Graded(course, run)

    return collected


@pytest.mark.parametrize("flat", one_in(2, [False, True]))
def test_moodle(collected: Callable[..., Graded], toy: Toy, tmp_path: Path, flat: bool) -> None:
    handed = [(student, toy.hand_in(toy.right)) for student in CLASS]
    graded = collected(lms.moodle_zip(tmp_path / "in.zip", handed, flat))
    graded.report("moodle")
    found = lms.moodle_feedback(graded.archive("moodle"), PARTICIPANTS)
    assert found == {5000 + student.number: {"feedback.html": graded.page(student)} for student in CLASS}
    assert len({graded.page(student) for student in CLASS}) == len(CLASS)


def test_moodle_by_the_roster_where_the_files_came_another_way(
    collected: Callable[..., Graded], toy: Toy, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    for student in CLASS:
        for name, data in toy.hand_in(toy.right).items():
            (folder / student.id).mkdir(parents=True, exist_ok=True)
            (folder / student.id / name).write_bytes(data)
    graded = collected(folder)
    graded.report("moodle")
    found = lms.moodle_feedback(graded.archive("moodle"), PARTICIPANTS)
    assert found == {5000 + student.number: {"feedback.html": graded.page(student)} for student in CLASS}


def test_canvas(collected: Callable[..., Graded], toy: Toy, tmp_path: Path, run: Run) -> None:
    handed = [(student, toy.hand_in(toy.right), student is SOMCHAI) for student in CLASS]
    graded = collected(lms.canvas_zip(tmp_path / "in.zip", handed, 9500))
    earlier = lms.canvas_zip(tmp_path / "earlier.zip", handed[:1], 9000)
    assert run("autograder", "collect", NAME, earlier, "--course", graded.course.root).returncode == 0
    graded.report("canvas")
    files = len(toy.hand_in(toy.right))
    own = {100 + s.number: range(9501 + n * files, 9501 + (n + 1) * files) for n, s in enumerate(CLASS)}
    found = lms.canvas_feedback(graded.archive("canvas"), own)
    assert found == {100 + student.number: {"feedback.html": graded.page(student)} for student in CLASS}


def test_who_is_not_known_to_the_system_is_listed_and_the_others_are_packed(
    collected: Callable[..., Graded], toy: Toy, tmp_path: Path
) -> None:
    handed = [(student, toy.hand_in(toy.right), False) for student in CLASS]
    graded = collected(lms.canvas_zip(tmp_path / "in.zip", handed))
    course, run = graded.course, graded.run
    by_hand = tmp_path / "1.ipynb"
    by_hand.write_bytes(next(iter(toy.hand_in(toy.right).values())))
    lms.roster(course.root / "roster.csv", [*CLASS, Student("late", "Late", "Comer", "l@example.org", 9)])
    for command in (["collect", NAME, by_hand, "--student", "late"], ["grade", NAME, "--jobs", 1]):
        assert run("autograder", *command, "--course", course.root).returncode == 0
    said = graded.report("canvas", code=1)
    assert "not in the archive: late: Canvas names no file of it; collect its download" in said
    assert "1 are not in" in said
    with zipfile.ZipFile(course.root / "exports" / f"{NAME}-feedback-canvas.zip") as packed:
        assert len(packed.namelist()) == len(CLASS)
    (course.root / "roster.csv").unlink()
    said = graded.report("moodle", code=1)
    assert "not in the archive: late: no moodle_id in roster.csv" in said.replace(f"{course.root}/", "")


def test_one_zip_a_student(collected: Callable[..., Graded], toy: Toy, tmp_path: Path) -> None:
    handed = [(student, toy.hand_in(toy.right)) for student in CLASS]
    graded = collected(lms.moodle_zip(tmp_path / "in.zip", handed))
    place = graded.course.root / "exports" / f"{NAME}-feedback"
    place.mkdir(parents=True)
    (place / "gone.zip").write_bytes(b"of an earlier class")
    graded.report("plain")
    assert sorted(path.name for path in place.iterdir()) == [f"{student.id}.zip" for student in CLASS]
    for student in CLASS:
        folder = graded.course.root / "feedback" / student.id / NAME
        with zipfile.ZipFile(place / f"{student.id}.zip") as packed:
            assert {name: packed.read(name) for name in packed.namelist()} == {
                path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
            }
            assert all(entry.date_time[0] > 2000 for entry in packed.infolist())


def test_what_cannot_be_packed(collected: Callable[..., Graded], toy: Toy, tmp_path: Path) -> None:
    graded = collected(lms.moodle_zip(tmp_path / "in.zip", [(SOMCHAI, toy.hand_in(toy.right))]))
    assert "--zip blackboard: not one of moodle, canvas, plain" in graded.report("blackboard", code=1)
    record = graded.course.state / "handback" / f"{NAME}.json"
    assert SOMCHAI.id in record.read_text(encoding="utf-8")
    for text in ("{", "[]", '{"moodle": []}'):
        record.write_text(text, encoding="utf-8")
        with pytest.raises(CourseError, match="cannot be read"):
            handback.write(graded.course, toy.assignment, {}, "moodle")
    assert f"{record}: cannot be read" in graded.report("moodle", code=1)


@pytest.fixture
def pages(toy_scratch: Course) -> tuple[Course, dict[str, Path]]:
    """A course, and a page each for two students."""
    folders = {name: toy_scratch.root / "feedback" / name / NAME for name in ("a", "b")}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "feedback.html").write_text(name)
    return toy_scratch, folders


def packed(course: Course, to: str) -> dict[str, str]:
    with zipfile.ZipFile(course.root / "exports" / f"{NAME}-feedback-{to}.zip") as found:
        return {name: found.read(name).decode() for name in found.namelist()}


@pytest.mark.parametrize(
    ("to", "of_a", "again", "column"),
    [
        ("moodle", "Anna_5001_assignsubmission_file", "Anna B_5001_assignsubmission_file", "moodle_id"),
        ("canvas", "anna_LATE_5001_9001", "anna_5001_8000", "canvas_id"),
    ],
)
def test_after_the_roster_was_mended_nobody_gets_anothers_page(
    pages: tuple[Course, dict[str, Path]], to: str, of_a: str, again: str, column: str
) -> None:
    course, folders = pages
    assignment, between = course.assignment(NAME), "/" if to == "moodle" else "_"
    handback.remember(course, assignment, {to: {"a": of_a}})
    assert handback.write(course, assignment, {"a": folders["a"]}, to)[1] == []
    assert packed(course, to) == {f"{of_a}{between}feedback.html": "a"}
    # the account is b's, says the roster now: nobody knows whose work was collected from it
    (course.root / "roster.csv").write_text(f"id,{column}\na,5002\nb,5001\n")
    said = handback.write(course, assignment, folders, to)[1]
    assert said[0] == f"a: {column} 5002 in roster.csv, but 5001 handed this in; collect again"
    assert "a" not in packed(course, to).values()
    if to == "moodle":
        (course.root / "roster.csv").write_text(f"id,{column}\nb,5001\n")
        said = handback.write(course, assignment, folders, to)[1]
        assert said == [f"{name}: 5001 is the account of a, b; collect again" for name in ("a", "b")]
        assert packed(course, to) == {}
    handback.remember(course, assignment, {to: {"b": again}})
    handback.write(course, assignment, folders, to)
    assert packed(course, to) == {f"{again}{between}feedback.html": "b"}
    # and with an account of their own again, whatever its attachments are numbered
    handback.remember(course, assignment, {to: {"a": again.replace("5001", "5002"), "b": again}})
    (course.root / "roster.csv").write_text(f"id,{column}\na,5002\nb,5001\n")
    assert handback.write(course, assignment, folders, to)[1] == []
    assert sorted(packed(course, to).values()) == ["a", "b"]


def test_a_name_cannot_lead_to_another_participant() -> None:
    for name in (
        "Anna_5002_assignsubmission_file",
        "../../x",
        ".hidden",
        "~x",
        "\x00",
        "  ",
        "ใจดี_สมชาย",
        "ก" * 300,
        "🐈_",
    ):
        spoken = handback._spoken(name)
        assert spoken and not set(spoken) & set('_/\\:*?"<>|') and not spoken.startswith((".", "~"))
        assert len(f"{spoken}_5001_assignsubmission_file".encode()) <= 255
        assert handback._named(f"{name}_5001_assignsubmission_file") == f"{spoken}_5001_assignsubmission_file"
