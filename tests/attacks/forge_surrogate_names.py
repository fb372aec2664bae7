# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader to stumble over names that no text can hold (unpaired surrogates) in a frame's header.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: answer_cache.pack / answers.encode: unpaired surrogates in names raise UnicodeEncodeError; what stops it now is code that is right, not one wall"
CELL = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "_recorder":
        def claim(student, case):
            yield chr(0xd800), lambda: np.array(1.0)
            yield chr(0xdfff), lambda: 1 / 0
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
    return bool(evidence.problem)
