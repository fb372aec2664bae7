"""diagnoses.py: each thing that grading needs, whole and broken; the container's recipe against CI's."""

import functools
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from toy import BOOK, NAME, Toy

from autograder import cli
from autograder.commands import diagnoses, folder_diagnoses, wall_diagnoses
from autograder.course import Course, load_course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.releasing import new_assignment
from autograder.sandbox import cgroups, walls
from autograder.sandbox.guest import memory

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


@pytest.fixture(autouse=True, scope="module")
def ask_jupyter_once() -> Iterator[None]:
    """In this process: it imports all extensions, for seconds. A command of its own asks anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnoses, "jupyter", functools.cache(diagnoses.jupyter))
        yield


def test_a_whole_course_passes_and_an_unreadable_gradebook_does_not(
    toy_scratch: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    ended = cli.main(["doctor", "--course", str(toy_scratch.root)])
    whole = capsys.readouterr()
    assert ended == 0, whole.out + whole.err
    for line in (
        "python",
        "packages",
        "bubblewrap",
        "jupyter",
        "course",
        "sandbox (warmup)",
        "namespaces",
        "filter",
        "watcher",
        "cgroup",
        "disk",
    ):
        assert re.search(rf"^ *ok +{re.escape(line)} ", whole.out, re.MULTILINE), line
    assert "the walls stand" in whole.out and "next: " in whole.out
    (toy_scratch.root / "gradebook.db").write_bytes(b"SQLite format 3\0 but no more")
    capsys.readouterr()
    assert cli.main(["doctor", "--course", str(toy_scratch.root)]) == 1
    said = capsys.readouterr()
    assert "mend: " in said.out and "until this is mended: gradebook" in said.err


def test_a_broken_course_is_told_with_the_line(toy_scratch: Course) -> None:
    config = toy_scratch.root / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="xx"'))
    found = list(diagnoses.examine(toy_scratch.root))[-1]
    assert not found.ok and found.stops and "language 'xx'" in found.found


def test_packages_that_are_not_those_of_the_lock_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.1 \\\n    --hash=sha256:0\nnot-there-at-all==1\nappnope==1 ; sys_platform == 'never'\n")
    found = diagnoses.packages(lock)
    assert not found.ok and not found.stops
    assert "numpy" in found.found and "instead of ==0.1" in found.found and "not-there-at-all missing" in found.found
    assert "appnope" not in found.found and str(lock) in found.mend


def test_no_lock_is_no_problem(tmp_path: Path) -> None:
    assert diagnoses.packages(tmp_path / "none").ok


def test_walls_that_do_not_stand_stop_grading(toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(walls, "bubblewrap", lambda: str(fake))
    found = diagnoses.sandbox(toy.course, toy.assignment)
    assert not found.ok and found.stops and "No permissions" in found.found and found.mend


def test_no_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise CourseError("bubblewrap is not installed")

    monkeypatch.setattr(walls, "bubblewrap", gone)
    found = diagnoses.bubblewrap()
    assert not found.ok and "apt install bubblewrap" in found.mend


def test_a_missing_release_is_told(toy_scratch: Course) -> None:
    (toy_scratch.release(NAME) / BOOK).unlink()
    assert f"lacks {BOOK}" in diagnoses.release(toy_scratch, toy_scratch.assignment(NAME)).found


def test_too_little_room_says_how_much(toy_scratch: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnoses, "FREE_MB", 10**9)
    found = diagnoses.disk(toy_scratch)
    assert not found.ok and re.search(r"free \d+ MB", found.mend)


def test_a_database_that_is_not_nbgraders_is_told(toy_scratch: Course) -> None:
    sqlite3.connect(toy_scratch.root / "gradebook.db").execute("CREATE TABLE other (x)").connection.commit()
    assert not diagnoses.gradebook(toy_scratch).ok


def test_the_container_is_made_by_the_commands_that_ci_and_the_makefile_run() -> None:
    recipe = (ROOT / "Dockerfile").read_text()
    steps = re.findall(r"^RUN (.*)", recipe.replace("\\\n", " "), re.MULTILINE)
    steps = [" ".join(step.split()) for step in steps]
    assert steps[-1] == "make .venv/ready"
    assert re.search(r"^test: .venv/ready", (ROOT / "Makefile").read_text(), re.MULTILINE)
    install = "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
    assert install in steps[0]
    assert install in " ".join((ROOT / ".ci" / "run").read_text().replace("\\\n", " ").split())
    ignored = set((ROOT / ".gitignore").read_text().split())
    for name in ("submitted", "autograded", "feedback", "reports", ".autograder"):
        assert name in (ROOT / ".dockerignore").read_text().split() and f"{name}/" in ignored


# ---- the right weight ---------------------------------------------------------------------------


Doctor = Callable[[Path], tuple[int, str, str]]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Exit code, output and errors of the command; a line of the table may be folded."""

    def doctor(root: Path) -> tuple[int, str, str]:
        code = cli.main(["doctor", "--course", str(root)])
        out, err = capsys.readouterr()
        return code, " ".join(out.split()), err

    return doctor


def test_an_assignment_that_is_not_released_yet_stops_nothing(toy_scratch: Course, toy: Toy, doctor: Doctor) -> None:
    new_assignment.write(toy_scratch.root, "hw5")
    code, out, err = doctor(toy_scratch.root)
    assert code == 0, out + err
    assert "problem release (hw5) " in out and "nothing is handed in yet" in out
    assert "mend: autograder release hw5" in out and "grading can work; " in out
    course = load_course(toy_scratch.root)
    made_up.write(course.submitted("hw5", "ada"), {"1-questions.ipynb": b"{}"})
    code, _, err = doctor(toy_scratch.root)
    assert code == 1
    assert "hw5 cannot be graded until this is mended: release (hw5); then" in err
    assert "grading cannot work" not in err
    made_up.write(course.submitted(NAME, "ada"), toy.hand_in(toy.right))
    shutil.rmtree(course.release(NAME))
    _, _, err = doctor(toy_scratch.root)
    assert "grading cannot work until this is mended: release (warmup), release (hw5)" in err


# ---- git ----------------------------------------------------------------------------------------


def git(root: Path, *line: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *line], cwd=root, check=True, capture_output=True, text=True).stdout


def test_git_takes_neither_secret_nor_marks_nor_work_of_a_new_course(tmp_path: Path, run: Run) -> None:
    root = tmp_path / "course"
    root.mkdir()
    git(root, "init")
    new_assignment.write(root, "hw5")
    at = ("--course", root)
    assert run("autograder", "release", "hw5", *at).returncode == 0
    course = load_course(root)
    files = made_up.hand_in(course, course.assignment("hw5"), {})
    made_up.write(course.submitted("hw5", "ada"), files)
    made_up.write(root / "submitted-earlier" / "ada" / "hw5", files)
    made_up.write(root / "downloads", {"all.zip": b"PK"})
    made_up.write(
        root, {"roster.csv": b"id\nada\n", ".gradebook.db.7-abcdef01.part": b"x", "gradebook-broken-1.db": b"x"}
    )
    for line in (["grade", "--jobs", "1"], ["report"], ["export", "--to", "csv"]):
        assert run("autograder", line[0], "hw5", *line[1:], *at).returncode == 0
    for name in (*folder_diagnoses.PRIVATE, ".autograder/secret"):
        assert (root / name).exists(), name
    git(root, "add", "-A")
    taken = set(git(root, "ls-files").split())
    assert taken == {
        ".gitignore", "README.md", "course_config.py", "nbgrader_config.py", "source/hw5/1-questions.ipynb",
        "release/hw5/1-questions.ipynb", "solutions/hw5.py",
        *(f"autograder/assignments/hw5/{name}.py" for name in ("probes", "checks", "mistakes", "right_variants")),
        "autograder/assignments/hw5/messages.toml",
    }  # fmt: skip
    assert folder_diagnoses.private(course).ok


def test_what_git_would_take_or_has_is_told(toy_scratch: Course) -> None:
    git(toy_scratch.root, "init")
    (toy_scratch.root / ".gitignore").unlink(missing_ok=True)
    found = folder_diagnoses.private(toy_scratch)
    assert not found.ok and not found.stops and "`git add -A` would take .autograder, gradebook.db" in found.found
    assert ".gitignore" in found.mend
    made_up.write(toy_scratch.state, {"secret": b"00"})
    git(toy_scratch.root, "add", "-A")
    found = folder_diagnoses.private(toy_scratch)
    assert not found.ok and not found.stops and "git has .autograder/secret" in found.found
    assert "git rm -r --cached" in found.mend


def test_a_gitignore_that_is_there_keeps_its_lines_and_gets_those_that_are_missing(toy_scratch: Course) -> None:
    path = toy_scratch.root / ".gitignore"
    path.write_text("*.mine\nsubmitted/")
    made = new_assignment.write(toy_scratch.root, "hw5")
    text = path.read_text()
    assert text.startswith("*.mine\nsubmitted/\n") and ".autograder/\n" in text and text.count("submitted/\n") == 1
    assert any(line.startswith(f"{path}: was there; ") for line in made.said)
    before = path.read_bytes()
    assert new_assignment.write(toy_scratch.root, "hw6").said == () and path.read_bytes() == before


def test_the_kits_own_gitignore_has_all_lines_of_a_new_course() -> None:
    lines = (new_assignment.TEMPLATES / "gitignore").read_text().splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    assert wanted <= set((ROOT / ".gitignore").read_text().splitlines())


def test_course_and_kit_in_one_folder_are_told_when_the_course_is_edited(toy_scratch: Course, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    git(toy_scratch.root, "init")
    git(toy_scratch.root, "add", "-A")
    git(toy_scratch.root, "commit", "-m", "the kit")
    git(tmp_path, "clone", str(toy_scratch.root), str(kit))
    course = load_course(kit)
    found = folder_diagnoses.kits_own(course)
    assert found.ok and "keep a course of your own in another" in found.found
    config = kit / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="th"'))
    found = folder_diagnoses.kits_own(course)
    assert not found.ok and not found.stops and "edited in it: course_config.py; `git pull` may collide" in found.found
    assert f"`autograder new --from {kit} --course NEW_FOLDER`" in found.mend
    git(kit, "commit", "-am", "mine")  # committed, and not upstream
    assert "edited in it: course_config.py;" in folder_diagnoses.kits_own(course).found


def test_the_kits_folder_is_looked_at_and_no_other(toy_scratch: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    git(toy_scratch.root, "init")
    assert "kit" not in [found.what for found in folder_diagnoses.examine(toy_scratch.root)]
    monkeypatch.setattr(folder_diagnoses, "KIT", toy_scratch.root)
    assert "kit" in [found.what for found in folder_diagnoses.examine(toy_scratch.root)]


def test_each_wall_that_stands_has_a_line(toy: Toy) -> None:
    found = {one.what: one for one in wall_diagnoses.examine(toy.course.root)}
    assert set(found) == {"namespaces", "filter", "watcher", "cgroup", "crashes"}
    assert all(one.ok or one.what == "crashes" for one in found.values()), found
    assert "process, mount" in found["namespaces"].found and "filtered" in found["filter"].found
    assert re.search(r"holds [1-9]\d* MB", found["watcher"].found)
    try:
        expected = f"version {cgroups.find().version} bounds "
    except cgroups.NoCgroup as error:
        expected = f"none: {error}; "
    assert found["cgroup"].found.startswith(expected)


def test_walls_that_do_not_stand_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = wall_diagnoses.namespaces(os.getpid())
    assert not found.ok and found.stops and found.found.endswith("user, process, mount, network, IPC")
    found = wall_diagnoses.system_calls("Seccomp:\t0\nCapEff:\t0000000000000000\n")
    assert not found.ok and not found.stops and os.uname().machine in found.found
    found = wall_diagnoses.system_calls("Seccomp:\t2\nCapEff:\t00000000000000c0\n")
    assert not found.ok and found.stops and "rights of root" in found.found

    def hidden(thread: str) -> int:
        raise PermissionError

    monkeypatch.setattr(memory, "memory_of", hidden)
    found = wall_diagnoses.watcher(os.getpid())
    assert not found.ok and found.stops and "cannot be read" in found.found


def test_a_program_of_the_machine_that_gets_what_crashes_is_named_and_stops_nothing() -> None:
    found = wall_diagnoses.crashes("|/usr/share/apport/apport -p%p -s%s\n")
    assert not found.ok and not found.stops and found.found.startswith("/usr/share/apport/apport gets the memory")
    assert "core_pattern=core" in found.mend
    assert wall_diagnoses.crashes("core\n").ok


def test_the_walls_are_looked_at_where_the_first_assignment_is_graded_by_its_own_tests() -> None:
    root = ROOT / "tests" / "courses" / "sums"
    assert load_course(root).assignments[0].by_examiner
    assert "filter" in [one.what for one in wall_diagnoses.examine(root)]


def test_no_cgroup_is_told_and_stops_nothing(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = diagnoses.guest_of(toy.course, toy.assignment)
    monkeypatch.setattr(cgroups, "find", lambda: cgroups.Parent(Path("/sys/fs/cgroup/x"), 2))
    found = wall_diagnoses.cgroup(guest)
    assert found.ok and found.found.startswith("none: /sys/fs/cgroup/x lets nothing in; ")

    def nowhere() -> cgroups.Parent:
        raise cgroups.NoCgroup("no cgroups of version 2 are mounted here")

    monkeypatch.setattr(cgroups, "find", nowhere)
    found = wall_diagnoses.cgroup(guest)
    assert found.ok and found.found == (
        "none: no cgroups of version 2 are mounted here; filter and watcher hold memory without"
    )
