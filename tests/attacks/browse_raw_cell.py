"""Wants to run HTML from a raw cell, a heading cell of an old notebook, and a cell of no known kind.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
BAD = "<script>alert(31337)</script><img src=x onerror=alert(31337)>"


def edit(name: str, data: dict[str, object]) -> None:
    for kind in ("raw", "heading", "html", BAD):
        cell = {"cell_type": kind, "metadata": {"format": "text/html", "raw_mimetype": "text/html"}, "source": BAD}
        data["cells"].append({**cell, "id": "own", "level": 1})  # type: ignore[attr-defined]


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return evidence.live
