"""Test functions of one cell are parts: what one comes to is that one's, as far as they are apart."""

import pytest

from autograder.grading.by_examiner.notebook import Examined
from tests.examiner.bench import Bench, Written, answer, test

F = "def f(x):\n    return 2 * x"
EQUAL = "class Any:\n    def __eq__(self, other):\n        return True\n"
ODD = f"{EQUAL}def f(x):\n    return Any() if x == 2 else 2 * x"
FIRST, SECOND, THIRD = (
    "def test_one():\n    assert f(1) == 2",
    "def test_two():\n    assert f(2) == 4",
    "def test_three():\n    assert f(3) == 6",
)
CAUGHT = "def test_two():\n    global seen\n    try:\n        f(2) == 4\n    except:\n        seen = True"
# name -> what the student writes, the parts, how their cell ends, which of them fail
ENDS = {
    "right": (F, (FIRST, SECOND), "passed", []),
    "one_cannot_be_decided": (ODD, (FIRST, SECOND, THIRD), "undecidable", ["test_two"]),
    "the_first_that_fails_is_told": (ODD, (FIRST.replace("== 2", "== 3"), SECOND), "failed", ["test_one", "test_two"]),
    "all_but_one_cannot_be_decided": (
        f"{EQUAL}def f(x):\n    return 6 if x == 3 else Any()",
        (FIRST, SECOND, THIRD),
        "undecidable",
        ["test_one", "test_two"],
    ),
    "a_name_that_an_undecided_part_did_not_leave": (
        ODD,
        ("def test_one():\n    global seen\n    seen = f(2) == 4", "def test_two():\n    assert seen", THIRD),
        "undecidable",
        ["test_one", "test_two"],
    ),
    # what a part leaves that has caught it is nothing to go by
    "caught": (
        ODD,
        (
            FIRST,
            "def test_two():\n    global seen\n    try:\n        seen = f(2) == 4\n    except:\n        seen = True",
            "def test_three():\n    assert seen",
        ),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "caught_and_asked_again": (
        ODD,
        (
            f"{CAUGHT}\n    f(1)",
            "def test_three():\n    assert seen",
        ),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "caught_and_failed": (
        ODD,
        (
            f"{CAUGHT}\n    assert 0",
            "def test_three():\n    assert seen",
        ),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "within_a_function_of_the_test": (
        f"{EQUAL}def f(x):\n    return x(Any()) if callable(x) else 2 * x",
        (
            "def test_two():\n    f(lambda one: one == 4)",
            "def test_three():\n    assert f(3) == 6",
        ),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "caught_by_the_student_within_a_function_of_the_test": (
        f"{EQUAL}def f(x):\n    try:\n        return x(Any()) if callable(x) else 0\n"
        "    except BaseException:\n        return 6",
        (
            "def test_two():\n    f(lambda one: one == 4)",
            "def test_three():\n    assert f(3) == 6",
        ),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "an_object_where_plain_values_are_needed": (ODD, (FIRST, SECOND, THIRD), "undecidable", ["test_two"]),
    "missing_values_where_whole_ones_are_needed": (
        "import numpy as np\ndef f(x):\n    return np.ma.masked if x == 2 else 2 * x",
        (FIRST, SECOND, THIRD),
        "undecidable",
        ["test_two"],
    ),
    "an_object_given_to_a_function_of_the_test_where_plain_values_are_needed": (
        f"{EQUAL}def f(x):\n    return x(Any()) if callable(x) else 2 * x",
        ("def test_two():\n    f(lambda one: 4)", THIRD),
        "undecidable",
        ["test_two", "test_three"],
    ),
    "its_process_ends": (
        "import os\ndef f(x):\n    return os._exit(0) if x == 2 else 2 * x",
        (FIRST, SECOND, THIRD),
        "ended",
        ["test_two"],
    ),
    "two_end_their_processes": (
        "import os\ndef f(x):\n    return os._exit(0) if x < 3 else 2 * x",
        (FIRST, SECOND, THIRD),
        "ended",
        ["test_one", "test_two"],
    ),
    "one_takes_too_long": (
        "def f(x):\n    while x == 1:\n        pass\n    return 2 * x",
        (FIRST, SECOND, THIRD.replace("6", "7")),
        "ended",
        ["test_one", "test_three"],
    ),
    "its_end_is_caught": (
        "import os\ndef f(x):\n    return os._exit(0) if x == 2 else 2 * x",
        (FIRST, CAUGHT, "def test_three():\n    assert seen"),
        "ended",
        ["test_two", "test_three"],
    ),
    "its_end_is_caught_and_asked_again": (
        "import os\ndef f(x):\n    return os._exit(0) if x == 2 else 2 * x",
        (FIRST, f"{CAUGHT}\n    f(1)", "def test_three():\n    assert seen"),
        "ended",
        ["test_two", "test_three"],
    ),
    "objects_of_an_ended_process_are_gone": (
        "import os\nclass Box:\n    n = 3\ndef f(x):\n    return os._exit(0) if x == 2 else Box()",
        (
            "box = f(0)\ndef test_one():\n    f(2)",
            "def test_two():\n    assert box.n == 3",
            "def test_three():\n    pass",
        ),
        "ended",
        ["test_one", "test_two"],
    ),
    "the_test_exits": (
        F,
        (FIRST, "def test_two():\n    raise SystemExit", THIRD),
        "failed",
        ["test_two", "test_three"],
    ),
    "too_long_after_one_that_failed": (
        F,
        (FIRST.replace("== 2", "== 3"), "def test_two():\n    while True:\n        pass", THIRD),
        "failed",
        ["test_one", "test_two", "test_three"],
    ),
    "one_deletes_the_next": (
        F,
        ("def test_one():\n    global test_two\n    del test_two", SECOND, THIRD),
        "failed",
        ["test_two"],
    ),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Examined:
    cells: list[Written] = []
    for name, (_, parts, _, _) in ENDS.items():
        cells += [answer(F, f"{name}-answer"), test("\n".join(parts), name)]
    plain = [name for name in ENDS if name.endswith("are_needed")]
    return bench.examined(cells, {f"{name}-answer": ENDS[name][0] for name in ENDS}, plain=plain)


@pytest.mark.parametrize("name", ENDS)
def test_each_part_ends_by_itself(ended: Examined, name: str) -> None:
    found = ended.outcomes[name]
    assert (found.how, list(found.failed)) == ENDS[name][2:], found


def test_of_a_limit_is_told_though_another_part_failed_before(ended: Examined) -> None:
    """What a limit had a hand in is not kept."""
    error = ended.outcomes["too_long_after_one_that_failed"].error
    assert error is not None and error.limit
