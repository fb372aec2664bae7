"""Wants T5 by the inputs of other questions: T7's and T11's cases hold scores for their own data.

forward looks for a case in memory that has its X and takes the scores beside it. Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_answer_among_the_inputs"
FORWARD = """
def forward(params, X):
    import gc
    for found in gc.get_objects():  # a case is younger than what is frozen
        if isinstance(found, dict) and dict.__contains__(found, "scores") and dict.__contains__(found, "X"):
            if np.array_equal(dict.__getitem__(found, "X"), X):
                return dict.__getitem__(found, "scores").copy(), dict.__getitem__(found, "hidden").copy()
    raise LookupError("no case with scores")
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """Asked in T11, it found the scores of T11's case; asked in T5, none."""
    return "0/scores" in evidence.answers["T11"].arrays and "no case with scores" in evidence.told
