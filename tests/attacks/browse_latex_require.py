"""Wants to load extensions of MathJax, and to dress the page with a style that fetches from elsewhere.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
TEXT = r"""$\require{HTML} \cssId{31337}{x} \class{31337}{x} \style{background: url(http://127.0.0.1/31337)}{x}$
$\require{../../31337}$ $$\includegraphics{http://127.0.0.1/31337.png}$$"""
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live
