"""collect.py, layouts.py, archive.py, roster.py: archives of every layout, hostile ones, and who is whose."""

import contextlib
import gzip
import io
import json
import os
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lms
import pytest
from lms import Student, zipped

from autograder import archive
from autograder.archive import Bounds, Refused
from autograder.course import Course, Limits, load_course, roster
from autograder.errors import CourseError
from autograder.lms import collect

Run = Callable[..., Any]

SOMCHAI = Student("65010001", "สมชาย", "ใจดี", "somchai@example.org", 1)
MALI = Student("65010002", "Mali", "Srisuk", "mali@example.org", 2)
TWIN = Student("65010003", "Mali", "Srisuk", "mali3@example.org", 3)
STRANGER = Student("69999999", "Nobody", "Known", "nobody@example.org", 99)
NOTEBOOK, WEIGHTS = b'{"cells": []}', b"PK weights"
FILES = {"1-lines.ipynb": NOTEBOOK, "data.npz": WEIGHTS}


@pytest.fixture
def here(toy_scratch: Course) -> Course:
    """A course with three people in its roster, in Bangkok."""
    lms.roster(toy_scratch.root / "roster.csv", [SOMCHAI, MALI, TWIN], bom=True)
    return configured(toy_scratch, 'timezone="Asia/Bangkok"')


def configured(course: Course, line: str) -> Course:
    config = course.root / "course_config.py"
    config.write_text(
        config.read_text().replace("    assignments=(warmup,),", f"    assignments=(warmup,),\n    {line},")
    )
    return load_course(course.root)


def take(course: Course, *paths: Path, **more: object) -> collect.Collected:
    return collect.collect(course, course.assignment("warmup"), paths, **more)  # type: ignore[arg-type]


def files_of(course: Course, student: Student) -> dict[str, bytes]:
    folder = course.submitted("warmup", student.id)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def snapshot(course: Course) -> dict[str, bytes]:
    folders = (course.root / "submitted", course.root / "submitted-earlier")
    return {str(p.relative_to(course.root)): p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


# ---- layouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flat", "slash"), [(False, ""), (False, "_"), (True, "")])
def test_moodle_in_its_three_layouts(here: Course, tmp_path: Path, flat: bool, slash: str) -> None:
    handed = [(SOMCHAI, FILES), (TWIN, {"warmup-submission.zip": zipped(FILES)}), (STRANGER, FILES)]
    done = take(here, lms.moodle_zip(tmp_path / "warmup.zip", handed, flat, slash))
    assert sorted(done.taken) == [SOMCHAI.id, TWIN.id]
    assert files_of(here, SOMCHAI) == files_of(here, TWIN) == FILES
    assert len(done.strangers) == 1 and "Nobody Known (5099): nobody in the roster" in done.strangers[0]


def test_moodles_worksheet_brings_the_times_in_the_courses_time_zone(here: Course, tmp_path: Path) -> None:
    sheet = lms.moodle_worksheet(tmp_path / "g.csv", [(SOMCHAI, "Thursday, 5 November 2026, 11:58 PM"), (MALI, "-")])
    take(here, lms.moodle_zip(tmp_path / "warmup.zip", [(SOMCHAI, FILES), (MALI, FILES)]), sheet=sheet)
    assert files_of(here, SOMCHAI)["timestamp.txt"].startswith(b"2026-11-05 16:58:00")
    assert "timestamp.txt" not in files_of(here, MALI)


def test_canvas_by_its_user_ids_with_marks_of_lateness_and_renamed_uploads(here: Course, tmp_path: Path) -> None:
    config = here.root / "course_config.py"
    config.write_text(config.read_text().replace('Task("T2",', 'Task("T2", saved_model="data.npz",'))
    here = load_course(here.root)
    renamed = {"1-lines-3.ipynb": NOTEBOOK, "data-1.npz": WEIGHTS}
    handed = [(SOMCHAI, renamed, True), (MALI, FILES, False), (STRANGER, FILES, False)]
    done = take(here, lms.canvas_zip(tmp_path / "submissions.zip", handed))
    assert files_of(here, SOMCHAI) == files_of(here, MALI) == FILES
    assert done.notes == [f"{SOMCHAI.id}: Canvas says LATE but not when; see docs/in-and-out.md"]
    assert len(done.strangers) == 1 and "knownnobody (199)" in done.strangers[0]


def test_gradescope_with_times_and_a_group(here: Course, tmp_path: Path) -> None:
    time = "2026-11-05 16:58:09.123456789 Z"
    handed = [([SOMCHAI, MALI], FILES, time), ([STRANGER], FILES, time)]
    done = take(here, lms.gradescope_zip(tmp_path / "export.zip", handed))
    assert sorted(done.taken) == [SOMCHAI.id, MALI.id] and len(done.strangers) == 1
    assert files_of(here, MALI) == {**FILES, "timestamp.txt": b"2026-11-05 16:58:09.123456 UTC\n"}


def test_any_other_system_by_a_pattern_in_the_course(here: Course, tmp_path: Path) -> None:
    pattern = r'r"(?P<student_id>\d+)-(?P<first_name>[^-]+)-(?P<timestamp>\d{8}T\d{6})-(?P<file_id>[^/]+)"'
    course = configured(here, f"collect_pattern={pattern}")
    names = {f"65010001-สมชาย-20261105T235800-{name}": data for name, data in FILES.items()}
    path = tmp_path / "mycourseville.zip"
    path.write_bytes(zipped({**names, "readme.txt": b"x"}))
    done = take(course, path)
    assert files_of(course, SOMCHAI) == {**FILES, "timestamp.txt": b"2026-11-05 16:58:00.000000 UTC\n"}
    assert done.strangers == ["mycourseville.zip: readme.txt: belongs to nobody"]


def test_plain_folders_zips_and_nbgraders_own_layout(here: Course, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    for name, data in FILES.items():
        for where in (f"{SOMCHAI.id}/warmup", MALI.email):
            (folder / where).mkdir(parents=True, exist_ok=True)
            (folder / where / name).write_bytes(data)
    (folder / SOMCHAI.id / "warmup" / "timestamp.txt").write_text("2026-11-05 12:00:00.000000 UTC\n")
    (folder / MALI.email / "timestamp.txt").write_text("2020-01-01 00:00:00 UTC\n")  # the student's own
    (folder / f"{TWIN.id}.zip").write_bytes(zipped({f"warmup/{name}": data for name, data in FILES.items()}))
    done = take(here, folder)
    assert len(done.taken) == 3 and not done.strangers
    assert files_of(here, SOMCHAI)["timestamp.txt"].startswith(b"2026-11-05 12:00:00")
    assert files_of(here, MALI) == files_of(here, TWIN) == FILES


def test_one_students_files_alone(here: Course, tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    take(here, tmp_path / "1-lines.ipynb", tmp_path / "data.npz", student=SOMCHAI.id)
    (tmp_path / "warmup-submission.zip").write_bytes(zipped(FILES))
    take(here, tmp_path / "warmup-submission.zip", student=MALI.id)
    assert files_of(here, SOMCHAI) == files_of(here, MALI) == FILES
    with pytest.raises(CourseError, match="--student 1: not an id in"):
        take(here, tmp_path / "1-lines.ipynb", student="1")
    with pytest.raises(CourseError, match="add --student ID"):
        take(here, tmp_path / "1-lines.ipynb")


# ---- who is whose -------------------------------------------------------------------------------


def test_two_people_of_one_name_are_never_guessed(toy_scratch: Course, tmp_path: Path) -> None:
    (toy_scratch.root / "roster.csv").write_text("id,first_name,last_name\n1,Mali,Srisuk\n2,Mali,Srisuk\n3,สมชาย,ใจดี\n")
    done = take(toy_scratch, lms.moodle_zip(tmp_path / "warmup.zip", [(MALI, FILES), (SOMCHAI, FILES)]))
    assert done.taken == ["3"]
    assert "2 people have this name: 1, 2" in done.strangers[0]


def test_a_name_does_not_decide_against_an_id(here: Course, tmp_path: Path) -> None:
    impostor = Student("x", SOMCHAI.first, SOMCHAI.last, "x@example.org", 77)
    done = take(here, lms.canvas_zip(tmp_path / "s.zip", [(impostor, FILES, False)]))
    assert not done.taken and "nobody in the roster" in done.strangers[0]


def test_names_in_decomposed_letters_are_the_same_names(toy_scratch: Course, tmp_path: Path) -> None:
    (toy_scratch.root / "roster.csv").write_text("id,first_name,last_name\nélodie,Élodie,น้ำใส\n", encoding="utf-8")
    name = unicodedata.normalize("NFD", "élodie")
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"{name}/1-lines.ipynb": NOTEBOOK}))
    assert take(toy_scratch, path).taken == ["élodie"]


def test_without_a_roster_only_ids_that_the_archive_gives_are_taken(toy_scratch: Course, tmp_path: Path) -> None:
    done = take(toy_scratch, lms.moodle_zip(tmp_path / "warmup.zip", [(MALI, FILES)]))
    assert "a roster is needed" in done.strangers[0]
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"65010001/1-lines.ipynb": NOTEBOOK}))
    assert take(toy_scratch, path).taken == ["65010001"]
    path.write_bytes(zipped({"65010001/1-lines.ipynb": NOTEBOOK, "a<b>/1-lines.ipynb": NOTEBOOK}))
    assert take(toy_scratch, path).strangers == [
        "class.zip: a<b>: its name cannot be a student's folder; rename it, or say in a roster whose it is"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,email\nx,y\n", "column names with `id`"),
        ("id\n../x\n", "roster.csv:2: id '../x' cannot be a folder's name"),
        ("id\na\na\n", "roster.csv:3: id 'a' stands in line 2 too"),
        ("id,canvas_id\na,7\nb,7\n", "canvas_id '7' stands in line 2 too"),
        ("id\n=cmd()\n", "looks like a formula"),
        ('id,first_name\na,"x\n', "save it as CSV with commas"),
        ("id\na,b\n", "2 values for 1 columns"),
        ("id\na,,,b\n", "roster.csv:2: column 4, 'b', has no name"),
        (
            "id,first_name\na,A\n6.53E+09,B\n",
            "roster.csv:3: id '6.53E+09' is a number that a spreadsheet has shortened",
        ),
        ("id,canvas_id\na,1.2e10\n", "roster.csv:2: canvas_id '1.2e10' is a number"),
        ("id;moodle_id\na;6,53E+09\n", "roster.csv:2: moodle_id '6,53E+09' is a number"),
        ("id\n65300000211234567.0\n", "has more than the 15 digits that a spreadsheet keeps"),
        ('id\n"6,530,000,021"\n', "roster.csv:2: id '6,530,000,021' is a number as a spreadsheet shows it"),
        ("id\n6.530.000.021\n", "in threes; make the column text"),
        ("id\n#N/A\n", "roster.csv:2: id '#N/A' is a spreadsheet's error"),
        ("id\n########\n", "is a spreadsheet's error"),
        ("id,canvas_id\na,7\nb,7.0\n", "roster.csv:3: canvas_id '7' stands in line 2 too"),
        ("id\nน้ำ\nน้ํา\n", "stands in line 2 too"),  # the same letters, written in two ways
        ("id\nAnna\nanna\n", "roster.csv:3: id 'anna' stands in line 2 too"),
        ("id,first_name,ID \na,A,b\n", "roster.csv:1: 2 columns are 'id'"),
        ("id,github\na,not an account\n", "roster.csv:2: github 'not an account' is no GitHub account"),
        ("id,first_name\n,A\n", "roster.csv:2: id '' cannot be a folder's name"),
    ],
)
def test_a_bad_line_of_the_roster_is_named(toy_scratch: Course, text: str, said: str) -> None:
    (toy_scratch.root / "roster.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=r"roster\.csv") as caught:
        roster.load_roster(toy_scratch)
    assert said in str(caught.value)
    (toy_scratch.root / "roster.csv").write_bytes("id\nสมชาย\n".encode("cp874"))
    with pytest.raises(CourseError, match="not UTF-8"):
        roster.load_roster(toy_scratch)


TWO = [("6530000021", "สมชาย", "7"), ("0530000022", "Mali", "8")]


@pytest.mark.parametrize(
    "text",
    [
        "id,first_name,canvas_id\n6530000021,สมชาย,7\n0530000022,Mali,8\n",
        "ID,First Name,Canvas ID,,,\n6530000021,สมชาย,7,,,\n0530000022,Mali,8\n,,,,\n,,\n",
        "id;first_name;canvas_id\n6530000021;สมชาย;7\n0530000022;Mali;8;;\n",
        '"sep=;"\r\nid;first_name;canvas_id\r\n6530000021;"สมชาย\n";7\r\n0530000022;Mali;8\r\n',
        "sep=;\r\nid;first_name;canvas_id\r\n6530000021;สมชาย;7\r\n0530000022;Mali;8\r\n",
        "id\tfirst_name\tcanvas_id\n6530000021\tสมชาย\t7\n0530000022\tMali\t8\n",
        "\n id , first_name,canvas_id\n 6530000021 ,สมชาย ,\u00a07\n\u200b0530000022\ufeff,Mali,8 \n",
        "id,first_name,canvas_id\n6530000021.0,สมชาย,7.00\n'0530000022,Mali,8\n",
        'id,first_name,canvas_id\n"=""6530000021""",สมชาย,7\n"=""0530000022""",Mali,8\n',
        'id;first_name;canvas_id\n6530000021,0;สมชาย;7\n0530000022;"Mali";8,0\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_roster_is_read_as_spreadsheets_save_it(toy_scratch: Course, text: str, encoding: str) -> None:
    (toy_scratch.root / "roster.csv").write_bytes(text.encode(encoding))
    found = roster.load_roster(toy_scratch).people
    assert [(person.id, person.first_name, person.ids["canvas_id"]) for person in found] == TWO


def test_a_roster_that_lost_its_zeros_is_told_where_somebody_is_missed(toy_scratch: Course, tmp_path: Path) -> None:
    (toy_scratch.root / "roster.csv").write_text("id\n530000022\n")
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"0530000022/1-lines.ipynb": NOTEBOOK, "0530000023/1-lines.ipynb": NOTEBOOK}))
    done = take(toy_scratch, path)
    assert done.strangers == [
        "class.zip: 0530000022: nobody in the roster, which has 530000022; did a spreadsheet take the zeros before it? "
        "(roster.csv)",
        "class.zip: 0530000023: nobody in the roster (roster.csv)",
    ]


# ---- GitHub Classroom ---------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["github", "GitHub Username"])
@pytest.mark.parametrize("start", ["", "warmup-submissions/", "lines-2026-submissions/"])
def test_github_classrooms_folders_by_the_accounts_in_the_roster(
    toy_scratch: Course, tmp_path: Path, start: str, column: str
) -> None:
    people = "65010001,Anna-Berg\n65010002,@berg\n65010003,https://github.com/octo-cat/\n"
    (toy_scratch.root / "roster.csv").write_text(f"id,{column}\n{people}")
    slug = start.removesuffix("-submissions/") or "warmup"
    files = {f"{start}{slug}-{who}/1-lines.ipynb": NOTEBOOK for who in ("anna-berg", "berg", "octo-cat", "stranger")}
    files |= {
        f"{start}{slug}-berg/.git/HEAD": b"ref",
        f"{start}{slug}-berg/warmup/timestamp.txt": b"2020-01-01 00:00 UTC",
    }
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({**files, **({f"{start}grades.csv": b"x"} if start else {})}))
    for _ in range(2):
        done = take(toy_scratch, path)
        assert sorted(done.taken or done.same) == ["65010001", "65010002", "65010003"]
    assert f"class.zip: {slug}-stranger: nobody in the roster (roster.csv)" in done.strangers
    for name in ("65010001", "65010002"):  # what a student commits as timestamp.txt says nothing
        assert {p.name for p in toy_scratch.submitted("warmup", name).iterdir()} == {"1-lines.ipynb"}


def test_github_classrooms_folder_as_it_was_cloned_and_one_alone(toy_scratch: Course, tmp_path: Path) -> None:
    (toy_scratch.root / "roster.csv").write_text("id,github\n65010001,anna\n65010002,berg\n")
    folder = tmp_path / "lines-submissions"
    for who in ("anna", "berg"):
        (folder / f"lines-{who}" / "notebooks").mkdir(parents=True)
        (folder / f"lines-{who}" / "notebooks" / "1-lines.ipynb").write_bytes(NOTEBOOK)
    assert sorted(take(toy_scratch, folder).taken) == ["65010001", "65010002"]
    path = tmp_path / "one.zip"
    path.write_bytes(zipped({"warmup-anna/notebooks/1-lines.ipynb": b"new"}))
    assert take(toy_scratch, path).taken == ["65010001"]


def test_github_folders_without_the_column_are_told_what_is_missing(here: Course, tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"warmup-anna/1-lines.ipynb": NOTEBOOK, "warmup-bo/1-lines.ipynb": NOTEBOOK}))
    done = take(here, path)
    assert done.strangers[0].endswith("nobody in the roster, which has no column `github` for anna (roster.csv)")


# ---- several attempts ---------------------------------------------------------------------------


def test_the_last_attempt_in_time_counts_whatever_the_order_and_the_others_are_kept(
    here: Course, tmp_path: Path
) -> None:
    second = {**FILES, "1-lines.ipynb": b"second"}
    new = lms.gradescope_zip(tmp_path / "new.zip", [([SOMCHAI], second, "2026-11-06 00:00:00 Z")])
    old = lms.gradescope_zip(tmp_path / "old.zip", [([SOMCHAI], FILES, "2026-11-05 00:00:00 Z")])
    take(here, new, old)
    assert files_of(here, SOMCHAI)["1-lines.ipynb"] == b"second"
    (kept,) = (here.root / "submitted-earlier" / SOMCHAI.id / "warmup").iterdir()
    assert kept.name.startswith("20261105-0700-") and (kept / "1-lines.ipynb").read_bytes() == NOTEBOOK
    before = snapshot(here)
    for again in ((new, old), (old, new), (old,), (new,)):
        assert take(here, *again).same == [SOMCHAI.id]
        assert snapshot(here) == before
    third = {**FILES, "1-lines.ipynb": b"third"}
    done = take(here, lms.gradescope_zip(tmp_path / "third.zip", [([SOMCHAI], third, "2026-11-07 00:00:00 Z")]))
    assert done.taken == [SOMCHAI.id] and files_of(here, SOMCHAI)["1-lines.ipynb"] == b"third"
    assert len(list((here.root / "submitted-earlier" / SOMCHAI.id / "warmup").iterdir())) == 2


def test_without_times_the_one_given_last_counts_and_collecting_again_changes_nothing(
    here: Course, tmp_path: Path
) -> None:
    first = lms.canvas_zip(tmp_path / "a.zip", [(MALI, FILES, False)])
    second = lms.canvas_zip(tmp_path / "b.zip", [(MALI, {**FILES, "1-lines.ipynb": b"second"}, False)])
    take(here, first)
    take(here, second)
    assert files_of(here, MALI)["1-lines.ipynb"] == b"second"
    before = snapshot(here)
    assert take(here, second).same == [MALI.id] and take(here, first, second).same == [MALI.id]
    assert snapshot(here) == before


def test_times_that_come_later_are_put_to_the_same_submission(here: Course, tmp_path: Path) -> None:
    archive_ = lms.moodle_zip(tmp_path / "warmup.zip", [(SOMCHAI, FILES)])
    take(here, archive_)
    sheet = lms.moodle_worksheet(tmp_path / "g.csv", [(SOMCHAI, "Thursday, 5 November 2026, 11:58 PM")])
    assert take(here, archive_, sheet=sheet).taken == [SOMCHAI.id]
    assert b"16:58" in files_of(here, SOMCHAI)["timestamp.txt"]
    assert take(here, archive_).same == [SOMCHAI.id]
    assert b"16:58" in files_of(here, SOMCHAI)["timestamp.txt"]


def saved_again(data: bytes, **metadata: object) -> bytes:
    """A notebook as another program saves it: other ids, counts, ends of lines and metadata."""
    book = json.loads(data)
    book["metadata"] = {"language_info": {"version": "3.13.1"}, **metadata}
    for number, cell in enumerate(book["cells"]):
        cell["id"] = f"new-{number}"
        cell["metadata"]["collapsed"] = True
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7 + number
    return json.dumps(book, indent=2).encode()


def again(files: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """The same work, as it may come a second time."""
    lines = files["1-lines.ipynb"]
    return {
        "as it was": files,
        "saved again": {**files, "1-lines.ipynb": saved_again(lines, widgets={})},
        "packed": {"warmup-submission.zip": zipped(files)},
        "packed again": {"warmup-submission (1).zip": zipped(dict(reversed(files.items())))},
        "model packed again": {**files, "data.npz": zipped({"a.npy": b"1", "b.npy": b"2"})},
    }


@pytest.mark.parametrize("how", ["as it was", "saved again", "packed", "packed again", "model packed again"])
@pytest.mark.parametrize("first", ["as it was", "packed"])
def test_the_same_work_again_keeps_its_earlier_time(here: Course, tmp_path: Path, how: str, first: str) -> None:
    book = (here.release("warmup") / "1-lines.ipynb").read_bytes()
    forms = again({"1-lines.ipynb": book, "data.npz": zipped({"b.npy": b"2", "a.npy": b"1"})})
    early, late = "Tuesday, 10 November 2026, 11:00 PM", "Thursday, 12 November 2026, 9:00 AM"
    for form, time in ((first, early), (how, late), (how, early), (first, late)):
        sheet = lms.moodle_worksheet(tmp_path / "g.csv", [(MALI, time)])
        take(here, lms.moodle_zip(tmp_path / "warmup.zip", [(MALI, forms[form])]), sheet=sheet)
        assert files_of(here, MALI)["timestamp.txt"] == b"2026-11-10 16:00:00.000000 UTC\n"
        assert not (here.root / "submitted-earlier").exists()
    changed = book.replace(b"NotImplementedError", b"ValueError", 1)
    sheet = lms.moodle_worksheet(tmp_path / "g.csv", [(MALI, late)])
    take(here, lms.moodle_zip(tmp_path / "w.zip", [(MALI, {**FILES, "1-lines.ipynb": changed})]), sheet=sheet)
    assert files_of(here, MALI)["timestamp.txt"] == b"2026-11-12 02:00:00.000000 UTC\n"


def test_going_back_to_earlier_work_is_a_new_attempt(here: Course, tmp_path: Path) -> None:
    other = {**FILES, "1-lines.ipynb": b"other"}
    for day, files in (("05", FILES), ("06", other), ("07", FILES), ("08", FILES)):
        time = f"2026-11-{day} 00:00:00 Z"
        take(here, lms.gradescope_zip(tmp_path / f"{day}.zip", [([SOMCHAI], files, time)]))
    assert files_of(here, SOMCHAI) == {**FILES, "timestamp.txt": b"2026-11-07 00:00:00.000000 UTC\n"}


def test_work_that_cannot_be_compared_is_compared_by_its_bytes(here: Course, tmp_path: Path) -> None:
    deep = b'{"cells": ' + b"[" * 100_000
    for data in (deep, deep + b"[", b"", b"\xff"):
        take(here, lms.moodle_zip(tmp_path / "a.zip", [(MALI, {"1-lines.ipynb": data, "x.zip": data})]))
        assert files_of(here, MALI)["1-lines.ipynb"] == data


# ---- times --------------------------------------------------------------------------------------


def worksheet_of(here: Course, tmp_path: Path, *times: str) -> collect.Collected:
    people = [SOMCHAI, MALI, TWIN][: len(times)]
    sheet = lms.moodle_worksheet(tmp_path / "g.csv", list(zip(people, times, strict=True)))
    return take(here, lms.moodle_zip(tmp_path / "warmup.zip", [(one, FILES) for one in people]), sheet=sheet)


@pytest.mark.parametrize(
    ("times", "dates"),
    [
        (("12/11/2026 09:00", "13/11/2026 09:00"), ("2026-11-12", "2026-11-13")),
        (("13/11/2026 09:00", "12/11/2026 09:00"), ("2026-11-13", "2026-11-12")),
        (("11/12/2026 09:00", "11/13/2026 9:00 AM"), ("2026-11-12", "2026-11-13")),
        (("11/10/2026 09:00", "-", "11/13/2026 09:00"), ("2026-11-10", "-", "2026-11-13")),
        (("12.11.2026 09:00", "13/11/2026 09:00"), ("2026-11-12", "2026-11-13")),
    ],
)
def test_a_worksheet_has_one_order_of_day_and_month(
    here: Course, tmp_path: Path, times: tuple[str, ...], dates: tuple[str, ...]
) -> None:
    worksheet_of(here, tmp_path, *times)
    found = [files_of(here, one).get("timestamp.txt", b"-").decode()[:10].strip() for one in (SOMCHAI, MALI, TWIN)]
    assert found[: len(dates)] == list(dates)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (
            ("13/11/2026 09:00", "11/13/2026 09:00"),
            r"g\.csv:3: '11/13/2026 09:00' is month/day, but .*g\.csv:2: '13/11",
        ),
        (("10/11/2026 09:00", "-"), r"g\.csv:2: '10/11/2026 09:00' could be 11 October or 10 November"),
    ],
)
def test_a_worksheet_whose_order_is_not_sure_is_refused_with_its_line(
    here: Course, tmp_path: Path, times: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CourseError, match=said):
        worksheet_of(here, tmp_path, *times)
    assert not (here.root / "submitted").exists()


def test_a_time_that_cannot_be_read_is_said_with_its_place_and_left_open(here: Course, tmp_path: Path) -> None:
    done = worksheet_of(here, tmp_path, "Donnerstag, 5. November 2026, 23:58", "Thursday, 5 November 2026, 11:58 PM")
    assert sorted(done.taken) == [SOMCHAI.id, MALI.id]
    (note,) = done.notes
    assert note.startswith(f"{SOMCHAI.id}: {tmp_path}/g.csv:2: 'Donnerstag, 5. November 2026, 23:58' is not a time")
    assert note.endswith(f"write it there, or into submitted/{SOMCHAI.id}/warmup/timestamp.txt")
    assert "timestamp.txt" not in files_of(here, SOMCHAI)
    export = lms.gradescope_zip(tmp_path / "e.zip", [([TWIN], FILES, "2026-11-05 16:58:09 CST")])
    (note,) = take(here, export).notes
    assert "submission_metadata.yml: submission_7001: '2026-11-05 16:58:09 CST' has 'CST'" in note


def test_what_nbgraders_exchange_wrote_stays_the_time_of_what_it_collected(here: Course, tmp_path: Path) -> None:
    folder = here.submitted("warmup", MALI.id)
    folder.mkdir(parents=True)
    for name, data in {**FILES, "timestamp.txt": b"2026-11-05 23:58:00.000000 +07"}.items():
        (folder / name).write_bytes(data)
    for time in ("2026-11-05 16:50:00 Z", "2026-11-06 16:50:00 Z"):
        take(here, lms.gradescope_zip(tmp_path / "e.zip", [([MALI], FILES, time)]))
        assert files_of(here, MALI)["timestamp.txt"] == b"2026-11-05 16:50:00.000000 UTC\n"


# ---- a collect that ended -----------------------------------------------------------------------


def test_a_collect_that_was_killed_between_its_renames_loses_nothing(here: Course, tmp_path: Path) -> None:
    take(here, lms.gradescope_zip(tmp_path / "a.zip", [([SOMCHAI], FILES, "2026-11-05 00:00:00 Z")]))
    target = here.submitted("warmup", SOMCHAI.id)
    target.rename(target.with_name(".warmup.old"))
    (target.parent / ".warmup.999999999-0123abcd.part").mkdir()
    older = {"1-lines.ipynb": b"older"}
    done = take(here, lms.gradescope_zip(tmp_path / "b.zip", [([SOMCHAI], older, "2026-11-04 00:00:00 Z")]))
    assert done.same == [SOMCHAI.id] and files_of(here, SOMCHAI)["1-lines.ipynb"] == NOTEBOOK
    assert [path.name for path in target.parent.iterdir()] == ["warmup"]


# ---- nobody decides for others ------------------------------------------------------------------

CLASS = [
    Student(f"6502000{n}", name, "Rak", f"{name}@example.org", 20 + n) for n, name in enumerate(("A", "Bo", "Mal"))
]
FORGED = "".join(
    f'"{folder}":\n  :submitters:\n  - :name: "A"\n    :sid: "{CLASS[0].id}"\n  :created_at: 2099-01-01\n'
    for folder in ("warmup", "a", "b")
).encode()
FORGED_FILES = {
    "submission_metadata.yml": FORGED,
    **{f"{folder}/1-lines.ipynb": b"forged" for folder in ("warmup", "a", "b")},
}


@pytest.fixture
def three(toy_scratch: Course) -> Course:
    lms.roster(toy_scratch.root / "roster.csv", CLASS)
    return toy_scratch


def folders_zip(path: Path, handed: Any) -> Path:
    path.write_bytes(zipped({f"{who.id}/{name}": data for who, files in handed for name, data in files.items()}))
    return path


@pytest.mark.parametrize("make", [lms.moodle_zip, folders_zip])
@pytest.mark.parametrize("count", [1, 2])
def test_a_students_own_metadata_turn_no_archive_into_gradescopes(
    three: Course, tmp_path: Path, make: Callable[..., Path], count: int
) -> None:
    honest = [(who, FILES) for who in CLASS[:count]]
    done = take(three, make(tmp_path / "class.zip", [(CLASS[2], FORGED_FILES), *honest]))
    assert sorted(done.taken) == sorted(who.id for who, _ in [*honest, (CLASS[2], FILES)])
    assert all(files_of(three, who) == FILES for who, _ in honest)


@pytest.mark.parametrize("make", [lms.moodle_zip, folders_zip])
def test_where_the_only_student_has_metadata_it_is_asked_whose_export_it_is(
    three: Course, tmp_path: Path, make: Callable[..., Path]
) -> None:
    files = {f"submission_{n}/1-lines.ipynb": b"forged" for n in range(3)}
    files["submission_metadata.yml"] = FORGED.replace(b'"a"', b'"submission_1"')
    path = make(tmp_path / "class.zip", [(CLASS[2], files)])
    if make is folders_zip:
        with pytest.raises(CourseError, match=r"--layout moodle\|canvas\|gradescope\|folders"):
            take(three, path)
    layout = "moodle" if make is lms.moodle_zip else "folders"
    assert take(three, path, layout=layout).taken == [CLASS[2].id]
    assert not files_of(three, CLASS[0])


def test_a_file_named_as_another_platform_does_stays_its_students(three: Course, tmp_path: Path) -> None:
    forged = {"x_5020_assignsubmission_file_1-lines.ipynb": NOTEBOOK}
    handed = [(CLASS[0], FILES, False), (CLASS[1], FILES, False), (CLASS[2], forged, False)]
    take(three, lms.canvas_zip(tmp_path / "submissions.zip", handed))
    assert files_of(three, CLASS[0]) == FILES and files_of(three, CLASS[2]) == forged
    with pytest.raises(
        CourseError, match=r"submissions\.zip: its names do not agree .*of 1, 1 like canvas, 1 like moodle"
    ):
        take(three, lms.canvas_zip(tmp_path / "submissions.zip", [(CLASS[2], forged, False)]))


def test_layouts_that_are_mixed_are_asked_for_and_the_answer_is_taken(three: Course, tmp_path: Path) -> None:
    path = tmp_path / "mixed.zip"
    moodle = {
        f"{who.first} {who.last}_{5000 + who.number}_assignsubmission_file_/1-lines.ipynb": NOTEBOOK
        for who in CLASS[:2]
    }
    path.write_bytes(zipped({**moodle, f"{CLASS[2].id}/1-lines.ipynb": NOTEBOOK}))
    with pytest.raises(CourseError, match="of 3, 2 like moodle, 1 like folders"):
        take(three, path)
    assert not (three.root / "submitted").exists()
    assert take(three, path, layout="folders").taken == [CLASS[2].id]
    assert len(take(three, path, layout="moodle").taken) == 2
    with pytest.raises(CourseError, match=r"mixed\.zip: no submission_metadata\.yml"):
        take(three, path, layout="gradescope")


def test_a_name_with_two_numbers_is_nobodys(three: Course, tmp_path: Path) -> None:
    path = lms.moodle_zip(tmp_path / "class.zip", [(who, FILES) for who in CLASS[:2]])
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("x_5020_assignsubmission_file__5022_assignsubmission_file_/1-lines.ipynb", b"forged")
        more.writestr("Mal Rak_5022_assignsubmission_file_x_5020_assignsubmission_file_1.ipynb", b"forged")
    done = take(three, path)
    assert files_of(three, CLASS[0]) == FILES and len(done.strangers) == 2


def test_two_accounts_of_one_name_are_never_guessed(toy_scratch: Course, tmp_path: Path) -> None:
    (toy_scratch.root / "roster.csv").write_text("id,first_name,last_name\n1,Mali,Srisuk\n3,สมชาย,ใจดี\n")
    done = take(toy_scratch, lms.moodle_zip(tmp_path / "a.zip", [(MALI, FILES), (TWIN, FILES), (SOMCHAI, FILES)]))
    assert done.taken == ["3"] and len(done.strangers) == 2
    assert all("another account leads to 1 too" in line for line in done.strangers)


def test_a_time_that_has_not_come_is_left_open_and_never_wins(here: Course, tmp_path: Path) -> None:
    late = {**FILES, "1-lines.ipynb": b"late"}
    first = lms.gradescope_zip(tmp_path / "a.zip", [([MALI], late, "2099-01-01 00:00:00 Z")])
    done = take(here, first)
    assert done.notes == [f"{MALI.id}: handed in at 2099-01-01 07:00 Asia/Bangkok, says a.zip? The time is left open"]
    assert files_of(here, MALI) == late
    take(here, lms.gradescope_zip(tmp_path / "b.zip", [([MALI], FILES, "2026-11-05 00:00:00 Z")]))
    assert files_of(here, MALI)["1-lines.ipynb"] == NOTEBOOK
    assert take(here, first).same == [MALI.id] and files_of(here, MALI)["1-lines.ipynb"] == NOTEBOOK
    # a time that an earlier version believed
    stamp = here.submitted("warmup", MALI.id) / "timestamp.txt"
    stamp.write_text("2099-01-01 00:00:00 UTC\n")
    untimed = lms.moodle_zip(tmp_path / "c.zip", [(MALI, {"1-lines.ipynb": b"new"})])
    assert take(here, untimed).taken == [MALI.id] and files_of(here, MALI) == {"1-lines.ipynb": b"new"}


def test_work_is_not_replaced_by_less_without_a_word(here: Course, tmp_path: Path) -> None:
    config = here.root / "course_config.py"
    config.write_text(config.read_text().replace('Task("T2",', 'Task("T2", saved_model="data.npz",'))
    here = load_course(here.root)
    whole = {"1-lines.ipynb": (here.release("warmup") / "1-lines.ipynb").read_bytes(), "data.npz": WEIGHTS}
    assert take(here, lms.moodle_zip(tmp_path / "a.zip", [(MALI, whole)])).notes == []
    done = take(here, lms.moodle_zip(tmp_path / "b.zip", [(MALI, {"1-lines.ipynb": NOTEBOOK})]))
    cells = len(json.loads(whole["1-lines.ipynb"])["cells"])
    assert done.notes == [
        f"{MALI.id}: the later one has 1-lines.ipynb with 0 cells for {cells}, no data.npz; "
        "the earlier one is kept in submitted-earlier/"
    ]
    (kept,) = (here.root / "submitted-earlier" / MALI.id / "warmup").iterdir()
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == whole


@pytest.mark.parametrize(
    ("stamp", "metadata"),
    [
        ("1" * 29 + ".5", "2026-11-05 12:00:00"),
        ("2026-11-05 12:00:00 U", "9999-12-31 23:59:59 -23:00"),
        ("0999-01-01 00:00:00 UTC", "!!timestamp x"),
    ],
)
def test_an_odd_time_or_a_folder_in_its_place_stops_nobody(
    three: Course, tmp_path: Path, stamp: str, metadata: str
) -> None:
    odd = {"1-lines.ipynb": NOTEBOOK, "warmup/timestamp.txt": stamp.encode()}
    folder = {"1-lines.ipynb": NOTEBOOK, "timestamp.txt/x": b"x"}
    handed = [(CLASS[0], odd), (CLASS[1], folder), (CLASS[2], FILES)]
    assert len(take(three, folders_zip(tmp_path / "class.zip", handed)).taken) == 3
    assert take(three, folders_zip(tmp_path / "class.zip", handed)).taken == []
    exported = lms.gradescope_zip(tmp_path / "export.zip", [([CLASS[0]], FILES, metadata)])
    try:
        assert take(three, exported).taken == [CLASS[0].id]
    except CourseError as error:
        assert "submission_metadata.yml: cannot be read" in str(error)


# ---- what systems leave behind, and impossible names --------------------------------------------

LEFT = (".ipynb_checkpoints", "__MACOSX", ".git", ".hidden", "lost+found", "@eaDir", "$RECYCLE.BIN", "__pycache__")


@pytest.mark.parametrize("zipped_too", [False, True])
def test_what_systems_leave_in_an_archive_is_nobodys(toy_scratch: Course, tmp_path: Path, zipped_too: bool) -> None:
    names = [f"{folder}/1-lines.ipynb" for folder in LEFT]
    names += [f"{SOMCHAI.id}/{folder}/1-lines.ipynb" for folder in LEFT]
    names += [f"{SOMCHAI.id}/{file}" for file in (".DS_Store", "Thumbs.db", "desktop.ini", "~$notes.docx")]
    path = tmp_path / ("class.zip" if zipped_too else "class")
    files = {**dict.fromkeys([*names, ".DS_Store", "Thumbs.db"], b"x"), f"{SOMCHAI.id}/1-lines.ipynb": NOTEBOOK}
    if zipped_too:
        path.write_bytes(zipped(files))
    else:
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    done = take(toy_scratch, path)
    assert (done.taken, done.strangers, done.notes) == ([SOMCHAI.id], [], [])
    assert files_of(toy_scratch, SOMCHAI) == {"1-lines.ipynb": NOTEBOOK}


IMPOSSIBLE = [("x" * 230, "its name is too long"), ("x\x1by", "control characters"), ("x\udcff", "not UTF-8")]


@pytest.mark.parametrize(("name", "why"), IMPOSSIBLE)
def test_an_impossible_folder_stops_nobody_and_is_one_line(
    toy_scratch: Course, tmp_path: Path, name: str, why: str
) -> None:
    for who in (SOMCHAI.id, name):
        (tmp_path / "class" / who).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "class" / who / f"{number}.ipynb").write_bytes(NOTEBOOK)
    done = take(toy_scratch, tmp_path / "class")
    assert done.taken == [SOMCHAI.id]
    (note,) = done.notes
    assert why in note and " and 2 more: " in note and note.isprintable()


# ---- hostile archives ---------------------------------------------------------------------------

SMALL = Bounds(files=5, file_bytes=1000, total_bytes=2000)


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
    return info


def hostile_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name in (
            "../outside.ipynb",
            "/tmp/absolute.ipynb",
            "C:\\drive.ipynb",
            "a/../../up.ipynb",
            "..\\back.ipynb",
        ):
            out.writestr(entry(name), b"x")
        out.writestr(entry("link", stat.S_IFLNK | 0o777), b"/etc/passwd")
        out.writestr(entry("device", stat.S_IFCHR | 0o666), b"")
        out.writestr(entry("bomb.ipynb"), b"0" * (70 << 20))
        out.writestr(entry("x\x1b[31m.ipynb"), b"x")
        out.writestr(entry("1-lines.ipynb"), NOTEBOOK)
        out.writestr(entry("timestamp.txt"), b"2000-01-01 00:00:00 UTC")
        out.writestr(entry(".ipynb_checkpoints/1-lines.ipynb"), b"x")
        out.writestr(entry("__MACOSX/._1-lines.ipynb"), b"x")
    return buffer.getvalue()


def test_nothing_is_written_outside_and_what_is_refused_is_said(here: Course, tmp_path: Path) -> None:
    around = {p for p in tmp_path.rglob("*") if ".autograder" not in p.parts}
    path = lms.moodle_zip(tmp_path / "warmup.zip", [(SOMCHAI, {"warmup-submission.zip": hostile_zip()}), (MALI, FILES)])
    done = take(here, path)
    assert files_of(here, SOMCHAI) == {"1-lines.ipynb": NOTEBOOK}
    assert files_of(here, MALI) == FILES
    text = "\n".join(done.notes)
    for words in (
        "outside.ipynb: leads outside",
        "absolute.ipynb: an absolute name",
        "drive.ipynb: an absolute name",
        "up.ipynb: leads outside",
        "back.ipynb: leads outside",
        "link: not a plain file",
        "device: not a plain file",
        "bomb.ipynb: unpacks to more than 64 MB",
        "control characters",
    ):
        assert words in text, words
    assert "\x1b" not in text
    made = {p for p in tmp_path.rglob("*") if ".autograder" not in p.parts} - around - {path}
    submitted = here.root / "submitted"
    assert all(p == submitted or p.is_relative_to(submitted) for p in made)
    assert not list(here.state.glob(".collect*"))


def test_the_same_names_in_the_outer_archive_are_refused_too(here: Course, tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    path.write_bytes(hostile_zip())
    done = take(here, path)
    assert not done.taken and any("leads outside" in note for note in done.notes)
    assert not (here.root / "submitted").exists()


def packed_tar(members: list[tarfile.TarInfo], data: bytes = b"x", name: str = "a.tar.gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as out:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            out.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return buffer.getvalue()


def test_a_tar_gives_its_plain_files_alone() -> None:
    names = ["warmup/1-lines.ipynb", "../up.ipynb", "/abs.ipynb"]
    members = [tarfile.TarInfo(name) for name in names]
    for kind, name in ((tarfile.SYMTYPE, "soft"), (tarfile.LNKTYPE, "hard"), (tarfile.FIFOTYPE, "pipe")):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        members.append(member)
    tree = archive.inside(packed_tar(members), "a.tar.gz", SMALL)
    assert {name: read() for name, read in tree.files.items()} == {"warmup/1-lines.ipynb": b"x"}
    assert len(tree.refused) == 5


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar", "a.tgz"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18, b"\x1f\x8b\x08" + b"\0" * 40])
def test_a_broken_archive_is_refused_or_empty(name: str, data: bytes) -> None:
    with contextlib.suppress(Refused):
        assert not archive.inside(data, name, SMALL).files


def test_bounds_on_files_bytes_and_directories() -> None:
    many = zipped({f"{number}.ipynb": b"x" for number in range(9)})
    tree = archive.inside(many, "a.zip", SMALL)
    assert len(tree.files) == 5 and tree.refused[0] == ("5.ipynb", "more than 5 files")
    tree = archive.inside(zipped({"a": b"0" * 900, "b": b"0" * 900, "c": b"0" * 900}), "a.zip", SMALL)
    tree.files["a"](), tree.files["b"]()
    with pytest.raises(Refused, match="unpacks to more"):
        tree.files["c"]()
    crowded = zipped({f"{number:060d}": b"" for number in range(12_000)})
    with pytest.raises(Refused, match="more than 5 files"):
        archive.inside(crowded, "a.zip", SMALL)
    bomb = gzip.compress(b"\0" * (300 << 20), 1)
    with pytest.raises(Refused, match="unpacks to more"):
        archive.inside(packed_bomb(bomb), "a.tar.gz", collect.of_submission(Limits()))


def packed_bomb(zeros: bytes) -> bytes:
    """A tar whose first header declares a comment of 300 MB."""
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 300 << 20
    return gzip.compress(header.tobuf(tarfile.USTAR_FORMAT)) + zeros


def test_a_zip_that_holds_itself_forever_ends() -> None:
    nested = zipped({"1-lines.ipynb": NOTEBOOK})
    for _ in range(6):
        nested = zipped({"again.zip": nested})
    done = collect.Collected()
    files = collect._contents({"a.zip": "a.zip"}, {"a.zip": lambda: nested}, collect.of_submission(Limits()), "x", done)
    assert list(files) == ["again.zip"]


def test_windows_zips_with_thai_names_are_read() -> None:
    name = "การบ้าน.ipynb"
    placeholder = "?" * len(name.encode("cp874"))
    data = zipped({placeholder: b"x"}).replace(placeholder.encode(), name.encode("cp874"))
    assert list(archive.inside(data, "a.zip", SMALL).files) == [name]


def test_a_locked_or_rar_archive_is_said_and_the_rest_is_taken(here: Course, tmp_path: Path) -> None:
    handed = [(SOMCHAI, {**FILES, "scan.rar": b"Rar!"}), (MALI, {"warmup.zip": b"PK not a zip"})]
    done = take(here, lms.moodle_zip(tmp_path / "warmup.zip", handed))
    assert any("scan.rar: cannot be opened here; ask for a .zip" in note for note in done.notes)
    assert any("warmup.zip: cannot be opened" in note for note in done.notes)
    assert done.strangers == [f"warmup.zip: {MALI.id}: no file in it can be read"] and not files_of(here, MALI)
    assert set(files_of(here, SOMCHAI)) == {*FILES, "scan.rar"}


def test_links_in_a_folder_are_not_followed(here: Course, tmp_path: Path) -> None:
    folder = tmp_path / "class" / SOMCHAI.id
    folder.mkdir(parents=True)
    (folder / "1-lines.ipynb").write_bytes(NOTEBOOK)
    os.symlink("/etc/passwd", folder / "2.ipynb")
    os.symlink("/etc", folder / "etc")
    done = take(here, tmp_path / "class")
    assert files_of(here, SOMCHAI) == {"1-lines.ipynb": NOTEBOOK}
    assert sum("not a plain file" in note for note in done.notes) == 2


@pytest.mark.parametrize("name", ["missing.zip", "broken.zip", "notes.txt"])
def test_a_file_that_is_no_archive_is_one_clear_line(here: Course, tmp_path: Path, name: str) -> None:
    if name != "missing.zip":
        (tmp_path / name).write_bytes(b"not an archive")
    with pytest.raises(CourseError, match=name):
        take(here, tmp_path / name)


# ---- nbgrader's own commands --------------------------------------------------------------------


def test_nbgraders_zip_collect_takes_the_same_weights_and_times_with_them(
    here: Course, tmp_path: Path, run: Run
) -> None:
    folder = here.root / "downloaded" / "warmup" / "archive"
    folder.mkdir(parents=True)
    handed = [([SOMCHAI], FILES, "2026-11-05 16:58:09 Z"), ([STRANGER], FILES, "2026-11-05 16:58:09 Z")]
    lms.gradescope_zip(folder / "export.zip", [*handed, ([MALI], {"a.zip": hostile_zip()}, "2026-11-05 16:58:09 Z")])
    done = run("nbgrader", "zip_collect", "warmup", cwd=here.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nobody Known" in done.stderr and "leads outside its folder" in done.stderr
    assert files_of(here, SOMCHAI) == {**FILES, "timestamp.txt": b"2026-11-05 16:58:09.000000 UTC\n"}
    assert set(files_of(here, MALI)) == {"1-lines.ipynb", "timestamp.txt"}
    assert not (here.root / "submitted" / STRANGER.id).exists()


def test_nbgraders_collect_from_the_exchange_works_and_ours_goes_on_from_there(
    here: Course, tmp_path: Path, run: Run
) -> None:
    exchange = tmp_path / "exchange"
    inbound = exchange / "course" / "inbound"
    handed = inbound / f"{SOMCHAI.id}+warmup+2026-11-05 12:00:00.000000 UTC+abcdef"
    handed.mkdir(parents=True)
    for path in (exchange, exchange / "course", inbound):
        path.chmod(0o777)
    for name, data in {**FILES, "timestamp.txt": b"2026-11-05 12:00:00.000000 UTC"}.items():
        (handed / name).write_bytes(data)
    options = ["--course=course", f"--Exchange.root={exchange}", "--ExchangeCollect.check_owner=False"]
    done = run("nbgrader", "collect", "warmup", *options, cwd=here.root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert files_of(here, SOMCHAI) == {**FILES, "timestamp.txt": b"2026-11-05 12:00:00.000000 UTC"}
    later = lms.gradescope_zip(tmp_path / "e.zip", [([SOMCHAI], {"1-lines.ipynb": b"new"}, "2026-11-06 00:00:00 Z")])
    assert take(here, later).taken == [SOMCHAI.id]
    assert files_of(here, SOMCHAI)["1-lines.ipynb"] == b"new"
