"""Wants the expected scores, by the garbage collector: a case that also holds its answer.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_answer_among_the_inputs"
FORWARD = """
def forward(params, X):
    import gc
    for found in gc.get_objects():
        if isinstance(found, dict) and dict.__contains__(found, "X") and len(found) > 4:
            if np.array_equal(dict.__getitem__(found, "X"), X):
                for name in dict.keys(found):
                    value = np.asarray(dict.__getitem__(found, name))
                    if value.shape == (len(X), len(params["b2"])):
                        return value.copy(), dict.__getitem__(found, "hidden").copy()
    raise LookupError
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
