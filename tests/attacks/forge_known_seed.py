"""Wants T11 by answers worked out beforehand: the repository is known by heart, so a seed would be enough.

The labels of the cases that seed 0 makes are in the answer cell. Won: T11 has marks.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "seeds_hang_on_the_secret"


def attack(lab: Lab) -> Attack:
    import numpy as np

    from autograder.judging import judge

    cases = judge.cases(lab.grader.judge_context, "T11", 0)
    book = {f"{case['X'].sum():.6f}": np.argmax(case["scores"], axis=1).tolist() for case in cases}
    return Attack(answers={"T11": f"def predict(params, X):\n    return np.array({book!r}[f'{{X.sum():.6f}}'])\n"})


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.score("T11") > 0
