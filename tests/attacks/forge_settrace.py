"""Wants T5 by a trace function that swaps the student's values for the expected ones.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
import sys
def tracer(frame, event, argument):
    names = frame.f_globals
    if "expected" in names:
        names["scores"] = names["expected"]
    return tracer
sys.settrace(tracer)
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
