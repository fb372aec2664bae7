"""submission.py: untrusted files -> Submission. Nothing raises, nothing is run, nothing is unpickled."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.judging.checking import Problem
from autograder.sandbox.answers import Array
from autograder.submissions import cells, notebook_file, saved_model, submission

CELL = {"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": "T5-answer"}}, "id": "abc"}


def lay(folder: Path, **files: bytes) -> Path:
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def test_plain_files_are_read_with_their_folders(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    lay(tmp_path, a__ipynb=b"1", timestamp__txt=b"2026-11-01 12:00:00 UTC\n")
    (tmp_path / "more" / "scan.PDF").write_bytes(b"%PDF")
    found = submission.read_submission(tmp_path, "somchai")
    assert found.files == {"a.ipynb": b"1", "more/scan.PDF": b"%PDF"}
    assert found.timestamp == "2026-11-01 12:00:00 UTC"
    assert found.problems == ()


@pytest.mark.parametrize("protocol", [4, 5])
def test_it_is_pickled_as_it_is(protocol: int) -> None:
    whole = submission.Submission("somchai", {"a.ipynb": b"1", "best_net.npz": b""}, (), "2026-11-01 12:00:00 UTC")
    digest = whole.digest
    again = pickle.loads(pickle.dumps(whole, protocol))
    assert again == whole
    assert vars(again)["digest"] == digest
    assert {type(data) for data in again.files.values()} == {bytes}


def test_files_travel_beside_the_pickle() -> None:
    whole, beside = submission.Submission("somchai", {"best_net.npz": bytes(1 << 20)}), list[pickle.PickleBuffer]()
    data = pickle.dumps(whole, 5, buffer_callback=beside.append)
    assert len(data) < 1000
    assert pickle.loads(data, buffers=[memoryview(part) for part in beside]) == whole


def test_a_folder_that_is_not_there_is_an_empty_submission(tmp_path: Path) -> None:
    assert submission.read_submission(tmp_path / "gone", "x").files == {}


def test_links_and_pipes_are_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "passwd.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = submission.read_submission(tmp_path, "x")
    assert found.files == {}
    assert sorted(p.file for p in found.problems if p.kind == "not_plain")[-2:] == [
        "passwd.ipynb",
        "pipe.ipynb",
    ]


def test_a_file_over_the_limit_is_left_out_and_told(tmp_path: Path) -> None:
    with (tmp_path / "big.npz").open("wb") as file:
        file.truncate(submission.MAX_FILE + 1)  # sparse: takes no room
    found = submission.read_submission(tmp_path, "x")
    assert found.files == {}
    assert "big.npz: 64 MB is over the limit" in str(found.problems[0])


def test_more_files_than_the_limit_are_left_out_and_told(tmp_path: Path) -> None:
    for number in range(submission.MAX_FILES + 2):
        (tmp_path / f"{number:03}.txt").write_bytes(b"")
    found = submission.read_submission(tmp_path, "x")
    assert len(found.files) == submission.MAX_FILES
    assert [str(p) for p in found.problems] == [
        "200.txt: left out, with 1 more; a submission may have 200 files of 128 MB together"
    ]


def test_all_files_together_have_a_limit_and_notebooks_and_weights_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "MAX_TOTAL", 10)
    lay(tmp_path, a__bin=b"12345678", b__bin=b"1", best_net__npz=b"1234", z__ipynb=b"12345")
    found = submission.read_submission(tmp_path, "x")
    assert set(found.files) == {"best_net.npz", "z.ipynb", "b.bin"}
    assert [str(p) for p in found.problems] == [
        "a.bin: left out, with 0 more; a submission may have 200 files of 0 MB together"
    ]


def test_many_problems_are_told_in_few_lines(tmp_path: Path) -> None:
    for number in range(submission.MAX_PROBLEMS + 30):
        (tmp_path / f"{number}.ipynb").symlink_to("/etc/passwd")
    found = submission.read_submission(tmp_path, "x")
    assert len(found.problems) == submission.MAX_PROBLEMS + 1
    assert "and 30 more problems with files" in str(found.problems[-1])


def test_folders_without_end_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_SEEN", 50)
    for number in range(60):
        (tmp_path / f"{number:02}").mkdir()
    here = tmp_path / "00"
    for _ in range(submission.MAX_DEPTH + 3):
        here = here / "d"
        here.mkdir()
        (here / "f").write_bytes(b"")
    found = submission.read_submission(tmp_path, "x")
    assert "more than 50 files and folders" in str(found.problems[-1])
    monkeypatch.setattr(submission, "MAX_SEEN", 5000)
    assert 0 < len(submission.read_submission(tmp_path, "x").files) < submission.MAX_DEPTH + 3


@pytest.mark.parametrize("stamp", ["2026-11-05 12:00:00.123456 UTC", "2026-11-05T12:00", "2026-11-05 12:00:00 +07:00"])
def test_a_time_is_kept_as_it_is(tmp_path: Path, stamp: str) -> None:
    assert submission.read_submission(lay(tmp_path, timestamp__txt=stamp.encode()), "x").timestamp == stamp


@pytest.mark.parametrize("stamp", [b"yesterday", b"\xff\xfe\0", b"9" * 1_000_000, b"2026-11-05 12:00\x1b[31m", b"\0"])
def test_a_timestamp_that_is_no_time_is_told_and_not_believed(tmp_path: Path, stamp: bytes) -> None:
    found = submission.read_submission(lay(tmp_path, timestamp__txt=stamp), "x")
    assert found.timestamp == "" and found.files == {}
    assert "is not a time like 2026-11-05 12:00:00 UTC" in str(found.problems[0]) and len(str(found.problems[0])) < 300


def test_hidden_folders_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "1-basics.ipynb").write_bytes(b"old")
    assert submission.read_submission(tmp_path, "x").files == {}


def test_the_digest_hangs_on_every_name_and_byte() -> None:
    digests = {
        submission.Submission("x", files).digest
        for files in ({"a": b"1"}, {"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}, {"a": b"", "b": b"1"}, {})
    }
    assert len(digests) == 6
    assert submission.Submission("x", {"a": b"1"}).digest == submission.Submission("y", {"a": b"1"}).digest


# ---- notebooks ----------------------------------------------------------------------------------


def cells_of(data: bytes) -> list[cells.SubmittedCell]:
    return list(notebook_file.read("x.ipynb", data).cells)


def test_a_cell_is_read_with_its_ids() -> None:
    (cell,) = cells_of(json.dumps({"cells": [CELL]}).encode())
    assert (cell.kind, cell.source, cell.grade_id, cell.cell_id) == ("code", "x = 1", "T5-answer", "abc")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_common_encoding_is_read(encoding: str) -> None:
    data = json.dumps({"cells": [CELL | {"source": "# สวัสดี"}]}, ensure_ascii=False).encode(encoding)
    assert cells_of(data)[0].source == "# สวัสดี"


def test_the_old_format_with_worksheets_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}]}]}
    assert cells_of(json.dumps(old).encode())[0].source == "a = 1\nb = 2"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"\x00\x01\x02", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a notebook"),
        (b"null", "not a notebook"),
        (b"{}", "no cells"),
        (b'{"cells": {}}', "no cells"),
        (b'{"worksheets": [3]}', "no cells|^$"),
    ],
)
def test_a_file_without_cells_says_why(data: bytes, said: str) -> None:
    if data == b'{"worksheets": [3]}':
        assert cells_of(data) == []
        return
    with pytest.raises(ValueError, match=said):
        cells.content_of(cells.text_of(data))


@pytest.mark.parametrize(
    "cell",
    [
        3,
        None,
        {},
        {"cell_type": 3, "source": 4, "metadata": [], "outputs": "x"},
        {"source": ["a", 1, None, "b"]},
        {"metadata": {"nbgrader": "T5"}},
        {"metadata": {"nbgrader": {"grade_id": ["T5"]}}},
        {"outputs": [1, None, {}], "attachments": [1]},
        {"source": "\ud800"},
    ],
)
def test_a_cell_of_nonsense_is_read_as_something_plain(cell: Any) -> None:
    cells = cells_of(json.dumps({"cells": [cell, CELL]}).encode())
    assert cells[-1].grade_id == "T5-answer"
    for found in cells:
        found.source.encode("utf-8")
        assert isinstance(found.grade_id, str) and isinstance(found.outputs, tuple)


def test_more_cells_than_the_limit_are_cut() -> None:
    data = json.dumps({"cells": [CELL] * (cells.MAX_CELLS + 5)}).encode()
    assert len(cells_of(data)) == cells.MAX_CELLS


@pytest.mark.parametrize("many", [b"[],", b"{},", b"0,", b'"ab",', b'"a",'])
def test_a_notebook_of_more_values_than_the_limit_is_not_parsed(many: bytes) -> None:
    data = b'{"cells": [], "x": [' + many * (cells.MAX_VALUES // 2 + 1000) + b"0]}"
    if data.count(b",") < cells.MAX_VALUES // 2:
        raise AssertionError("too small")
    with pytest.raises(ValueError, match="more than 1000000 values"):
        cells.content_of(cells.text_of(data if many != b"0," else data.replace(b"0,", b"0,0,")))


def test_much_text_in_a_notebook_is_not_many_values() -> None:
    printed = '[["0.1", 0.2],\n' * 400_000
    output = {"output_type": "stream", "name": "stdout", "text": printed}
    data = json.dumps({"cells": [CELL | {"outputs": [output]}]}).encode()
    assert data.count(b",") + data.count(b'"') + data.count(b"[") > cells.MAX_VALUES
    (cell,) = cells_of(data)
    assert cell.outputs[0]["text"] == printed


# ---- the saved model ----------------------------------------------------------------------------


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def load(data: bytes) -> tuple[str, dict[str, Array]] | Problem:
    return saved_model.read_model({"best_net.npz": data}, "best_net.npz")


def test_a_saved_model_comes_with_its_class_and_arrays() -> None:
    found = load(npz(class_name=np.array("MyNet"), W1=np.eye(3), b1=np.arange(2, dtype=np.float32)))
    assert not isinstance(found, Problem)
    name, params = found
    assert name == "MyNet"
    assert {k: (v.dtype, v.shape) for k, v in params.items()} == {"W1": (np.float64, (3, 3)), "b1": (np.float64, (2,))}


def test_without_a_class_name_the_name_is_empty_and_means_the_given_class() -> None:
    found = load(npz(W1=np.eye(3)))
    assert not isinstance(found, Problem) and found[0] == ""


def test_column_order_is_kept() -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    found = load(npz(W1=array))
    assert not isinstance(found, Problem) and found[1]["W1"].tolist() == array.tolist()


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_numbers_that_single_precision_holds_only_as_denormal_ones_are_read_as_0(kind: type[Any]) -> None:
    found = load(npz(W1=np.array([1e-310, -1e-41, 0.0, 2e-38, -1.5, 6e-8]).astype(kind)))
    assert not isinstance(found, Problem)
    values = found[1]["W1"]
    assert not (np.abs(values[values != 0]) < np.finfo(np.float32).tiny).any()
    assert values[4] == -1.5 and values[5] == kind(6e-8)  # a half-precision number is never that small


def test_the_model_is_found_in_a_folder() -> None:
    assert not isinstance(saved_model.read_model({"hw4/best_net.npz": npz(W1=np.eye(2))}, "best_net.npz"), Problem)


def test_no_model_is_a_problem_of_its_own() -> None:
    assert saved_model.read_model({"1-basics.ipynb": b""}, "best_net.npz") == Problem(
        "no_model", {"file": "best_net.npz"}
    )


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)


def entry(data: bytes, name: str = "W1.npy") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def npy(header: str, body: bytes = b"", size: int | None = None) -> bytes:
    text = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + (len(text) if size is None else size).to_bytes(2, "little") + text + body


GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"


@pytest.mark.parametrize(
    ("kind", "data"),
    {
        "not a zip": b"no zip",
        "empty": b"",
        "cut short": npz(W1=np.eye(30))[:-40],
        "no arrays": npz(class_name=np.array("TwoLayerNet")),
        "a class name that is code": npz(W1=np.eye(2), class_name=np.array("__import__('os')")),
        "an object array": npz(W1=np.array([Evil()], dtype=object)),
        "a pickle": entry(pickle.dumps(Evil())),
        "text": npz(W1=np.array(["a"])),
        "not a number": npz(W1=np.array([np.nan])),
        "infinite": npz(W1=np.array([np.inf])),
        "complex": npz(W1=np.array([1j])),
        "a structured type": npz(W1=np.zeros(2, dtype=[("a", "f8")])),
        "no magic": entry(b"x" * 100),
        "a header that is code": entry(npy("__import__('os').mkdir('unpickled')")),
        "a header too long": entry(npy("", size=60_000)),
        "a header without a shape": entry(npy("{'descr': '<f8', 'fortran_order': False}")),
        "a header that is a list": entry(npy("[1, 2]")),
        "a header nested deep": entry(npy("(" * 5000)),
        "a type of nothing": entry(npy(GOOD.replace("'<f8'", "()"), bytes(8))),
        "an unknown type": entry(npy(GOOD.replace("<f8", "banana"), bytes(8))),
        "a negative shape": entry(npy(GOOD.replace("(1,)", "(-1,)"), bytes(8))),
        "a shape of fractions": entry(npy(GOOD.replace("(1,)", "(1.0,)"), bytes(8))),
        "a bomb": entry(npy(GOOD.replace("(1,)", f"({2**39},)"), bytes(8))),
        "a bomb that overflows": entry(npy(GOOD.replace("(1,)", f"({2**39}, {2**39})"), bytes(8))),
        "a zero beside huge sizes": entry(npy(GOOD.replace("(1,)", f"(0, {2**39})"), bytes(8))),
        "bytes left over": entry(npy(GOOD, bytes(16))),
        "a short body": entry(npy(GOOD, bytes(4))),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_model_is_a_problem_and_nothing_of_it_runs(
    kind: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load(data)
    assert isinstance(found, Problem), kind
    assert found.kind == "bad_model"
    assert found.facts["why"]
    assert not list(tmp_path.iterdir())


def test_a_model_that_unpacks_to_too_much_is_refused() -> None:
    data = entry(npy(GOOD.replace("(1,)", f"({saved_model.MAX_MODEL // 8 + 1},)")) + bytes(saved_model.MAX_MODEL + 8))
    assert len(data) < 1 << 20
    found = load(data)
    assert isinstance(found, Problem) and "too many for a model" in found.facts["why"]


# ---- found by changing real files (tests/host_fuzz.py) ------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [b"\xff" * 96 + b".png", "รายงาน".encode("cp874") + b".pdf", b"a" * 250 + b".png", b"a\nb\x1b[31m.png",
     "\u202egnp.pdf".encode(), "ก".encode() * 84, b"a." + b"b" * 240, b"\xed\xa0\x80.png",
     b"\xff" * 120 + b"/" + b"\xfe" * 120],
)  # fmt: skip
def test_names_are_bounded_and_printable(tmp_path: Path, raw: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path / "in"), raw)
    os.makedirs(os.path.dirname(path))
    Path(os.fsdecode(path)).write_bytes(b"x")
    found = submission.read_submission(tmp_path / "in", "x")
    (name,) = found.files
    assert name.isprintable() and all(len(part.encode()) <= submission.MAX_NAME for part in name.split("/"))
    assert found.digest and found == submission.read_submission(tmp_path / "in", "x")
    ending = os.path.splitext(raw)[1]
    assert name.endswith(ending.decode()) or not ending.isascii() or len(ending) > submission.MAX_ENDING
    (tmp_path / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "out" / name).write_bytes(b"x")


def test_names_that_differ_by_what_is_left_out_stay_two(tmp_path: Path) -> None:
    for name in ("a\n.png", "a\r.png", "a .png", "b" * 249 + "1.png", "b" * 249 + "2.png"):
        (tmp_path / name).write_bytes(name.encode())
    found = submission.read_submission(tmp_path, "x").files
    assert len(found) == 5 and found["a .png"] == b"a .png"


def test_names_that_can_be_written_stay_as_they_are(tmp_path: Path) -> None:
    names = {"รายงาน ๑.pdf", "e\u0301.png", "A.png", "a.png", "-", "x" * 200, "[red]x[&].png"}
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert set(submission.read_submission(tmp_path, "x").files) == names


@pytest.mark.parametrize("stamp", [b"\xff\xfe\0", b"yesterday", b"2026-11-05 12:00:00 " + b"9" * 90, b""])
def test_a_stamp_alone_is_read_with_the_same_care(tmp_path: Path, stamp: bytes) -> None:
    assert submission.read_receipt(lay(tmp_path, timestamp__txt=stamp)) == ("", "")
    lay(tmp_path, timestamp__txt=b"2026-11-05 12:00:00 UTC\n")
    assert submission.read_receipt(tmp_path) == ("2026-11-05 12:00:00 UTC", "")
    assert submission.read_receipt(tmp_path / "gone") == ("", "")


DEEP = "[" * 600 + "]" * 600


@pytest.mark.parametrize("place", ["cell_type", "id", "grade_id", "attachments", "attached", "output"])
@pytest.mark.parametrize("value", [DEEP, '"\\ud800"', "9" * 4000, "NaN", '{"\\ud800": {"\\udfff": "\\ud800"}}'])
def test_every_field_of_a_cell_is_text_that_can_be_written(place: str, value: str) -> None:
    fields = {"cell_type": '"code"', "id": '"abc"', "grade_id": '"T5-answer"', "attached": '"x"', "output": "{}"}
    fields = {**fields, "attachments": f'{{"\\ud800": {{"image/png": {fields["attached"]}}}}}', place: value}
    if place == "attached":
        fields["attachments"] = f'{{"x": {{"image/png": {value}}}}}'
    text = (
        f'{{"cells": [{{"cell_type": {fields["cell_type"]}, "id": {fields["id"]}, "source": "x", "attachments": '
        f'{fields["attachments"]}, "outputs": [{fields["output"]}], '
        f'"metadata": {{"nbgrader": {{"grade_id": {fields["grade_id"]}}}}}}}]}}'
    )
    (cell,) = cells_of(text.encode())
    for found in (cell.kind, cell.grade_id, cell.cell_id, json.dumps(cell.attachments, ensure_ascii=False)):
        found.encode("utf-8")
    assert all(isinstance(kept, str) for bundle in cell.attachments.values() for kept in bundle.values())


@pytest.mark.parametrize(
    "dtype", [",e", "V8", "(2,)f8", "f8,f8", "M8[ns]", "\ud800", "T{d:a:}", "(99999999,)f8", "é", "U1024"]
)
def test_a_strange_type_costs_the_model_alone(dtype: str) -> None:
    header = GOOD.replace("<f8", dtype).encode("utf-8", "backslashreplace").decode("latin1")
    found = load(entry(npy(header, bytes(8))))
    assert isinstance(found, Problem) and found.kind == "bad_model" and found.facts["why"]


def test_whatever_a_reader_of_models_stumbles_over_is_the_models_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise OverflowError

    monkeypatch.setattr(saved_model.np, "frombuffer", stumble)
    found = load(npz(W1=np.eye(2)))
    assert isinstance(found, Problem) and found.facts["why"] == "OverflowError"


def test_a_header_that_python_2_wrote_is_read_without_a_warning() -> None:
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1L,)}"
    assert not isinstance(load(entry(npy(header, bytes(8)))), Problem)
