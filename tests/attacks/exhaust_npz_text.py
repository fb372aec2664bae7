# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the grader's memory, by text of 4 KB an entry: the bound counts 8 bytes an entry.

Won: the grader grew by more than 85 MB.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "models_are_bounded"
NOT_SHOWN = "it won until this was mended: saved_model.read_npz: the bound counts 8 bytes an entry, U1024 has 4,096: up to 32 GB in the grader; what stops it now is code that is right, not one wall"


def attack(lab: Lab) -> Attack:
    import io
    import zipfile

    header = b"{'descr': '<U1024', 'fortran_order': False, 'shape': (30720,)}"
    header += b" " * (118 - len(header)) + b"\n"
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("W1.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(120):
            file.write(bytes(1 << 20))
    return Attack(model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 85


def took_place(evidence: Evidence) -> bool:
    """The model was looked into."""
    return any("declares 30720" in note for note in evidence.result.notes)
