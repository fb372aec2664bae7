"""guest/memory.py: what counts, of odd processes. The attacks named exhaust_memory_... show that it is enough."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.sandbox.guest import memory

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


@contextmanager
def process(code: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", HOLD + code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        try:
            yield child.pid
        finally:
            child.kill()


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
