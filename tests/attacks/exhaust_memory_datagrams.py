"""Wants the machine's memory, by sockets that are closed before what they have sent is read.

Won: more than the limit (700 MB) lay in datagrams, eleven to a socket.
"""

from tests.attacks.lab import Attack, Evidence

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
os.set_blocking(read, False)
data = b""
end = time.time() + 9
while len(data) < 80 and time.time() < end:
    time.sleep(0.1)
    try:
        data += os.read(read, 99)
    except BlockingIOError:
        pass
total = sum(int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)) >> 20
if total > 700:
    raise Exception(f"LOOT {total} MB in datagrams")
"""
ATTACK = Attack(first=[CELL, TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for its memory."""
    return "MemoryLimit" in evidence.ended
