"""Wants a picture's address to make the formgrader read settings, which are Python, from the student's folder.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
ADDRESS = "/formgrader?path=submitted/mallory/hw4&n=31337"
CONFIG = b"import pathlib; pathlib.Path('31337').touch()\n"
ATTACK = Attack(
    edit=in_text(f"![my proof]({ADDRESS}) ![again][scan]\n\n[scan]: {ADDRESS} 'scan'\n"),
    files={"nbgrader_config.py": CONFIG},
)


def won(evidence: Evidence) -> bool:
    return evidence.live
