# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader to stumble over names and errors that no text can hold (unpaired surrogates) in a frame's header.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "hostile_values_are_judged"
NOT_SHOWN = "it won until this was mended: answer_cache.pack / answers.encode: unpaired surrogates in names raise UnicodeEncodeError; what stops it now is code that is right, not one wall"
CELL = """
import gc, types
gc.unfreeze()
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ == "probe_cases":
        def claim(probe, *asked):
            error = {"type": chr(0xd800), "text": f"{chr(0xdfff)} claimed", "line": chr(0xdfff), "cell": chr(0xd800)}
            arrays = {f"0/{chr(0xd800)}": np.array(1.0)} if probe.__name__ == "T6" else {}
            return arrays, {f"0/{chr(0xdfff)}": error, "0/scores": error, "0/own": error}, 0.0
        found.__globals__["probe_cases"] = claim
        break
"""
ATTACK = Attack(extra=[CELL])


def won(evidence: Evidence) -> bool:
    return evidence.stumbled


def took_place(evidence: Evidence) -> bool:
    """Errors of such names and texts came to the judge; T6, where an array has such a name, is no frame."""
    told = evidence.answers["T5"].errors
    return told.keys() == {"0/?", "0/scores", "0/own"} and "? claimed" in evidence.told and "T6" not in evidence.answers
