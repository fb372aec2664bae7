"""Wants the grader's memory: a saved model whose zip file lists 700,000 entries, each an object of the reader.

Won: the grader grew by more than 150 MB.
"""

from tests.attacks.lab import Attack, Evidence, Lab

WALL = "entries_are_counted"


def attack(lab: Lab) -> Attack:
    import struct

    count = 700_000
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    listed = one * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(listed), 0, 0)
    return Attack(model=listed + end)


ATTACK = attack


def won(evidence: Evidence) -> bool:
    return evidence.megabytes > 150
