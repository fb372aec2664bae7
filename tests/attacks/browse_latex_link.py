"""Wants to run a javascript: link in LaTeX in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
TEXT = "$\\href{javascript:alert(31337)}{x}$ $$\\href{javas\tcript:alert(31337)}{x}$$"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["source"] = TEXT
    data["cells"].append({"cell_type": "markdown", "metadata": {}, "source": TEXT, "id": "x"})  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live
