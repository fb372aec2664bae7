"""archive.py: what a tar holds comes back under its own names, whatever its entries are called."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from autograder.course import Limits
from autograder.lms import archive
from autograder.lms.archive import Refused


def tar(path: Path, *entries: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as whole:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            whole.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["class.tar", "class.tgz"])
@pytest.mark.parametrize("again", ["s1/a", "./s1/a"])
def test_a_name_that_comes_twice_gives_nobody_anothers_file(tmp_path: Path, name: str, again: str) -> None:
    path = tar(tmp_path / name, ("s1/a", b"first"), (again, b"second"), ("s2/a", b"of s2"))
    with archive.opened(path, archive.of_class(Limits())) as tree:
        assert {file: read() for file, read in tree.files.items()} == {"s1/a": b"second", "s2/a": b"of s2"}


def test_a_class_in_a_tar_may_hold_more_than_one_student_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL", 1000)
    students = [(f"s{number}/a", bytes(900)) for number in range(6)]
    with archive.opened(tar(tmp_path / "class.tar", *students), archive.of_class(Limits())) as tree:
        assert {file: len(read()) for file, read in tree.files.items()} == {file: 900 for file, _ in students}


def test_nothing_of_a_tar_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with archive.opened(tar(tmp_path / "class.tar", ("s1/a", b"x")), archive.of_class(Limits())) as tree:
        assert tree.files["s1/a"]() == b"x" and list((tmp_path / "scratch").rglob("0"))
    assert not list((tmp_path / "scratch").iterdir())


def test_an_entry_without_a_name_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr(zipfile.ZipInfo(""), b"x")
        whole.writestr("s1/a", b"of s1")
    with archive.opened(path, archive.of_class(Limits())) as tree:
        assert {file: read() for file, read in tree.files.items()} == {"s1/a": b"of s1"}
    with archive.inside(path.read_bytes(), "own.zip", archive.of_submission(Limits())) as tree:
        assert list(tree.files) == ["s1/a"]


@pytest.mark.parametrize(
    "size", [b"\x80" + b"\xff" * 11, b"77777777777\0", b"\x80" + b"\0" * 4 + b"\x7f" + b"\xff" * 6]
)
@pytest.mark.parametrize("name", ["class.tar", "class.tgz"])
def test_a_tar_that_declares_more_than_it_holds_has_an_end(tmp_path: Path, name: str, size: bytes) -> None:
    data = bytearray(tar(tmp_path / "made.tar", ("s1/a", b"x"), ("s2/a", b"y")).read_bytes())
    data[124:136], data[148:156] = size, b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    path = tmp_path / name
    path.write_bytes(gzip.compress(bytes(data)) if name.endswith("gz") else data)
    with pytest.raises(Refused), archive.opened(path, archive.of_class(Limits())):
        raise AssertionError("it was opened")


@pytest.mark.parametrize("error", [IndexError, struct.error, AttributeError, SyntaxError, RecursionError])
def test_whatever_a_reader_of_archives_stumbles_over_costs_that_archive_alone(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def stumble(*_: object) -> None:
        raise error

    monkeypatch.setattr(archive.zipfile, "ZipFile", stumble)
    with (
        pytest.raises(Refused, match="cannot be opened"),
        archive.inside(b"", "own.zip", archive.of_submission(Limits())),
    ):
        raise AssertionError("it was opened")
