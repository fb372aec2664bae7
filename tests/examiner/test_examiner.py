"""Ordinary test cells, run as they are in the examiner: each ends as it does in a kernel, or says why not."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from notebook_cells import cell_text

from autograder.sandbox.relay import LATER, Outcome
from tests.examiner.bench import Bench, Written, answer, given, test

GIVEN = """
import collections, contextlib, inspect, io, unittest
import numpy as np
from numpy.testing import assert_allclose, assert_equal

class TooLittle(Exception):
    pass

class Node:
    def __init__(self, value, after=None):
        self.value, self.after = value, after

Point = collections.namedtuple("Point", "x y")

def twice(f, x):
    return f(f(x))

def total():
    return sum(numbers())
"""

HIDE, SHOW = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
# name -> what the student writes, the test, how it ends
BEHAVES = {
    name: (written.strip(), asserts.strip(), ends)
    for name, ends, written, asserts in re.findall(
        r"^==== (\w+): (\w+)\n(.*?)^----\n(.*?)(?=^====|\Z)",
        Path(__file__).with_name("behaviours.txt").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
}
A_NOTEBOOK = 12  # tests; those that go on from an earlier one stand in one with it
# names that only these answers bind in the reference: the solution decides which names are the student's
REFERENCE = {
    "undefined": "missing_name = 1",
    "does_not_read_what_the_reference_does_not": "def cheat(x):\n    return 3 * x",
    "bound_by_students_is_ignored": "def five():\n    return 5",
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> dict[str, Outcome]:
    """How each ends. In several notebooks: where a test needs a process of its own, all cells before it run anew."""
    found: dict[str, Outcome] = {}
    for names in (list(BEHAVES)[start : start + A_NOTEBOOK] for start in range(0, len(BEHAVES), A_NOTEBOOK)):
        cells: list[Written] = [given(GIVEN)]
        theirs: Mapping[str, str] = {f"{name}-answer": BEHAVES[name][0] for name in names}
        for name in names:
            written, asserts, _ = BEHAVES[name]
            cells += [answer(REFERENCE.get(name, written), f"{name}-answer"), test(asserts, name)]
        found |= bench.examined(cells, theirs).outcomes
    return found


@pytest.mark.parametrize("name", BEHAVES)
def test_a_test_ends_as_it_should(ended: dict[str, Outcome], name: str) -> None:
    assert ended[name].how == BEHAVES[name][2], ended[name]


def test_an_outcome_says_what_happened(ended: dict[str, Outcome]) -> None:
    wrong = ended["wrong_value"].error
    assert wrong is not None and wrong.type == "AssertionError" and wrong.text == "expected 42, got 41"
    assert "__eq__ of an object of class Same" in ended["equality_of_objects"].why
    assert "more than 32 MiB" in ended["too_large"].why
    assert "StringIO does not travel" in ended["does_not_travel"].why
    assert ended["exits"].why == "SystemExit" and ended["killed"].why == "died"
    assert ended["endless"].why == "TimeLimit"
    assert ended["a_decorator_that_calls_later"].why == LATER
    hidden = ended["hidden"].error
    assert hidden is not None and hidden.line == "3"


def test_no_cell_sees_a_hidden_input_and_each_test_has_the_state_and_the_files_of_its_place(bench: Bench) -> None:
    cells = [
        answer("def value(x):\n    open('seen', 'a').write(str(x))\n    return open('seen').read()", "A"),
        answer("open('seen', 'w').write('first ')\nstate = 1", "first"),
        test(f"{HIDE}\nassert value(1) == 'first 1' and state == 1\n{SHOW}", "T1"),
        answer("import os\nold = open('seen').read()\nopen('seen', 'w').write('second ')\nstate = 2", "second"),
        test(f"assert old == 'first '\n{HIDE}\nassert value(2) == 'second 2' and state == 2\n{SHOW}", "T2"),
    ]
    found = bench.examined(cells).outcomes
    assert [found[name].how for name in ("T1", "T2")] == ["passed", "passed"], found


def test_each_test_has_the_folder_the_environment_and_numpys_errors_of_its_place(bench: Bench) -> None:
    around = "os.path.basename(os.getcwd()), os.environ.get('AT'), np.geterr()['divide']"
    cells = [
        given("import numpy as np"),
        answer(f"import os\ndef around():\n    return {around}", "A"),
        test("folder, *others = around()\nassert folder != 'below' and others == [None, 'warn'], others", "T1"),
        answer("os.mkdir('below')\nos.chdir('below')\nos.environ['AT'] = 'end'\nold = np.seterr(divide='raise')", "B"),
        test("assert around() == ('below', 'end', 'raise')", "T2"),
        answer("os.chdir('..')\nos.rmdir('below')", "C"),
    ]
    found = bench.examined(cells).outcomes
    assert [found[name].how for name in ("T1", "T2")] == ["passed", "passed"], found


def test_a_cell_that_kills_its_process_is_left_out_and_the_tests_are_asked_all_the_same(bench: Bench) -> None:
    cells = [answer("def one():\n    return 1", "A"), test("assert one() == 1", "T")]
    found = bench.examined(cells, extra=["import os\nos._exit(0)"])
    assert found.outcomes["T"].how == "passed" and found.errors["extra 0"].type == "ProcessEnded"


def test_a_pipe_beside_the_notebook_is_not_read(bench: Bench) -> None:
    cells = [answer("import os\nos.mkfifo('pipe')\ndef one():\n    return 1", "A"), test("assert one() == 1", "T")]
    found = bench.examined(cells)
    assert found.outcomes["T"].how == "passed" and not found.errors


def test_a_call_that_takes_all_memory_costs_its_test_alone(bench: Bench) -> None:
    """The visible lines have run in the notebook's own process, too: what an error's frames hold there is let go."""
    takes_all = "import os\ndef f(x):\n    y = [0]\n    while x:\n        y += y\n    return x"
    cells = [
        answer("def f(x):\n    return x", "A"),
        test("assert f(2) == 2", "T1"),
        test("assert f(0) == 0", "T2"),
    ]
    found = bench.examined(cells, {"A": takes_all}).outcomes
    assert found["T1"].how in ("failed", "ended") and found["T2"].how == "passed", found


def test_an_authors_cell_may_have_magics_and_statements_that_only_parse(bench: Bench) -> None:
    cells = [
        given("%matplotlib inline\nk = 3"),
        answer("def f(x):\n    return 3 * x", "A"),
        test("%time f(1)\nassert f(2) == 2 * k\nf(2)", "T1"),
        test("assert f(1) == k\nreturn", "T2"),
    ]
    found = bench.examined(cells).outcomes
    assert (found["T1"].how, found["T2"].how) == ("passed", "failed")
    assert found["T1"].value and found["T2"].error is not None and found["T2"].error.type == "SyntaxError"


@pytest.mark.parametrize("odd", ["\u2028", "\x0c", "\x85"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stubs_line_is_found_where_python_counts_it(odd: str, end: str) -> None:
    """str.splitlines ends a line at more characters than Python does."""
    lines = [f"# {odd}", "text = 'ab{x}cd'", "def f(x):", "    raise NotImplementedError", "    return x"]
    names: dict[str, Any] = {}
    exec(cell_text.answer(end.join(lines)), names)
    assert names["f"](3) == 3 and names["text"] == "ab{x}cd"
