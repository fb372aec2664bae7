"""Wants nbgrader's pages not to be made at all: a nameless attachment, with which every name begins.

Won: making the page ends with an exception.
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
TEXT = "![x](attachment:y.png) ![x](attachment:zz.png)"
ATTACK = Attack(edit=in_text(TEXT, attachments={"": {"image/png": PNG}, "z": {"image/png": PNG}}))


def won(evidence: Evidence) -> bool:
    return evidence.problem.startswith("no page")
