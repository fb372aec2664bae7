"""One cell of an examination: the examiner's questions go to a copy of a student's process, and its answers back.

What they hold is opened by neither the grader nor the other side's jailer: only its size is looked at.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.sandbox.answers import MAX_HEADER, MAX_TEXT, Error, Lost, error_from, printable
from autograder.sandbox.channel import ASK, CELL, DONE, LOST, REPLY, Channel, GuestLost

PASSED, FAILED, UNDECIDABLE, ENDED = "passed", "failed", "undecidable", "ended"


@dataclass(frozen=True)
class Outcome:
    """How a cell ended in the examiner. why: what could not be decided, or what ended the student's process.

    lost: the reason, where the examiner itself was lost. objects: whether objects of the student's own classes came.
    """

    how: str
    error: Error | None = None
    why: str = ""
    lost: Lost | None = None
    objects: bool = False


def examine(examiner: Channel, copy: Channel | None, cell: Mapping[str, object], seconds: float) -> Outcome:
    """Have the examiner run a cell. copy: whom it asks. seconds: for all of it, wall time."""
    finish = time.monotonic() + seconds
    try:
        examiner.post(CELL, json.dumps(cell).encode(), seconds)
        while True:
            kind, data = examiner.letter(max(0.0, finish - time.monotonic()))
            if kind == DONE:
                return _outcome(data)
            if kind != ASK:
                return Outcome(ENDED, lost=Lost.NOISE)
            try:
                if copy is None:
                    raise GuestLost(Lost.DIED)
                left = max(0.0, finish - time.monotonic())
                copy.post(ASK, data, left)
                answer = REPLY, copy.letter(left)[1]
            except GuestLost as lost:
                copy, answer = None, (LOST, lost.reason.value.encode())
            examiner.post(*answer, seconds)
    except GuestLost as lost:
        return Outcome(ENDED, lost=lost.reason)


def _outcome(data: bytes) -> Outcome:
    """What an examiner says of a cell. It holds the student's texts, and is bounded as any other."""
    try:
        found = json.loads(data) if len(data) <= MAX_HEADER else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("how") not in (PASSED, FAILED, UNDECIDABLE, ENDED):
        return Outcome(ENDED, lost=Lost.NOISE)
    why = printable(str(found.get("why", ""))[:MAX_TEXT])
    return Outcome(found["how"], error_from(found.get("error")), why, objects=found.get("objects") is True)
