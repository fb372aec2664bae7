# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Wants a key that the submission before left in the kernel's session keyring.

Won: the second of two submissions finds it.
"""

import platform

from tests.attacks.lab import Attack, Evidence

WALL = "keyrings"
NOT_SHOWN = "a child has a user namespace, and so a user keyring, of its own; a grader started in a login session with a session keyring was not tried"
CELL = """
import ctypes, platform
if platform.machine() == "x86_64":
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(250, 10, -3, b"user", b"left-here", 0)
    libc.syscall(248, b"user", b"left-here", b"x", 1, -3)
    raise Exception(f"LOOT key {found}" if found >= 0 else f"no key: {ctypes.get_errno()}")
"""
ATTACK = Attack(first=[CELL], runs=2)


def won(evidence: Evidence) -> bool:
    return "LOOT" in evidence.loot


def took_place(evidence: Evidence) -> bool:
    """The kernel was asked, and refused."""
    return "no key: 1" in evidence.told or platform.machine() != "x86_64"
