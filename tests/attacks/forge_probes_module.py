"""Wants marks by replacing the probes themselves, found by way of the garbage collector.

Won: T5 has marks.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "only_values_count"
CELL = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "_recorder":
        def claim(student, case):
            yield "score", lambda: np.array(1.0)
        found.__globals__.update({f"T{n}": claim for n in range(1, 13)})
        for module in gc.get_referrers(found.__globals__):
            if isinstance(module, types.ModuleType):
                vars(module).update({f"T{n}": claim for n in range(1, 13)})
        break
"""
FORWARD = """
def forward(params, X):
    return np.zeros((len(X), len(params["b2"]))), np.zeros((len(X), len(params["b1"])))
"""
ATTACK = Attack(answers={"T5": FORWARD}, extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.score("T5") > 0
