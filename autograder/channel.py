"""The bounded conversation with a student's process: a frame out, a frame back, each under a deadline."""

import socket
import time
from collections.abc import Mapping

from autograder import answers
from autograder.answers import Array

MAX_FRAMES = 10_000  # to one question
GRACE = 2.0  # seconds that the guest has beyond a limit of its own before it is killed


class GuestLost(Exception):
    """The student's process is gone or silent: `reason` is "time", "died" or "noise"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel:
    """The conversation with one child: a frame out, a frame back, each under a deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.at = ""  # the question that the guest said it is at

    def ask(
        self, header: Mapping[str, object], arrays: Mapping[str, Array], seconds: float
    ) -> tuple[dict[str, object], dict[str, Array]]:
        """Send a frame and return the reply; GuestLost where none comes within `seconds` + grace."""
        deadline = time.monotonic() + seconds + GRACE
        try:
            self.at = ""
            self._sock.settimeout(seconds + GRACE)
            self._sock.sendall(answers.encode(header, arrays))
            for _ in range(MAX_FRAMES):
                head, body = answers.sizes(self._read(8, deadline))
                reply, found = answers.decode(self._read(head, deadline), self._read(body, deadline))
                if "at" not in reply:
                    return reply, found
                self.at = answers.printable(str(reply["at"])[:100])
            raise GuestLost("noise")
        except TimeoutError:
            raise GuestLost("time") from None
        except answers.BadFrame:
            raise GuestLost("noise") from None
        except OSError:
            raise GuestLost("died") from None

    def _read(self, size: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            part = self._sock.recv(min(size, 1 << 20))
            if not part:
                raise ConnectionResetError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """End the conversation."""
        self._sock.close()
