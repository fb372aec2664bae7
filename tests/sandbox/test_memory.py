"""guest/memory.py: what counts, of odd processes. The attacks named exhaust_memory_... show that it is enough."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from toy import Toy

from autograder.course.records import Limits
from autograder.grading import pipeline
from autograder.sandbox.guest import memory
from autograder.submissions.submission import Submission

HELD = 30 << 20
HOLD = f"""
import ctypes, os, platform, threading, time
kept = b"x" * {HELD}
"""
WAIT = """
print("ready", flush=True)
time.sleep(60)
"""
FIRST_ENDS = f"""
def go_on():
    time.sleep(0.2)
    {WAIT.strip().replace(chr(10), "; ")}
threading.Thread(target=go_on).start()
ctypes.CDLL(None).syscall({{"x86_64": 60, "aarch64": 93}}[platform.machine()], 0)
"""
OWN_FILES = f"""
def go_on():
    assert ctypes.CDLL(None).unshare(0x400) == 0  # files that the other threads have not
    kept = [open("/dev/null") for _ in range(50)]
    {WAIT.strip().replace(chr(10), "; ")}
threading.Thread(target=go_on).start()
"""
# a process that has its parent's memory, as between vfork() and exec(), but for longer; and a copy, which has its own
IN_ITS_PARENT = f"""
stack = ctypes.create_string_buffer(1 << 16)
libc, top = ctypes.CDLL(None), ctypes.c_void_p(ctypes.addressof(stack) + (1 << 16))
child = libc.clone(ctypes.cast(libc.sleep, ctypes.c_void_p), top, 0x100 | 17, ctypes.c_void_p(60))
{WAIT}
"""
MANY_THREADS = f"""
files = [open("/dev/null") for _ in range(50)]
for _ in range(20):
    threading.Thread(target=time.sleep, args=(60,)).start()
{WAIT}
"""
A_COPY = f"""
read, write = os.pipe()
if os.fork() == 0:
    kept = bytearray(kept)
    kept[::4096] = kept[::4096]
    os.write(write, b"x")
    time.sleep(60)
os.read(read, 1)
{WAIT}
"""


@contextmanager
def process(code: str) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD + code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        try:
            yield child.pid
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def test_a_process_whose_first_thread_has_ended_counts_as_any_other() -> None:
    with process(WAIT) as whole, process(FIRST_ENDS) as headless:
        for measure in (memory.memory_of, memory.bound_of):
            assert measure(f"/proc/{headless}/task/{headless}") is None
            one, other = (memory.of_process(pid, measure) or 0 for pid in (whole, headless))
            assert one > HELD and abs(other - one) < HELD // 3


def test_files_of_a_thread_of_its_own_count() -> None:
    with process(WAIT) as usual, process(OWN_FILES) as many:
        more, less = (memory.of_process(pid, memory.memory_of) or 0 for pid in (many, usual))
    assert more - less >= 50 * memory.FILE


def test_files_that_all_threads_have_count_once() -> None:
    with process(MANY_THREADS) as many, process(WAIT) as usual:
        more, less = (memory.of_process(pid, memory.memory_of) or 0 for pid in (many, usual))
    assert more - less < 10 * memory.FILE + HELD // 3


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def family(monkeypatch: pytest.MonkeyPatch, *pids: int) -> int:
    """What a box with these processes holds; little enough is allowed that it is looked at closely."""
    listed = os.listdir
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", lambda path: [*map(str, pids)] if path == "/proc" else listed(path))
        patched.setattr(memory, "in_sockets", lambda pid: 0)
        return memory.family_memory(400 << 20, first=os.getpid())


def test_memory_that_a_process_has_from_its_parent_until_it_is_another_program_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else who has more than half of the limit would be ended now and then for starting programs."""
    with process(IN_ITS_PARENT) as parent:
        (child,) = children(parent)
        assert HELD < family(monkeypatch, parent, child) < 2 * HELD
        assert HELD < family(monkeypatch, child) < 2 * HELD  # a parent that is not there to be counted
        monkeypatch.setattr(memory, "KCMP", -1)
        assert family(monkeypatch, parent, child) > 2 * HELD  # where the kernel does not say


# A cell that starts a program beside a big array: what comes before exec() takes half a second here.
BIG_AND_STARTING = """
import ctypes, os, numpy
big = numpy.ones(350 << 17)
libc, stack = ctypes.CDLL(None), ctypes.create_string_buffer(1 << 16)
top = ctypes.c_void_p(ctypes.addressof(stack) + (1 << 16))
child = libc.clone(ctypes.cast(libc.usleep, ctypes.c_void_p), top, 0x4100 | 17, ctypes.c_void_p(500_000))
assert child > 0 and os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not memory.share(memory.VIRTUAL_MEMORY, os.getpid(), os.getpid()), reason="no kcmp(2) here")
def test_who_starts_a_program_with_more_than_half_of_the_memory_is_not_ended(toy: Toy) -> None:
    small = replace(toy.assignment, limits=Limits(memory_mb=700))
    handed_in = Submission("x", toy.hand_in(toy.right, extra=[BIG_AND_STARTING.strip()]))
    opened = pipeline.open_grader(toy.course, small)
    with opened.guest:
        assert pipeline.grade_submission(opened, handed_in).cell_errors == {}


def test_memory_of_a_copy_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with process(A_COPY) as parent:
        (child,) = children(parent)
        assert family(monkeypatch, parent, child) > 2 * HELD


def test_the_quick_bound_is_never_below() -> None:
    with process(WAIT) as pid:
        thread = f"/proc/{pid}/task/{pid}"
        quick, exact = memory.bound_of(thread), memory.memory_of(thread)
    assert quick is not None and exact is not None and quick > exact > HELD


def test_what_has_ended_holds_nothing() -> None:
    with process(WAIT) as pid:
        pass
    assert memory.of_process(pid, memory.memory_of) is memory.of_process(pid, memory.bound_of) is None
    assert memory.in_sockets(pid) == 0
    assert memory.in_sockets(os.getpid()) % memory.SOCKET == 0 < memory.SOCKET


def test_what_leaves_its_place_to_another_whenever_it_is_looked_at_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that goes on as a thread, or by a process that shares its memory, a moment before it is read."""
    numbers = itertools.count(10**7)

    def listdir(path: str) -> list[str]:
        if path not in ("/proc", "/proc/9999999/task"):
            raise FileNotFoundError(path)
        return [str(next(numbers))]

    monkeypatch.setattr(os, "listdir", listdir)
    assert memory.of_process(9_999_999, memory.memory_of) == sys.maxsize
    monkeypatch.setattr(memory, "in_sockets", lambda pid: 0)
    assert memory.family_memory(1 << 30, first=os.getpid()) == sys.maxsize


def test_who_has_ended_and_is_not_buried_does_not_hide(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        listed = os.listdir
        monkeypatch.setattr(os, "listdir", lambda path: [str(child.pid)] if path == "/proc" else listed(path))
        monkeypatch.setattr(memory, "in_sockets", lambda pid: 0)
        assert memory.of_process(child.pid, memory.memory_of) is None
        assert memory.family_memory(1 << 30, first=os.getpid()) == 0
