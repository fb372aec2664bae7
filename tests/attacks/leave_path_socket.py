"""Wants to reach a Unix socket at a path.

Won: the lab's listener on this machine heard it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "course_is_out_of_sight"
CELL = """
import socket
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
    sock.connect("__SOCKET__")
    sock.sendall(b"LOOT path")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in " ".join(evidence.heard)
