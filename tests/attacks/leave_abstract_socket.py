"""Wants to reach a Unix socket in the abstract namespace.

Won: the lab's listener on this machine heard it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_network"
CELL = """
import socket
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
    sock.connect(chr(0) + "__ABSTRACT__")
    sock.sendall(b"LOOT abstract")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in " ".join(evidence.heard)
