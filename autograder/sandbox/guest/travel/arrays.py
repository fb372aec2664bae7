"""The kinds of values that numpy has: arrays and scalars of all plain types, and masked arrays."""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from travel.kinds import BadValue, Kind

PLAIN = re.compile(
    r"[<>|](?:[biufc]\d{1,2}|[SU]\d{1,8})|[<>][mM]8(?:\[\d{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as|generic)\])?"
)
MAX_DIMENSIONS = 32
MAX_SIDE = 1 << 40
LAST_CHARACTER = 0x10FFFF
# their state is four numbers, and any will do; a false state of the others would have them read beside their memory
USUAL = (np.random.PCG64, np.random.PCG64DXSM)
GENERATORS: dict[Any, Any] = {one.__name__: one for one in USUAL}
TYPES = tuple(
    sorted({one for one in np.sctypeDict.values() if one.__module__ == "numpy"}, key=lambda one: one.__name__)
)


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether its values are bytes that mean the same on both sides."""
    return dtype.itemsize > 0 and dtype.fields is None and PLAIN.fullmatch(dtype.str) is not None


def of_bytes(dtype: Any, data: Any, shape: Sequence[Any]) -> "np.ndarray[Any, Any]":
    """A new array of declared type and shape, made only where that is as many bytes as are there."""
    if type(dtype) is not str or type(data) is not bytes or PLAIN.fullmatch(dtype) is None:
        raise BadValue("an array of no plain type")
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or not 0 <= n <= MAX_SIDE for n in shape):
        raise BadValue("an array's shape has an entry that is no size")
    kind = np.dtype(dtype)
    if kind.itemsize == 0 or math.prod(shape) * kind.itemsize != len(data):
        raise BadValue("an array is longer or shorter than its bytes")
    found = np.frombuffer(bytearray(data), kind).reshape(shape)
    if found.size and (
        (kind.kind == "b" and found.view(np.uint8).max() > 1)
        or (kind.kind == "U" and np.frombuffer(data, np.dtype(dtype[0] + "u4")).max() > LAST_CHARACTER)
    ):
        raise BadValue("an array holds what its type has not")
    return found


def _parts(value: Any) -> list[Any]:
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    return [value.dtype.str, order, bool(value.flags.writeable), value.tobytes(order), *map(int, value.shape)]


def _make(parts: Sequence[Any]) -> Any:
    dtype, order, writeable, data, *shape = parts
    found = of_bytes(dtype, data, shape[::-1] if order == "F" else shape)
    found = found.T if order == "F" else found
    found.flags.writeable = writeable is True
    return found


def _fill(target: Any, parts: Sequence[Any]) -> None:
    fresh = _make(parts)
    if fresh.dtype != target.dtype or fresh.shape != target.shape or not target.flags.writeable:
        raise BadValue("an argument came back with another type or shape")
    target[...] = fresh


def _objects(value: Any) -> list[Any]:
    return [value.ndim, *map(int, value.shape), *value.ravel().tolist()]


def _shape(parts: Sequence[Any]) -> tuple[int, ...]:
    dimensions = parts[0]
    if type(dimensions) is not int or not 0 <= dimensions <= MAX_DIMENSIONS:
        raise BadValue("an array's shape is no short list")
    shape = parts[1 : 1 + dimensions]
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) != len(parts) - 1 - dimensions:
        raise BadValue("an array has more or fewer objects than it says")
    return tuple(shape)


def _make_objects(parts: Sequence[Any]) -> Any:
    return np.empty(_shape(parts), object)


def _fill_objects(target: Any, parts: Sequence[Any]) -> None:
    if _shape(parts) != target.shape:
        raise BadValue("an argument came back with another shape")
    flat = np.empty(target.size, object)
    for number, one in enumerate(parts[1 + target.ndim :]):
        flat[number] = one
    target[...] = flat.reshape(target.shape)


def _scalar(value: Any) -> list[Any]:
    if isinstance(value, np.str_):
        return [str(value)]
    return [bytes(value)] if isinstance(value, np.bytes_) else [value.dtype.str, value.tobytes()]


def _holds_scalar(value: Any) -> bool:
    return isinstance(value, np.str_ | np.bytes_) or is_plain(value.dtype)


def _make_scalar(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return np.bytes_(parts[0]) if type(parts[0]) is bytes else np.str_(parts[0])
    return of_bytes(parts[0], parts[1], ())[()]


def _masked(value: Any) -> list[Any]:
    if value is np.ma.masked:
        return []
    mask = None if value.mask is np.ma.nomask else np.array(value.mask)
    return [np.array(value.data), mask, value._fill_value, bool(value.hardmask)]


def _make_masked(parts: Sequence[Any]) -> Any:
    if not parts:
        return np.ma.masked
    data, mask, fill_value, hard = parts
    if type(data) is not np.ndarray or (mask is not None and (type(mask) is not np.ndarray or mask.dtype != bool)):
        raise BadValue("a masked array without its data or its mask")
    found = np.ma.MaskedArray(data, mask=np.ma.nomask if mask is None else mask, hard_mask=hard is True)
    if fill_value is not None:
        found.fill_value = fill_value
    return found


def _fill_masked(target: Any, parts: Sequence[Any]) -> None:
    fresh = _make_masked(parts)
    if target is np.ma.masked or fresh is np.ma.masked:
        raise BadValue("a constant came back as something else")
    if fresh.dtype != target.dtype or fresh.shape != target.shape:
        raise BadValue("an argument came back with another type or shape")
    target.data[...] = fresh.data
    target.mask = fresh.mask


def _generator(value: Any) -> list[Any]:
    told = value.bit_generator.state
    return [told["bit_generator"], told["state"]["state"], told["state"]["inc"], told["has_uint32"], told["uinteger"]]


def _make_generator(parts: Sequence[Any]) -> Any:
    name, *numbers = parts
    if name not in GENERATORS or len(numbers) != 4 or any(type(n) is not int or not 0 <= n < 1 << 128 for n in numbers):
        raise BadValue("a generator in a state that it cannot be in")
    state, inc, has_uint32, uinteger = numbers
    made = np.random.Generator(GENERATORS[name](0))
    told = {"state": state, "inc": inc}
    made.bit_generator.state = {"bit_generator": name, "state": told, "has_uint32": has_uint32, "uinteger": uinteger}
    return made


def _fill_generator(target: Any, parts: Sequence[Any]) -> None:
    target.bit_generator.state = _make_generator(parts).bit_generator.state


NUMBERS = frozenset(one for one in TYPES if not issubclass(one, np.flexible | np.object_))
_SCALAR = Kind(b"g", _scalar, _make_scalar, holds=_holds_scalar)
_MASKED = Kind(b"M", _masked, _make_masked, _fill_masked, holds=lambda value: is_plain(value.dtype))

KINDS: dict[type, Kind] = {
    np.ndarray: Kind(b"a", _parts, _make, _fill, holds=lambda value: is_plain(value.dtype)),
    np.ma.MaskedArray: _MASKED,
    type(np.ma.masked): _MASKED,
    np.random.Generator: Kind(
        b"G", _generator, _make_generator, _fill_generator, holds=lambda value: type(value.bit_generator) in USUAL
    ),
    **{one: _SCALAR for one in TYPES if one not in (np.object_, np.void)},
}
OBJECTS = Kind(
    b"O",
    _objects,
    _make_objects,
    _fill_objects,
    shell=True,
    holds=lambda value: type(value) is np.ndarray and value.dtype.kind == "O",
)
