"""Wants the graded notebook not to be made at all: an attachment whose name is half a character.

Won: grading ends with an exception of ours, or the page that nbgrader makes is not made.
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "attachments_have_names_that_can_be_written"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
NAMES = {"\ud800": {"image/png": PNG}, "no-picture\ud800": {"image/svg+xml": "PHN2Zy8+"}}
ATTACK = Attack(edit=in_text("![x](attachment:\ud800)", attachments=NAMES))


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)
