"""Wants to run a javascript: link in LaTeX that only a macro puts together.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
TEXT = (
    r"$\def\h#1{\href{java#1}{x}}\h{script:alert(31337)}$ $\newcommand\k[1]{\href{#1:alert(31337)}{y}}\k{javascript}$"
)
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live
