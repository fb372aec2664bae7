"""One student's several archives, and archives beside notebooks: the last one counts, and what does not is said."""

from pathlib import Path

import lms
import pytest
from lms import Student, zipped
from toy import BOOK, NAME, Toy

from autograder import archive
from autograder.lms import collect
from autograder.submissions import submission

MALI = Student("65010002", "Mali", "Srisuk", "mali@example.org", 2)
OLD, NEW, NEWEST = ({BOOK: b'{"cells": [%d]}' % n} for n in range(3))
ARCHIVES = {
    "a second download": ({"hw-submission.zip": OLD, "hw-submission (1).zip": NEW}, "hw-submission.zip"),
    "an eleventh": (
        {"hw-submission (2).zip": OLD, "hw-submission (10).zip": NEW, "hw-submission (9).zip": OLD},
        "hw-submission (9).zip",
    ),
    "Canvas's numbers": ({"hw-submission-9.zip": OLD, "hw-submission-10.zip": NEW}, "hw-submission-9.zip"),
    "a name that ends with a year": ({"hw-2026.zip": OLD, "hw-2026 (1).zip": NEW}, "hw-2026.zip"),
    "a copy of a copy": ({"hw (1).zip": OLD, "hw (1) (1).zip": NEW}, "hw (1).zip"),
    "a tar of a later day": ({"work.tar.gz.zip": OLD, "work (3).zip": NEW}, "work.tar.gz.zip"),
}


def handed(files: dict[str, dict[str, bytes]]) -> dict[str, bytes]:
    return {name: zipped(own) for name, own in files.items()}


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_highest_number_counts_and_the_other_is_named(toy: Toy, tmp_path: Path, name: str) -> None:
    course = toy.copy(tmp_path / "course")
    lms.roster(course.root / "roster.csv", [MALI])
    files, aside = ARCHIVES[name]
    path = lms.moodle_zip(tmp_path / "in.zip", [(MALI, handed(files))])
    done = collect.collect(course, course.assignment(NAME), [path])
    assert (course.submitted(NAME, MALI.id) / BOOK).read_bytes() == NEW[BOOK]
    assert any(f"{aside}: {BOOK}: that in" in note and note.endswith(" counts") for note in done.notes), done.notes


@pytest.mark.parametrize("zip_name", ["!first.zip", "hw-submission.zip", "zz (4).zip"])
def test_a_notebook_beside_an_archive_counts(toy: Toy, tmp_path: Path, zip_name: str) -> None:
    course = toy.copy(tmp_path / "course")
    lms.roster(course.root / "roster.csv", [MALI])
    path = lms.moodle_zip(tmp_path / "in.zip", [(MALI, {zip_name: zipped({**OLD, "model.npz": b"w"}), **NEW})])
    done = collect.collect(course, course.assignment(NAME), [path])
    laid = course.submitted(NAME, MALI.id)
    assert (laid / BOOK).read_bytes() == NEW[BOOK] and (laid / "model.npz").read_bytes() == b"w"
    assert [note for note in done.notes if f"{zip_name}: {BOOK}: what lies beside it counts" in note], done.notes


def test_the_same_twice_is_no_news(toy: Toy, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    lms.roster(course.root / "roster.csv", [MALI])
    same = handed({"hw-submission.zip": OLD, "hw-submission (1).zip": OLD})
    done = collect.collect(course, course.assignment(NAME), [lms.moodle_zip(tmp_path / "in.zip", [(MALI, same)])])
    assert done.notes == []


@pytest.mark.parametrize("name", ARCHIVES)
def test_laid_by_hand_they_are_read_alike(tmp_path: Path, name: str) -> None:
    for file, data in handed(ARCHIVES[name][0]).items():
        (tmp_path / file).write_bytes(data)
    assert submission.read_submission(tmp_path, "mali").files[BOOK] == NEW[BOOK]


def test_numbers_in_names() -> None:
    numbers = {"a (10).zip": (10,), "a(3).tar.gz": (3,), "a-9.zip": (9,), "a_2.ipynb": (2,), "a-9 (1).zip": (9, 1)}
    numbers |= dict.fromkeys(("a.zip", "hw4.zip", "1.zip"), ())
    assert {name: archive.copy_number(name) for name in numbers} == numbers
