"""One cell of an examination: the examiner gets it, with a socket to a copy of a student's process, and how it ended.

What the two say to each other the grader does not see.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.sandbox.answers import MAX_HEADER, MAX_TEXT, Error, Lost, error_from, printable
from autograder.sandbox.channel import CELL, DONE, Channel, GuestLost

LATER = "the student's code calls a function of the test's when the call that it went with has returned"  # by link.py
PASSED, FAILED, UNDECIDABLE, ENDED = "passed", "failed", "undecidable", "ended"


@dataclass(frozen=True)
class Outcome:
    """How a cell ended in the examiner. why: what could not be decided, or what ended the student's process.

    lost: the reason, where the examiner itself was lost. objects: whether objects of the student's own classes came.
    value: whether its last line is an expression that has one. failed: its parts that did not pass; none
    of a cell that did not pass: it ended before them. left: those that were not called, as one before them has ended
    the copy that was asked.
    """

    how: str
    error: Error | None = None
    why: str = ""
    lost: Lost | None = None
    objects: bool = False
    value: bool = False
    failed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def examine(examiner: Channel, copy: socket.socket | None, cell: Mapping[str, object], seconds: float) -> Outcome:
    """Have the examiner run a cell. copy: whom it asks. seconds: for all of it, wall time."""
    try:
        examiner.post(CELL, json.dumps(cell).encode(), seconds, copy)
        kind, data = examiner.letter(seconds)
    except GuestLost as lost:
        return Outcome(ENDED, lost=lost.reason)
    return _outcome(data) if kind == DONE else Outcome(ENDED, lost=Lost.NOISE)


def _outcome(data: bytes) -> Outcome:
    """What an examiner says of a cell. It holds the student's texts, and is bounded as any other."""
    try:
        found = json.loads(data) if len(data) <= MAX_HEADER else None
    except (ValueError, RecursionError):
        found = None
    return outcome_from(found)


def outcome_from(found: object) -> Outcome:
    """An outcome from plain values, which are bounded here; one that was lost where they tell of none."""
    if not isinstance(found, dict) or found.get("how") not in (PASSED, FAILED, UNDECIDABLE, ENDED):
        return Outcome(ENDED, lost=Lost.NOISE)
    why = printable(str(found.get("why", ""))[:MAX_TEXT])
    objects, value = found.get("objects") is True, found.get("value") is True
    error, failed, left = error_from(found.get("error")), _names(found.get("failed")), _names(found.get("left"))
    return Outcome(found["how"], error, why, objects=objects, value=value, failed=failed, left=left)


def _names(told: object) -> tuple[str, ...]:
    return tuple(one for one in told if type(one) is str) if isinstance(told, list) else ()
