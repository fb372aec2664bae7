"""Wants T5 by a timer whose handler swaps the student's values for the expected ones.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "judged_outside"
CELL = """
import signal
def swap(number, frame):
    names = get_ipython().user_ns
    if "expected" in names:
        names["scores"] = names["expected"]
signal.signal(signal.SIGVTALRM, swap)
signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
