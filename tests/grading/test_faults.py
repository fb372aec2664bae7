"""Faults while a class is graded: each ends with one line and exit code 1, and the next run does the rest."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from toy import BOOK, NAME, Toy

from autograder import files
from autograder.course import Course, load_course
from autograder.errors import CourseError
from autograder.grading import made_up

Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]
Marks = Callable[[Course], dict[str, dict[str, Any]]]
MOUNTING = os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.fixture(scope="module")
def graded(toy: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two students graded, a third handed in since."""
    course = toy.copy(tmp_path_factory.mktemp("faults") / "course")
    made_up.write(course.submitted(NAME, "anong"), toy.hand_in(toy.right))
    made_up.write(course.submitted(NAME, "blank"), toy.hand_in({}))
    done = grade(run, course)
    assert done.returncode == 0, done.stderr
    made_up.write(course.submitted(NAME, "late"), toy.hand_in({"T1": toy.right["T1"]}))
    return course


@pytest.fixture
def changing(graded: Course, copy_of: Copy, tmp_path: Path) -> Course:
    return copy_of(graded, tmp_path / "course")


def grade(run: Run, course: Course, *more: str) -> Any:
    return run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1, *more)


def one_line(done: Any, *said: str) -> str:
    """The error of a run that failed as it should."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    assert all(words in lines[0] for words in said), lines[0]
    return str(lines[0])


def finished(run: Run, course: Course, gradebook_of: Marks) -> str:
    """The next run does the rest, and leaves nothing half-written."""
    done = grade(run, course)
    assert done.returncode == 0, done.stderr
    marks = gradebook_of(course)
    assert sorted(marks) == ["anong", "blank", "late"]
    assert {name: sum(auto or 0 for auto, *_ in tasks.values()) for name, tasks in marks.items()} == {
        "anong": 2, "blank": 0, "late": 1,
    }  # fmt: skip
    for name in marks:
        assert [p.name for p in (course.root / "autograded" / name / NAME).glob("*.ipynb")] == [BOOK]
    assert not strays(course)
    return str(done.stdout)


def strays(course: Course) -> list[Path]:
    return [p for p in course.root.rglob("*") if ".part" in p.name or p.name.endswith((".old", "-journal"))]


# ---- the gradebook ------------------------------------------------------------------------------


@pytest.mark.proof  # it waits for the lock three times; the next one is in each test run
def test_a_locked_gradebook_is_told_and_nothing_is_half_written(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    holder = sqlite3.connect(changing.gradebook)
    holder.execute("BEGIN EXCLUSIVE")
    one_line(grade(run, changing), "gradebook.db: database is locked", "close that", "run the same command again")
    one_line(grade(run, changing, "--rebuild"), "gradebook.db: database is locked", "run the same command again")
    holder.rollback()
    holder.close()
    assert not (changing.state / "verdicts" / NAME / "late.json").exists()
    assert "grading 1 of 3" in finished(run, changing, gradebook_of)


@pytest.mark.proof
def test_a_gradebook_locked_while_a_class_is_graded_costs_no_result(
    changing: Course, run: Run, gradebook_of: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.gradebook.writer import GradebookWriter
    from autograder.grading import session, workers

    assignment = changing.assignment(NAME)
    save, holder = GradebookWriter.save, sqlite3.connect(changing.gradebook)

    def locked(self: GradebookWriter, results: Any) -> Any:
        holder.execute("BEGIN EXCLUSIVE")  # another program comes in between
        return save(self, results)

    with pytest.raises(CourseError, match="database is locked"), session.GradingSession(changing, assignment) as work:
        assert work.review(["late"], False).todo == ["late"]
        monkeypatch.setattr(GradebookWriter, "save", locked)
        for handed_in, outcome in workers.grade_all(changing, assignment, ["late"], workers.local(1)):
            assert not isinstance(outcome, Exception)
            work.take(handed_in, outcome)
        work.finish()
    holder.rollback()
    holder.close()
    said = finished(run, changing, gradebook_of)
    assert "grading 0 of 3" in said and "kept verdicts entered into the gradebook: late" in said


def test_a_broken_gradebook_is_told_and_rebuilt(changing: Course, run: Run, gradebook_of: Marks) -> None:
    broken = b"this is no database, " * 100
    changing.gradebook.write_bytes(broken)
    one_line(grade(run, changing), "gradebook.db: broken", "--rebuild")
    assert changing.gradebook.read_bytes() == broken
    done = grade(run, changing, "--rebuild")
    assert done.returncode == 0, done.stderr
    assert "laid aside as gradebook-broken-1.db" in done.stdout and "may be lost" in done.stdout
    assert "no kept verdict: late" in done.stdout
    assert (changing.root / "gradebook-broken-1.db").read_bytes() == broken
    assert "grading 1 of 3" in finished(run, changing, gradebook_of)


def test_a_page_of_the_gradebook_overwritten_is_found_by_rebuild(
    changing: Course, run: Run, gradebook_of: Marks
) -> None:
    whole = changing.gradebook.read_bytes()
    changing.gradebook.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert grade(run, changing).returncode == 1
    assert grade(run, changing, "--rebuild").returncode == 0
    finished(run, changing, gradebook_of)


# ---- disks and folders --------------------------------------------------------------------------


@pytest.fixture
def small(graded: Course, tmp_path: Path) -> Iterator[Course]:
    """The class on a file system of its own, 3 MB larger than what is there."""
    folder = tmp_path / "small"
    folder.mkdir()
    size = sum(p.stat().st_size + 4096 for p in graded.root.rglob("*")) + (3 << 20)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if made.returncode:
        pytest.skip(f"mounting is not allowed here: {made.stderr.decode().strip()}")
    try:
        shutil.copytree(graded.root, folder / "course")
        yield load_course(folder / "course")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(course: Course) -> Path:
    """A file that takes all room that is left."""
    path = course.root / "large"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                pass
    return path


@pytest.mark.skipif(not MOUNTING, reason="needs root, to mount a small file system")
def test_a_full_disk_is_told_and_nothing_is_half_written(small: Course, run: Run, gradebook_of: Marks) -> None:
    large = fill(small)
    before = small.gradebook.read_bytes()
    line = one_line(grade(run, small), "make room there", "run the same command again")
    assert "No space left on device" in line or "disk is full" in line
    assert small.gradebook.read_bytes() == before
    assert not (small.state / "verdicts" / NAME / "late.json").exists() and not strays(small)
    large.unlink()
    assert "grading 1 of 3" in finished(run, small, gradebook_of)


@pytest.mark.skipif(not MOUNTING, reason="needs root, to mount a small file system")
def test_a_folder_that_is_read_only_is_told(small: Course, run: Run, gradebook_of: Marks) -> None:
    # permission bits do not bind root: the whole file system becomes read-only
    folder = small.root.parent
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    one_line(grade(run, small), str(small.root), "make it writable", "run the same command again")
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
    assert "grading 1 of 3" in finished(run, small, gradebook_of)


def test_a_file_that_cannot_be_written_leaves_no_part(tmp_path: Path) -> None:
    (tmp_path / "verdicts").write_text("a file where a folder should be")
    with pytest.raises(CourseError, match="run the same command again"):
        files.write_whole(tmp_path / "verdicts" / "x.json", b"{}")
    assert [p.name for p in tmp_path.iterdir()] == ["verdicts"]


def test_parts_of_processes_that_are_gone_are_swept_and_others_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = tmp_path / f".a.json.{os.getppid()}-0123abcd.part"
    (tmp_path / f".b.json.{ended.pid}-0123abcd.part").write_text("half")
    (tmp_path / f".{NAME}.{ended.pid}-0123abcd.part").mkdir()
    (tmp_path / ".mine.part").write_text("a person's own file")
    alive.write_text("half")
    assert files.sweep([tmp_path, tmp_path / "missing"]) == 2
    assert {p.name for p in tmp_path.iterdir()} == {alive.name, ".mine.part"}


# ---- processes ----------------------------------------------------------------------------------


def started(course: Course, *more: str) -> "subprocess.Popen[str]":
    """`autograder grade --force` in a process group of its own."""
    line = [Path(sys.executable).parent / "autograder", "grade", NAME, "--course", str(course.root), "--force", *more]
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "COLUMNS": "200"},
        # who starts the tests in the background may have them, and what they start, ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def sleepy(course: Course) -> None:
    """One submission sleeps for a while, so that grading lasts long enough to be disturbed."""
    path = course.submitted(NAME, "anong") / BOOK
    book = json.loads(path.read_text(encoding="utf-8"))
    book["cells"].append(made_up.code_cell("import time\ntime.sleep(4)"))
    path.write_text(json.dumps(book), encoding="utf-8")


def children(process: int) -> list[int]:
    found = [int(c) for c in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in children(child))]


def until(what: Callable[[], Any], seconds: float = 120) -> Any:
    finish = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < finish
        time.sleep(0.02)
    return found


def guests(process: int) -> list[int]:
    """The warm guests below a process."""
    found = []
    for child in children(process):
        try:
            if b"zygote.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
        except OSError:
            continue
    return found


def test_workers_and_guests_end_with_a_coordinator_that_is_killed(changing: Course) -> None:
    work = started(changing, "--jobs", "2")
    until(lambda: guests(work.pid))
    left = children(work.pid)
    work.kill()
    work.communicate()
    until(lambda: not [child for child in left if Path(f"/proc/{child}").exists()], 30)


def test_ctrl_c_ends_all_soon_and_the_next_run_does_the_rest(changing: Course, run: Run, gradebook_of: Marks) -> None:
    sleepy(changing)
    work = started(changing, "--jobs", "2")
    until(lambda: guests(work.pid))
    left = children(work.pid)
    os.killpg(work.pid, signal.SIGINT)
    _, said = work.communicate(timeout=60)
    assert work.returncode == 130, said
    assert said.strip() == "interrupted; what is graded is kept, run the same command again for the rest"
    until(lambda: not [child for child in left if Path(f"/proc/{child}").exists()], 30)
    finished(run, changing, gradebook_of)


def test_a_sandbox_that_is_killed_costs_nobody_a_mark(changing: Course, run: Run, gradebook_of: Marks) -> None:
    sleepy(changing)
    work = started(changing, "--jobs", "1")
    for guest in until(lambda: guests(work.pid)):
        os.kill(guest, signal.SIGKILL)
    said, errors = work.communicate(timeout=200)
    assert work.returncode == 0, said + errors
    finished(run, changing, gradebook_of)


def test_a_worker_that_is_killed_costs_nobody_a_mark(changing: Course, run: Run, gradebook_of: Marks) -> None:
    sleepy(changing)
    work = started(changing, "--jobs", "2")
    until(lambda: guests(work.pid))
    workers = [c for c in children(work.pid) if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    said, errors = work.communicate(timeout=200)
    assert work.returncode == 0, said + errors
    finished(run, changing, gradebook_of)


@pytest.mark.proof
@pytest.mark.parametrize(
    "work",
    [
        pytest.param("while True: pass", id="python"),
        pytest.param("sum(itertools.repeat(1))", id="c", marks=pytest.mark.proof),  # twice the limit, and a second try
    ],
)
def test_a_submission_that_keeps_the_judge_busy_costs_nobody_else_a_mark(changing: Course, run: Run, work: str) -> None:
    """Where it is Python, it is stopped; else its worker ends, and the others of that worker have another try."""
    checks, config = changing.part("checks", NAME), changing.root / "course_config.py"
    usual, text = checks.read_text(encoding="utf-8"), config.read_text(encoding="utf-8")
    head = '    """The columns have mean 0 and deviation 1; a constant column is all zeros."""\n'
    busy = f'    if not isinstance(context.value(0, "columns"), Problem):\n        import itertools\n        {work}\n'
    assert head in usual and "    title=" in text
    checks.write_text(usual.replace(head, head + busy), encoding="utf-8")
    config.write_text(
        text.replace("    title=", "    limits=Limits(total_seconds=2),\n    title=").replace(
            "Course, ", "Course, Limits, "
        ),
        encoding="utf-8",
    )
    done = grade(run, changing)
    assert done.returncode == 1
    told = [line for line in (done.stdout + done.stderr).splitlines() if ": not graded: " in line]
    assert sorted(line.partition(":")[0] for line in told) == ["anong", "late"]  # blank gives the judge no columns
    assert "Overrun: more than" in told[0] if work.startswith("while") else "BrokenProcessPool" in told[0]
    checks.write_text(usual, encoding="utf-8")
    again = grade(run, changing)
    assert again.returncode == 0, again.stderr


def test_a_second_grader_in_the_same_folder_is_refused(changing: Course, run: Run) -> None:
    with files.exclusive_lock(changing.state / "grading.lock", "busy"):
        one_line(grade(run, changing), str(changing.root), "another `autograder grade`", "grade again")


def test_a_clock_set_back_hides_no_change(changing: Course, run: Run, toy: Toy, gradebook_of: Marks) -> None:
    made_up.write(changing.submitted(NAME, "blank"), toy.hand_in({"T2": toy.right["T2"]}))
    for path in changing.root.rglob("*"):  # as if all else had been written in the future
        inside = path.is_relative_to(changing.submitted(NAME, "blank"))
        os.utime(path, (0, 0) if inside else (4e9, 4e9))
    done = grade(run, changing)
    assert done.returncode == 0, done.stderr
    assert "grading 2 of 3" in done.stdout and "blank: T2: 0 -> 1" in done.stdout
    assert gradebook_of(changing)["blank"]["T2"][0] == 1
