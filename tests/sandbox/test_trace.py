"""--trace: one grading written down, and a fault found in its timeline alone, as CONTRIBUTING.md says."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import cli
from autograder.course import Course, load_course
from autograder.grading import calibration, made_up

NAME, RIGHT = "hw5", "right"
LIMITS = """    limits=Limits(cell_seconds=1, question_seconds=1, check_seconds=1, probe_seconds=3, reference_times=1),
"""
ANSWERS = {
    RIGHT: "",
    "endless-cell": "\nwhile True:\n    pass",
    "endless-function": "\ndef column_means(X):\n    while True:\n        pass",
    "ends-the-process": "\nimport os\nos._exit(1)",
    "huge-values": "\ndef column_means(X):\n    return X.mean(axis=0) - 1e9",
}
MEANS = 'student.function("column_means")(case["X"])'
PROBES = {
    "good": f'    yield "means", lambda: {MEANS}\n',
    "body-is-endless": f'    while True:\n        pass\n    yield "means", lambda: {MEANS}\n',
    "question-is-endless": '    def means():\n        while True:\n            pass\n    yield "means", means\n',
    "body-raises": f'    1 / 0\n    yield "means", lambda: {MEANS}\n',
    "raises-on-some": f'    if {MEANS}[0] < -1e6:\n        1 / 0\n    yield "means", lambda: {MEANS}\n',
    "writes": f'    import sys\n    print("the probe was here", file=sys.stderr)\n    yield "means", lambda: {MEANS}\n',
}


def run(*line: str | Path) -> int:
    return cli.main([str(word) for word in line])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """What `autograder new` makes, released, with a few submissions. Only read."""
    root = tmp_path_factory.mktemp("trace") / "course"
    root.mkdir()
    assert run("new", NAME, "--course", root) == 0
    config = root / "course_config.py"
    text = config.read_text(encoding="utf-8").replace("Course, Task", "Course, Limits, Task")
    config.write_text(text.replace("    tasks=(", f"{LIMITS}    tasks=(", 1), encoding="utf-8")
    assert run("release", NAME, "--course", root) == 0
    course = load_course(root)
    answers = made_up.answers(course, course.assignment(NAME))
    for student, more in ANSWERS.items():
        files = made_up.hand_in(course, course.assignment(NAME), {**answers, "T1": answers["T1"] + more})
        made_up.write(course.submitted(NAME, student), files)
    return course


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    """A copy that a test may change."""
    shutil.copytree(made.root, tmp_path / "course")
    return load_course(tmp_path / "course")


def traced(course: Course, student: str = RIGHT) -> tuple[int, Path]:
    """Grade one student with --trace -> (exit code, the folder)."""
    folder = course.root.parent / "trace"
    return run("grade", NAME, student, "--trace", folder, "-q", "--course", course.root), folder


def plant(course: Course, probe: str) -> None:
    path = course.part("probes", NAME)
    path.write_text(f'"""Probes."""\n\n\ndef T1(student, case):\n{PROBES[probe]}', encoding="utf-8")


def timeline(folder: Path) -> list[str]:
    """The lines without their times."""
    lines = (folder / "timeline.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.match(r" *\d+\.\d{3} s  \S", line) for line in lines)
    times = [float(line.split(" s  ")[0]) for line in lines]
    assert times == sorted(times)
    return [line.split(" s  ", 1)[1] for line in lines]


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r": \d+\.\d{3} s(, \d+\.\d{3} s of CPU at the most)?", "", line) for line in lines]


# ---- what it holds ------------------------------------------------------------------------------


def test_the_timeline_has_the_states_each_cell_and_each_question(course: Course, capsys: Any) -> None:
    code, folder = traced(course)
    assert code == 0 and f"trace: {folder}/timeline.txt and more" in capsys.readouterr().out.replace("\n", "")
    lines = timeline(folder)
    ran = ["box opened", "cell setup", "cell T1-answer", "cell T1", "probe T1", "box closed; the guest says 'done '"]
    assert without_times(lines)[0].startswith("first the reference")
    assert without_times(lines)[1].startswith("zygote started, with limits Limits(")
    assert without_times(lines)[2:] == [*ran, "now the submission", *ran]
    steps = [line for line in lines if line.startswith(("cell ", "probe "))]
    assert all(re.fullmatch(r"\w+ [\w-]+: \d+\.\d{3} s, \d+\.\d{3} s of CPU at the most", line) for line in steps)


def test_the_frames_are_there_in_order_and_their_arrays_beside_them(course: Course) -> None:
    _, folder = traced(course)
    frames = [json.loads(line) for line in (folder / "frames.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [frame["number"] for frame in frames] == list(range(1, len(frames) + 1))
    assert [frame["way"] for frame in frames] == ["sent", "received"] * (len(frames) // 2)
    assert [f["header"]["do"] for f in frames if f["way"] == "sent"] == ["cell", "cell", "cell", "probe"] * 2
    with_arrays = {frame["number"]: frame["arrays"] for frame in frames if frame["arrays"]}
    assert {int(path.stem) for path in (folder / "frames").iterdir()} == set(with_arrays)
    for number, about in with_arrays.items():
        with np.load(folder / "frames" / f"{number:04d}.npz", allow_pickle=False) as stored:
            assert [f"{value.dtype}{list(value.shape)}" for value in stored.values()] == list(about.values())
    asked, answered = frames[-2], frames[-1]
    assert list(asked["arrays"]) == ["0/X", "1/X"] and list(answered["arrays"]) == ["0/means", "1/means"]
    with np.load(folder / "frames" / f"{asked['number']:04d}.npz") as sent:
        hidden = sent["0"]
    with np.load(folder / "frames" / f"{answered['number']:04d}.npz") as got:
        np.testing.assert_allclose(got["0"], hidden.mean(axis=0))


def test_what_was_decided_stands_there_with_its_rule_and_its_seed(course: Course) -> None:
    _, folder = traced(course)
    decided = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert list(decided) == ["T1", "T2"]
    assert decided["T1"]["status"] == "passed" and decided["T1"]["rule"] == "every part is right"
    kept = json.loads((course.state / "verdicts" / NAME / f"{RIGHT}.json").read_text(encoding="utf-8"))
    assert decided["T1"].pop("seed") == kept["seeds"]["T1"] and decided["T2"].pop("seed") is None
    assert decided == kept["verdicts"]


def test_what_a_probe_writes_on_stderr_is_kept(course: Course) -> None:
    plant(course, "writes")
    _, folder = traced(course)
    assert "the probe was here" in (folder / "stderr.txt").read_text(encoding="utf-8")


def test_the_folder_is_for_its_owner_alone_and_holds_nothing_else(course: Course) -> None:
    _, folder = traced(course)
    assert {path.name for path in folder.iterdir()} == {
        "timeline.txt", "frames.jsonl", "frames", "stderr.txt", "verdicts.json"
    }  # fmt: skip
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.proof
def test_the_marks_are_those_that_a_grading_without_it_gives(
    course: Course, gradebook_of: Callable[..., Any], tmp_path: Path
) -> None:
    assert run("grade", NAME, RIGHT, "endless-cell", "--jobs", 1, "-q", "--course", course.root) == 0
    before, marks = verdicts(course), gradebook_of(course)
    for number, student in enumerate((RIGHT, "endless-cell")):
        assert run("grade", NAME, student, "--trace", tmp_path / str(number), "-q", "--course", course.root) == 0
    assert verdicts(course) == before and gradebook_of(course) == marks


def verdicts(course: Course) -> dict[str, Any]:
    """The verdict files, without the time that it took, and what a busy machine is allowed."""
    files, left_out = (course.state / "verdicts" / NAME).iterdir(), {"seconds": 0, "stretch": 1}
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) | left_out for path in files}


# ---- what is refused ----------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_left_as_it_is(course: Course, capsys: Any) -> None:
    folder = course.root.parent / "trace"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    code, _ = traced(course)
    assert code == 1 and "not an empty folder; name a new one" in capsys.readouterr().err.replace("\n", " ")
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(course: Course, capsys: Any) -> None:
    (course.root.parent / "trace").write_text("mine")
    assert traced(course)[0] == 1
    assert "not an empty folder" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("more", [(), (RIGHT, "endless-cell"), (RIGHT, "--cluster", "tcp://localhost:1")])
def test_it_takes_one_student_and_this_machine(course: Course, more: tuple[str, ...], capsys: Any) -> None:
    folder = course.root.parent / "trace"
    assert run("grade", NAME, *more, "--trace", folder, "--course", course.root) == 1
    assert "it takes one student, and this machine" in capsys.readouterr().err.replace("\n", " ")
    assert not folder.exists()


# ---- a planted fault ----------------------------------------------------------------------------


def culprit(lines: list[str]) -> tuple[str, str]:
    """Who is at fault, and where, by the rules of CONTRIBUTING.md, from the timeline alone."""
    at = lines.index("now the submission") if "now the submission" in lines else len(lines)
    for number, line in enumerate(lines):
        step = re.match(r"(cell|probe) ([\w-]+): ", line)
        where = re.search(r"'cell': '([^']*)'", line)
        if step is None or not re.search("lost|fault: |error", line):
            continue
        if number < at:
            return "author", f"{step[1]} {step[2]}, with the reference"
        if "fault: " in line:
            return "author", f"{step[1]} {step[2]}, on this submission"
        return "student", f"cell {where[1]}" if where and where[1] else f"{step[1]} {step[2]}"
    return "nobody", ""


@pytest.mark.parametrize(
    ("probe", "student", "found"),
    [
        ("good", RIGHT, ("nobody", "")),
        ("body-raises", RIGHT, ("author", "probe T1, with the reference")),
        ("raises-on-some", RIGHT, ("nobody", "")),
        ("raises-on-some", "huge-values", ("author", "probe T1, on this submission")),
        ("good", "endless-cell", ("student", "cell T1-answer")),
        pytest.param("good", "endless-function", ("student", "cell T1-answer"), marks=pytest.mark.proof),
        pytest.param("good", "ends-the-process", ("student", "cell T1-answer"), marks=pytest.mark.proof),
    ],
)
def test_a_fault_is_told_apart_by_the_timeline_alone(
    course: Course, probe: str, student: str, found: tuple[str, str]
) -> None:
    plant(course, probe)
    _, folder = traced(course, student)
    assert culprit(timeline(folder)) == found


def test_a_probe_that_hangs_is_told_by_a_lost_question_without_a_name(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "AMPLE", 2.0)
    plant(course, "body-is-endless")
    code, folder = traced(course)
    lines = timeline(folder)
    assert code == 1 and culprit(lines) == ("author", "probe T1, with the reference")
    lost = lines.index("probe T1: lost (time)")
    assert lines[lost + 1] == "box closed; the guest says 'done '" and "now the submission" not in lines
    last = json.loads((folder / "frames.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["way"], last["header"]["do"], last["header"]["probe"]) == ("sent", "probe", "T1")
    assert not (folder / "verdicts.json").exists()  # nothing was decided


def test_a_question_that_never_ends_stretches_no_limits(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """It is the author's slip, and named; before, every submission got limits of that measure."""
    monkeypatch.setattr(calibration, "AMPLE", 2.0)
    plant(course, "question-is-endless")
    code, folder = traced(course)
    said = capsys.readouterr().err.replace("\n", " ")
    assert code == 1 and "probes.py" in said and "with the reference" in said
    lines = timeline(folder)
    assert culprit(lines) == ("author", "probe T1, with the reference") and "now the submission" not in lines
