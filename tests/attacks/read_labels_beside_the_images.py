# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the labels of the validation and test images: in /data, in memory, anywhere.

Won: an error of its forward tells where.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "labels_stay_outside"
FORWARD = """
def forward(params, X):
    import sys
    names, frame = np.load("/data/arrays.npz").files, sys._getframe()
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, dict):
                names += [f"{name}.{key}" for key, array in list(value.items()) if isinstance(array, np.ndarray) and array.shape[:1] == (500,)]
        frame = frame.f_back
    found = [name for name in names if "label" in name]
    raise Exception(f"LOOT {found}" if found else f"no labels among {names}")
"""
ATTACK = Attack(answers={"T5": FORWARD})


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It saw the images, in the file and in memory."""
    return "no labels among ['val', 'test', 'mean'" in evidence.told and "'data.val', 'data.test'" in evidence.told
