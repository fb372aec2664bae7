# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants to run a javascript: link whose colon is escaped, or whose word is broken as Markdown mends it.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
TEXT = "[a](javascript\\:alert(31337)) [b](<javascript\\:alert(31337)>) [c](java\u2424script:alert(31337)) ![d](javascript\\:alert(31337))"
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live
