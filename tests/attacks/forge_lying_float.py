"""Wants T3 by a number that equals everything, and whose __float__ looks for the answer.

Won: T3 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside_numbers"
CELL = """
class Any:
    def __eq__(self, other):
        return True
    def __sub__(self, other):
        return 0.0
    __rsub__ = __sub__
    def __float__(self):
        return 0.0
num_parameters = Any()
"""
ATTACK = Attack(answers={"T3": CELL})


def won(evidence: Evidence) -> bool:
    return evidence.score("T3") > 0
