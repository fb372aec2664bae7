"""cli.py: exit codes, one-line errors that name the culprit and the next command, JSON alone on stdout."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import cli
from autograder.commands import console
from autograder.course import Course
from autograder.grading import made_up

TASKS = {f"T{number}" for number in range(1, 13)}
Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]
HandIn = Callable[..., dict[str, bytes]]
ChangeCheck = Callable[[Course, str, str], None]
Marks = Callable[[Course], Any]


@pytest.fixture(scope="module")
def graded(repo: Course, hand_in: HandIn, right: dict[str, str], run: Run,
           tmp_path_factory: pytest.TempPathFactory) -> Course:  # fmt: skip
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("cli") / "course")
    made_up.write(course.submitted("hw4", "สมชาย ใจดี"), hand_in(right))
    made_up.write(course.submitted("hw4", "blank"), hand_in({}, weights=None))
    # nbgrader runs `alembic` by its name: the command must work without the environment on PATH
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    made_up.write(course.submitted("hw4", "late"), hand_in({}, weights=None))
    return course


def test_grading_works_without_the_environment_on_path_and_a_blank_submission_is_exit_code_0(graded: Course) -> None:
    assert (graded.root / "gradebook.db").is_file()
    assert (graded.state / "verdicts" / "hw4" / "blank.json").is_file()


def test_scores_as_json_are_json_alone_of_the_documented_shape(graded: Course, run: Run) -> None:
    done = run("autograder", "scores", "hw4", "--json", "--course", graded.root)
    assert done.returncode == 0 and done.stderr == ""
    data = json.loads(done.stdout)
    assert set(data) == {"สมชาย ใจดี", "blank"}
    for tasks in data.values():
        assert set(tasks) == TASKS
        for verdict in tasks.values():
            assert set(verdict) == {"score", "max_score", "status", "message", "parts", "mistake"}
            assert verdict["status"] in ("passed", "failed", "not checked", "needs grading")
            assert all(set(part) == {"name", "score", "max_score"} for part in verdict["parts"])
            assert verdict["max_score"] == 1
    right = data["สมชาย ใจดี"]
    assert right["T4"]["score"] is None and right["T4"]["status"] == "needs grading"
    assert sum(verdict["score"] or 0 for verdict in right.values()) == 11
    assert sum(len(right[task]["parts"]) for task in ("T5", "T6", "T7")) == 9


def test_scores_as_a_table_name_who_is_not_graded_yet(graded: Course, run: Run) -> None:
    done = run("autograder", "scores", "hw4", "--course", graded.root)
    assert done.returncode == 0
    assert "not graded yet: late; run `autograder grade hw4`" in done.stdout
    assert any("สมชาย ใจดี" in line and line.split()[-2:] == ["11", "12"] for line in done.stdout.splitlines())
    assert "wait for a person" in done.stdout


def test_grade_says_the_dataset_in_use_and_what_to_do_next(graded: Course, run: Run) -> None:
    done = run("autograder", "grade", "hw4", "blank", "--course", graded.root)
    assert done.returncode == 0
    assert "dataset sample" in done.stdout
    assert "next: `autograder report hw4`" in done.stdout


def test_release_says_what_it_made_and_what_to_do_next(scratch: Course, run: Run) -> None:
    done = run("autograder", "release", "hw4", "--course", scratch.root)
    assert done.returncode == 0, done.stderr
    assert f"released: {scratch.release('hw4')}" in done.stdout
    assert "hw4.zip" in done.stdout and "autograder grade hw4" in done.stdout
    assert (scratch.root / "release" / "hw4.zip").is_file()


def errors(line: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.main(line)
    said = capsys.readouterr()
    assert said.out == "", said.out
    assert "Traceback" not in said.err
    text = " ".join(said.err.split())
    return code, text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["scores", "hw9"], ["unknown assignment 'hw9'", "hw4"]),
        (["grade", "hw4", "nobody"], ["no such submission of 'nobody'", "submitted/nobody/hw4"]),
        (["scores", "hw4"], ["no submissions of hw4", "submitted/STUDENT/hw4/"]),
        (["grade", "hw4"], ["no submissions of hw4", "submitted/STUDENT/hw4/"]),
        (["grade"], ["assignment", "autograder --help"]),
        (["scores", "hw4", "--jsn"], ["--jsn", "autograder --help"]),
        (["grade", "hw4", "--jobs", "0"], ["--jobs", "autograder --help"]),
        (["marks"], ["marks", "autograder --help"]),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_1(
    scratch: Course, capsys: pytest.CaptureFixture[str], line: list[str], said: list[str]
) -> None:
    at = ["--course", str(scratch.root)] if len(line) > 1 else []
    code, text = errors([*line, *at], capsys)
    assert code == 1
    assert text.startswith("error: ")
    assert all(words in text for words in said), text


def test_a_folder_that_is_no_course_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = errors(["scores", "hw4", "--course", str(tmp_path)], capsys)
    assert code == 1
    assert f"{tmp_path}/course_config.py" in text.replace(" ", "") and "--course DIR" in text


def test_a_missing_release_is_told_with_the_command_that_makes_it(scratch: Course, run: Run, hand_in: HandIn) -> None:
    made_up.write(scratch.submitted("hw4", "x"), hand_in({}, weights=None))
    (scratch.release("hw4") / "1-basics.ipynb").unlink()
    done = run("autograder", "grade", "hw4", "--course", scratch.root)
    assert done.returncode == 1
    assert "run `autograder release hw4`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_leak_in_the_source_is_an_error_of_the_user(scratch: Course, run: Run) -> None:
    (scratch.source("hw4") / "answers.docx").write_bytes(b"x")
    done = run("autograder", "release", "hw4", "--course", scratch.root)
    assert done.returncode == 1
    assert "answers.docx: a stray file" in done.stderr and "nothing changed" in done.stderr


def test_a_bug_of_ours_is_exit_code_3_with_a_traceback(
    scratch: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(root: Path) -> Course:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(console, "load_course", broken)
    assert cli.main(["scores", "hw4", "--course", str(scratch.root)]) == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError: ours" in said and "please report" in said


def test_an_interrupt_keeps_what_is_graded_and_says_so(
    scratch: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(root: Path) -> Course:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "load_course", interrupted)
    assert cli.main(["scores", "hw4", "--course", str(scratch.root)]) == 130
    assert "run the same command again" in capsys.readouterr().err


CRASHING_CHECK = """def changed(context):
    assert not isinstance(context.model, tuple), "ours"
    return T12(context)"""


def test_a_check_that_crashes_is_told_and_spares_the_others(
    graded: Course, copy_of: Copy, run: Run, change_check: ChangeCheck, gradebook_of: Marks, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    change_check(course, "T12", CRASHING_CHECK)
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1)
    assert done.returncode == 1
    place = r"autograder/assignments/hw4/checks/__init__\.py:\d+"
    told = rf"สมชาย ใจดี: T12: not judged, {place}: AssertionError: ours; mark it by hand"
    assert re.search(told, done.stdout), done.stdout
    assert "1 not graded, or not whole (สมชาย ใจดี" in done.stderr
    assert (course.state / "verdicts" / "hw4" / "late.json").is_file()
    kept = json.loads((course.state / "verdicts" / "hw4" / "สมชาย ใจดี.json").read_text())["verdicts"]["T12"]
    assert (kept["status"], kept["score"]) == ("not checked", None)
    assert re.fullmatch(rf"{place}: AssertionError: ours", kept["fault"])
    assert gradebook_of(course)["สมชาย ใจดี"]["T12"][2], "a person is asked for it"


def test_a_flag_is_told_once_by_grade_and_stays_with_the_scores(
    graded: Course, copy_of: Copy, run: Run, hand_in: HandIn, right: dict[str, str], tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    shy = "class Shy(TwoLayerNet):\n    seen = []\n    def predict(self, X):\n        self.seen.append(1)\n"
    shy += "        return super().predict(X) if len(self.seen) < 3 else []"
    net = np.load(io.BytesIO(hand_in(right)["best_net.npz"]))
    params = {name: net[name] for name in ("W1", "b1", "W2", "b2")}
    files = hand_in(right, extra=(shy,), weights=made_up.model_file(params, "Shy"))
    made_up.write(course.submitted("hw4", "shy"), files)
    done = run("autograder", "grade", "hw4", "shy", "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "shy: T12: flagged 'unanswered': the model answers for the published pictures" in done.stdout
    shown = run("autograder", "scores", "hw4", "--course", course.root)
    assert (
        "flagged, the marks stand until you look (SECURITY.md says what it means): shy T12 (unanswered)" in shown.stdout
    )
    told = json.loads(run("autograder", "scores", "hw4", "--json", "--course", course.root).stdout)
    assert told["shy"]["T12"]["score"] == 1 and "flag" not in told["shy"]["T12"]
    kept = json.loads((course.state / "verdicts" / "hw4" / "shy.json").read_text())
    assert kept["verdicts"]["T12"]["flag"] == "unanswered"


def test_grading_without_the_sandbox_says_so_everywhere(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    done = run("autograder", "grade", "hw4", "late", "--course", course.root, "--unsafe-no-sandbox", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "submitted code can do what you can do" in done.stderr
    assert "late: made without a sandbox" in done.stdout
    kept = json.loads((course.state / "verdicts" / "hw4" / "late.json").read_text())
    assert kept["unsafe"] is True and "made without a sandbox" in kept["notes"]
    again = run("autograder", "grade", "hw4", "late", "--course", course.root, "--jobs", 1)
    assert "grading 1 of 1" in again.stdout
    assert json.loads((course.state / "verdicts" / "hw4" / "late.json").read_text())["unsafe"] is False


def test_the_demo_shows_the_whole_loop(run: Run, tmp_path: Path) -> None:
    done = run("autograder", "demo", "--into", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.split()[-1:] == ["12"]}
    assert len(rows) >= 12
    totals = {name: row[-2] for name, row in rows.items()}
    assert totals["anong"] == "11" and totals["blank"] == "0" and totals["สมชาย"] == "11"
    assert totals["duplicate"] == "11" and totals["crash"] == "11" and totals["no-weights"] == "10"
    assert totals["endless"] == "10"
    assert "next, in that folder" in done.stdout and str(tmp_path / "demo") in done.stdout
    assert f"open {tmp_path / 'demo'}/reports/hw4/index.html in a browser" in done.stdout
    assert (tmp_path / "demo/reports/hw4/index.html").is_file()
    assert len(list((tmp_path / "demo/feedback").glob("*/hw4/feedback.html"))) == len(rows)
    full = run("autograder", "demo", "--into", tmp_path / "demo")
    assert full.returncode == 1 and "not empty" in full.stderr
