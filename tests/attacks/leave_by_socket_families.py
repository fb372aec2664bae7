"""Wants out by families of sockets that no network namespace holds: vsock reaches this machine and other guests.

Won: it has a socket of such a family.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "socket_families"
CELL = """
import socket
told = []
for family in (38, 40):  # alg, of the kernel's ciphers; vsock
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            told.append(f"LOOT {family}")
        except OSError as error:
            told.append(f"{family} {error.errno}")
raise Exception(", ".join(told))
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """The filter said no: "address family not supported"."""
    return evidence.told.count(" 97") == 4
