"""The bounded conversation with a student's process: a frame out, a frame back, each under a deadline."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Mapping

from autograder.sandbox import answers
from autograder.sandbox.answers import Array, Lost
from autograder.sandbox.trace import Trace

GRACE = 2.0  # seconds that the guest has beyond a limit of its own before it is killed
MOST_READ = 1 << 20  # bytes at once
LETTER, MAX_LETTER = struct.Struct("<cI"), 68 << 20  # see guest/travel/letters.py
CELL, DONE = b"C", b"D"


class GuestLost(Exception):
    """The student's process is gone or silent: `reason` says which."""

    def __init__(self, reason: Lost) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel:
    """The conversation with one child; it closes the socket."""

    def __init__(self, sock: socket.socket, trace: Trace | None = None) -> None:
        self._sock, self._trace = sock, trace
        self._unread = bytearray()

    def ask(
        self, header: Mapping[str, object], arrays: Mapping[str, Array], seconds: float
    ) -> tuple[dict[str, object], dict[str, Array]]:
        """Send a frame and return the reply; GuestLost where none comes within `seconds` + grace."""
        if self._trace is None:
            return self._ask(header, arrays, seconds)
        started = time.monotonic()
        self._trace.frame("sent", header, arrays)
        try:
            reply, answered = self._ask(header, arrays, seconds)
        except GuestLost as error:
            self._trace.state(f"{header.get('do')} {header.get('name') or header.get('probe')}: lost ({error.reason})")
            raise
        self._trace.frame("received", reply, answered)
        self._trace.step(header, reply, time.monotonic() - started)
        return reply, answered

    def _ask(
        self, header: Mapping[str, object], arrays: Mapping[str, Array], seconds: float
    ) -> tuple[dict[str, object], dict[str, Array]]:
        with self._within(seconds) as deadline:
            self._sock.sendall(answers.encode(header, arrays))
            return self._reply(deadline)

    def copy(self, question: Mapping[str, object], seconds: float) -> socket.socket:
        """Have a copy of the process answer -> the socket to it. question: what kind of copy, and its limits."""
        with self._to_another(seconds) as (ours, theirs, deadline):
            self._sock.sendall(answers.encode(question, {}))
            socket.send_fds(self._sock, [b"s"], [theirs.fileno()])
            self._reply(deadline)
        return ours

    def copy_of(self, moment: str, seconds: float) -> socket.socket:
        """The same of a process that makes nothing but copies: of a moment that it has noted."""
        with self._to_another(seconds) as (ours, theirs, deadline):
            socket.send_fds(self._sock, [moment.encode()], [theirs.fileno()])
            self._read(1, deadline)
        return ours

    @contextlib.contextmanager
    def _to_another(self, seconds: float) -> Iterator[tuple[socket.socket, socket.socket, float]]:
        """Both ends of a new socket, and the deadline of giving one away."""
        ours, theirs = socket.socketpair()
        try:
            with self._within(seconds) as deadline, theirs:
                yield ours, theirs, deadline
        except GuestLost:
            ours.close()
            raise

    def to_copy(self, question: Mapping[str, object], seconds: float) -> "Channel":
        """A conversation with a copy of the process, in frames."""
        return Channel(self.copy(question, seconds), self._trace)

    def post(self, kind: bytes, data: bytes, seconds: float, behind: socket.socket | None = None) -> None:
        """Send a letter, and a socket behind it."""
        with self._within(seconds):
            self._sock.sendall(LETTER.pack(kind, len(data)) + data)
            if behind is not None:
                socket.send_fds(self._sock, [b"s"], [behind.fileno()])

    def letter(self, seconds: float) -> tuple[bytes, bytes]:
        """The next letter, unopened; GuestLost where none comes within `seconds` + grace."""
        with self._within(seconds) as deadline:
            kind, size = LETTER.unpack(self._read(LETTER.size, deadline))
            if size > MAX_LETTER:
                raise answers.BadFrame(f"a letter of {size} bytes is over the bound")
            return kind, self._read(size, deadline)

    def _reply(self, deadline: float) -> tuple[dict[str, object], dict[str, Array]]:
        head, body = answers.sizes(self._read(8, deadline))
        return answers.decode(self._read(head, deadline), self._read(body, deadline))

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[float]:
        """Until when a conversation may take; what ends it before its time is GuestLost."""
        try:
            self._sock.settimeout(seconds + GRACE)
            yield time.monotonic() + seconds + GRACE
        except TimeoutError:
            raise GuestLost(Lost.TIME) from None
        except answers.BadFrame:
            raise GuestLost(Lost.NOISE) from None
        except OSError:
            raise GuestLost(Lost.DIED) from None

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._unread) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            part = self._sock.recv(MOST_READ)
            if not part:
                raise ConnectionResetError
            self._unread += part
        found = bytes(self._unread[:size])
        del self._unread[:size]
        return found

    def close(self) -> None:
        """End the conversation."""
        self._sock.close()
