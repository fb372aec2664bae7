# ruff: noqa: E501  (rows of strange values are easier to read on one line)
"""Hostile input for the host's own readers: real files changed in their structure and in their bytes.

Each family of readers is a strategy and a function. The function returns what became of the input, in a word; an
error that the readers document is such a word, and any other one is a defect. tests/submissions/test_readers_sampled.py
draws a few hundred inputs in every test run, tests/proof/test_host_readers.py 50,000.
"""

import contextlib
import csv
import gc
import io
import json
import os
import shutil
import signal
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import lms as makers
import numpy as np
from hypothesis import given, seed
from hypothesis import strategies as st

from autograder import archive
from autograder.archive import Refused, Tree
from autograder.course import Assignment, Course, Limits, roster, stamps
from autograder.course.late import Late
from autograder.errors import CourseError
from autograder.judging.checking import Problem
from autograder.lms import collect, layouts, worksheet
from autograder.marks import manual_marks
from autograder.submissions import by_hand, merge, own_files, saved_model, submission
from autograder.submissions.problems import FileProblem
from autograder.submissions.submission import Submission
from tests import fuzz
from tests.attacks.lab import peak, reset_peak
from tests.fuzz import BYTES, CHANGES, JUNK, Toll, bent, changed

SECONDS, MEGABYTES = 2.0, 100.0  # of CPU and of memory, for one input
HANG = 30.0  # seconds of CPU after which an input is given up
BATCH = 500

PEOPLE = [makers.Student("65010001", "สมชาย", "ใจดี", "somchai@example.org", 1),
          makers.Student("65010002", "Mali", "Srisuk", "mali@example.org", 2),
          makers.Student("65010003", "Mali", "Srisuk", "mali3@example.org", 3)]  # fmt: skip
STRANGE = [
    "",
    " ",
    "\0",
    "\ufeff",
    "\u202egnp",
    "\x1b[31m",
    "é",
    "é",
    "K",
    "K",
    "ﬁ",
    "๑๒๓",
    "\ud800",
    "NaN",
    "nan",
    "inf",
    "-",
    "=1+1",
    "'=1",
    '"',
    '"a,b',
    "a\nb",
    "a\r",
    "..",
    "../x",
    "/etc/passwd",
    "C:\\x",
    ".",
    "~",
    "a" * 300,
    "ก" * 120,
    "9" * 5000,
    "x" * 140_000,
    "%s{0.__class__}",
    "[red]x[/]",
    "<script>",
]
STRANGE_TEXT = st.sampled_from(STRANGE) | st.text(max_size=12)


@dataclass
class Host:
    """Real things to change, and a scratch course to collect into."""

    course: Course
    assignment: Assignment
    bases: Mapping[str, merge.Base]
    files: Mapping[str, bytes]
    model: bytes
    scratch: Path

    @classmethod
    def make(cls, course: Course, assignment: Assignment, files: Mapping[str, bytes], scratch: Path) -> "Host":
        """course: a scratch one; files: a whole submission."""
        makers.roster(course.root / "roster.csv", PEOPLE)
        out = io.BytesIO()
        rng = np.random.default_rng(1)
        np.savez(out, W1=rng.normal(size=(4, 5)), b1=np.zeros(5), W2=rng.normal(size=(5, 3)), b2=np.zeros(3),
                 class_name=np.array("TwoLayerNet"))  # fmt: skip
        bases = merge.released(course.release(assignment.name), assignment)
        return cls(course, assignment, bases, files, out.getvalue(), scratch)


@contextlib.contextmanager
def bounded(toll: Toll) -> Iterator[None]:
    """Fail an input that takes more than its CPU time or memory, or that has no end."""

    def ring(number: int, frame: object) -> None:
        raise AssertionError(f"no end after {HANG:g} s of CPU")

    before_ring = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    reset_peak()
    gc.disable()  # it would go through all that hypothesis remembers
    started, before = time.process_time(), peak()
    try:
        yield
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before_ring)
    took, grown = time.process_time() - started, peak() - before
    toll.examples += 1
    toll.seconds, toll.megabytes = max(toll.seconds, took), max(toll.megabytes, grown)
    assert took < SECONDS, f"{took:.1f} s of CPU for one input"
    assert grown < MEGABYTES, f"{grown:.0f} MB for one input"


# ---- notebooks ----------------------------------------------------------------------------------

RAW_JSON = ["9" * 5000, "-" + "9" * 4000, "1e999", "NaN", "-Infinity", '"\\ud800"', '"\\udfff\\ud800"', "[" * 900 + "]" * 900,
            '{"a":' * 400 + "1" + "}" * 400, '{"cells": 1, "cells": []}', '{"": {"": []}}', "1" * 4300, "0.1e-99999",
            '"' + "x" * 70_000 + '"', '["' + "\\n" * 3000 + '"]', "<<<<<<< a\n=======\n>>>>>>> b"]  # fmt: skip
HOLE = "\u2603hole\u2603"  # where a raw text is put in
NOTEBOOK = st.tuples(
    CHANGES,
    CHANGES,
    st.lists(st.tuples(st.lists(st.integers(0, 9999), min_size=2, max_size=7), st.sampled_from(RAW_JSON)), max_size=2),
    st.sampled_from(["utf-8"] * 6 + ["utf-16", "utf-16-le", "utf-8-sig", "cp874", "utf-7"]),
    BYTES,
    st.sampled_from(["as it is"] * 5 + ["conflict", "other name", "tail", "script"]),
    st.integers(0, 3),
)
NAMES = ["1-lines.ipynb", "x.json", "x", "a/b.ipynb", "x.py", "x.txt"]


def with_raw(data: Any, raws: Sequence[tuple[Any, str]]) -> str:
    """JSON of the data with raw text, which may be none, at some places."""
    for path, _ in raws:
        place, key = fuzz._walk(data, path)
        if place is not None:
            place[key] = HOLE
    text = json.dumps(data)
    for _, raw in raws:
        text = text.replace(json.dumps(HOLE), raw, 1)
    return text


def notebook_bytes(files: Mapping[str, bytes], drawn: Any) -> tuple[str, bytes]:
    """A real notebook with changes in its cells, around them, and in its text."""
    inner, outer, raws, encoding, how, shape, which = drawn
    names = sorted(name for name in files if name.endswith(".ipynb"))
    name = names[which % len(names)]
    data = json.loads(files[name])
    data["cells"] = changed(data["cells"], inner)
    if which == 3:
        data = changed(data, outer)
    text = with_raw(data, raws)
    if shape == "conflict":
        at = len(text) // 3
        text = f"{text[:at]}\n<<<<<<< ours\n{text[at : 2 * at]}\n=======\n{text[at : at + 50]}\n>>>>>>> b\n{text[2 * at :]}"
    elif shape == "tail":
        text += text[: how[1] % 5000]
    elif shape == "script":
        text = "# In[1]:\n" + text.replace("\\n", "\n# %%\n")
    elif shape == "other name":
        name = NAMES[how[1] % len(NAMES)]
    return name, bent(text.encode(encoding, "replace"), how)


def read_notebook(host: Host, drawn: Any) -> str:
    name, data = notebook_bytes(host.files, drawn)
    handed_in = Submission("fuzz", {**host.files, name: data})
    merged = merge.merge_all(handed_in, host.bases, host.assignment)
    for task in host.assignment.tasks:
        by_hand.answered(merged, task, handed_in, ())
        by_hand.answer_hash(merged, task, handed_in)
    for book in merged:
        own_files.beside(handed_in, merged, book, ())
    of_hand = by_hand.problems(merged, host.assignment, handed_in, ())
    told = [*of_hand, *(problem for book in merged.values() for problem in book.problems)]
    for problem in told:
        printed(str(problem))
    for cell in (cell for book in merged.values() for cell in book.cells):
        printed(cell.source)
    return told[0].kind if told else "whole"


def printed(text: str) -> None:
    """A text that can be written anywhere."""
    text.encode("utf-8")


# ---- the saved model ----------------------------------------------------------------------------

DTYPES = [",e", "V8", "(2,)f8", "<U1", "<U0", "U1024", "S0", "O", "|O8", "f2", "<f16", ">f8", "e", "g", "c16", "M8[ns]", "m8", "?", "b",
          "u8", "f8,f8", "(2,3)f4,i8", "i8, (0,)f8", "99f8", "f8" * 50, "[('a', 'f8')]", "f", "=f8", "<f08", "\ud800", "float", "a", "",
          "V0", "(99999999,)f8", "(2,)(3,)f8", "T{d:a:}", "é"]  # fmt: skip
HEADER = st.dictionaries(
    st.sampled_from(["descr", "fortran_order", "shape", "more", ""]),
    st.sampled_from(DTYPES) | st.lists(st.sampled_from([0, 1, 2, -1, 2**31, 2**40, 2**63, 1.0, True, None]), max_size=40).map(tuple) | JUNK
    | st.lists(st.tuples(st.text(max_size=3), st.sampled_from(DTYPES)), max_size=3),
    max_size=3,
)  # fmt: skip
FIELDS = st.tuples(st.integers(0, 400), st.sampled_from(["<H", "<L"]),
                   st.sampled_from([0, 1, 2, 8, 9, 12, 14, 20, 99, 0x800, 0x801, 0xFFFF, 0xFFFE, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 65, 1000]))  # fmt: skip
LIES = st.lists(FIELDS, max_size=2)
MODEL = st.tuples(
    st.lists(st.tuples(st.integers(0, 9), HEADER), max_size=2),
    st.sampled_from([b""] * 6 + [b"{" * 3000, b"(" * 200, b"[" * 9999, b"__import__('os')", b"\xff" * 90, b"'a' 'b'", b"{1:1", b"9" * 5000,
                                 b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 4400 + b",)}", b"1 if 1 else 2", b"-" * 5000 + b"1",
                                 b"0L", b"{'descr': '<f8', 'shape': (1L,), 'fortran_order': False}", b"\0", b"\n" * 9999, b"'\\N{x}'", b"1j", b"..."]),
    LIES,
    BYTES,
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.sampled_from(["class_name", "W1", "\u202e", "a/b", "..", "W1.npy", "é" * 90, "", "\0", "best.npz"]),
    st.sampled_from([(1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (0, 0), (255, 255)]),
)  # fmt: skip


def lied(data: bytes, lies: Sequence[tuple[int, str, int]]) -> bytes:
    """A zip in which fields of its directory, or of the headers of its entries, say something else."""
    places = [at for sign in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for at in _all(data, sign)]
    out = bytearray(data)
    for place, form, value in lies:
        at = places[place % len(places)] + 4 + place % 43 if places else 0
        size = struct.calcsize(form)
        if at + size <= len(out):
            out[at : at + size] = struct.pack(form, value & (0xFFFF if size == 2 else 0xFFFFFFFF))
    return bytes(out)


def _all(data: bytes, sign: bytes) -> Iterator[int]:
    at = data.find(sign)
    while at >= 0:
        yield at
        at = data.find(sign, at + 1)


def model_bytes(whole: bytes, drawn: Any) -> bytes:
    heads, raw_head, lies, how, packing, name, version = drawn
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as real:
        entries = [(info.filename, real.read(info)) for info in real.infolist()]
    with zipfile.ZipFile(out, "w", packing) as made:
        for number, (file, data) in enumerate(entries):
            at_body = 10 + struct.unpack_from("<H", data, 8)[0]
            head, body = data[10:at_body], data[at_body:]
            for at, more in heads:
                if at % len(entries) == number:
                    head = raw_head or repr({**_header(data), **more}).encode("utf-8", "replace")
            if (number + len(how[2])) % 5 == 0 and len(name) % 2:
                file = f"{name}.npy"
            size = struct.pack("<H" if version == (1, 0) else "<L", len(head) & 0xFFFF)
            made.writestr(zipfile.ZipInfo(file), b"\x93NUMPY" + bytes(version) + size + head + body, packing)
    return bent(lied(out.getvalue(), lies), how)


def _header(data: bytes) -> dict[str, Any]:
    file = io.BytesIO(data)
    np.lib.format.read_magic(file)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    return {"descr": dtype.str, "fortran_order": fortran, "shape": shape}


def read_model(host: Host, drawn: Any) -> str:
    data = model_bytes(host.model, drawn)
    files = {"best_net.npz": data}
    found = saved_model.read_model(files, "best_net.npz")
    for problem in saved_model.problems_of(files, "best_net.npz", found):
        printed(str(problem))
    if isinstance(found, Problem):
        return str(found.kind)
    assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in found[1].values())
    assert found[0] == "" or found[0].isidentifier()
    return "a model"


# ---- archives -----------------------------------------------------------------------------------

LAYOUTS = ("moodle", "moodle flat", "canvas", "gradescope", "folders", "nbgrader", "nested", "nothing")
CANARY = b"nobody writes here"
RAW_NAMES = [b"\xff\xfe\xff", "รายงาน".encode("cp874"), b"a\0b", b"a\nb\x1b[31m", b"", b"/", b"//", b"..", b"../../x", b"C:\\x", b"a" * 250, b"a" * 5000,
             "é".encode(), "é".encode(), b"A/B", b"a/b", b"a", b"a/", b"/".join([b"d"] * 20), b"\xed\xa0\x80", "‮gnp.ipynb".encode(), b".",
             b"submission_metadata.yml", b"x_1_2_1-lines.ipynb", b"x_\xe0\xb9\x91_\xe0\xb9\x92_f", b"X_5001_assignsubmission_file/1-lines.ipynb",
             b"_5001_assignsubmission_file_", b"x.zip", b"x.tar", b"CON", b"aux.ipynb", b"timestamp.txt", b"65010001/timestamp.txt",
             b"65010001", b"65010001/1-lines.ipynb/x", b"65010001/warmup/timestamp.txt", b"~", b"-", b"x_LATE_101_9_x",
             b"x_" + b"9" * 180 + b"_" + b"9" * 10 + b"_f"]  # fmt: skip
YAML = ["2026-13-45 99:99:99", "[" * 50, "&a [*a]", "9" * 5000, "1:2:3:4", "~", "!!binary x",
        '"\\ud83d"', "{}", "- - -", ".nan", "25:61", "2569-11-05 12:00", "!!set {a, b}", "? a", "12345678901234567890", "2026-11-05 23:59:60"]  # fmt: skip
TIMES = [
    "2026-11-05 12:00:00 UTC", "2026-11-05 12:00:00.123456789 +07:00", "9999-12-31 23:59:59 -12:00", "0001-01-01 00:00:00 +14:00",
    "0000-00-00 00:00", "2569-11-05 12:00", "2026-11-05 25:61", "2026-12-31 23:59:60", "2026-11-05 12:00:00 -99:99", "2026-11-05 12:00:00 999999",
    "2026-11-05 12:00:00 " + "9" * 40, "2026-11-05 12:00:00 /etc/passwd", "2026-11-05 12:00:00 ../../x", "2026-11-05T12:00:00Z",
    "2026-11-05 12:00:00 Asia/Bangkok", "9" * 60, "1e400", "-1", "10:10:10:10", "Tuesday, 5 November 2026, 12:00 PM", "พุธ 5 พฤศจิกายน 2569",
    "1 1 1", "2026-02-30 12:00", "12/12/12/12", "2026-11-05 12:00:00 UTC+3", "0x7e4", "٢٠٢٦-١١-٠٥ ١٢:٠٠", "2026-11-05 12:00:00 \0", "1.5e3", "24:00",
    "20261105T120000.9999999999", "2026-W45-4", "10000-01-01 00:00", "2026-11-05 12:00:00 Z0", "a" * 99, "31/31/31", "Infinity", "nan", "1" * 400 + ".5"]  # fmt: skip
TIME = st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES), BYTES, STRANGE_TEXT, st.integers(0, 9))
PACKED = st.tuples(
    st.sampled_from(LAYOUTS),
    st.sampled_from([".zip"] * 4 + [".tar", ".tgz", "folder", "folder", "tree", "tree", "tree"]),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(RAW_NAMES), st.sampled_from(["whole", "end", "more", "start"])), max_size=3),
    LIES,
    BYTES,
    st.sampled_from(YAML),
    st.sampled_from(TIMES),
    st.integers(0, 2**20),
)  # fmt: skip


def class_files(layout: str, folder: Path, files: Mapping[str, bytes], time: str, yaml: str) -> dict[bytes, bytes]:
    """A class's files as a learning system lays them out, by name."""
    path = folder / "made.zip"
    own = {"1-lines.ipynb": files["1-lines.ipynb"], "scan.pdf": b"%PDF"}
    if layout.startswith("moodle"):
        makers.moodle_zip(path, [(one, own) for one in PEOPLE], flat=layout.endswith("flat"))
    elif layout == "canvas":
        makers.canvas_zip(path, [(one, own, True) for one in PEOPLE])
    elif layout == "gradescope":
        makers.gradescope_zip(path, [([PEOPLE[0], PEOPLE[1]], own, yaml), ([PEOPLE[2]], own, "2026-11-05 12:00:00 Z")])
    else:
        inner = {"folders": "", "nbgrader": "warmup/", "nested": "", "nothing": ""}[layout]
        made = {f"{one.id}/{inner}{name}": data for one in PEOPLE for name, data in own.items()}
        if layout == "nbgrader":
            made |= {f"{one.id}/{inner}timestamp.txt": time.encode() for one in PEOPLE}
        if layout == "nested":
            made = {f"{one.id}.zip": makers.zipped({f"x/{n}": d for n, d in own.items()}) for one in PEOPLE}
        path.write_bytes(makers.zipped({} if layout == "nothing" else made))
    with zipfile.ZipFile(path) as whole:
        found = {info.filename.encode("utf-8", "surrogatepass"): whole.read(info) for info in whole.infolist()}
    path.unlink()
    return found


def renamed(files: Mapping[bytes, bytes], names: Sequence[tuple[int, bytes, str]]) -> list[tuple[bytes, bytes]]:
    """Entries, some with another name; names may come twice."""
    entries = list(files.items())
    for at, name, where in names:
        if where == "start" and name.endswith(b"timestamp.txt"):
            where = "end"
        if not entries or where == "more":
            entries.append((name, b"{}"))
            continue
        old, data = entries[at % len(entries)]
        folder, slash, file = old.rpartition(b"/")
        new = {"whole": name, "end": folder + slash + name, "start": name + b"/" + file}[where]
        entries[at % len(entries)] = (new, data)
    return entries


def canary(folder: Path) -> Path:
    """A file that links of the inputs lead to: nothing may ever write through one, this file's own code neither."""
    found = folder / "canary"
    if not found.exists():
        found.write_bytes(CANARY)
    assert found.read_bytes() == CANARY
    return found


def laid(path: bytes | Path, data: bytes) -> None:
    """A new file, where nothing stands: never through a link."""
    with contextlib.suppress(OSError, ValueError):
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(made, "wb") as file:
            file.write(data)


def packed(folder: Path, kind: str, entries: Sequence[tuple[bytes, bytes]], lies: Any, how: Any, number: int) -> Path:
    """An archive, or a folder, of these entries."""
    path = folder / f"class{'' if kind == 'folder' else kind}"
    if kind == "folder":
        path.mkdir()
        for name, data in entries:
            target = os.path.join(os.fsencode(path), name.lstrip(b"/").replace(b"..", b"_"))
            with contextlib.suppress(OSError, ValueError):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if os.path.lexists(target):
                    continue
                if number % 11 == 0:
                    os.symlink(canary(folder.parent), os.fsdecode(target))
                elif number % 13 == 0:
                    os.mkfifo(target)
                else:
                    laid(target, data)
    elif kind == ".zip":
        path.write_bytes(bent(lied(zip_bytes(entries, number), lies), how))
    else:
        data = tar_bytes(entries, kind == ".tgz", number)
        path.write_bytes(bent(data, how))
    return path


def zip_bytes(entries: Sequence[tuple[bytes, bytes]], number: int) -> bytes:
    """A zip whose names may be any bytes."""
    out = io.BytesIO()
    real: list[tuple[bytes, bytes]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED) as whole:
        for at, (name, data) in enumerate(entries):
            stand_in = f"\x7f{at:04}".encode().ljust(max(5, len(name)), b"x")[:60000]
            info = zipfile.ZipInfo(stand_in.decode("ascii"))
            info.external_attr = (0o100644, 0o120777, 0o010644, 0, 0o040755)[number % 5 if number % 3 == 0 else 0] << 16
            whole.writestr(info, data)
            real.append((stand_in, name.ljust(len(stand_in), b"y")))
    made = out.getvalue()
    for stand_in, name in real:
        made = made.replace(stand_in, name)
    return made


def tar_bytes(entries: Sequence[tuple[bytes, bytes]], zipped: bool, number: int) -> bytes:
    """A tar whose headers may lie."""
    out = io.BytesIO()
    forms = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)
    with tarfile.open(fileobj=out, mode="w:gz" if zipped else "w", format=forms[number % 3]) as whole:
        for at, (name, data) in enumerate(entries):
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.size = len(data)
            if number % 7 == at:
                info.type = (
                    tarfile.SYMTYPE,
                    tarfile.LNKTYPE,
                    tarfile.FIFOTYPE,
                    tarfile.CHRTYPE,
                    tarfile.GNUTYPE_SPARSE,
                    b"g",
                    b"Z",
                )[number % 6]
                info.linkname = "/etc/passwd"
            if number % 19 == 0:
                info.pax_headers = {
                    "size": "9" * 20,
                    "path": "\ud800" if number % 2 else "x",
                    "GNU.sparse.map": "1,2,3",
                }
            with contextlib.suppress(ValueError, UnicodeError, struct.error):  # the writer's own bounds
                whole.addfile(info, io.BytesIO(data))
    made = bytearray(out.getvalue())
    if not zipped and number % 4 == 0 and len(made) > 512:  # a size that lies, its checksum right
        made[124:136] = (b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-0000000001\0", b"           \0")[
            number % 5
        ]
        made[148:156] = b" " * 8
        made[148:156] = b"%06o\0 " % sum(made[:512])
    return bytes(made)


def read_archive(host: Host, drawn: Any) -> str:
    layout, kind, names, lies, how, yaml, time, number = drawn
    folder = host.scratch / "in"
    shutil.rmtree(folder, ignore_errors=True)
    for made in ("submitted", "submitted-earlier"):
        shutil.rmtree(host.course.root / made, ignore_errors=True)
    folder.mkdir(parents=True)
    entries = renamed(class_files(layout, folder, host.files, time, yaml), names)
    try:
        if kind == "tree":
            files = dict(_safe(entries))
            found = layouts.read(Tree({n: lambda d=d: d for n, d in files.items()}), host.course, host.assignment, {})
            return f"read as {found.system}"
        path = packed(folder, kind, entries, lies, how, number)
        if number % 3 == 0 and path.is_file():
            for read in archive.inside(path.read_bytes(), path.name, collect.of_submission(Limits())).files.values():
                with contextlib.suppress(Refused):
                    read()
        done = collect.collect(host.course, host.assignment, [path])
        for line in (*done.strangers, *done.notes):
            printed(line)
        for student in done.taken:
            handed_in = submission.read_submission(host.course.submitted(host.assignment.name, student), student)
            printed("".join([*handed_in.files, *map(str, handed_in.problems)]))
        return "collected" if done.taken else "nobody's"
    except (CourseError, Refused) as error:
        printed(str(error))
        return type(error).__name__


def _safe(entries: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[str, bytes]]:
    for name, data in entries:
        with contextlib.suppress(Refused):
            if safe := archive.safe_name(name.decode("utf-8", "replace")):
                yield safe, data


# ---- one student's folder, and times ------------------------------------------------------------

FOLDER = st.tuples(
    st.lists(st.sampled_from(RAW_NAMES) | st.binary(min_size=1, max_size=60), max_size=5),
    st.sampled_from(["file"] * 6 + ["link", "pipe", "folder", "shut"] + ["zip"] * 6),
    st.sampled_from([b"\xff\xfe\0", b"\xef\xbb\xbf2026-11-05 12:00:00", b"\n\n", b"9" * 300, *(text.encode("utf-8", "replace") for text in TIMES)]),
    LIES,
    BYTES,
    st.integers(0, 2**20),
)  # fmt: skip


def read_folder(host: Host, drawn: Any) -> str:
    names, kind, stamp, lies, how, form = drawn
    folder = host.scratch / "one"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if kind == "zip":  # the same names, in a zip
        entries = [*((name, name) for name in names), *((name.encode(), data) for name, data in host.files.items())]
        laid(folder / "hw4-submission.zip", bent(lied(zip_bytes(entries, form), lies), how))
        names = names[:2]
    for number, name in enumerate(names):
        path = os.path.join(os.fsencode(folder), name.strip(b"/").replace(b"..", b"_"))
        with contextlib.suppress(OSError, ValueError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(path):
                continue
            if number == 0 and kind in ("link", "pipe", "folder"):
                lead = os.fsencode(canary(host.scratch))
                {"link": lambda p, lead=lead: os.symlink(lead, p), "pipe": os.mkfifo, "folder": os.mkdir}[kind](path)
            else:
                laid(path, name)
    laid(folder / "timestamp.txt", stamp)
    canary(host.scratch)
    before = sorted(os.listdir(host.scratch))
    handed_in = submission.read_submission(folder, "fuzz")
    canary(host.scratch)
    assert sorted(os.listdir(host.scratch)) == before
    assert handed_in.digest
    for name in handed_in.files:
        printed(name)
        assert name.isprintable() and all(0 < len(part.encode()) <= 200 for part in name.split("/"))
    for problem in handed_in.problems:
        printed(str(problem))
    for name in handed_in.files:  # they can be written out: no file's name is another one's folder
        parts = name.split("/")
        assert not {"/".join(parts[:count]) for count in range(1, len(parts))} & handed_in.files.keys()
    stamps.shown_again(handed_in.timestamp, "Asia/Bangkok")
    opened = "opened, " if handed_in.as_it_came else ""
    return opened + (handed_in.problems[0].kind if handed_in.problems else "whole")


def read_time(host: Host, drawn: Any) -> str:
    one, other, how, more, form = drawn
    text = [
        one,
        other,
        one[:10] + other[10:],
        f"{one} {other}",
        more,
        one[: how[1] % 30] + more,
        other.replace(":", more[:3]),
    ][form % 7]
    data = bent(text.encode("utf-8", "surrogatepass"), how)
    problems: list[FileProblem] = []
    stamp = submission._stamp(data, problems)
    for problem in problems:
        printed(str(problem))
    found = []
    for written in (data.decode("utf-8", "replace"), stamp):
        for due in (False, True):
            try:
                found.append(stamps.moment(written, "Asia/Bangkok", due=due))
            except stamps.Unreadable as why:
                printed(str(why))
    for moment in found:
        assert moment.tzinfo is None
        Late("daily").days("fuzz", moment, datetime(2026, 11, 10), "Asia/Bangkok")
    return f"{len(found)} times"


# ---- what the instructor gives ------------------------------------------------------------------

TABLE = st.tuples(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), STRANGE_TEXT), max_size=3),
    st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp874"]),
    st.sampled_from([",", ",", ",", ",", ";", "\t"]),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.sampled_from(["as it is"] * 5 + ["bare", "no lines", "twice", "short", "long", "quote"]),
    BYTES,
)  # fmt: skip


def table_bytes(rows: Sequence[Sequence[str]], drawn: Any) -> bytes:
    """A table with cells changed, as CSV."""
    changes, encoding, delimiter, end, shape, how = drawn
    cells = [list(row) for row in rows]
    for line, column, text in changes:
        row = cells[line % len(cells)]
        row[column % len(row)] = text
    if shape == "no lines":
        cells = cells[:1]
    elif shape == "twice":
        cells += cells[1:]
    elif shape == "short":
        cells = [row[: 1 + n] for n, row in enumerate(cells)]
    elif shape == "long":
        cells[-1] += ["", "x"]
    out = io.StringIO(newline="")
    if shape == "bare":  # without any quotes
        out.write(end.join(delimiter.join(row) for row in cells))
    else:
        csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(cells)
    text = out.getvalue() + ('"' if shape == "quote" else "")
    return bent(text.encode(encoding, "replace"), how)


def read_roster(host: Host, drawn: Any) -> str:
    path = host.course.root / "roster.csv"
    with makers.roster(host.scratch / "roster.csv", PEOPLE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    before = path.read_bytes()
    path.write_bytes(table_bytes(rows, drawn))
    try:
        found = roster.load_roster(host.course)
        for person in found.people:
            printed(person.id)
            assert roster.usable_id(person.id) and len(person.id.encode()) <= 255
        for one in PEOPLE:
            found.find({"email": one.email, "name": f"{one.first} {one.last}", "canvas_id": str(100 + one.number)})
        return f"{min(len(found.people), 4)} people"
    except CourseError as error:
        printed(str(error))
        return "CourseError"
    finally:
        path.write_bytes(before)


def read_worksheet(host: Host, drawn: Any) -> str:
    path = makers.moodle_worksheet(
        host.scratch / "sheet.csv", [(one, "Thursday, 5 November 2026, 11:59 PM") for one in PEOPLE]
    )
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    path.write_bytes(table_bytes(rows, drawn))
    try:
        found = worksheet.moodle(path)
        people = found.people
        for line in people.values():
            stamps.shown_again(line.time, "Asia/Bangkok")
        with contextlib.suppress(CourseError):
            worksheet.canvas(path)
        return f"{min(len(people), 4)} lines"
    except CourseError as error:
        printed(str(error))
        return "CourseError"


SHEET = st.tuples(CHANGES, st.lists(st.tuples(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.sampled_from(RAW_JSON)), max_size=1),
                  BYTES, st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))  # fmt: skip


def read_sheet(host: Host, drawn: Any) -> str:
    changes, raws, how, encoding = drawn
    mark = {"score": 1.0, "extra": None, "comment": "ดี", "waits": False, "answer": "abc"}
    data = changed({"marks": {"T1": mark, "T2": mark}, "heard": {"T1": "abc"}, "earlier": [["T1", mark]]}, changes)
    text = with_raw(data, raws)
    path = manual_marks.sheet_file(host.course, host.assignment.name, "fuzz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bent(text.encode(encoding, "replace"), how))
    try:
        found = manual_marks.load_sheet(host.course, host.assignment.name, "fuzz")
    except manual_marks.UnreadableSheet as error:
        printed(str(error))
        return "UnreadableSheet"
    assert found is not None
    manual_marks.taken_up(found, dict(found.marks), dict(found.heard))
    for given_mark in found.marks.values():
        printed(str(given_mark))
        assert np.isfinite(given_mark.points)
    manual_marks.keep_sheet(host.course, host.assignment.name, "fuzz", found)
    return "a sheet"


# family -> what is drawn, what reads it, its share of a hundred inputs
FAMILIES: Mapping[str, tuple[Any, Callable[[Host, Any], str], int]] = {
    "archives": (PACKED, read_archive, 14),
    "notebooks": (NOTEBOOK, read_notebook, 28),
    "models": (MODEL, read_model, 20),
    "folders": (FOLDER, read_folder, 8),
    "times": (TIME, read_time, 14),
    "rosters": (TABLE, read_roster, 6),
    "worksheets": (TABLE, read_worksheet, 4),
    "sheets of marks": (SHEET, read_sheet, 6),
}


def run(host: Host, family: str, count: int) -> Toll:
    """So many inputs through the readers of one family, in batches: what hypothesis remembers of them takes memory."""
    drawn_from, read, _ = FAMILIES[family]
    toll = Toll()
    for number, size in enumerate(min(BATCH, count - at) for at in range(0, count, BATCH)):

        @seed(number)
        @fuzz.settings(fuzz.SETTINGS, max_examples=size)
        @given(drawn_from)
        def check(drawn: Any) -> None:
            with bounded(toll):
                toll.count(read(host, drawn))

        check()
    return toll
