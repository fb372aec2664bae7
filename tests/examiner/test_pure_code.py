"""Pure code: what beginners write is, what could keep something between two calls is not; then one process does."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from shares import in_each_run

from autograder.grading.by_examiner import notebook as by_examiner
from autograder.grading.by_examiner import pure_code
from autograder.judging.by_examiner.outcomes import CellOutcomes
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside
from autograder.submissions.align import EXTRA, LOCKED, TEST, Cell
from tests.examiner.bench import SMALL, Bench, Written, answer, book_of, given, read, test

KINDS: dict[str, dict[str, str]] = {"pure": {}, "keeps": {}, "sly": {}}
for _name, _kind, _source in re.findall(
    r"^==== ([^\n]+): (\w+)\n(.*?)(?=^====|\Z)",
    Path(__file__).with_suffix("").with_name("pure_code.txt").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
):
    KINDS[_kind][_name] = _source.rstrip()
PURE, KEEPS, SLY = KINDS.values()


def hidden(source: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"


def cells_of(*sources: str, kind: str = "answer") -> list[Cell]:
    return list(book_of([Written(kind, f"c{number}", source) for number, source in enumerate(sources)]).cells)


def is_pure(cells: Sequence[Cell]) -> bool:
    return pure_code.read(cells) is not None


def in_vain_of(cells: Sequence[Cell]) -> list[str] | None:
    names = pure_code.read(cells)
    return None if names is None else names.in_vain(cells)


@pytest.mark.parametrize("name", PURE)
def test_what_beginners_write_is_pure(name: str) -> None:
    assert is_pure(cells_of(PURE[name]))


@pytest.mark.parametrize("name", [*KEEPS, *SLY])
def test_what_could_keep_something_is_not(name: str) -> None:
    source = (KEEPS | SLY)[name]
    assert not is_pure(cells_of(source))
    assert not is_pure([*cells_of(PURE["a loop"]), Cell(EXTRA, "code", source, "own")])


def keeping(name: str) -> list[Written]:
    harmless = "def f(x):\n    pass\ndef g():\n    return 42"
    return [answer(harmless, "A"), test(hidden("f(42)"), "T1"), test(hidden("assert g() == 42"), "T2")]


@pytest.mark.parametrize("name", in_each_run(KEEPS, [*list(KEEPS)[::6], "free memory"]))
def test_what_is_kept_wins_where_all_is_taken_for_pure_and_loses_with_the_rule(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert bench.examined(keeping(name), {"A": KEEPS[name]}).outcomes["T2"].how != "passed"
    monkeypatch.setattr(pure_code, "read", lambda cells: pure_code.Names())
    found = bench.examined(keeping(name), {"A": KEEPS[name]})
    assert found.outcomes["T2"].how == "passed", found


@pytest.mark.parametrize(
    ("author", "theirs", "pure"),
    [
        ("import numpy as np\nimport matplotlib.pyplot as plt", "def f(x):\n    return np.sum(x)", True),
        ("%matplotlib inline\nimport numpy as np", "def f(x):\n    return np.sum(x)", True),
        ("def half(x):\n    return x / 2", "def f(x):\n    return half(x)", True),
        ("import random\ndef half(x):\n    return random.random()", "def f(x):\n    return half(x)", False),
        ("kept = []\ndef half(x):\n    kept.append(x)", "def f(x):\n    return half(x)", False),
        ("kept = []", "def f(x):\n    kept.append(x)", False),
        ("kept = []", "def f(x):\n    return x\nprint(f(3))", True),
        ("class Kept:\n    pass", "def f(x):\n    return x", True),
        ("class Kept:\n    pass", "def f(x):\n    return Kept", False),
        ("import numpy as np\nnp = None", "def f(x):\n    return np.sum(x)", False),
    ],
)
def test_of_the_authors_own_cells_the_student_may_use_what_is_pure(author: str, theirs: str, pure: bool) -> None:
    given_first = [*cells_of(author, kind="given"), *cells_of(theirs)]
    assert given_first[0].role == LOCKED
    assert is_pure(given_first) is pure


@pytest.mark.parametrize(
    ("source", "theirs", "pure"),
    [
        ("import numpy as np\ndata = [1]\nassert f(data)", "def f(x):\n    return np.sum(x)", True),
        ("data = [1]\nassert f(data)", "def f(x):\n    data.append(x)", False),
        ("np = 3", "import numpy as np\ndef f(x):\n    return np.sum(x)", False),
    ],
)
def test_what_a_visible_test_binds_is_not_known(source: str, theirs: str, pure: bool) -> None:
    tests = cells_of(source, kind="test")
    assert tests[0].role == TEST
    assert is_pure([*cells_of(theirs), *tests]) is pure


def test_of_visible_tests_those_that_only_assert_need_not_run() -> None:
    first = [*cells_of("import numpy as np\ndef check(f, x):\n    seen.append(x)\nseen = []", kind="given")]
    first += cells_of("def f(x):\n    return x\nxs = [f(1)]")
    for source, in_vain in (
        ("assert f(1) == 2\nassert np.sum(f(3)) > 3, 'more'", ["c0"]),
        ("assert f(xs) == 2", []),
        ("assert (y := f(1)) == 2", []),
        ("y = f(1)\nassert y", []),
        ("assert f(1) == 2\nprint('well done')", []),
        ("assert check(f, 1)", []),
        ("assert f(seen)", []),
        ("import math\nassert f(1)", []),
        ("%time f(1)", []),
    ):
        assert in_vain_of([*first, *cells_of(source, kind="test")]) == in_vain, source
    assert in_vain_of([*cells_of(KEEPS["a global list"]), *cells_of("assert f(1) == 2", kind="test")]) is None


def test_what_is_deep_or_long_is_not_pure() -> None:
    assert not is_pure(cells_of("x = " + "-" * 5000 + "1"))
    assert not is_pure(cells_of("x = [" + "1, " * 10_000 + "]\ny = x"))  # nobody waits until it is read


def forks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each run was to answer in place."""
    asked: list[bool] = []
    noted = by_examiner.NotebookRun.noted

    def counted(self: Any, cells: Any, apart: Any, limits: Any, in_vain: Any) -> None:
        asked.append(limits["in_place"])
        noted(self, cells, apart, limits, in_vain)

    monkeypatch.setattr(by_examiner.NotebookRun, "noted", counted)
    return asked


def ways(bench: Bench, monkeypatch: pytest.MonkeyPatch, cells: Sequence[Written], **more: Any) -> list[dict[str, str]]:
    """How the tests end in place, and in copies."""
    asked = forks(monkeypatch)
    found = [bench.examined(cells, **more)]
    assert asked[0] is True
    monkeypatch.setattr(pure_code, "read", lambda cells: None)
    found.append(bench.examined(cells, **more))
    assert asked[-1] is False
    return [{name: one.how for name, one in each.outcomes.items()} for each in found]


def test_each_test_has_the_names_of_its_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        answer("LIMIT = 1\ndef f(x):\n    return later(x) + LIMIT", "A"),
        test(hidden("try:\n    f(1)\n    raise AssertionError\nexcept NameError:\n    pass"), "T1"),
        answer("def later(x):\n    return 10 * x", "B"),
        test(hidden("assert f(1) == 11\nlater = lambda x: 0\nassert f(1) == 1"), "T2"),
        answer("def later(x):\n    return 20 * x", "C"),
        test(hidden("del f\nx = [1, 2]"), "T3"),
        test("assert f(x[0]) == 21 and later(1) == 20 and LIMIT == 1", "T4"),
    ]
    in_place, in_copies = ways(bench, monkeypatch, cells)
    assert in_place == in_copies == dict.fromkeys(("T1", "T2", "T3", "T4"), "passed")


def test_a_call_without_an_end_and_one_without_bounds_cost_their_tests(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [
        answer("def f(x):\n    return x", "A"),
        answer("def g(x):\n    return x", "B"),
        test("assert f(2) == 2", "T1"),
        test("assert g(2) == 2", "T2"),
        test("assert f(1) == 1 and g(0) == 0", "T3"),
    ]
    answers = {
        "A": "def f(x):\n    while x > 1:\n        pass\n    return x",
        "B": "def g(x):\n    y = [0]\n    while x:\n        y += y\n    return x",
    }
    in_place, in_copies = ways(bench, monkeypatch, cells, answers=answers)
    assert in_place == in_copies
    assert in_place["T3"] == "passed" and "passed" not in (in_place["T1"], in_place["T2"])


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_answers_in_place_as_it_does_in_copies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked = ["3", "[3, 1]", "'a b'", "0", "np.arange(3.0)", "(1, [2])"]
    tests = [
        test(
            f"try:\n    got = repr(f({one}))\nexcept Exception as error:\n    got = repr(error)\nassert not got, got",
            f"T{n}",
        )
        for n, one in enumerate(asked)
    ]
    cells = [given("import numpy as np"), answer(PURE[name], "A"), *tests]
    monkeypatch.setattr(by_examiner, "Examined", lambda outcomes, errors, apart: by_examiner_of(outcomes))
    asked_in_place = forks(monkeypatch)
    first: Any = bench.examined(cells)
    monkeypatch.setattr(pure_code, "read", lambda cells: None)
    second: Any = bench.examined(cells)
    assert first == second and asked_in_place == [True, False]


def by_examiner_of(outcomes: Any) -> list[tuple[str, str]]:
    return [(one.how, one.error.text if one.error else "") for one in outcomes.values()]


def test_files_of_the_students_own_are_not_pure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = forks(monkeypatch)
    cells = [answer("import math\ndef f(x):\n    return math.sqrt(x)", "A"), test("assert f(4) == 2")]
    assert bench.how(cells, files={"math.py": b"kept = []\ndef sqrt(x):\n    kept.append(x)\n    return 2"}) == "passed"
    assert asked == [False]


def test_of_pure_code_a_visible_line_tells_its_values_whatever_was_asked_before(bench: Bench) -> None:
    cells = [
        answer("def f(x):\n    return x", "A"),
        test(hidden("assert f(1) == 1"), "T1"),
        test("assert f(2) == 2", "T2"),
    ]
    for wrong, wanted in (("return x if x < 2 else 0", []), ("import os\n    return x if x < 2 else 0", ["T2"])):
        found = bench.examined(cells, {"A": f"def f(x):\n    {wrong}"})
        assert [one.how for one in found.outcomes.values()] == ["passed", "failed"]
        assert CellOutcomes(read(cells)[0], found.outcomes, apart=found.apart).want_shown == wanted


def test_of_pure_code_a_value_of_a_hidden_line_is_not_told_where_a_visible_one_uses_it(bench: Bench) -> None:
    cells = [
        answer("def f(x):\n    return x", "A"),
        test("x = [1]\n" + hidden("x = [70]"), "T1"),
        test(hidden("y = 4"), "T2"),
        test("assert f(x[0]) == x[0]", "T3"),
    ]
    found = bench.examined(cells, {"A": "def f(x):\n    return 0"})
    assert found.apart and CellOutcomes(read(cells)[0], found.outcomes, apart=True).want_shown == ["T3"]


def test_without_walls_what_others_have_in_shared_memory_is_left_alone(bench: Bench) -> None:
    shared = Path("/dev/shm")
    theirs = shared / f"of-the-kits-tests-{id(bench)}"
    theirs.write_text("theirs", encoding="utf-8")
    before = theirs.stat().st_ino, theirs.stat().st_mtime_ns, shared.stat().st_mode
    try:
        with Guest(Inside(), SMALL, unsafe=True) as guest:
            cells = [answer("kept = []\ndef f(x):\n    return x", "A"), test("assert f(1) == 1")]
            assert Bench(guest, bench.examiner).how(cells, {"A": "import os\ndef f(x):\n    return x"}) == "passed"
        assert (theirs.stat().st_ino, theirs.stat().st_mtime_ns, shared.stat().st_mode) == before
    finally:
        theirs.unlink()
