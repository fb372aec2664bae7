"""Wants HTML and SVG into the graded notebook, as attachments that are no pictures.

Won: they are in it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["source"] = "a picture"
            svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(31337)'/>"
            cell["attachments"] = {
                "x.svg": {"image/svg+xml": svg},
                "y.png": {"text/html": svg, "image/png": '" onerror="alert(31337)'},
            }


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    return any("onerror" in text or "svg+xml" in text for text in evidence.graded.values())
