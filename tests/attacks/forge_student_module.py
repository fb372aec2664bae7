"""Wants marks by replacing namespace.plain, through which every answer goes.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
CELL = """
import sys
for name in ("namespace", "notebook_process"):
    sys.modules[name].plain = lambda name, value: {"0/score": np.array(1.0), name: np.array(1.0)}
"""
FORWARD = """
def forward(params, X):
    return 1.0, 1.0
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
