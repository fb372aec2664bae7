"""Forks of ours at which nothing is done of what modules want done at a fork.

logging, random, threading and IPython want something: it writes to much of a process's memory, all of which has to be
copied then. It is meant for processes with threads, and for such as draw numbers of their own: ours have no threads,
and a copy is to draw what it was copied from would have drawn.
"""

import os
from collections.abc import Callable
from typing import Any

_register, _fork = os.register_at_fork, os.fork
_quiet = False


def listen() -> None:
    """From now on, let what modules want done at a fork be done only at others' forks."""
    os.register_at_fork = _registered  # type: ignore[assignment]


def _registered(**wanted: Callable[[], Any]) -> None:
    _register(**{when: _unless_quiet(function) for when, function in wanted.items()})


def _unless_quiet(function: Callable[[], Any]) -> Callable[[], Any]:
    def at_fork() -> None:
        if not _quiet:
            function()

    return at_fork


def quietly() -> int:
    """os.fork() of a process that has one thread."""
    global _quiet
    _quiet = True
    try:
        return _fork()
    finally:
        _quiet = False
