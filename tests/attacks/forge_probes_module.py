"""Wants marks by replacing the probes themselves, found in the frames below the cell.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
CELL = """
import sys, types
def claim(student, case):
    yield "score", lambda: np.array(1.0)
frame = sys._getframe()
while frame is not None:
    found = frame.f_locals.get("probes")
    if isinstance(found, types.ModuleType):
        vars(found).update({f"T{n}": claim for n in range(1, 13)})
        break
    frame = frame.f_back
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
