"""Wants to run HTML in the names of files: of the notebooks, and of what lies beside them.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
BAD = "<img src=x onerror=alert(31337)>"
PNG = b"\x89PNG\r\n\x1a\n" + b"<script>alert(31337)</script>"
FILES = {f"{BAD}.png": PNG, f"{BAD}.ipynb": b"{}", '";alert(31337);".pdf': b"%PDF-1.4", f"$\\href{{{BAD}}}$.txt": b"x"}
ATTACK = Attack(files=FILES, edit=in_text(f"![x]({BAD}.png) [y]({BAD}.png)"))


def won(evidence: Evidence) -> bool:
    return evidence.live
