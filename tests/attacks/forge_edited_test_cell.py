"""Wants T5 by emptying the locked test cell.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "locked_cells_are_ours"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T5":
            cell["source"] = "print('all right')"


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
