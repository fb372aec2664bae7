"""cli.py: exit codes, one-line errors that name the culprit and the next command, JSON alone on stdout."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy import BOOK, NAME, TASKS, Toy

from autograder import cli
from autograder.commands import console
from autograder.course import Course
from autograder.grading import made_up

Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]
ChangeCheck = Callable[[Course, str, str], None]
Marks = Callable[[Course], Any]


@pytest.fixture(scope="module")
def graded(toy: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = toy.copy(tmp_path_factory.mktemp("cli") / "course")
    made_up.write(course.submitted(NAME, "สมชาย ใจดี"), toy.hand_in(toy.right))
    made_up.write(course.submitted(NAME, "blank"), toy.hand_in({}))
    # nbgrader runs `alembic` by its name: the command must work without the environment on PATH
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    made_up.write(course.submitted(NAME, "late"), toy.hand_in({}))
    return course


def test_grading_works_without_the_environment_on_path_and_a_blank_submission_is_exit_code_0(graded: Course) -> None:
    assert (graded.root / "gradebook.db").is_file()
    assert (graded.state / "verdicts" / NAME / "blank.json").is_file()


def test_scores_as_json_are_json_alone_of_the_documented_shape(graded: Course, run: Run) -> None:
    done = run("autograder", "scores", NAME, "--json", "--course", graded.root)
    assert done.returncode == 0 and done.stderr == ""
    data = json.loads(done.stdout)
    assert set(data) == {"สมชาย ใจดี", "blank"}
    for tasks in data.values():
        assert set(tasks) == set(TASKS)
        for verdict in tasks.values():
            assert set(verdict) == {"score", "max_score", "status", "message", "parts", "mistake"}
            assert verdict["status"] in ("passed", "failed", "not checked", "needs grading")
            assert all(set(part) == {"name", "score", "max_score"} for part in verdict["parts"])
            assert verdict["max_score"] == 1
    right = data["สมชาย ใจดี"]
    assert right["T3"]["score"] is None and right["T3"]["status"] == "needs grading"
    assert sum(verdict["score"] or 0 for verdict in right.values()) == 2
    assert [len(right[task]["parts"]) for task in TASKS] == [2, 2, 0]


def test_scores_as_a_table_name_who_is_not_graded_yet(graded: Course, run: Run) -> None:
    done = run("autograder", "scores", NAME, "--course", graded.root)
    assert done.returncode == 0
    assert "not graded yet: late; run `autograder grade warmup`" in done.stdout
    assert any("สมชาย ใจดี" in line and line.split()[-2:] == ["2", "3"] for line in done.stdout.splitlines())
    assert "1 answer waits for a person" in done.stdout


@pytest.mark.parametrize(
    "line", [("scores",), ("report", "--quiet"), ("export", "--to", "csv", "--partial")], ids=" ".join
)
def test_who_handed_in_again_since_the_grading_is_named_wherever_marks_are_handed_on(
    graded: Course, copy_of: Copy, toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: tuple[str, ...]
) -> None:
    course = copy_of(graded, tmp_path / "course")
    said = "handed in again since the grading, with the marks of before: blank; run `autograder grade warmup`"
    command, *options = line
    arguments = [command, NAME, *options, "--course", str(course.root)]
    assert cli.main(arguments) == 0 and "handed in again" not in capsys.readouterr().out
    made_up.write(course.submitted(NAME, "blank"), toy.hand_in(toy.right))
    assert cli.main(arguments) == 0 and said in capsys.readouterr().out


def test_grade_says_what_to_do_next(graded: Course, run: Run) -> None:
    done = run("autograder", "grade", NAME, "blank", "--course", graded.root)
    assert done.returncode == 0
    assert "next: `autograder report warmup`" in done.stdout


def test_release_says_what_it_made_and_what_to_do_next(toy_scratch: Course, run: Run) -> None:
    done = run("autograder", "release", NAME, "--course", toy_scratch.root)
    assert done.returncode == 0, done.stderr
    assert f"released: {toy_scratch.release(NAME)}" in done.stdout
    assert "warmup.zip" in done.stdout and "autograder grade warmup" in done.stdout
    assert (toy_scratch.root / "release" / f"{NAME}.zip").is_file()


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
        (["scores", "hw9"], ["unknown assignment 'hw9'", NAME]),
        (["grade", NAME, "nobody"], ["no such submission of 'nobody'", "submitted/nobody/warmup"]),
        (["scores", NAME], ["no submissions of warmup", "submitted/STUDENT/warmup/"]),
        (["grade", NAME], ["no submissions of warmup", "submitted/STUDENT/warmup/"]),
        (["grade"], ["Missing argument 'assignment'; `autograder grade --help`"]),
        (["export", NAME], ["Missing option '--to'; `autograder export --help`"]),
        (["scores", NAME, "--jsn"], ["--jsn", "autograder scores --help"]),
        (["grade", NAME, "--jobs", "0"], ["--jobs", "autograder grade --help"]),
        (["marks"], ["marks", "autograder --help"]),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_1(
    toy_scratch: Course, capsys: pytest.CaptureFixture[str], line: list[str], said: list[str]
) -> None:
    at = ["--course", str(toy_scratch.root)] if len(line) > 1 else []
    code, text = errors([*line, *at], capsys)
    assert code == 1
    assert text.startswith("error: ")
    assert all(words in text for words in said), text


def test_no_line_of_the_help_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for line in ([], *([name] for name in cli.NAMES)):
        assert cli.main([*line, "--help"]) == 0
        said = capsys.readouterr().out
        assert said.startswith("Usage: ")
        said = said.partition("\n")[2]  # behind the line of usage
        assert not re.search(r"[.]{3}$", said, re.MULTILINE) and max(map(len, said.splitlines())) <= 80, said


def test_a_terminal_of_another_alphabet_shows_the_marks(graded: Course, run: Run) -> None:
    env = {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "PATH": "/usr/bin:/bin"}
    done = run("autograder", "scores", NAME, "--course", graded.root, env=env)
    assert done.returncode == 0 and done.stdout.isascii() and "\x1b" not in done.stdout and "blank" in done.stdout


def test_a_folder_that_is_no_course_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = errors(["scores", NAME, "--course", str(tmp_path)], capsys)
    assert code == 1
    assert f"{tmp_path}/course_config.py" in text.replace(" ", "") and "--course DIR" in text


def test_a_missing_release_is_told_with_the_command_that_makes_it(toy_scratch: Course, toy: Toy, run: Run) -> None:
    made_up.write(toy_scratch.submitted(NAME, "x"), toy.hand_in({}))
    (toy_scratch.release(NAME) / BOOK).unlink()
    done = run("autograder", "grade", NAME, "--course", toy_scratch.root)
    assert done.returncode == 1
    assert "run `autograder release warmup`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_leak_in_the_source_is_an_error_of_the_user(toy_scratch: Course, run: Run) -> None:
    (toy_scratch.source(NAME) / "answers.docx").write_bytes(b"x")
    done = run("autograder", "release", NAME, "--course", toy_scratch.root)
    assert done.returncode == 1
    assert "answers.docx: a stray file" in done.stderr and "nothing changed" in done.stderr


def test_a_bug_of_ours_is_exit_code_3_with_a_traceback(
    toy_scratch: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(root: Path) -> Course:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(console, "load_course", broken)
    assert cli.main(["scores", NAME, "--course", str(toy_scratch.root)]) == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError: ours" in said and "please report" in said


def test_an_interrupt_keeps_what_is_graded_and_says_so(
    toy_scratch: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(root: Path) -> Course:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "load_course", interrupted)
    assert cli.main(["scores", NAME, "--course", str(toy_scratch.root)]) == 130
    assert "run the same command again" in capsys.readouterr().err


CRASHING_CHECK = """def changed(context):
    assert context.answers.get(0, "columns") is None, "ours"
    return T1(context)"""


def test_a_check_that_crashes_is_told_and_spares_the_others(
    graded: Course, copy_of: Copy, run: Run, change_check: ChangeCheck, gradebook_of: Marks, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    change_check(course, "T1", CRASHING_CHECK)
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert done.returncode == 1
    place = r"autograder/assignments/warmup/checks\.py:\d+"
    told = rf"สมชาย ใจดี: T1: not judged, {place}: AssertionError: ours; mark it by hand"
    assert re.search(told, done.stdout), done.stdout
    assert "1 not graded, or not whole (สมชาย ใจดี" in done.stderr
    assert (course.state / "verdicts" / NAME / "late.json").is_file()
    kept = json.loads((course.state / "verdicts" / NAME / "สมชาย ใจดี.json").read_text())["verdicts"]["T1"]
    assert (kept["status"], kept["score"]) == ("not checked", None)
    assert re.fullmatch(rf"{place}: AssertionError: ours", kept["fault"])
    assert gradebook_of(course)["สมชาย ใจดี"]["T1"][2], "a person is asked for it"


def test_grading_without_the_sandbox_says_so_everywhere(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    done = run("autograder", "grade", NAME, "late", "--course", course.root, "--unsafe-no-sandbox", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "submitted code can do what you can do" in done.stderr
    assert "late: made without a sandbox" in done.stdout
    kept = json.loads((course.state / "verdicts" / NAME / "late.json").read_text())
    assert kept["unsafe"] is True and "made without a sandbox" in kept["notes"]
    again = run("autograder", "grade", NAME, "late", "--course", course.root, "--jobs", 1)
    assert "grading 1 of 1" in again.stdout
    assert json.loads((course.state / "verdicts" / NAME / "late.json").read_text())["unsafe"] is False
