"""Letters on a socket: one byte that says what it is, four of size, and the bytes themselves.

Between an examiner and a copy of a student's process, and between the grader and an examiner.
"""

import socket
import struct
import time

MAX_LETTER = 68 << 20  # what two values at their bound take
HEAD = struct.Struct("<cI")
# what an object of a class of one's own may be asked for, where its class has it
SPECIAL = frozenset(
    f"__{name}__"
    for name in (
        *(
            "call",
            "len",
            "iter",
            "next",
            "reversed",
            "getitem",
            "setitem",
            "delitem",
            "enter",
            "exit",
            "str",
            "repr",
            "format",
            "bytes",
            "float",
            "int",
            "complex",
            "index",
        ),
        *(
            "round",
            "abs",
            "neg",
            "pos",
            "invert",
            "add",
            "radd",
            "iadd",
            "sub",
            "rsub",
            "isub",
            "mul",
            "rmul",
            "imul",
            "matmul",
            "rmatmul",
            "truediv",
            "rtruediv",
            "itruediv",
        ),
        *(
            "floordiv",
            "rfloordiv",
            "mod",
            "rmod",
            "pow",
            "rpow",
            "divmod",
            "and",
            "rand",
            "or",
            "ror",
            "xor",
            "rxor",
            "lshift",
            "rshift",
            "trunc",
            "floor",
            "ceil",
            "array",
        ),
    )
)
LIBRARY = "matplotlib."  # begins the names of modules that are said of their classes
IDENTITY = "identity"  # said of such a class whose objects are equal to nothing but themselves
ASK, REPLY, CELL, DONE = b"A", b"R", b"C", b"D"
CALL, GIVEN = b"c", b"g"  # a question and an answer that are short (short.py)
SOME = 1 << 16  # bytes
LEAST = 0.1  # seconds that a letter may take in any case


def send(sock: socket.socket, kind: bytes, data: bytes) -> None:
    """Send a letter."""
    sock.sendall(HEAD.pack(kind, len(data)) + data)


def receive(sock: socket.socket, finish: float | None = None) -> tuple[bytes, bytes] | None:
    """The next letter, or None where the socket is closed.

    finish: when it has to be whole, else TimeoutError. ValueError where it is longer than a letter may be.
    """
    start = _exactly(sock, HEAD.size, finish)
    if start is None:
        return None
    kind, size = HEAD.unpack(start)
    if size > MAX_LETTER:
        raise ValueError(f"a letter of {size} bytes is over the bound")
    data = _exactly(sock, size, finish)
    return None if data is None else (kind, data)


def turn(sock: socket.socket, finish: float | None = None) -> tuple[bytes, bytes] | None:
    """The same where two take turns, so that nothing else can have come: most letters are there at once.

    ValueError also where something has.
    """
    data = sock.recv(SOME)
    if data and len(data) < HEAD.size:
        more = _exactly(sock, HEAD.size - len(data), finish)
        data = b"" if more is None else data + more
    if not data:
        return None
    kind, size = HEAD.unpack_from(data)
    left = HEAD.size + size - len(data)
    if size > MAX_LETTER or left < 0:
        raise ValueError(f"a letter of {size} bytes is over the bound, or not alone")
    rest = _exactly(sock, left, finish) if left else b""
    return None if rest is None else (kind, data[HEAD.size :] + rest)


def _exactly(sock: socket.socket, size: int, finish: float | None) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        if finish is not None:
            sock.settimeout(max(LEAST, finish - time.monotonic()))
        part = sock.recv(min(size - len(data), 1 << 20))
        if not part:
            return None
        if finish is not None and time.monotonic() > finish + LEAST:
            raise TimeoutError
        data += part
    return bytes(data)
