"""Wants to reach a service on 127.0.0.1.

Won: the lab's listener on this machine heard it.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_network"
CELL = """
import socket
socket.create_connection(("127.0.0.1", __PORT__), 1).sendall(b"LOOT tcp")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in " ".join(evidence.heard)
