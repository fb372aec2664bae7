"""The guest: the confined process that student code runs beside, started once and kept warm."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from autograder.course import Limits
from autograder.errors import CourseError
from autograder.sandbox import cgroups
from autograder.sandbox.answers import Lost, printable
from autograder.sandbox.channel import Channel
from autograder.sandbox.trace import Trace
from autograder.sandbox.walls import (
    BESIDE,
    DATA,
    EXAMINER,
    GUEST,
    Inside,
    NoWalls,
    SandboxError,
    environment,
    packages,
    packages_inside,
    walls,
)

START_SECONDS = 120.0
MOST_SAID = 200  # bytes of an answer of the zygote
ANSWER_SECONDS = 20.0  # of the zygote itself, to fork or to kill
UNSAFE = "made without a sandbox"


class Guest:
    """A guest: started once, it runs one submission after another, each in a box of its own."""

    def __init__(self, inside: Inside, limits: Limits, unsafe: bool = False, trace: Trace | None = None) -> None:
        """trace: hears of everything, and keeps what the guest writes on its stderr."""
        self.limits, self.unsafe = limits, unsafe
        self.measured, self.stretched = False, 1.0
        self.refusal: CourseError | None = None  # why nobody can be graded with these probes
        self._inside, self._trace = inside, trace
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.cgroup: cgroups.Cgroup | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the guest)
        self.starts = 0
        self._one_box, self._next = False, b"go"

    def __enter__(self) -> "Guest":
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Put up the walls and load the modules; SandboxError where that cannot be done."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line = self._command(theirs.fileno())
        self.cgroup = None if self.unsafe else cgroups.given(self.limits)
        self._process = subprocess.Popen(
            self.cgroup.entering(line) if self.cgroup else line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=environment(self._inside),
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        ours.settimeout(START_SECONDS)
        self._control, self.starts = ours, self.starts + 1
        try:
            ready = ours.recv(16)
        except OSError:
            ready = b""
        if ready != b"ready":
            self.close()
            said = self._said()
            raise (NoWalls if "bwrap" in said else SandboxError)(f"the sandbox does not start: {said}")
        ours.settimeout(ANSWER_SECONDS)
        self.tell(f"zygote started, with limits {self.limits}")

    def tell(self, what: str) -> None:
        """A line of the trace, where there is one."""
        if self._trace is not None:
            self._trace.state(what)

    def _command(self, control: int) -> list[str]:
        inside = self._inside
        line, guest, probes, data = [], str(GUEST), str(inside.probes or ""), str(inside.data or "")
        examiner = str(EXAMINER)
        helpers = str(inside.helpers[0].parent) if inside.helpers else guest
        paths = packages() if inside.packages is None else [str(inside.packages)]
        if not self.unsafe:
            line = walls(inside)
            guest, probes, data = "/guest", probes and "/probes/probes.py", data and DATA
            examiner = "/examiner"
            helpers, paths = "/helpers", packages_inside()[: len(paths)]
        settings = {
            "control": control,
            # every guest has a user id of its own, so that limits on processes are its own; process ids have 22 bits
            "uid": (5_000_000 if inside.examiner else 100_000) + os.getpid(),
            "walls": not self.unsafe,
            "limits": asdict(self.limits),
            "data": data,
            "checks": inside.trial,
            "modules": [*(["matplotlib.pyplot"] if inside.plots else []), *inside.modules],
            "keep_stderr": self._trace is not None,
            "examiner": inside.examiner,
            "paths": [guest, *([examiner] if inside.examiner else []), helpers, *paths],
            "files": {name: str(path) if self.unsafe else f"{BESIDE}/{name}" for name, path in inside.files.items()},
            "helpers": [helper.stem for helper in inside.helpers if helper.suffix == ".py"],
            "probes": probes,
        }
        python = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
        return [*line, python, "-I", f"{guest}/zygote.py", json.dumps(settings)]

    def _said(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else "no message"
        if "bwrap" in last:
            return f"{last}. User namespaces may be off here; `autograder doctor` tells how to mend it"
        return last

    @contextlib.contextmanager
    def submission(self) -> Iterator[None]:
        """While the notebooks of one submission run: they may follow each other in one confined box, emptied."""
        self._one_box = True
        try:
            yield
        finally:
            self._one_box = False
            self.end()

    def open(self, new_box: bool = False) -> Channel:
        """A process for a notebook, confined -> the channel to it; a guest that is gone is started anew."""
        message = b"go" if new_box else self._next
        self._next = b"more" if self._one_box else b"go"
        try:
            return self._open(message)
        except SandboxError:
            return self._open(b"go")

    def _open(self, message: bytes) -> Channel:
        if self._process is None or self._process.poll() is not None:
            self.start()
        assert self._control is not None
        ours, theirs = socket.socketpair()
        opened = Channel(ours, self._trace)
        try:
            socket.send_fds(self._control, [message], [theirs.fileno()])
            if self._control.recv(16) != b"done":
                raise OSError("no answer")
        except OSError as error:
            opened.close()
            self.close()
            raise SandboxError(f"the sandbox stopped: {error}; {self._said()}") from error
        finally:
            theirs.close()
        self.tell("box opened" if message == b"go" else "the next notebook let into the box, or into a new one")
        return opened

    def end(self, lost: bool = False) -> tuple[Lost | None, str]:
        """Close the box and kill all that is in it.

        lost: it ended before its time -> the limit that did it, or None;
        and the name of the question that it said it is at, or "".
        """
        self._next = b"go"
        if self._control is not None:
            try:
                self._control.send(b"lost" if lost else b"kill")
                if answer := self._control.recv(MOST_SAID):
                    reason, _, at = answer.partition(b" ")
                    limit = {b"memory": Lost.MEMORY, b"time": Lost.TIME}.get(reason)
                    self.tell(f"box closed; the guest says {answer.decode('utf-8', 'replace')!r}")
                    return limit, printable(at.decode("utf-8", "replace"))
            except OSError:
                pass
            ran_out = self.cgroup is not None and self.cgroup.ran_out()
            self.close()
            return Lost.MEMORY if ran_out else None, ""
        return None, ""

    @property
    def pid(self) -> int:
        """The process that all others of the guest are below."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the zygote is there."""
        return self._process is not None and self._process.poll() is None

    def stretch(self, factor: float) -> None:
        """Make all time limits that many times as long, from the next submission on."""
        self.limits, self.stretched = self.limits.stretched(factor), factor
        self.close()  # the guest knows its limits from its start

    def close(self) -> None:
        """Take the guest down; the next open() starts it anew."""
        if self._trace is not None:
            self._errors.seek(0)
            self._trace.stderr(self._errors.read())
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)  # the guest ends with its control socket
            self._process.kill()  # or bwrap's death takes its process 1, and so all others, with it
            self._process.wait()
            self._process = None
        if self.cgroup is not None:
            self.cgroup.remove()
            self.cgroup = None
