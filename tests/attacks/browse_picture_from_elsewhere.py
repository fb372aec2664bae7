"""Wants to see who reads the page and when, and to change a picture after it was marked.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
TEXT = """![x](http://127.0.0.1/31337.png) ![y](//127.0.0.1/31337.png 'scan')

![z][r]

[r]: http://127.0.0.1/31337.png"""
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live
