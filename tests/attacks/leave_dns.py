"""Wants to reach a name server (here: a UDP socket on 127.0.0.1).

Won: the lab's listener on this machine heard it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_network"
CELL = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.sendto(b"LOOT dns query", ("127.0.0.1", __PORT__))
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in " ".join(evidence.heard)
