# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run HTML in the text of an exception: the message is a comment, and comments are Markdown in the browser of whoever reads the graded notebook or the feedback.

Won: the page that nbgrader makes has a live script, handler or script link of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "it won until this was mended: gradebook.writer.GradebookWriter: auto_comment holds the exception's text raw; nbgrader's templates render comments as Markdown with live HTML; what stops it now is code that is right, not one wall"
ANSWERS = {
    "T5": "def forward(params, X):\n    raise ValueError('<img src=x onerror=alert(31337)>')\n",
    "T6": "def softmax_loss(scores, y, params, reg):\n    raise ValueError('[x](javascript:alert(31337))')\n",
    "T7": "class H(Exception): pass\nH.__name__ = '<script>alert(31337)</script>'\ndef backward(*args):\n    raise H\n",
}
ATTACK = Attack(answers=ANSWERS)


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
