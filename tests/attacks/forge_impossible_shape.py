# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader to stumble over a declared shape with a zero and huge other sides.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: answers.decode: numpy's 'array is too big' is no BadFrame; what stops it now is code that is right, not one wall"
CELL = """
import json, os, stat, struct
text = json.dumps({"arrays": [["a", "<f8", [0] + [2 ** 25] * 4]]}).encode()
for fd in range(3, 128):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, struct.pack("<II", len(text), 0) + text)
    except OSError:
        pass
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)


def took_place(evidence: Evidence) -> bool:
    """Its frame came, and was none."""
    return "BadAnswer" in evidence.ended
