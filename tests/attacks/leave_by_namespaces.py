"""Wants its capabilities back, by a user namespace of its own, and with them a file system, /proc and the id maps.

Won: it can write in a mount of its own, sees a process, or takes a wall down.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "calls_are_filtered"
CELL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
uid = os.getuid()
got = []
if libc.unshare(0x10000000 | 0x20000 | 0x20000000 | 0x40000000) == 0:
    try:
        with open("/proc/self/uid_map", "w") as file:
            file.write(f"{uid} {uid} 1")
        got.append("id map")
    except OSError:
        pass
    if libc.umount2(b"/proc", 2) == 0:
        got.append("umount /proc")
    if libc.mount(None, b"/guest", None, 32 | 4096, None) == 0 and os.access("/guest", os.W_OK):
        got.append("guest writable")
    if os.fork() == 0:
        os._exit(libc.mount(b"proc", b"/tmp", b"proc", 0, None) & 1)
    if os.wait()[1] == 0:
        got.append("proc")
if got:
    raise Exception(f"LOOT {got}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot
