# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader to stumble over a broken stream in the saved model.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "models_are_bounded"
NOT_SHOWN = "it won until this was mended: saved_model.read_model: zlib.error (and lzma.LZMAError) are not caught; what stops it now is code that is right, not one wall"


def attack(lab: Lab) -> Attack:
    import io

    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, W1=np.arange(3000.0))
    data = bytearray(buffer.getvalue())
    data[80:120] = b"\xff" * 40
    return Attack(model=bytes(data))


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)


def took_place(evidence: Evidence) -> bool:
    """The model was looked into."""
    return any("Error -3" in note for note in evidence.result.notes)
