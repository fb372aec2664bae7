"""A zip that stands in a submission as it came: read in memory, within the bounds, as if its files lay beside it."""

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.submissions import submission
from autograder.submissions.submission import Submission

BOOK, OTHER = b'{"cells": [1]}', b'{"cells": [2]}'
PACKED = "hw4-submission.zip"


def zipped(files: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as whole:
        for name, data in files.items():
            whole.writestr(name, data)
    return out.getvalue()


def read(folder: Path, **beside: bytes) -> Submission:
    """A submission of these files; in their names __ is a dot."""
    return of(folder, {name.replace("__", "."): data for name, data in beside.items()})


def of(folder: Path, files: Mapping[str, bytes]) -> Submission:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
    found = submission.read_submission(folder, "x")
    assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before
    return found


def lines(found: Submission) -> list[str]:
    return [str(problem) for problem in found.problems]


def test_its_files_stand_in_its_place(tmp_path: Path) -> None:
    inner = {"1-basics.ipynb": BOOK, "best_net.npz": b"npz", "nn/layers.py": b"x = 1", "T4.pdf": b"%PDF"}
    left = {"timestamp.txt": b"2000-01-01 00:00:00 UTC", "submission_secret.txt": b"s", "__MACOSX/._T4.pdf": b"x",
            ".ipynb_checkpoints/1-basics.ipynb": OTHER}  # fmt: skip
    found = of(tmp_path, {PACKED: zipped({**inner, **left}), "timestamp.txt": b"2026-11-01 12:00:00 UTC"})
    assert found.files == inner and found.problems == () and found.timestamp == "2026-11-01 12:00:00 UTC"


def test_the_digest_is_of_what_was_handed_in(tmp_path: Path) -> None:
    """The same notebook in a zip that was packed anew is another submission, as any other file would be."""
    folders = [tmp_path / name for name in "abc"]
    one, again, beside = (folder.mkdir() or folder for folder in folders)
    files = {"1-basics.ipynb": BOOK}
    first, second = zipped(files), zipped(files, zipfile.ZIP_STORED)
    digests = {of(one, {PACKED: first}).digest, of(again, {PACKED: second}).digest, of(beside, files).digest}
    assert len(digests) == 3
    assert of(one, {PACKED: first}).digest == Submission("x", {PACKED: first}).digest


@pytest.mark.parametrize("place", [PACKED, "งาน ๔.ZIP", f"mine/{PACKED}"])
@pytest.mark.parametrize("top", ["", "hw4/", "การบ้าน/"])
def test_it_may_have_any_name_and_place_and_one_folder_around_all(tmp_path: Path, place: str, top: str) -> None:
    found = of(tmp_path, {place: zipped({f"{top}1-basics.ipynb": BOOK, f"{top}a/b.csv": b"1"})})
    folder = place[: place.rfind("/") + 1]
    assert found.files == {f"{folder}1-basics.ipynb": BOOK, f"{folder}a/b.csv": b"1"} and not found.problems


@pytest.mark.parametrize("inner", [{"T4.png": b"\x89PNG"}, {"best_net.npz": b"x"}, {"1-basics.pdf": b"%PDF"}, {}])
def test_a_zip_without_notebooks_stays_a_file(tmp_path: Path, inner: dict[str, bytes]) -> None:
    data = zipped(inner)
    found = read(tmp_path, T4__zip=data, a__ipynb=BOOK)
    assert found.files == {"T4.zip": data, "a.ipynb": BOOK} and not found.problems and not found.as_it_came


@pytest.mark.parametrize("name", ["hw4.tar", "hw4.tar.gz", "hw4.rar", "hw4.7z"])
def test_other_archives_stay_files(tmp_path: Path, name: str) -> None:
    assert of(tmp_path, {name: zipped({"a.ipynb": BOOK})}).files.keys() == {name}


def test_files_beside_it_win_and_those_in_it_are_kept_under_its_name(tmp_path: Path) -> None:
    inner = zipped({"1-basics.ipynb": OTHER, "2-x.ipynb": BOOK, "same.csv": b"1", "own.py": b"2"})
    found = of(tmp_path, {PACKED: inner, "1-basics.ipynb": BOOK, "same.csv": b"1", "own.py": b"1"})
    beside = {"1-basics.ipynb": BOOK, "2-x.ipynb": BOOK, "same.csv": b"1", "own.py": b"1"}
    assert found.files == {**beside, f"{PACKED}/1-basics.ipynb": OTHER, f"{PACKED}/own.py": b"2"}
    assert found.problems == ()  # what differs and was answered is told where notebooks are chosen


def test_of_two_with_other_files_both_are_kept(tmp_path: Path) -> None:
    found = of(
        tmp_path, {"a.zip": zipped({"1.ipynb": BOOK, "a": b"1"}), "b.zip": zipped({"1.ipynb": OTHER, "a": b"1"})}
    )
    assert found.files == {"1.ipynb": BOOK, "a": b"1", "b.zip/1.ipynb": OTHER}


def test_a_zip_inside_is_not_opened(tmp_path: Path) -> None:
    inner = zipped({"2.ipynb": BOOK})
    assert read(tmp_path, a__zip=zipped({"1.ipynb": BOOK, "b.zip": inner})).files == {"1.ipynb": BOOK, "b.zip": inner}


def test_a_name_that_is_a_file_and_a_folder_can_be_written_out(tmp_path: Path) -> None:
    inner = zipped({"1.ipynb": BOOK, "a": b"1", "a/b": b"2", "a/b/c": b"3", "x/y": b"4"})
    found = read(tmp_path, z__zip=inner, x=b"beside")
    assert found.files == {"x": b"beside", "1.ipynb": BOOK, "a": b"1", "z.zip/a/b": b"2", "z.zip/x/y": b"4"}
    assert lines(found) == ["z.zip/a/b/c: its name is there twice; left out"]
    for name, data in found.files.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


# ---- damaged and hostile -----------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip", zipped({"1.ipynb": BOOK})[:-9],
                                  b"PK\x05\x06" + b"\xff" * 18])  # fmt: skip
def test_a_broken_one_is_told_and_stays_a_file(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, hw4__zip=data, a__ipynb=BOOK)
    assert found.files == {"hw4.zip": data, "a.ipynb": BOOK}
    (line,) = lines(found)
    assert line.startswith(("hw4.zip: cannot be opened (", "hw4.zip: holds more than"))
    assert line.endswith("; ask for it again")


def locked(data: bytes) -> bytes:
    """A zip whose directory says that every file needs a password."""
    out, at = bytearray(data), data.find(b"PK\x01\x02")
    while at >= 0:
        out[at + 8] |= 1
        at = out.find(b"PK\x01\x02", at + 1)
    return bytes(out)


def test_a_locked_one_is_told_by_the_names_in_it_and_stays_a_file(tmp_path: Path) -> None:
    data = locked(zipped({"1-basics.ipynb": BOOK, "T4.pdf": b"%PDF"}))
    found = read(tmp_path, hw4__zip=data)
    assert found.files == {"hw4.zip": data} and found.digest == Submission("x", {"hw4.zip": data}).digest
    assert lines(found) == [
        f"hw4.zip/{name}: locked with a password; left out" for name in ("1-basics.ipynb", "T4.pdf")
    ]
    assert found.problems[0].names("1-basics.ipynb")


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    return found


def test_what_leads_outside_or_is_no_file_costs_itself_alone(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for name in ("../up.ipynb", "/abs.ipynb", "C:\\drive.ipynb", "a\\..\\..\\back.ipynb", "b\x1b[31m.ipynb"):
            whole.writestr(entry(name), b"x")
        whole.writestr(entry("link.ipynb", stat.S_IFLNK | 0o777), b"/etc/passwd")
        whole.writestr(entry("pipe.ipynb", stat.S_IFIFO | 0o644), b"")
        whole.writestr(entry("/".join(["d"] * 9) + "/deep.ipynb"), b"x")
        whole.writestr(entry("\u202egnp.ipynb"), b"y")
        whole.writestr(entry("1.ipynb"), BOOK)
    around = sorted(tmp_path.parent.iterdir())
    found = read(tmp_path, hw4__zip=out.getvalue())
    hidden, plain = sorted(found.files, key=len, reverse=True)
    assert plain == "1.ipynb" and hidden.isprintable() and found.files[hidden] == b"y"
    assert lines(found) == [
        "hw4.zip/../up.ipynb: leads outside its folder; left out",
        "hw4.zip//abs.ipynb: an absolute name; left out",
        "hw4.zip/C:\\drive.ipynb: an absolute name; left out",
        "hw4.zip/a\\..\\..\\back.ipynb: leads outside its folder; left out",
        "hw4.zip/b?[31m.ipynb: control characters in its name; left out",
        "hw4.zip/link.ipynb: not a plain file; left out",
        "hw4.zip/pipe.ipynb: not a plain file; left out",
        "hw4.zip/d/d/d/d/d/d/d/d/d/deep.ipynb: too many folders; left out",
    ]
    assert sorted(tmp_path.parent.iterdir()) == around


def test_names_as_windows_writes_them(tmp_path: Path) -> None:
    name = "การบ้าน.ipynb"
    stand_in = "?" * len(name.encode("cp874"))
    data = zipped({stand_in: BOOK}).replace(stand_in.encode(), name.encode("cp874"))
    assert read(tmp_path, a__zip=data).files == {name: BOOK}


def test_a_name_that_is_no_utf_8_and_says_so_is_told(tmp_path: Path) -> None:
    data = zipped({"ก.ipynb": BOOK}).replace("ก".encode(), b"\xed\xa0\x80")  # a surrogate
    (line,) = lines(read(tmp_path, a__zip=data))
    assert line.startswith("a.zip: cannot be opened ('utf-8' codec can't decode")


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])  # deflate64, bzip2, lzma, zstd, AES
def test_a_packing_that_is_not_read_costs_its_files_alone(tmp_path: Path, method: int) -> None:
    data = bytearray(zipped({"1.ipynb": BOOK, "2.ipynb": BOOK}))
    at = data.find(b"PK\x01\x02")
    data[at + 10 : at + 12] = struct.pack("<H", method)
    found = read(tmp_path, a__zip=bytes(data))
    assert found.files == {"2.ipynb": BOOK}
    assert lines(found) == ["a.zip/1.ipynb: packed in a way that is not read here; left out"]


def test_a_spoiled_file_costs_itself_alone(tmp_path: Path) -> None:
    data = zipped({"1.ipynb": b"first" * 9, "2.ipynb": BOOK}, zipfile.ZIP_STORED).replace(b"firstfirst", b"FIRSTFIRST")
    found = read(tmp_path, a__zip=data)
    assert found.files == {"2.ipynb": BOOK}
    assert lines(found) == ["a.zip/1.ipynb: cannot be read (Bad CRC-32 for file '1.ipynb'); left out"]


def test_the_bounds_hold_for_files_beside_and_inside_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_FILES", 6)
    inner = {f"{number}.csv": b"1" for number in range(4)} | {"1.ipynb": BOOK, "2.ipynb": BOOK}
    found = read(tmp_path, z__zip=zipped(inner), a__csv=b"a", b__csv=b"b", c__npz=b"c")
    # notebooks and models first, then what lies beside, then what else is in the zip
    assert set(found.files) == {"c.npz", "1.ipynb", "2.ipynb", "a.csv", "b.csv"}
    assert lines(found) == ["z.zip/0.csv: left out, with 3 more; a submission may have 6 files of 128 MB together"]


def test_a_bomb_costs_itself_and_a_notebook_has_its_own_bound(tmp_path: Path) -> None:
    inner = {"1.ipynb": BOOK, "2.ipynb": bytes(submission.MAX_NOTEBOOK + 1), "x.csv": bytes(submission.MAX_FILE + 1)}
    found = read(tmp_path, a__zip=zipped(inner))
    assert found.files == {"1.ipynb": BOOK}
    assert lines(found) == [
        "a.zip/2.ipynb: 32 MB is over the limit of 32 MB; left out",
        "a.zip/x.csv: unpacks to more than 64 MB; left out",
    ]


def lied(data: bytes, at: int, form: str, value: int) -> bytes:
    """A zip whose directory says something else of its first file."""
    out, start = bytearray(data), data.find(b"PK\x01\x02")
    struct.pack_into(form, out, start + at, value)
    return bytes(out)


@pytest.mark.parametrize("size", [1, 0xFFFFFFF0])
def test_a_size_that_lies_costs_its_file_alone(tmp_path: Path, size: int) -> None:
    data = lied(zipped({"1.ipynb": BOOK, "2.ipynb": BOOK}), 24, "<L", size)
    found = read(tmp_path, a__zip=data)
    assert found.files == {"2.ipynb": BOOK}
    assert lines(found)[0].startswith("a.zip/1.ipynb: ")


def overlapping(count: int) -> bytes:
    """Many entries that are one: each has a name of its own in the directory, and the same bytes."""
    data = zipped({"000.ipynb": bytes(1 << 20)})
    start, end = data.find(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    entries = b"".join(data[start:end].replace(b"000.ipynb", b"%03d.ipynb" % number) for number in range(count))
    return data[:start] + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entries), start, 0)


def many(count: int) -> bytes:
    return zipped({f"{number:05}.ipynb": b"" for number in range(count)})


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            lambda: [zipped({"1.ipynb": BOOK, **{f"{n}.bin": bytes(64 << 20) for n in range(3)}})] * 7,
            "unpacks to more than",
        ),
        (lambda: [overlapping(190)] * 7, "cannot be read (File name in directory"),
        pytest.param(lambda: [many(12_000)] * 7, "more than 5000 files", marks=pytest.mark.proof),
        (lambda: [many(65_000)], "holds more than 5000 files"),
        (lambda: [zipped({"1.ipynb": BOOK})[:-2] + b"\xff\xff" + b"PK\x05\x06" * 16_383], "cannot be opened"),
    ],
    ids=["bombs", "overlapping", "many names", "very many names", "comment"],
)
def test_what_is_read_in_vain_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[], list[bytes]], words: str
) -> None:
    zips = made()
    unpacked, entries = [], []
    inflate, parse = zipfile.ZipExtFile.read, zipfile.ZipInfo.__init__

    def reading(self: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        data = inflate(self, size)
        unpacked.append(len(data))
        return data

    def parsing(self: zipfile.ZipInfo, *more: str) -> None:
        entries.append(1)
        parse(self, *more)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", reading)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", parsing)
    found = of(tmp_path, {f"{number:02}.zip": data for number, data in enumerate(zips)})
    assert sum(unpacked) <= submission.MAX_ARCHIVES * submission.MAX_TOTAL
    assert len(entries) <= submission.MAX_ARCHIVES * 70_000
    assert any(words in line for line in lines(found)), lines(found)
    assert len(found.problems) <= submission.MAX_PROBLEMS + 1
    assert sum(map(len, found.files.values())) <= submission.MAX_TOTAL


def test_notebooks_behind_many_other_files_are_found(tmp_path: Path) -> None:
    frames = {f"frames/{number:03}.csv": b"1" for number in range(300)}
    found = of(tmp_path, {PACKED: zipped({**frames, "1.ipynb": BOOK})})
    assert found.files["1.ipynb"] == BOOK and len(found.files) == submission.MAX_FILES - 1
    assert lines(found)[0].startswith(f"{PACKED}/frames/198.csv: left out, with 101 more")


def test_only_some_are_looked_into(tmp_path: Path) -> None:
    count = submission.MAX_ARCHIVES + 1
    found = of(tmp_path, {f"{n:02}.zip": zipped({f"{n}.ipynb": BOOK}) for n in range(count)})
    assert {name for name in found.files if name.endswith(".zip")} == {f"{count - 1:02}.zip"}


def test_a_link_to_a_zip_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(zipped({"1.ipynb": BOOK}))
    os.symlink(tmp_path / "real.bin", tmp_path / "hw4.zip")
    found = submission.read_submission(tmp_path, "x")
    assert "1.ipynb" not in found.files and "hw4.zip: not a plain file but a link" in lines(found)[0]
