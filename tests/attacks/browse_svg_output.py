"""Wants to run an SVG picture from a saved output in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "nbconvert itself escapes or drops it, so it does not run even without our cleaning"
DATA = {
    "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(31337)'><script>alert(31337)</script></svg>"
}


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": DATA, "metadata": {}}]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
