"""Wants the judge's time and memory, by sizes of minibatches whose sum is right because it goes around at 2**64.

Every third slice of the rows is then all of them: 128 sizes make 40 million rows of a million.

Won: the grader grew by more than 150 MB.
"""

from autograder.judging.verdicts import FAILED
from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "sizes_are_held_against_the_rows"
CELL = """
def claim(probe, *asked):
    if probe.__name__ != "T8":
        return {}, {}, 0.0
    R, far = 1_000_000, 2.0**62
    # running sums: far (all rows), then around to -far by way of 2**63, then by nearly 2**63 to far again
    sizes = np.array([far, far, far] + [2.0**63 - 1024, 1024.0, far, far] * 31 + [far, R])
    nothing = {"labels": np.zeros(0), "label_sizes": np.zeros(sizes.size), "label_dimensions": np.ones(sizes.size)}
    train = {"sizes": sizes, "rows": np.zeros((R, 4)), **nothing}
    return {f"0/train.{name}": array for name, array in train.items()}, {}, 0.0
ours["probe_cases"] = claim
"""
ATTACK = Attack(extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 150


def took_place(evidence: Evidence) -> bool:
    """Such a frame came to the judge, whom nothing but its answers told what to do."""
    return evidence.received > 30 << 20 and evidence.result.verdicts["T8"].status == FAILED
