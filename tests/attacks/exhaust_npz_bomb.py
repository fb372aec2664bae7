"""Wants the grader's memory, by 100 MB of zeros in a small file.

Won: the grader grew by more than 85 MB.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "models_are_bounded"


def attack(lab: Lab) -> Attack:
    import io
    import zipfile

    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (13107200,)}"
    header += b" " * (118 - len(header)) + b"\n"
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("W1.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(100):
            file.write(bytes(1 << 20))
    return Attack(model=buffer.getvalue())


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 85
