"""Wants every reader of the graded notebook: for a code cell of white lines, pygments needs quadratic time.

4,000 lines take a second, 22,500 half a minute, and a cell may have millions.

Won: the graded notebook has more than 1,000 blank lines in a row.
"""

import itertools
import json

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence

WALL = "cells_are_shortened"


def edit(name: str, data: dict[str, object]) -> None:
    data["cells"].append(made_up.code_cell("x = 1\n" + " \n" * 4000 + "y = 1"))  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    cells = [cell for text in evidence.graded.values() for cell in json.loads(text)["cells"]]
    runs = (
        len(list(lines)) if blank else 0
        for cell in cells
        for blank, lines in itertools.groupby(cell["source"], lambda line: not line.strip())
    )
    return max(runs) > 1000


def took_place(evidence: Evidence) -> bool:
    return any("3980 blank lines more are not shown" in text for text in evidence.graded.values())
