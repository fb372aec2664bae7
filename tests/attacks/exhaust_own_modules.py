"""Wants the grader's time: modules of its own that do not fit into the sandbox, which is started again and again.

Won: grading took longer than 5 seconds, though no code runs long.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "own_modules_are_bounded"
ATTACK = Attack(files={f"m{number}.py": b"#" * 1_000_000 for number in range(30)})


def won(evidence: Evidence) -> bool:
    return evidence.seconds > 5
