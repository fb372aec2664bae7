"""Wants the machine's memory, by what lies unread in sockets: it is in no process's memory.

Won: more than the limit (700 MB) lay in sockets at once. Outer limit: 900 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "sockets_are_counted"
CELL = """
import os, socket, time
if "read" not in globals():
    read, write = os.pipe()
for _ in range(12):
    if os.fork() == 0:
        kept, filled = [], 0
        try:
            while filled < 900 // 36 << 20:
                pair = socket.socketpair()
                kept += pair
                for end in pair:
                    try:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
                    except PermissionError:
                        pass
                    end.setblocking(False)
                    try:
                        while True:
                            filled += end.send(bytes(1 << 16))
                    except BlockingIOError:
                        pass
        except OSError:
            pass
        try:
            os.write(write, filled.to_bytes(8, "little"))
            time.sleep(9)
        finally:
            os._exit(0)
"""
WAIT = "time.sleep(1.5)"
TELL = """
os.set_blocking(read, False)
data = os.read(read, 8 * 40)
total = sum(int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)) >> 20
if total > 700:
    raise Exception(f"LOOT {total} MB in sockets")
"""
ATTACK = Attack(first=[CELL, CELL, CELL, WAIT, WAIT, TELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It was ended for what lay in its sockets."""
    return "MemoryLimit" in evidence.ended
