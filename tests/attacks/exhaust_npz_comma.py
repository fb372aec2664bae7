"""Wants the grader to stumble over a type that numpy reads as a list of types: `,e` makes np.dtype raise SyntaxError.

Won: grading ends with an exception of ours, or the tasks that need no model lose by it.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "a_bad_model_costs_its_task_alone"


def attack(lab: Lab) -> Attack:
    import io
    import struct
    import zipfile

    header = b"{'descr': ',e', 'fortran_order': False, 'shape': (1,)}".ljust(117) + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("W1.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(8))
    return Attack(lab.right, model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem) or evidence.score("T1", "T5", "T8") < 3


def took_place(evidence: Evidence) -> bool:
    return "best_net.npz: cannot be read" in " ".join(evidence.result.notes)
