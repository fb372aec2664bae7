"""Wants marks by frames written straight to the guest's socket: found among the open file descriptors.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
CELL = """
import json, os, socket, stat, struct
text = json.dumps({"score": 1.0, "status": "passed", "verdicts": {"T5": {"score": 1.0}}, "class_is_given": True,
                   "errors": {}, "arrays": [["0/score", "<f8", []]]}).encode()
frame = struct.pack("<II", len(text), 8) + text + struct.pack("<d", 1.0)
for fd in range(3, 128):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, frame * 40)
    except OSError:
        pass
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
