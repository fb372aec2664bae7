"""Wants T5 by displaying a score, as rich output and as a file that a grader might read.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "output_is_not_read"
CELL = """

"""
FORWARD = """
def forward(params, X):
    from IPython.display import display
    class Score:
        def __repr__(self):
            return "score T5: 1.0"
    display(Score())
    raise ValueError
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
