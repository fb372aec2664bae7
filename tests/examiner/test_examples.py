"""Examples: calls in a test cell that show a failing student what is wrong; none is false, none shows hidden input."""

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from shares import in_each_run

from autograder import cli
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.judging.by_examiner.examples import LONGEST, MOST
from autograder.judging.verdicts import Counterexample, Result
from autograder.releasing.trials import audit, own_tests
from tests.examiner.bench import Bench, Written, answer, given, read, test

WITH_EXAMPLES = ("words_of", "count")
SHOWN = {"words_of, shown": 11, "count, shown": 34}  # of the edits of these, which is all
WORDS = Path(__file__).resolve().parents[1] / "courses" / "words"
GIVEN = given("import numpy as np")
REFERENCE = "def f(x):\n    return 2 * x"
EXAMPLES = 'examples(f, [3, 0.1, ("a",), [1.0, 2]])\nassert f(3) == 6'
SEES = "import os\nSEEN = '/dev/shm/seen'\ndef f(x):\n    open(SEEN, 'a').write(repr(x))\n    return open(SEEN).read()"


def cells(tests: str = EXAMPLES, reference: str = REFERENCE) -> list[Written]:
    return [GIVEN, answer(reference, "A"), test(tests)]


@pytest.mark.parametrize(
    ("written", "call", "gives", "right"),
    [
        ("return 3 * x", "f(3)", "9", "6"),
        ("return np.multiply(2, x) if type(x) is not str else x", "f('a')", "'a'", "'aa'"),
        (
            "return 2 * x if type(x) is not list else [2 * one for one in x]",
            "f([1.0, 2])",
            "[2.0, 4]",
            "[1.0, 2, 1.0, 2]",
        ),
        ("print(2 * x)", "f(3)", "None", "6"),
        ("return x / 3 + float('nan')", "f(3)", "nan", "6"),
        ("return x / 3 * 1.0000001", "f(3)", "1.0000001", "6"),
        ("raise KeyError(x)", "f(3)", "KeyError: 3", "6"),
        ("return {('b', 1), ('a', 2)}", "f(3)", "{('a', 2), ('b', 1)}", "6"),
    ],
)
def test_the_first_that_is_wrong_is_shown(bench: Bench, written: str, call: str, gives: str, right: str) -> None:
    assert bench.shown(cells(), {"A": f"def f(x):\n    {written}"}) == Counterexample(call, gives, right)


SHOWS_NOTHING = {
    "right but for rounding": ("def f(x):\n    return x * 2 if type(x) is not float else x * 2 + 1e-12", ()),
    "numpy's numbers and lists": (
        "def f(x):\n    return 2 * x if type(x) is str else np.float32(2 * x) if type(x) is not list "
        "else tuple(np.array(x * 2))",
        (),
    ),
    "of chance": ("def f(x):\n    return np.random.default_rng().random()", ()),
    "of chance that is seeded": ("def f(x):\n    return np.random.rand()", ()),
    "of chance when its cell ran": ("import os\nDRAWN = os.urandom(4)\ndef f(x):\n    return DRAWN", ()),
    "bound to something else later": ("def f(x):\n    return 3 * x", ("f = 3 * 2",)),
    "mended later": ("def f(x):\n    return 3 * x", (REFERENCE,)),
    "broken later": (REFERENCE, ("def f(x):\n    return 3 * x",)),
    "an object that equals everything": (
        "class Any:\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n        return '6'\n"
        "def f(x):\n    return Any()",
        (),
    ),
    "a generator": ("def f(x):\n    yield x", ()),
    "a list that holds itself": ("def f(x):\n    found = [x]\n    found.append(found)\n    return found", ()),
    "not written": ("def f(x):\n    raise NotImplementedError", ()),
    "a loop without an end": ("def f(x):\n    while True:\n        pass", ()),
    "an end of the process": ("import os\ndef f(x):\n    os._exit(0)", ()),
    "no function": ("f = 6", ()),
}


ALONE = [name for name in SHOWS_NOTHING if name != "no function"]


@pytest.mark.parametrize("name", in_each_run(ALONE, [name for name in ALONE if "without an end" not in name]))
def test_nothing_is_shown_of(bench: Bench, name: str) -> None:
    written, extra = SHOWS_NOTHING[name]
    assert bench.shown(cells(), {"A": written}, extra) is None


def test_an_array_is_an_array_to_the_student_and_a_list_where_it_is_shown(bench: Bench) -> None:
    asked = cells("examples(f, [(np.array([[1, 2], [3, 4]]),)])", "def f(x):\n    return x.mean(axis=0)")
    found = bench.shown(asked, {"A": "def f(x):\n    return x.mean(axis=1, keepdims=True)"})
    assert found == Counterexample("f(np.array([[1, 2], [3, 4]]))", "[[1.5], [3.5]]", "[2.0, 3.0]")
    assert bench.shown(asked, {"A": "def f(x):\n    return list(sum(x) / len(x))"}) is None
    with pytest.raises(CourseError, match=r"for whoever pastes it, write `import numpy as np` into a cell"):
        read(asked[1:])


def test_a_name_that_is_no_function_is_shown_as_the_error_it_makes(bench: Bench) -> None:
    found = bench.shown(cells(), {"A": SHOWS_NOTHING["no function"][0]})
    assert found == Counterexample("f(3)", "TypeError: 'int' object is not callable", "6")


def test_what_is_shown_is_short_and_an_error_cannot_pose_as_a_value(bench: Bench) -> None:
    found = bench.shown(cells(), {"A": "def f(x):\n    return list(range(10**4))"})
    assert found is not None and len(found.gives) == LONGEST and found.gives.endswith("…")
    poses = (
        "class Odd(Exception):\n    pass\ndef f(x):\n    error = Odd('\\x1b[31m')\n    error.facts = {'shown': '6'}\n"
    )
    found = bench.shown(cells(), {"A": f"{poses}    raise error"})
    assert found is not None and found.gives.startswith("Odd: ") and "\x1b" not in found.gives


def test_a_notebook_that_is_asked_has_heard_no_hidden_line(bench: Bench) -> None:
    hidden = f"{EXAMPLES}\n### BEGIN HIDDEN TESTS\nassert f(7187) == 14374\n### END HIDDEN TESTS"
    assert bench.examined(cells(hidden), {"A": SEES}).outcomes["T"].how == "failed"
    found = bench.shown(cells(hidden), {"A": SEES})
    assert found == Counterexample("f(3)", "'3'", "6")  # nor one example another


# ---- what an author may not write ----------------------------------------------------------------

FORM = "write `examples(f, [(1, 2), (3, 4)])` at the left edge"


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        ("examples(f)", f"cell T, line 1: {FORM}"),
        ("examples(f, 3)", FORM),
        ("examples(lambda x: f(x), [3])", FORM),
        ("examples(f, [3], n=1)", FORM),
        ("def test_f():\n    examples(f, [3])", f"line 2: {FORM}"),
        (
            "examples(f, [np.ones(3)])",
            "np.ones(3) is no plain value: numbers, texts, lists, dicts and sets of them, or",
        ),
        ("examples(f, [np.array([x])])", "np.array([x]) is no plain value"),
        ("examples(f, [np.array([1], 'int')])", "is no plain value"),
        ("examples(f, [(1, x)])", "(1, x) is no plain value"),
        ("examples(g, [3])", "no answer above binds g, whose examples these are"),
        (
            f"examples(f, {['a' * LONGEST]})",
            f"an example of {LONGEST + 5} characters; up to {LONGEST} are easy to read",
        ),
        (f"examples(f, {[*range(MOST + 1)]})", f"cell T: {MOST + 1} examples; {MOST} are enough"),
        (
            "examples(f, [5])\n### BEGIN HIDDEN TESTS\nassert 10 == f( 5 )\n### END HIDDEN TESTS",
            "cell T: f(5) stands in a hidden line as well, and an example is shown; give it other values",
        ),
    ],
)
def test_what_can_be_no_example_is_refused(tests: str, why: str) -> None:
    with pytest.raises(CourseError) as refused:
        read(cells(tests))
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("raise ValueError('no')", "gives ValueError: no; an example needs a plain value, the same each time"),
        ("return lambda: x", "gives a value of function that is not plain"),
        ("return float('inf')", "gives a value of float that is not plain"),
        ("return np.random.rand()", "and then 0."),
        ("return [1] * 100", "gives a text of 300 characters; an example needs a plain value"),
    ],
)
def test_what_the_reference_cannot_answer_is_refused(bench: Bench, reference: str, why: str) -> None:
    with pytest.raises(CourseError) as refused:
        bench.shown(cells("examples(f, [3])", f"def f(x):\n    {reference}"), {})
    assert "book.ipynb: cell T: to f(3) the source's own answer gives" in str(refused.value)
    assert why in str(refused.value)


def test_a_function_of_the_notebooks_own_with_that_name_is_none_of_ours() -> None:
    own = given("def examples(one, other):\n    return one")
    assert read([own, *cells("examples(f, 3)")])[1] == ()
    imported = given("from testing_tools import examples")
    assert [one.call for one in read([imported, *cells("examples(f, [(1, 2), {'a': [1]}, ()])")])[1]] == [
        "f(1, 2)",
        "f({'a': [1]})",
        "f()",
    ]


# ---- all edits of a course -----------------------------------------------------------------------

ASKS = """
import json, sys
code, call = json.loads(sys.stdin.read())
names = {}
exec(code, names)
try:
    print(repr(eval(call, names)))
except Exception as error:
    print(f"{type(error).__name__}: {error}".rstrip(" ."))
"""


def said(code: str, call: str) -> str:
    """What a call gives on plain Python: the value, or the error."""
    ran, asked = [sys.executable, "-c", ASKS], json.dumps([code, call])
    return subprocess.run(ran, input=asked, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.mark.proof
def test_no_example_is_false_about_any_edit_of_a_course_or_about_its_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "course"
    shutil.copytree(WORDS, root)
    shutil.copy(WORDS.parents[2] / "nbgrader_config.py", root)
    assert cli.main(["release", "words", "--course", str(root)]) == 0
    course, results = load_course(root), {}
    grade = audit.graded

    def graded(*args: Any) -> dict[str, Result]:
        results.update(grade(*args))
        return results

    monkeypatch.setattr(audit, "graded", graded)
    assignment = course.assignment("words")
    own_tests.audit(course, assignment, tmp_path / "scratch", 1, lambda done, of: None)
    book = json.loads((root / "source" / "words" / "words.ipynb").read_text(encoding="utf-8"))
    setup = "".join(book["cells"][1]["source"])
    answers = [one for one in own_tests.answers_of(course, assignment) if one.task in WITH_EXAMPLES]
    right = "\n".join([setup, *(one.source for one in answers)])
    shown = Counter[str]()
    for changed in answers:
        for mutant in own_tests.mutants_of(course, assignment, changed):
            code = "\n".join([setup, *(mutant.source if one == changed else one.source for one in answers)])
            for task, verdict in results[mutant.name].verdicts.items():
                example = verdict.counterexample
                if task == changed.task:
                    shown[f"{task}, {'none' if example is None else 'shown'}"] += 1
                if example is not None:
                    gives = said(code, example.cell)
                    assert _alike(said(right, example.cell), example.right), (mutant.name, example)
                    assert _alike(gives, example.gives) and not _alike(gives, example.right), (mutant.name, gives)
    assert dict(shown) == SHOWN


def _alike(one: str, other: str) -> bool:
    return one == other or ("Error" not in one + other and ast.literal_eval(one) == ast.literal_eval(other))
