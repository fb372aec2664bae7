"""Wants to run HTML in the notebook's title and its authors' names.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "the graded notebook has the release's metadata, not the student's: there is no cleaning to take away"
BAD = "</title><script>alert(31337)</script><img src=x onerror=alert(31337)>"


def edit(name: str, data: dict[str, object]) -> None:
    data["metadata"] = {"title": BAD, "authors": [{"name": BAD}], "celltoolbar": BAD, "widgets": {BAD: {"state": {}}}}


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
