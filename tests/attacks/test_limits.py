"""The table of docs/limits.md: each limit, its wall, what tries it, and what was measured.

With AUTOGRADER_RECORD=1 this writes the table, else it holds it; tests/proof/test_limits_tried.py measures.
"""

import os

import pytest

from tests.attacks import limits
from tests.attacks.test_attacks import MODULES
from tests.attacks.walls import WALLS


def test_the_table_is_what_the_code_says_and_what_was_measured() -> None:
    before, inside, after = limits.split(limits.PAGE.read_text(encoding="utf-8"))
    expected = limits.table(limits.read_figures())
    if os.environ.get("AUTOGRADER_RECORD") == "1":
        limits.PAGE.write_text(before + expected + after, encoding="utf-8")
    else:
        assert inside == expected


def test_every_field_of_limits_has_a_row_and_what_tries_it_is_there() -> None:
    assert limits.of_limits() <= {row.name for row in limits.ROWS}
    for row in limits.ROWS:
        for name in row.tried_by:
            assert (limits.ROOT / name).is_file() if "/" in name else name in MODULES, name
        assert row.tried_by or row.name in limits.of_limits(), row.name


def test_every_attack_on_memory_stands_in_the_table() -> None:
    assert {name for name in MODULES if name.startswith("exhaust_memory")} <= set(limits.attacks())


@pytest.mark.parametrize("name", limits.attacks())
def test_an_attack_of_the_table_has_its_wall_and_its_figures(name: str) -> None:
    module = MODULES[name]
    assert getattr(module, "WALL", None) in WALLS or hasattr(module, "HOLE")
    assert all(limits.read_figures()[name].values())
