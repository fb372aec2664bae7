# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run HTML inside LaTeX, where Markdown leaves everything as it is.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "nbconvert itself escapes it, so it does not run even without our cleaning"
BAD = "<img src=x onerror=alert(31337)>"
TEXT = rf"${BAD}$ $${BAD}$$ \\({BAD}\\) \\[{BAD}\\] \begin{{equation}}{BAD}\end{{equation}} $\text{{<script>alert(31337)</script>}}$"
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
