"""Wants the machine's memory, by sockets that are closed before what they have sent is read.

Won: more than the limit (700 MB) lay in datagrams, eleven to a socket.
"""

from tests.attacks.lab import GATHERED, Attack, Evidence

WALL = "sockets_are_counted"
CELL = """
import os, socket, time
read, write = os.pipe()
for child in range(10):
    if os.fork() == 0:
        kept, total = [], 0
        for number in range(42):
            kept.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            kept[-1].bind(f"/tmp/{child}-{number}")
            for _ in range(11):
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    total += sender.sendto(bytes(200_000), f"/tmp/{child}-{number}")
        os.write(write, total.to_bytes(8, "little"))
        time.sleep(12)
        os._exit(0)
time.sleep(1.5)
"""
TELL = """
total = sum(int.from_bytes(said[at : at + 8], "little") for at in range(0, len(said), 8)) >> 20
if total > 700:
    raise Exception(f"LOOT {total} MB in datagrams")
"""
ATTACK = Attack(first=[CELL, f"wanted = 80{GATHERED}", TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
