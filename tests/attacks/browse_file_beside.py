"""Wants to run a script in a picture or a page that lies beside the notebooks, where the formgrader gives it out.

Won: the page that nbgrader makes leads to it as a browser would run it, or has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence

NOT_SHOWN = "files are laid under names of our own, beside this wall"
WALL = "what_students_wrote_is_cleaned"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(31337)</script></svg>"
ATTACK = Attack(
    files={"proof.svg": SVG, "proof.html": b"<script>alert(31337)</script>", "proof.xhtml": SVG, "proof.txt.svg": SVG}
)


def took_place(evidence: Evidence) -> bool:
    return all(f"{name}.download" in str(evidence.result.notebooks) for name in ATTACK.files)


def won(evidence: Evidence) -> bool:
    return evidence.live or any(f"]({name})" in str(evidence.result.notebooks) for name in ATTACK.files)
