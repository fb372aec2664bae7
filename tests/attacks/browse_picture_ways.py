"""Wants to run something beside a real picture, by each way in which a picture may be written into a text.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
TEXT = r"""<img src="attachment:p.png" onload="alert(31337)" width="600">
<img src='attachment:p.png' srcset='x onerror=alert(31337) 1x' onerror=alert(31337)>
<IMG SRC=attachment:p.png alt='"><script>alert(31337)</script>'/>

![" onload="alert(31337)](attachment:p.png "t' onload='alert(31337)")

![<img src=x onerror=alert(31337)> [1]][p] ![p] [the link][q] [p](javascript:alert(31337))

[p]: attachment:p.png "onload=alert(31337)"
[q]: javascript:alert(31337)

[![p](attachment:p.png)](javascript:alert(31337)) <![p](attachment:p.png)><script>alert(31337)</script>
"""
ATTACK = Attack(edit=in_text(TEXT, attachments={"p.png": {"image/png": PNG}}))


def won(evidence: Evidence) -> bool:
    return evidence.live


def took_place(evidence: Evidence) -> bool:
    """The picture is in the page."""
    return evidence.signs > 0 and f"data:image/png;base64,{PNG}" in evidence.page
