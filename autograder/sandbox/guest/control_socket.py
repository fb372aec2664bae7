"""The zygote's control socket: which box is open, and which notebook is let in.

One message a notebook, with the socket that the notebook's process is to talk on, or a message without one:

| state | message    | what is done                                             | new state | answer       |
|-------|------------|----------------------------------------------------------|-----------|--------------|
| none  | go, more   | a box is opened, the notebook let in                     | open      | done         |
| open  | go         | the box is closed, a new one opened, the notebook let in | open      | done         |
| open  | more       | the next notebook of the same submission is let in       | open      | done         |
| any   | go, more   | no box can be opened                                     | none      | failed       |
| open  |            | the box holds too much memory: it is closed              | none      |              |
| open  | kill       | the box is closed                                        | none      | done         |
| open  | lost       | the box is asked how the notebook ended, and closed      | none      | time, done   |
| none  | kill, lost | nothing                                                  | none      | memory, done |
| any   | the end    | the box is closed, and the zygote ends                   |           |              |

To close a box is to kill all that is in it. Where nobody in an open box answers to "more", it is as "go".
"memory": the box was closed for it since the last answer. After the answer to "kill" and "lost" stands the box's
status (box.py).
"""

import contextlib
import os
import select
import socket
from collections.abc import Mapping
from typing import Any

import memory
from box import MEGABYTE, Box, Work

WATCH = 0.1  # seconds between looks at the memory of a box
BOX_TRIES = 2


class Boxes:
    """The state: no box, or the one that is open; and the answer about the last one that the watch has closed."""

    def __init__(self, control: socket.socket, settings: Mapping[str, Any], work: Work) -> None:
        self._control, self._settings, self._work = control, settings, work
        self._box: Box | None = None
        self._ended, self._at = b"done", b""

    def serve(self) -> None:
        """Do what the messages say until the socket ends."""
        while True:
            self._watch()
            message, fds, _, _ = socket.recv_fds(self._control, 16, 1)
            if not message:
                self._close()
                return
            if fds:
                is_in = self._let_in(message, fds[0])
                os.close(fds[0])
                self._control.send(b"done" if is_in else b"failed")
            else:
                self._end(message)
                self._control.send(b"%b %b" % (self._ended, self._at))
            self._ended, self._at = b"done", b""

    def _watch(self) -> None:
        """Wait for a message; while a box is open, close it where it holds more memory than it may."""
        most = self._settings["limits"]["memory_mb"] * MEGABYTE
        while self._box and not select.select([self._control], [], [], WATCH)[0]:
            if self._settings["walls"] and memory.family_memory(most, self._box.pid) > most:
                self._close()
                self._ended = b"memory"

    def _let_in(self, message: bytes, fd: int) -> bool:
        """Let a notebook into the box that it is for -> False where no box could be opened."""
        if message == b"more" and self._box and self._box.let_in(fd):
            return True
        for _ in range(BOX_TRIES):
            self._close()
            with contextlib.suppress(OSError):
                self._box = Box(self._settings, [self._control.fileno(), fd], self._work)
                if self._box.let_in(fd):
                    return True
        self._close()
        return False

    def _end(self, message: bytes) -> None:
        """Close the box, and note how it ended."""
        if self._box and message == b"lost":
            self._ended = self._box.how()
        self._close()

    def _close(self) -> None:
        if self._box:
            self._at = self._box.close()
            self._box = None
