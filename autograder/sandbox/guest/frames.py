"""Frames on the guest's socket: a JSON header and the raw bytes of plain arrays.

Layout: two little-endian uint32 (header bytes, body bytes), the header, the body. The header's
"arrays" lists [name, dtype, shape] in the order of the body.
"""

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Header = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

DTYPES: dict[str, type[np.generic]] = {"<f8": np.float64, "<i8": np.int64, "|u1": np.uint8}


def encode(header: Mapping[str, object], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The frame of a header dict and a dict of float64, int64 or uint8 arrays."""
    plain = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    layout = [[name, value.dtype.str, list(value.shape)] for name, value in plain.items()]
    text = json.dumps({**header, "arrays": layout}).encode()
    body = b"".join(value.tobytes() for value in plain.values())
    return struct.pack("<II", len(text), len(body)) + text + body


def decode(text: bytes, body: bytes) -> tuple[Header, Arrays]:
    """Header and arrays of a frame from the judge, which is trusted."""
    header: Header = json.loads(text)
    arrays: Arrays = {}
    at = 0
    for name, dtype, shape in header.pop("arrays"):
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, DTYPES[dtype], count, at).reshape(shape)
        at += arrays[name].nbytes
    return header, arrays


def receive(sock: socket.socket) -> tuple[Header, Arrays] | None:
    """The next frame, or None where the judge has closed the socket."""
    start = _exactly(sock, 8)
    if start is None:
        return None
    header_size, body_size = struct.unpack("<II", start)
    text, body = _exactly(sock, header_size), _exactly(sock, body_size)
    return None if text is None or body is None else decode(text, body)


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = sock.recv_into(view[got:])
        if not count:
            return None
        got += count
    return bytes(data)
