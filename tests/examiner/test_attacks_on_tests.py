"""Attacks on tests: each loses in the examiner, and passes where tests run in the student's own process."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shares import in_each_run, one_in

from autograder.grading.by_examiner import notebook as by_examiner
from autograder.grading.notebook_run import NotebookRun
from autograder.sandbox.answers import Lost
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside
from tests.examiner.bench import SMALL, Bench, Written, answer, given, test

GIVEN = """import unittest
import numpy as np
from numpy.testing import assert_equal
class Answer:
    def __init__(self, value):
        self.value = value
    def matches(self, other):
        return self.value == other"""
REFERENCE = "def f(x):\n    return 2 * x"
ATTACKS = {
    name: (written.strip(), asserts.strip(), ends, bool(plain))
    for name, ends, plain, written, asserts in re.findall(
        r"^==== (\w+): (\w+)( plain)?\n(.*?)^----\n(.*?)(?=^====|\Z)",
        Path(__file__).with_name("attacks.txt").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
}
# of each rule that they break, in each test run; all of them in the proof
FOUND = ["wholly_masked_array", "missing_values_in_a_series"]  # have won once
SHOWN = ["equals_everything", "patched_numpy", "transformed_asserts", "reads_the_frame_above"]  # in each test run


def cells_of(name: str) -> list[Written]:
    return [given(GIVEN), answer(REFERENCE, "A"), test(ATTACKS[name][1])]


def test_there_are_at_least_thirty() -> None:
    assert len(ATTACKS) >= 30


@pytest.mark.parametrize("name", in_each_run(ATTACKS, [*list(ATTACKS)[::8], *FOUND]))
def test_it_loses_in_the_examiner(bench: Bench, name: str) -> None:
    written, _, ends, plain = ATTACKS[name]
    found = bench.examined(cells_of(name), {"A": written}, plain={"T"} if plain else ())
    assert found.outcomes["T"].how == ends, found
    assert "A" not in found.errors, found.errors


@pytest.mark.parametrize("name", in_each_run(ATTACKS, SHOWN))
def test_it_passes_in_the_students_own_process(bench: Bench, name: str) -> None:
    assert bench.in_process(cells_of(name), {"A": ATTACKS[name][0]}) == "passed"


@pytest.mark.parametrize("name", [name for name, (*_, plain) in ATTACKS.items() if plain])
def test_it_passes_where_objects_are_allowed_though_the_reference_gives_none(bench: Bench, name: str) -> None:
    assert bench.how(cells_of(name), {"A": ATTACKS[name][0]}) == "passed"


# ---- what is to cost one test alone -------------------------------------------------------------

COSTS = dict(
    re.findall(
        r"^==== (\w+)\n(.*?)(?=^====|\Z)",
        Path(__file__).with_name("costs.txt").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)


@pytest.mark.parametrize("name", one_in(7, COSTS, 4))
def test_it_costs_one_test_alone(bench: Bench, name: str) -> None:
    starts = bench.examiner.starts
    cells = [
        given(GIVEN),
        answer(REFERENCE, "A"),
        answer("def g(x):\n    return x", "B"),
        test("got = f(2)\nassert (list(got) if hasattr(got, '__next__') else got) == 4", "T1"),
        test("assert g(2) == 2", "T2"),
    ]
    found = bench.examined(cells, {"A": COSTS[name]})
    assert found.outcomes["T1"].how in ("failed", "ended", "undecidable"), found
    assert found.outcomes["T2"].how == "passed", found
    assert bench.examiner.starts <= max(starts, 1)


def hidden(source: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"


def test_a_function_that_an_earlier_test_gave_is_gone(bench: Bench) -> None:
    keeps = "kept = []\ndef f(give=None):\n    kept.append(give)\n    return kept[0]() if give is None else 0"
    cells = [answer(REFERENCE, "A"), test(hidden("f(lambda: 4)"), "T1"), test(hidden("assert f() == 4"), "T2")]
    assert bench.in_process(cells, {"A": keeps}) == "passed"
    outcomes = bench.examined(cells, {"A": keeps}).outcomes
    assert (outcomes["T1"].how, outcomes["T2"].how) == ("passed", "failed"), outcomes


def test_a_callback_that_never_returns_costs_one_test(bench: Bench) -> None:
    cells = [
        answer("def f(g):\n    while True:\n        g()", "A"),
        answer("def g(x):\n    return x", "B"),
        test("f(lambda: 1)", "T1"),
        test("assert g(2) == 2", "T2"),
    ]
    outcomes = bench.examined(cells).outcomes
    assert outcomes["T1"].how in ("failed", "ended") and outcomes["T2"].how == "passed", outcomes


def test_the_next_student_finds_nothing_of_the_one_before(bench: Bench) -> None:
    cells = [answer("def f():\n    return None", "A"), test("assert f() is None")]
    left = "import os\ndef f():\n    open('/tmp/left', 'w').write('4')\n    os.fork() or __import__('time').sleep(30)"
    bench.how(cells, {"A": left})
    found = "import os\ndef f():\n    return os.listdir('/tmp') or None"
    assert bench.how(cells, {"A": found}) == "passed"


HEARS = """import os, time
PLACES = ["/tmp/heard", "/dev/shm/heard", "heard"]
def f(x):
    for place in PLACES:
        open(place, "w").write(x)
    if os.fork() == 0:
        os.setsid()
        while True:
            for place in PLACES:
                open(place, "w").write(x)
            time.sleep(0.01)
    os.kill(os.getppid(), 9)
    return x"""
TELLS = """time.sleep(0.1)
raise ValueError(repr([open(place).read() for place in PLACES if os.path.exists(place)] + os.listdir()))"""


def test_a_cell_that_runs_anew_finds_nothing_that_a_copy_has_heard(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of its error is told to the student."""
    runs: list[NotebookRun] = []

    def counted(*args: Any, **named: Any) -> NotebookRun:
        runs.append(NotebookRun(*args, **named))
        return runs[-1]

    monkeypatch.setattr(by_examiner, "NotebookRun", counted)
    cells = [
        answer("def f(x):\n    return x", "A"),
        answer("g = 1", "B"),
        test("### BEGIN HIDDEN TESTS\nassert f('a hidden text') == 'a hidden text'\n### END HIDDEN TESTS", "T1"),
        test("assert f(1) == 1", "T2"),
    ]
    found = bench.examined(cells, {"A": HEARS, "B": TELLS})
    assert len(runs) > 1 and all(run.errors["B"].text == "[]" for run in runs), found


@pytest.mark.proof  # some seconds of CPU that nothing interrupts
def test_an_examiner_that_a_limit_has_ended_by_what_a_student_gave_is_no_fault_of_ours(bench: Bench) -> None:
    patient = replace(bench, examiner=Guest(Inside(examiner=True), replace(SMALL, patience=20)))
    cells = [answer("def f(x):\n    return [4]", "A"), test("assert sum(f(2)) == 4", "T")]
    with patient.examiner:
        found = patient.examined(cells, {"A": "def f(x):\n    return range(1 << 40)"}).outcomes["T"]
    assert (found.how, found.lost) == ("ended", Lost.TIME), found


def test_a_gone_examiner_is_started_again_for_the_next_test(bench: Bench) -> None:
    cells = [
        given("import os"),
        answer("def f(x):\n    return x", "A"),
        test("assert f(1) == 1\nos._exit(0)", "T1"),
        test("assert f(2) == 2 and os.sep == '/'", "T2"),
    ]
    outcomes = bench.examined(cells).outcomes
    assert outcomes["T1"].lost is not None and outcomes["T2"].how == "passed", outcomes
