"""Short letters, for what tests ask most: a call with numbers, texts, arrays and lists of them, and such an answer.

They are JSON, which is written and read in C, and as safely as a value's own bytes (wire.py), which everything else
travels as. A plain value stands for itself, anything else is a list that begins with its kind:

    ["list" or "tuple", plain values]    ["array", type, order, writeable, bytes, sizes]    ["number", type, bytes]

Bytes are a text of as many characters. What has come is looked at: whatever is none of these is a BadValue.
"""

import inspect
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from travel import arrays
from travel.kinds import BadValue

PLAIN = frozenset((int, float, bool, str, type(None)))  # of which JSON keeps the type, and each bit
SERIES: dict[str, type[list[Any]] | type[tuple[Any, ...]]] = {"list": list, "tuple": tuple}
MOST = 1 << 14  # bytes
USUAL = (int(inspect.Parameter.POSITIONAL_OR_KEYWORD), None, ())  # of a parameter: its kind, no annotation, no default
NAMES = -1  # in place of a number: what stands for names is asked
_text = json.JSONEncoder(ensure_ascii=False).encode
_values = json.JSONDecoder().decode


class TooLong(Exception):
    """What does not travel in a short letter."""


def call(number: int, args: Sequence[Any]) -> bytes | None:
    """A call of the object of that number as bytes; None where it is not short, or has the same object twice."""
    changeable = known(args)
    if len({id(one) for one in changeable}) < len(changeable):
        return None
    return _bytes([number, *args])


def called(data: bytes) -> tuple[int, list[Any]]:
    """The number and the arguments of a call."""
    number, *args = map(_value, _read(data))
    return number, args


def known(args: Sequence[Any]) -> list[Any]:
    """Of arguments, those that can be changed."""
    return [one for one in args if type(one) not in PLAIN and isinstance(one, list | np.ndarray)]


def held(value: Any) -> str:
    """What a value holds, as a text that is another one when it has changed."""
    try:
        return _text(_parts(value))
    except (TooLong, ValueError):
        return ""


def answer(value: Any) -> bytes | None:
    """A value as bytes; None where it is not short."""
    return _bytes([value])


def answered(data: bytes) -> Any:
    """The value of such bytes; BadValue for any others."""
    found = _read(data)
    if len(found) != 1:
        raise BadValue("a short answer of no kind")
    return _value(found[0])


def names(found: Sequence[Sequence[Any]]) -> bytes | None:
    """Functions as bytes: of each its name, its number, and what describes it, and then those of its parameters."""
    return _bytes([("list", *one) for one in found], ready=True)


def named(data: bytes) -> dict[str, Sequence[Any]]:
    """By name, number, name, docstring and parameters of functions; BadValue for any other bytes."""
    found = [_value(one) for one in _read(data)]
    if not all(type(one) is list and len(one) >= 4 for one in found):
        raise BadValue("short names of no kind")
    return {name: about for name, *about in found if type(name) is str}


def _parts(value: Any) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is list or kind is tuple:
        if len(value) <= MOST and PLAIN.issuperset(map(type, value)):
            return [kind.__name__, *value]
    elif kind is np.ndarray:
        if value.nbytes <= MOST and arrays.is_plain(value.dtype):
            dtype, order, writeable, data, *shape = arrays.KINDS[kind].parts(value)
            return ["array", dtype, order, writeable, data.decode("latin-1"), *shape]
    elif kind in arrays.NUMBERS:
        return ["number", value.dtype.str, value.tobytes().decode("latin-1")]
    raise TooLong


def _value(found: Any) -> Any:
    if type(found) in PLAIN:
        return found
    if type(found) is not list or not found or not PLAIN.issuperset(map(type, found)):
        raise BadValue("a short value of no kind")
    form, *parts = found
    if form in SERIES:
        return SERIES[form](parts)
    try:
        if form == "number":
            dtype, data = parts
            return arrays.of_bytes(dtype, data.encode("latin-1"), ())[()]
        if form == "array":
            dtype, order, writeable, data, *shape = parts
            return arrays.KINDS[np.ndarray].make((dtype, order, writeable, data.encode("latin-1"), *shape))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadValue(str(error)) from None
    raise BadValue("a short value of no kind")


def _read(data: bytes) -> list[Any]:
    try:
        found = _values(data.decode("utf-8", "surrogatepass")) if len(data) <= MOST else None
    except (ValueError, RecursionError) as error:
        raise BadValue(str(error)) from None
    if type(found) is not list:
        raise BadValue("a short answer of no kind")
    return found


def _bytes(values: Sequence[Any], ready: bool = False) -> bytes | None:
    try:
        data = _text(values if ready else [_parts(one) for one in values]).encode("utf-8", "surrogatepass")
    except (TooLong, ValueError):  # a number of thousands of digits
        return None
    return data if len(data) <= MOST and b"NaN" not in data else None  # of which there are many, and one name
