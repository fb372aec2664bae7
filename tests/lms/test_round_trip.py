"""From an LMS's archive to the file that goes back into it: the right mark at the right person."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lms
import postgres
import pytest
from lms import Student
from toy import NAME, Toy

from autograder.course import Course, load_course

Run = Callable[..., Any]

SOMCHAI = Student("65010001", "สมชาย", "ใจดี", "somchai@example.org", 1)  # in time: 2
MALI = Student("65010002", "Mali", 'Sri, "Lek" Suk', "mali@example.org", 2)  # twice, the later one: 1.75
EVIL = Student("65010003", '=cmd|"/c calc"!A1', "-2+3\nเอก", "evil@example.org", 3)  # 2, two days late: 1.6
PIM = Student("65010004", "@SUM(A1)", "พิมพ์,ใจ", "pim@example.org", 4)  # handed nothing in
STRANGER = Student("69999999", "Nobody", "Known", "nobody@example.org", 99)
CLASS = [SOMCHAI, MALI, EVIL, PIM]
MARKS = {1: 2.0, 2: 1.75, 3: 1.6, 4: None}
COLUMN = "Warm-up: a straight line (4711)"
DUE = 'due="2026-11-05 23:59", late=Late("daily", percent_a_day=10), canvas="' + COLUMN + '",'
IN_TIME, LATER, TOO_LATE = "2026-11-05 16:00:00 Z", "2026-11-05 16:58:00 Z", "2026-11-06 17:30:00 Z"


def set_late(course: Course, line: str) -> Course:
    """Put the line of dates and penalties into course_config.py, in place of an earlier one."""
    config = course.root / "course_config.py"
    text = config.read_text().replace("Course, Task", "Course, Late, Task")
    lines = [each for each in text.splitlines() if not each.startswith("    due=")]
    at = next(n for n, each in enumerate(lines) if each.startswith("    tasks=("))
    config.write_text("\n".join([*lines[:at], f"    {line}", *lines[at:], ""]))
    return load_course(course.root)


@pytest.fixture
def here(toy: Toy, tmp_path: Path) -> Course:
    """A course in Bangkok with a roster, a due date and ten percent a day."""
    course = toy.copy(tmp_path / "course")
    lms.roster(course.root / "roster.csv", CLASS)
    config = course.root / "course_config.py"
    config.write_text(config.read_text().replace("    language=", '    timezone="Asia/Bangkok",\n    language='))
    return set_late(course, DUE)


@pytest.fixture
def works(toy: Toy) -> dict[str, dict[str, bytes]]:
    """Submissions worth 2, 1.75 and 1."""
    one, two = toy.right["T1"], toy.right["T2"]
    nearly = one.replace("    deviation[deviation == 0] = 1\n", "")
    answers = {"two": {"T1": one, "T2": two}, "nearly": {"T1": nearly, "T2": two}, "one": {"T1": one}}
    return {name: toy.hand_in(some) for name, some in answers.items()}


def commands(run: Run, course: Course, collect: list[Any], export: list[Any]) -> str:
    """collect, grade, export as an instructor runs them -> text of the exported file."""
    done = run("autograder", "collect", NAME, *collect, "--course", course.root)
    assert done.returncode == 1 and "Nobody Known" in done.stdout.replace("knownnobody", "Nobody Known"), done.stderr
    assert "1 not taken, listed above" in done.stderr and "collected 3 new" in done.stdout
    for stamp in course.root.glob(f"submitted/{EVIL.id}/{NAME}"):  # Canvas says LATE but no time: written by hand
        if not (stamp / "timestamp.txt").exists():
            (stamp / "timestamp.txt").write_text("2026-11-07 00:30:00 Asia/Bangkok\n")
    graded = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    out = course.root / "out.csv"
    done = run("autograder", "export", NAME, *export, "--output", out, "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    text = out.read_bytes().decode("utf-8")
    assert not lms.formulas(text)
    return text


def test_moodle(here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path) -> None:
    sheet = lms.moodle_worksheet(
        tmp_path / "Grades.csv",
        [(SOMCHAI, "Thursday, 5 November 2026, 11:00 PM"), (MALI, "Thursday, 5 November 2026, 11:58 PM"),
         (EVIL, "Saturday, 7 November 2026, 12:30 AM"), (PIM, "-"), (STRANGER, "-")],
    )  # fmt: skip
    earlier = lms.moodle_zip(tmp_path / "earlier.zip", [(MALI, works["one"])])
    handed = [(SOMCHAI, works["two"]), (MALI, {"warmup-submission.zip": lms.zipped(works["nearly"])}),
              (EVIL, works["two"]), (STRANGER, works["one"])]  # fmt: skip
    run("autograder", "collect", NAME, earlier, "--course", here.root)
    archive = lms.moodle_zip(tmp_path / "PATTERN-warmup.zip", handed)
    shutil.rmtree(here.submitted(NAME, MALI.id).parent)
    text = commands(run, here, [earlier, archive, "--worksheet", sheet], ["--to", "moodle", "--worksheet", sheet])
    found = lms.read_moodle(text)
    assert {n - 5000: grade for n, (grade, _) in found.items()} == {**MARKS, 99: None}
    assert (
        "T1: 1 / 1" in found[5001][1]
        and "<br>" in found[5001][1]
        and "Late: 0.4 of these points are taken off. Late by 2 begun days" in found[5003][1]
    )
    assert found[5004][1] == "" and "<script" not in text
    kept = list((here.root / "submitted-earlier" / MALI.id / NAME).iterdir())
    assert len(kept) == 1
    made = run(
        "nbgrader",
        "export",
        "--exporter=autograder.gradebook.nbgrader_plugins.MoodleExport",
        "--to",
        "n.csv",
        cwd=here.root,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    again = lms.read_moodle((here.root / "n.csv").read_bytes().decode())
    assert {n - 5000: grade for n, (grade, _) in again.items()} == MARKS


def test_canvas(here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path) -> None:
    first = lms.canvas_zip(tmp_path / "first.zip", [(MALI, works["one"], False)])
    handed = [(SOMCHAI, works["two"], False), (MALI, works["nearly"], False), (EVIL, works["two"], True),
              (STRANGER, works["one"], False)]  # fmt: skip
    archive = lms.canvas_zip(tmp_path / "submissions.zip", handed, 9500)
    book = lms.canvas_gradebook(tmp_path / "Grades.csv", [*CLASS, STRANGER], COLUMN)
    text = commands(run, here, [first, archive], ["--to", "canvas", "--worksheet", book])
    found = lms.read_canvas(text, COLUMN)
    assert {n - 100: score for n, (_, score) in found.items() if n != 999} == {**MARKS, 99: None}
    assert found[102][0] == 'Sri, "Lek" Suk, Mali'
    done = run("autograder", "export", NAME, "--to", "canvas", "--course", here.root)
    assert done.returncode == 0, done.stderr
    own = (here.root / "exports" / f"{NAME}-canvas.csv").read_bytes().decode()
    assert {n - 100: score for n, (_, score) in lms.read_canvas(own, COLUMN).items()} == MARKS
    assert not lms.formulas(own) and own.splitlines()[0].lstrip("\ufeff").startswith(
        "Student,ID,SIS User ID,SIS Login ID,Section,Warm-up"
    )


def test_what_canvas_says_stays(here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path) -> None:
    """Excused, not to be marked, the lines above the class: as they came; and names in two columns."""
    handed = [(student, works["two"], False) for student in (SOMCHAI, MALI, EVIL, STRANGER)]
    book = tmp_path / "Grades.csv"
    with book.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["LastName", "FirstName", "ID", "SIS Login ID", "Section", COLUMN, "Final Score"])
        out.writerow(["", "", "", "", "", "Manual Posting", ""])
        out.writerow(["    Points Possible", "", "", "", "", "3,00", "(read only)"])
        for student, stands in (
            (SOMCHAI, " ex"),
            (MALI, "0.5"),
            (EVIL, "N/A"),
            (PIM, "EX"),
            (STRANGER, "7"),
            (EVIL, ""),
        ):
            out.writerow([student.last, student.first, 100 + student.number, student.email, "Sec 1", stands, "80"])
    archive = lms.canvas_zip(tmp_path / "submissions.zip", handed)
    text = commands(run, here, [archive], ["--to", "canvas", "--worksheet", book])
    found = {row[2]: row[5] for row in csv.reader(text.removeprefix("\ufeff").splitlines()) if len(row) == 6}
    assert found["101"] == " ex" and found["102"] == "2" and found["199"] == "7" and found[""] == "3,00"
    assert "Manual Posting" in text and text.splitlines()[0].startswith("\ufeffLastName,FirstName,ID")
    assert found["104"] == "EX" and found["103"] == ""  # the second line of whom the first one says N/A of
    done = run("autograder", "export", NAME, "--to", "canvas", "--worksheet", book, "--course", here.root)
    assert f"{SOMCHAI.id}: ex in Canvas, and stays so; the mark here is 2" in done.stdout
    assert f"{EVIL.id}: N/A in Canvas, and stays so; the mark here is 1.6" in done.stdout and PIM.id not in done.stdout
    book.write_text(book.read_text(encoding="utf-8").replace("3,00", "1,003.00"), encoding="utf-8")
    done = run("autograder", "export", NAME, "--to", "canvas", "--worksheet", book, "--course", here.root)
    assert done.returncode == 1 and "Points Possible is 1,003.00, but" in done.stderr


def test_a_worksheet_of_one_section_is_filled_and_one_of_strangers_is_no_worksheet(
    here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path
) -> None:
    archive = lms.canvas_zip(tmp_path / "in.zip", [(s, works["two"], False) for s in (SOMCHAI, MALI, EVIL, STRANGER)])
    book = lms.canvas_gradebook(tmp_path / "Grades.csv", [SOMCHAI, EVIL], COLUMN)
    semicolons = book.read_text(encoding="utf-8").replace(f'"{SOMCHAI.last}, {SOMCHAI.first}"', SOMCHAI.last)
    text = commands(run, here, [archive], ["--to", "canvas", "--worksheet", book])
    assert {n - 100: score for n, (_, score) in lms.read_canvas(text, COLUMN).items() if n != 999} == {1: 2.0, 3: 1.6}
    line = ["autograder", "export", NAME, "--to", "canvas", "--worksheet", book, "--course", here.root]
    assert f"{MALI.id}: not in {book}" in run(*line).stdout
    book.write_text(semicolons.replace('"', "").replace(f"{EVIL.last}, ", "").replace(",", ";"), encoding="utf-8")
    done = run(*line)
    assert done.returncode == 0 or "separat" in done.stderr or "comma" in done.stderr, done.stderr
    lms.canvas_gradebook(book, [STRANGER], COLUMN)
    done = run(*line)
    assert done.returncode == 1 and "3 marks are not in" in done.stderr


def test_what_moodle_has_locked_stays(
    here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path
) -> None:
    sheet = lms.moodle_worksheet(tmp_path / "Grades.csv", [(s, "-") for s in (*CLASS, STRANGER)], best="3,00")
    lines = sheet.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    locked = [n for n, line in enumerate(lines) if SOMCHAI.id in line]
    lines[locked[0]] = lines[locked[0]].replace(",Yes,", ",No,").replace("Submitted for grading,,", "No submission,,")
    lines[locked[0]] = lines[locked[0]].replace("No submission,,", "No submission,1.25,")
    sheet.write_text("".join(lines), encoding="utf-8-sig")
    handed = [(student, works["two"]) for student in (SOMCHAI, MALI, EVIL, STRANGER)]
    archive = lms.moodle_zip(tmp_path / "in.zip", handed)
    text = commands(run, here, [archive], ["--to", "moodle", "--worksheet", sheet])
    found = lms.read_moodle(text)
    assert found[5001] == (1.25, "") and found[5002][0] == 2.0 and found[5003][0] == 1.6
    done = run("autograder", "export", NAME, "--to", "moodle", "--worksheet", sheet, "--course", here.root)
    assert f"{SOMCHAI.id}: locked in Moodle at 1.25, and stays so; the mark here is 2" in done.stdout


def test_gradescope_and_the_plain_table(
    here: Course, works: dict[str, dict[str, bytes]], run: Run, tmp_path: Path
) -> None:
    handed = [([SOMCHAI], works["two"], IN_TIME), ([MALI], works["nearly"], LATER), ([EVIL], works["two"], TOO_LATE),
              ([STRANGER], works["one"], IN_TIME)]  # fmt: skip
    archive = lms.gradescope_zip(tmp_path / "export.zip", handed)
    earlier = lms.gradescope_zip(tmp_path / "earlier.zip", [([MALI], works["one"], IN_TIME)])
    text = commands(run, here, [archive, earlier], ["--to", "csv"])
    rows = lms.read_table(text)
    scores = {student.number: rows[student.id]["score"] for student in CLASS}
    assert scores == {1: "2", 2: "1.75", 3: "1.6", 4: ""}
    assert rows[EVIL.id]["penalty"] == "0.4" and rows[EVIL.id]["T1"] == "1" and rows[EVIL.id]["T3"] == "0"
    assert rows[PIM.id]["T1"] == "" and rows[PIM.id]["penalty"] == ""
    for student in CLASS:
        names = [rows[student.id][column] for column in ("first_name", "last_name")]
        written = [name[1:] if name.startswith("'") else name for name in names]
        assert written == [" ".join(name.split()) for name in (student.first, student.last)]
    with (here.root / "roster.csv").open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == len(CLASS) + 1
    penalties_follow_the_policy(here, run)


def penalties_follow_the_policy(course: Course, run: Run) -> None:
    """A changed date, policy, extension or forgiveness moves penalties alone, and nothing runs."""

    def rest(course: Course) -> list[tuple[object, ...]]:
        return [(*row[:6], row[7]) for row in postgres.rows(course)]

    before, files = rest(course), verdicts(course)
    for line, wanted in (
        ('due="2026-11-05 23:59", late=Late("zero"),', 2.0),
        ('due="2026-11-05 23:59", late=Late("daily", percent_a_day=30),', 1.2),
        ('due="2026-11-05 23:59", late=Late("daily", grace_days=1),', 0.2),
        ('due="2026-11-06 23:59", late=Late("daily"),', 0.2),
        ('due="2026-11-05 16:59+00:00", late=Late("daily", extensions={"65010003": 1}),', 0.2),
        ('due="2026-11-05 23:59", late=Late("daily", forgiven=("65010003",)),', 0.0),
        ('due="2026-11-05 23:59", late=Late("none"),', 0.0),
        (DUE, 0.4),
    ):
        set_late(course, line)
        done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1, "--quiet")
        assert done.returncode == 0 and "grading 0 of 3" in done.stdout, done.stdout + done.stderr
        found = {row[0]: row[6] for row in postgres.rows(course) if row[6]}
        assert found == ({EVIL.id: pytest.approx(wanted)} if wanted else {}), line
        assert rest(course) == before and verdicts(course) == files


def verdicts(course: Course) -> dict[str, bytes]:
    folder = course.state / "verdicts" / NAME
    return {path.name: path.read_bytes() for path in folder.iterdir()}
