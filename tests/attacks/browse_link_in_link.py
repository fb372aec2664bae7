"""Wants a live link around, inside or after a picture that may stay.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
TEXT = """[![x](attachment:a.png)](javascript\\:alert(31337)) ![y](attachment:a.png 'q" onerror="alert(31337)')
![![x](attachment:a.png)](http://127.0.0.1/31337) ![z" onerror="alert(31337)](attachment:a.png)
![v](data:image/png;base64,iVBORw0KGgo=" onerror="alert(31337))"""
ATTACK = Attack(edit=in_text(TEXT, attachments={"a.png": {"image/png": PNG}}))


def won(evidence: Evidence) -> bool:
    return evidence.live
