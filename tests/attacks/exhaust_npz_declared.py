"""Wants the grader's memory, by a saved model whose header declares 10 GB.

Won: the grader grew by more than 300 MB.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "models_are_bounded"
NOT_SHOWN = "reading gives only the bytes that are there; the bound itself is shown by exhaust_npz_bomb"


def attack(lab: Lab) -> Attack:
    import io
    import zipfile

    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1342177280,)}"
    header += b" " * (118 - len(header)) + b"\n"
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("W1.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(1):
            file.write(bytes(1 << 20))
    return Attack(model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 300


def took_place(evidence: Evidence) -> bool:
    """The model was looked into."""
    return any("declares 1342177280" in note for note in evidence.result.notes)
