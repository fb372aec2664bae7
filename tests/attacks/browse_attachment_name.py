"""Wants to break out of a picture's tag by the name of an attachment.

Won: the page that nbgrader makes has something live of the student's (31337), or is not made.
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "attachments get names of our own, beside this wall"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
NAMES = ('x"onerror="alert(31337)', "x'onerror='alert(31337)", "<script>alert(31337)</script>.png", "../../31337.png")
ATTACK = Attack(
    edit=in_text(
        " ".join(f"![x](<attachment:{name}>) ![x](attachment:{name})" for name in NAMES),
        attachments={name: {"image/png": PNG} for name in NAMES},
    )
)


def won(evidence: Evidence) -> bool:
    return evidence.live or evidence.problem.startswith("no page")


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
