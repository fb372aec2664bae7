# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run HTML in cell ids, languages and metadata in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "nbconvert itself escapes or drops it, so it does not run even without our cleaning"
BAD = 'x"><script>alert(31337)</script>'


def edit(name: str, data: dict[str, object]) -> None:
    data["metadata"] = {"kernelspec": {"name": BAD, "language": BAD, "display_name": BAD}, "title": BAD}
    for cell in data["cells"]:  # type: ignore[attr-defined]
        cell["id"] = cell["id"] + BAD
        cell["metadata"]["tags"] = [BAD]
        cell["metadata"]["name"] = BAD


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
