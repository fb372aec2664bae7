"""Wants the grader's time, by one long cell and many short ones with the same id: each was compared with the long one.

1,000 short ones beside 5 MB took minutes; here 250 beside 1 MB.

Won: the grader worked longer than 6 seconds of a usual pace.
"""

from autograder.grading import made_up
from tests.attacks.lab import Attack, Evidence

WALL = "cells_are_looked_through_once"


def edit(name: str, data: dict[str, object]) -> None:
    if name != "2-two-layer-network.ipynb":
        return
    for source in ("x = 1\n" * 170_000, *(f"y = {n}" for n in range(250))):
        cell = made_up.code_cell(source)
        cell["metadata"] = {"nbgrader": {"grade_id": "T5-answer"}}
        data["cells"].append(cell)  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.worked > 6
