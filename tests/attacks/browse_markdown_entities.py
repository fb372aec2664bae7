# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run HTML written with entities in a text cell in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "nbconvert itself escapes or drops it, so it does not run even without our cleaning"
TEXT = "&lt;script&gt;alert(31337)&lt;/script&gt; &amp;lt;img src=x onerror=alert(31337)&amp;gt; &#60;img src=x onerror=alert(31337)&#62;"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["source"] = TEXT
    data["cells"].append({"cell_type": "markdown", "metadata": {}, "source": TEXT, "id": "x"})  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
