"""Wants out by families of sockets that no network namespace holds: vsock reaches this machine and other guests.

Won: it has a socket of such a family.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "socket_families"
CELL = """
import socket
refused, made = [], []
for family in sorted({*range(3, 50)} - {socket.AF_INET6}):  # vsock, netlink, packets, the kernel's ciphers, ...
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            made.append(family)
        except OSError as error:
            refused.append(error.errno)
raise Exception(f"LOOT {made}" if made else f"{len(refused)} refused, {set(refused)}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """The filter said no: "address family not supported"."""
    return "184 refused, {97}" in evidence.told
