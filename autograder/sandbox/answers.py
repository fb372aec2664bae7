"""What came out of the sandbox, read as hostile bytes: bounded JSON and plain arrays, nothing else.

The frame is described in guest/frames.py. Nothing is unpickled, imported or evaluated, and nothing is
allocated before its declared size has been held against the bytes that are there.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_HEADER = 1 << 20
MAX_BODY = 32 << 20
MAX_ARRAYS = 20_000
MAX_DIMENSIONS = 8
MAX_TEXT = 400
MAX_FACTS = 8  # of one error


class Lost(StrEnum):
    """Why no answer came back."""

    TIME = "time"
    MEMORY = "memory"
    DIED = "died"  # the process ended
    NOISE = "noise"  # what came was no frame
    TOTAL = "total"  # the whole submission ran out of time


class BadFrame(Exception):
    """The bytes are no frame of ours."""


@dataclass(frozen=True)
class Error:
    """An exception of the student's code, as the guest told it. All texts are the student's.

    facts: what else the guest says of it, for words alone: why an answer is none, the name that a cell took away.
    hint: ours, where the text is not told (judging/crashes.py).
    """

    type: str
    text: str
    line: str = ""
    cell: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    @property
    def limit(self) -> bool:
        """Whether a limit, or the end of the process, stood behind it."""
        return self.type in ("TimeLimit", "MemoryError", "MemoryLimit", "ProcessEnded", "BadAnswer")

    @property
    def what(self) -> str:
        """Its type and text, without the place."""
        return f"{self.type}: {self.text.rstrip(' .')}" if self.text else self.type

    def __str__(self) -> str:
        return f"{self.what} ({self.cell}, line {self.line})" if self.line else self.what


@dataclass(frozen=True)
class Answers:
    """The answers to one task's questions: arrays and errors, named `case/name`.

    `lost` is the reason where nothing came back at all: a limit, a crash, silence; `facts` its numbers.
    """

    arrays: Mapping[str, Array] = field(default_factory=dict)
    errors: Mapping[str, Error] = field(default_factory=dict)
    class_is_given: bool = False  # the class that the notebook gave is still the one of that name
    lost: Lost | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    fault: Error | None = None  # of the probe itself: its author's, and no answer can be judged

    @property
    def limited(self) -> bool:
        """Whether a limit ended any of it: a slow machine may be the reason."""
        return bool(self.lost) or any(error.limit for error in self.errors.values())

    def get(self, case: int, name: str) -> Array | None:
        """The array of that name, or None."""
        return self.arrays.get(f"{case}/{name}")

    def group(self, case: int, name: str) -> dict[str, Array]:
        """The arrays `name.key` of a tuple or dict, by key."""
        start = f"{case}/{name}."
        return {key.removeprefix(start): a for key, a in self.arrays.items() if key.startswith(start)}

    def error(self, case: int, name: str) -> Error | None:
        """The exception that came instead of that answer, or None."""
        return self.errors.get(f"{case}/{name}")


def sizes(start: bytes) -> tuple[int, int]:
    """Header and body size from the first 8 bytes; BadFrame where they are over the bounds."""
    header, body = struct.unpack("<II", start)
    if header > MAX_HEADER or body > MAX_BODY:
        raise BadFrame(f"a frame of {header} + {body} bytes is over the bound")
    return header, body


def encode(header: Mapping[str, object], arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """A frame for the guest (or for a kept answer): dtypes float64, int64, uint8."""
    plain = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    # ascontiguousarray makes 0-d arrays 1-d: keep the shape that was there
    layout = [[name, value.dtype.str, list(arrays[name].shape)] for name, value in plain.items()]
    text = json.dumps({**header, "arrays": layout}, ensure_ascii=False).encode("utf-8", "replace")
    body = b"".join(value.tobytes() for value in plain.values())
    return struct.pack("<II", len(text), len(body)) + text + body


def decode(text: bytes, body: bytes) -> tuple[dict[str, object], dict[str, Array]]:
    """Header and float64 arrays of a frame from the guest; BadFrame for anything else."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"header is not JSON ({type(error).__name__})") from None
    if not isinstance(header, dict) or not isinstance(layout := header.pop("arrays", None), list):
        raise BadFrame("header is not an object with arrays")
    if len(layout) > MAX_ARRAYS:
        raise BadFrame("too many arrays")
    arrays: dict[str, Array] = {}
    at = 0
    for entry in layout:
        name, count, shape = _entry(entry)
        if at + 8 * count > len(body):
            raise BadFrame("arrays are longer than the body")
        try:
            arrays[name] = np.frombuffer(body, np.float64, count, at).reshape(shape)
        except ValueError as error:  # of sizes that multiply to nothing and are too large all the same
            raise BadFrame(str(error)) from None
        at += 8 * count
    if at != len(body):
        raise BadFrame("the body is longer than its arrays")
    return header, arrays


def _entry(entry: object) -> tuple[str, int, tuple[int, ...]]:
    if not isinstance(entry, list) or len(entry) != 3:
        raise BadFrame("an array is not described by three values")
    name, dtype, shape = entry
    if not isinstance(name, str) or len(name) > MAX_TEXT or not name.isprintable() or dtype != "<f8":
        raise BadFrame("an array's name or dtype is not allowed")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise BadFrame("an array's shape is not a short list")
    for n in shape:
        if type(n) is not int or not 0 <= n <= MAX_BODY:
            raise BadFrame("an array's shape has an entry that is no size")
    return name, math.prod(shape), tuple(shape)


def whole(frame: bytes) -> tuple[dict[str, object], dict[str, Array]]:
    """Header and arrays of a frame that is there as a whole, as a file of kept answers is."""
    if len(frame) < 8:
        raise BadFrame("the frame is cut short")
    header, body = sizes(frame[:8])
    if len(frame) != 8 + header + body:
        raise BadFrame("the frame is cut short or has bytes left over")
    return decode(frame[8 : 8 + header], frame[8 + header :])


def error_from(value: object) -> Error | None:
    """An Error from a header's entry, cut to size; None for None or nonsense."""
    if not isinstance(value, dict):
        return None
    kind, text, line, cell = (printable(str(value.get(key, ""))[:MAX_TEXT]) for key in ("type", "text", "line", "cell"))
    raw = value.get("facts")
    pairs = list(raw.items())[:MAX_FACTS] if isinstance(raw, dict) else []
    facts = {printable(str(key)[:MAX_TEXT]): printable(str(fact)[:MAX_TEXT]) for key, fact in pairs}
    return Error(kind, text, line, cell, facts)


def printable(text: str) -> str:
    """Without control characters (no ANSI, no bell) and unpaired surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in text)


def answers_from(header: Mapping[str, object], arrays: Mapping[str, Array]) -> Answers:
    """Answers from a decoded frame."""
    raw = header.get("errors")
    errors = {}
    if isinstance(raw, dict):
        for key, value in list(raw.items())[:MAX_ARRAYS]:
            if (error := error_from(value)) is not None:
                errors[printable(str(key)[:MAX_TEXT])] = error
    return Answers(dict(arrays), errors, header.get("class_is_given") is True, fault=error_from(header.get("fault")))
