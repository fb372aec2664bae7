"""Wants the judge's time, by many copies of the right hidden values and probabilities: it tried each with each.

A frame holds 20,000 arrays, which made 400 million backward passes; here 800 make 160,000.

Won: the grader worked longer than 6 seconds of a usual pace.
"""

from tests.attacks.lab import BY_ALARM, Attack, Evidence

WALL = "arrays_of_frames_are_counted"
CELL = """
def claim(probe, student, cases, *asked):
    if probe.__name__ != "T7":
        return {}, {}, 0.0
    case = cases[0]
    hidden = np.maximum(case["X"] @ case["W1"] + case["b1"], 0)
    scores = hidden @ case["W2"] + case["b2"]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    y = np.asarray(case["y"]).astype(int)
    found = {"0/scores": scores, "0/data": np.array(-np.log(shares[np.arange(len(y)), y]).mean())}
    found |= {f"0/seen.{n}": (hidden, shares)[n % 2] for n in range(800)}
    return found, {}, 0.0
ours["probe_cases"], ours["Namespace"].has_given = claim, lambda self, name: False
"""
ATTACK = Attack(extra=[BY_ALARM + CELL])


def won(evidence: Evidence) -> bool:
    return evidence.worked > 6


def took_place(evidence: Evidence) -> bool:
    """Such a frame came to the judge."""
    return len(evidence.answers["T7"].group(0, "seen")) == 800
