# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants the machine's memory: of a huge page one byte that is gifted to a pipe keeps 2 MB, in no process's memory.

Won: more than the limit (700 MB) lay in pipes. Outer limit: 900 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "memory_is_in_processes"
CELL = """
import ctypes, fcntl, os
libc, huge, total, kept = ctypes.CDLL(None, use_errno=True), 2 << 20, 0, []
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes, libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], [ctypes.c_void_p, ctypes.c_size_t]
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
pipes = [os.pipe(), os.pipe()]
for pipe in pipes:
    try:
        fcntl.fcntl(pipe[1], 1031, 1 << 20)
    except OSError:
        pass
while total < 900 << 20:
    at = libc.mmap(None, 9 * huge, 3, 0x22, -1, 0)
    start = (at + huge - 1) // huge * huge
    libc.madvise(start, 8 * huge, 14)
    for number in range(8):
        ctypes.c_char.from_address(start + number * huge).value = b"x"
    pieces = (Piece * 8)(*[(start + number * huge, 1) for number in range(8)])
    done = libc.vmsplice(pipes[total > 400 << 20][1], pieces, 8, 2)
    if done < 8:
        break
    total += 8 * huge
    libc.munmap(at, 9 * huge)
raise Exception(f"LOOT {total >> 20} MB" if total > 700 << 20 else f"{total >> 20} MB, error {ctypes.get_errno()}")
"""
ATTACK = Attack(first=[CELL])


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """It tried, and heard that it may not."""
    return "0 MB, error 1" in evidence.told
