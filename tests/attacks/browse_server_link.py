# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants links that do something on the reader's own server: a page of the formgrader that shows a name raw.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
PLACE = "/formgrader/manage_students/x%22;alert(31337);%22"
TEXT = f"[my source]({PLACE}) [s] http://127.0.0.1:8888{PLACE} <http://localhost:8888{PLACE}> www.x.test/31337\n\n[s]: {PLACE}"
ATTACK = Attack(edit=in_text(TEXT))


def won(evidence: Evidence) -> bool:
    return evidence.live
