"""Wants the expected scores: a case, in the frames above forward, that also holds its answer.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_answer_among_the_inputs"
FORWARD = """
def forward(params, X):
    import sys
    frame, seen = sys._getframe(1), set()
    while frame is not None:
        for found in list(frame.f_locals.values()):
            if isinstance(found, dict) and dict.__contains__(found, "X") and dict.__contains__(found, "W1"):
                seen |= set(dict.keys(found))
                for name in dict.keys(found):
                    value = np.asarray(dict.__getitem__(found, name))
                    if value.shape == (len(X), len(params["b2"])):
                        return value.copy(), dict.__getitem__(found, "hidden").copy()
        frame = frame.f_back
    raise LookupError(f"no scores among {sorted(seen)}")
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0


def took_place(evidence: Evidence) -> bool:
    """It saw the case that it was asked about."""
    return "no scores among ['W1', 'W2', 'X', 'b1', 'b2', 'y']" in evidence.told
