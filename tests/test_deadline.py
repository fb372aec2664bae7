"""deadline.py: work on one submission ends; by an exception, or with the process where C code does not come back."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest

from autograder import deadline

ENDLESS = """
import itertools
from autograder import deadline
with deadline.within(0.2, or_end=True):
    sum(itertools.repeat(1))
"""


def test_work_without_end_is_stopped_and_nothing_on_the_way_swallows_that() -> None:
    with pytest.raises(deadline.Overrun, match=r"more than 0\.05 s"), deadline.within(0.05):
        while True:
            try:
                sum(range(1000))
            except Exception:  # as a judge does, who takes it for an author's fault
                continue


def test_waiting_costs_nothing_and_what_comes_after_has_no_deadline() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with deadline.within(0.1, or_end=True):
        time.sleep(0.3)
    started = time.process_time()
    while time.process_time() < started + 0.4:
        pass
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_PROF) == signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_c_code_that_does_not_come_back_ends_with_its_process() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS], timeout=60, check=False)
    assert done.returncode == -signal.SIGPROF


def test_an_error_of_the_work_itself_is_that_error() -> None:
    with pytest.raises(KeyError), deadline.within(5):
        raise KeyError


def test_a_deadline_inside_another_leaves_it_its_time_and_ends_no_later() -> None:
    with pytest.raises(deadline.Overrun, match=r"more than 0\.4 s"), deadline.within(0.4):
        for _ in range(3):
            with pytest.raises(deadline.Overrun, match=r"more than 0\.05 s"), deadline.within(0.05):
                while True:
                    sum(range(1000))
        assert 0 < signal.getitimer(signal.ITIMER_VIRTUAL)[0] < 0.4
        with contextlib.suppress(deadline.Overrun), deadline.within(60):
            while True:
                sum(range(1000))
        while True:
            sum(range(1000))
