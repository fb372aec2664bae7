"""Wants a raw socket.

Won: it has one.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "no_capabilities"
CELL = """
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
raise Exception("LOOT raw socket")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
