"""Wants nbgrader's pages not to be made at all: a text that names an attachment which is not there.

Won: making the page ends with an exception.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
TEXT = "![x](attachment:x.svg)"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["source"] = TEXT
    data["cells"].append({"cell_type": "markdown", "metadata": {}, "source": TEXT, "id": "x"})  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.problem.startswith("no page")
