# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run terminal codes and HTML from printed output in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "nbconvert itself escapes or drops it, so it does not run even without our cleaning"


def edit(name: str, data: dict[str, object]) -> None:
    text = "\x1b]8;;javascript:alert(31337)\x07x\x1b]8;;\x07 \x1b[31m<script>alert(31337)</script> <img src=x onerror=alert(31337)>"
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["cell_type"] == "code":
            error = {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]}
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}, error]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
