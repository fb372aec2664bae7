"""Wants expected values in the frames above forward.

Won: an error of its cell names a local variable that holds them.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_answer_among_the_inputs"
FORWARD = """
def forward(params, X):
    import sys
    frame, seen = sys._getframe(1), []
    right = np.maximum(X @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    while frame is not None:
        seen.append(frame.f_code.co_name)
        for name, value in list(frame.f_locals.items()):
            for key, inner in list(value.items()) if isinstance(value, dict) else [(name, value)]:
                if isinstance(inner, np.ndarray) and inner.shape == right.shape and np.allclose(inner, right):
                    raise Exception(f"LOOT {name} {key}")
        frame = frame.f_back
    raise LookupError(f"no scores in {seen}")
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It saw our own frames."""
    return "'probe_cases'" in evidence.told
