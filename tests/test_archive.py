"""archive.py: what an archive holds comes back under its own names, whatever its entries are called or declare."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from shares import one_in

from autograder import archive
from autograder.archive import Bounds, Refused
from autograder.course import Limits
from autograder.lms import collect
from autograder.lms.collect import of_class, of_submission


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
    with archive.opened(path, of_class(Limits())) as tree:
        assert {file: read() for file, read in tree.files.items()} == {"s1/a": b"second", "s2/a": b"of s2"}


def test_a_class_in_a_tar_may_hold_more_than_one_student_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_TOTAL", 1000)
    students = [(f"s{number}/a", bytes(900)) for number in range(6)]
    with archive.opened(tar(tmp_path / "class.tar", *students), of_class(Limits())) as tree:
        assert {file: len(read()) for file, read in tree.files.items()} == {file: 900 for file, _ in students}


def test_nothing_of_a_tar_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with archive.opened(tar(tmp_path / "class.tar", ("s1/a", b"x")), of_class(Limits())) as tree:
        assert tree.files["s1/a"]() == b"x" and [p for p in (tmp_path / "scratch").rglob("*") if p.is_file()]
    assert not list((tmp_path / "scratch").iterdir())


def test_an_entry_without_a_name_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr(zipfile.ZipInfo(""), b"x")
        whole.writestr("s1/a", b"of s1")
    with archive.opened(path, of_class(Limits())) as tree:
        assert {file: read() for file, read in tree.files.items()} == {"s1/a": b"of s1"}
    assert list(archive.inside(path.read_bytes(), "own.zip", of_submission(Limits())).files) == ["s1/a"]


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
    with pytest.raises(Refused), archive.opened(path, of_class(Limits())):
        raise AssertionError("it was opened")


@pytest.mark.parametrize("error", [IndexError, struct.error, AttributeError, SyntaxError, RecursionError])
def test_whatever_a_reader_of_archives_stumbles_over_costs_that_archive_alone(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def stumble(*_: object) -> None:
        raise error

    monkeypatch.setattr(archive.zipfile, "ZipFile", stumble)
    with pytest.raises(Refused, match="cannot be opened"):
        archive.inside(b"", "own.zip", of_submission(Limits()))


def test_what_a_tar_keeps_in_memory_is_bounded_where_its_files_have_holes() -> None:
    """A sparse file is as large as it says, and is in the stream with a few bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as whole:
        for number in range(3):
            info = tarfile.TarInfo(f"{number}.csv")
            info.size = 0
            info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": "600",
                                "GNU.sparse.map": "600,0"}  # fmt: skip
            whole.addfile(info)
    tree = archive.inside(out.getvalue(), "a.tar", Bounds(10, 1000, 1000))
    assert {name: len(read()) for name, read in tree.files.items()} == {"0.csv": 600}
    assert tree.refused == (("1.csv", "unpacks to more than is allowed"), ("2.csv", "unpacks to more than is allowed"))


def zip_of(count: int, name: str = "{:04}", data: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for number in range(count):
            whole.writestr(name.format(number), data)
    return out.getvalue()


SMALL = Bounds(5, 1000, 2000)


@pytest.mark.parametrize("place", one_in(2, ["before the end", "where it says"]))
def test_a_directory_that_only_the_record_of_a_large_zip_declares_is_not_read(place: str) -> None:
    """The short record says that the directory is small; zipfile believes the long one."""
    data = zip_of(30_000)
    size, offset = struct.unpack_from("<LL", data, len(data) - 10)
    long = struct.pack("<4sQ2H2L4Q", archive.ZIP64_END, 44, 45, 45, 0, 0, 30_000, 30_000, size, offset)
    gap = b"" if place == "before the end" else b"gap"
    where = struct.pack("<4sLQL", archive.ZIP64_AT, 0, len(data) - 22, 1)
    short = struct.pack("<4s4H2LH", archive.ZIP_END, 0, 0, 1, 1, 46, offset, 0)
    made = data[:-22] + long + gap + where + short
    if not gap:
        assert len(zipfile.ZipFile(io.BytesIO(made)).infolist()) == 30_000
    with pytest.raises(Refused, match="more than 5 files"):
        archive.inside(made, "a.zip", SMALL)


def test_a_file_that_declares_too_much_is_not_unpacked_and_one_that_fails_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Time is spent on what is unpacked in vain, too: it is counted as if it had been taken."""
    spoiled = bytearray(zip_of(4, data=b"0" * 900))
    at = spoiled.find(b"PK\x01\x02")
    while at >= 0:  # the checksums of the first three
        if bytes(spoiled[at + 46 : at + 50]) != b"0003":
            spoiled[at + 16] ^= 1
        at = spoiled.find(b"PK\x01\x02", at + 1)
    tree = archive.inside(bytes(spoiled), "a.zip", SMALL)
    for name in ("0000", "0001"):
        with pytest.raises(Refused, match="Bad CRC-32"):
            tree.files[name]()
    for name in ("0002", "0003"):
        with pytest.raises(Refused, match="unpacks to more than 0 MB"):
            tree.files[name]()

    def opened(*_: object) -> None:
        raise AssertionError("it was unpacked")

    tree = archive.inside(zip_of(1, data=b"0" * 1001), "a.zip", SMALL)
    monkeypatch.setattr(archive.zipfile.ZipFile, "open", opened)
    with pytest.raises(Refused, match="unpacks to more than 0 MB"):
        tree.files["0000"]()
