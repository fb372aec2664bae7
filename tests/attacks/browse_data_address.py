"""Wants to run SVG and HTML that are written into the text in place of a picture.

Won: the page that nbgrader makes has something live of the student's (31337), or the data where a browser reads it.
"""

import base64

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(31337)'><script>alert(31337)</script></svg>"
DATA = base64.b64encode(SVG).decode()
KINDS = ("image/svg+xml", "image/png", "image/heic", "image/webp", "text/html")
TEXT = "\n\n".join(
    f"![x](data:{kind};base64,{DATA}) <img src='data:{kind};base64,{DATA}'> ![y][{n}] [z](data:{kind};base64,{DATA})"
    "\n\n"
    f"[{n}]: data:{kind};base64,{DATA}"
    for n, kind in enumerate(KINDS)
)
ATTACK = Attack(
    edit=in_text(f"{TEXT}\n\n<embed src='data:image/svg+xml;base64,{DATA}'> 31337 <svg onload='alert(31337)'>")
)


def won(evidence: Evidence) -> bool:
    return evidence.live or f'="data:image/svg+xml;base64,{DATA}' in evidence.page


def took_place(evidence: Evidence) -> bool:
    """It was handed in, and a page was made of it."""
    return evidence.signs > 0 and bool(evidence.page)
