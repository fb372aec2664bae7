"""Leaves of a value, which have no parts, as bytes; and bytes that are read from the front, within bounds."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from travel import arrays, kinds
from travel.kinds import BadValue, CannotTravel

MAX_BYTES = 32 << 20
LEAVES: dict[type, bytes] = {type(None): b"N", type(Ellipsis): b".", type(NotImplemented): b"!"}
NODE, KNOWN = b"r"[0], b"k"[0]
TYPES: dict[str, type] = {f"{one.__module__}.{one.__qualname__}": one for one in (*kinds.TYPES, *arrays.TYPES)}
NAMES = {one: name for name, one in TYPES.items()}

Classes = Mapping[str, type]  # that both sides have of the notebook's own cells, by name


class Ref:
    """A reference to a node, while it is read."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class Source:
    """Bytes, read from the front; BadValue where they end."""

    def __init__(self, data: bytes) -> None:
        self.data, self._at = data, 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self.data)

    def take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self.data):
            raise BadValue("the bytes end too early")
        return self.data[start : self._at]

    def count(self, most: int) -> int:
        """A number that is no more than `most`, nor than the bytes that are left: each thing takes at least one."""
        number = self._number()
        if number > most or number > len(self.data) - self._at:
            raise BadValue(f"{number} is more than there can be")
        return number

    def _number(self) -> int:
        number, shift = 0, 0
        while True:
            (byte,) = self.take(1)
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            if (shift := shift + 7) > 63:
                raise BadValue("a count is too long")

    def child(self, known: Sequence[Any], nodes: int, classes: Classes) -> Any:
        (tag,) = self.take(1)
        if tag == NODE:
            index = self._number()
            if index >= nodes:
                raise BadValue("a reference to no node")
            return Ref(index)
        if tag == KNOWN:
            index = self._number()
            if index >= len(known):
                raise BadValue("a reference to nothing known")
            return known[index]
        return self._leaf(tag, classes)

    def _leaf(self, tag: int, classes: Classes) -> Any:
        match chr(tag):
            case "N":
                return None
            case ".":
                return Ellipsis
            case "!":
                return NotImplemented
            case "1":
                return True
            case "0":
                return False
            case "i":
                return int.from_bytes(self._sized(), "little", signed=True)
            case "d":
                return struct.unpack("<d", self.take(8))[0]
            case "c":
                return complex(*struct.unpack("<dd", self.take(16)))
            case "s":
                return self._sized().decode("utf-8", "surrogatepass")
            case "b":
                return self._sized()
            case "t":
                return TYPES[self._sized().decode("ascii")]
            case "C":
                return classes[self._sized().decode("utf-8")]
        raise BadValue(f"no value begins with {chr(tag)!r}")

    def _sized(self) -> bytes:
        return self.take(self.count(len(self.data)))


def put_count(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def put_leaf(out: bytearray, part: Any, classes: Classes) -> bool:
    """Write a leaf -> False where it is none."""
    kind = type(part)
    if kind in LEAVES:
        out += LEAVES[kind]
    elif kind is bool:
        out += b"1" if part else b"0"
    elif kind is int:
        put_sized(out, b"i", part.to_bytes(part.bit_length() // 8 + 1, "little", signed=True))
    elif kind is float:
        out += b"d" + struct.pack("<d", part)
    elif kind is complex:
        out += b"c" + struct.pack("<dd", part.real, part.imag)
    elif kind is str:
        put_sized(out, b"s", part.encode("utf-8", "surrogatepass"))
    elif kind is bytes:
        put_sized(out, b"b", part)
    elif kind is type and part in NAMES:
        put_sized(out, b"t", NAMES[part].encode("ascii"))
    elif isinstance(part, type) and classes.get(part.__name__) is part:
        put_sized(out, b"C", part.__name__.encode("utf-8"))
    else:
        return False
    return True


def put_sized(out: bytearray, tag: bytes, data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise too_large()
    out += tag
    put_count(out, len(data))
    out += data


def too_large() -> CannotTravel:
    """What is raised for a value of more than so many bytes."""
    return CannotTravel(f"a value of more than {MAX_BYTES >> 20} MiB does not travel")
