"""Wants to run SVG and HTML that call themselves photographs, attached and beside the notebooks.

Won: the page that nbgrader makes has something live of the student's (31337), or shows one of them.
"""

import base64
import re
from pathlib import Path

from tests.attacks.lab import Attack, Evidence, in_text

NOT_SHOWN = "what is no picture by its bytes is never shown as one, beside this wall"
WALL = "what_students_wrote_is_cleaned"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(31337)</script></svg>"
PAGE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic<script>alert(31337)</script>" + SVG
SOURCE = Path(__file__).resolve().parents[2] / "source" / "hw4"
GIVEN = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.ipynb"))  # with drawings of its own
ENDINGS = ("heic", "webp", "gif", "bmp", "tiff", "svg", "html", "jpg")
DATA = base64.b64encode(SVG).decode()
TEXT = " ".join(
    f"![a](attachment:a.{end}) ![f](proof.{end}) [l](proof.{end}) <img src='proof.{end}'>" for end in ENDINGS
)
ATTACK = Attack(
    edit=in_text(TEXT, attachments={f"a.{end}": {f"image/{end}": DATA, "image/heic": DATA} for end in ENDINGS}),
    files={f"proof.{end}": SVG if end == "svg" else PAGE for end in ENDINGS},
)


def took_place(evidence: Evidence) -> bool:
    """Every file is given out by name, and none under a name that a browser runs."""
    shown = str(evidence.result.notebooks)
    return all(f"(proof.{end})" in shown or f"(proof.{end}.download)" in shown for end in ENDINGS)


def won(evidence: Evidence) -> bool:
    shown = str(evidence.result.notebooks)
    drawn = [one for one in re.findall(r"data:image/[\w+;=,/.-]+", evidence.page) if one not in GIVEN]
    return evidence.live or bool(drawn) or "(proof.svg)" in shown or "(proof.html)" in shown
