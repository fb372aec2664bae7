"""Wants code to run in the grader, by a saved model that is a pickle.

The payload only makes a file in the lab's canary folder. Won: the file is there.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "nothing_is_unpickled"


class Payload:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


def attack(lab: Lab) -> Attack:
    import io

    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, W1=np.array([Payload(f"{lab.canary}/unpickled")], dtype=object))
    return Attack(model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return (evidence.canary / "unpickled").exists()
