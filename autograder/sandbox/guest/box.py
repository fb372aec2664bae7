"""The box of one submission: namespaces of its own, limits, and process 1, which runs no student's code.

Process 1 forks a process for each notebook, and before that ends all that the last notebook left
behind, files included.
"""

import contextlib
import ctypes
import mmap
import os
import resource
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import forks
import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_PID, NEW_MOUNT, NEW_NET, NEW_IPC = 0x10000000, 0x20000000, 0x20000, 0x40000000, 0x08000000
NOSUID_NODEV, NOSUID_NOEXEC, READ_ONLY_NOEXEC = 2 | 4, 2 | 8, 1 | 8
BIND, REMOUNT_READ_ONLY, MOUNT_FLAGS = 4096, 32 | 4096 | 1, 2 | 4 | 8
DEVICES = ("full", "null", "pts", "random", "tty", "urandom", "zero")  # of the machine, each a mount in /dev
TERMINALS = 16  # of a box: a command after `!` has one. The machine has 4,096, and each holds memory of the kernel's
DUMPABLE, CHILD_SUBREAPER, NO_LARGE_PAGES = 4, 36, 41  # of prctl(2)
PENDING = 1024  # signals and timers that wait
NO_DUMP = 1  # of a process that crashes: at 0, a program of the machine that core_pattern names would still get it
OF_THE_USER = ("RLIMIT_NPROC", "RLIMIT_SIGPENDING")  # the kernel counts these; a guest with walls is a user of its own
DOOR_SECONDS = 5.0  # that process 1 of a box may take to let a notebook in
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPROF)
MEGABYTE = 1 << 20
STATUS = 100  # bytes of it that are read


def call(name: str, *args: Any) -> None:
    """A libc call that raises OSError where it fails."""
    if getattr(LIBC, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def drop_root(uid: int) -> None:
    """Become an unprivileged user for good: limits on processes do not bind root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        call("prctl", DUMPABLE, 1, 0, 0, 0)  # or the id maps of the children could not be written


def fork_apart() -> int:
    """os.fork() into namespaces of its own, as their process 1 -> its process id, or 0 in there.

    unshare(2) moves the caller into all new namespaces but that of processes, whose process 1 is its next child. So
    there is a process in between for a moment; when it has ended, process 1 is a child of this one.
    """
    call("prctl", CHILD_SUBREAPER, 1, 0, 0, 0)
    told, tell = os.pipe()
    between = forks.quietly()
    if between == 0:
        os.close(told)
        try:
            unshare()
            pid = forks.quietly()
            if pid:
                os.write(tell, str(pid).encode())
        except BaseException:
            os._exit(1)  # and never on with what this process was copied from
        if pid:
            os._exit(0)
        os.close(tell)
        return 0
    os.close(tell)
    text = os.read(told, 16)
    os.close(told)
    os.waitpid(between, 0)
    if not text:
        raise OSError("no namespaces for a box")
    return int(text)


def unshare() -> None:
    """Namespaces of their own for this process and its children, in which it is the user that it was."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", NEW_USER | NEW_PID | NEW_MOUNT | NEW_NET | NEW_IPC)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def settle(limits: Mapping[str, Any], walls: bool, calls: bytes) -> None:
    """In process 1 of the new namespaces: private /tmp, no /proc, no capabilities, limits; calls: their filter."""
    if walls:
        close_off(limits)
    else:
        os.chdir(tempfile.mkdtemp())
    for name, value in (
        ("RLIMIT_AS", limits["memory_mb"] * MEGABYTE),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_FSIZE", limits["file_mb"] * MEGABYTE),
        ("RLIMIT_NOFILE", limits["open_files"]),
        ("RLIMIT_CPU", int(limits["total_seconds"])),
        ("RLIMIT_SIGPENDING", PENDING),
        ("RLIMIT_CORE", NO_DUMP),
        ("RLIMIT_MSGQUEUE", 0),
    ):
        if walls or name not in OF_THE_USER:
            resource.setrlimit(getattr(resource, name), (value, value))
    if walls:
        call("prctl", NO_LARGE_PAGES, 1, 0, 0, 0)  # who keeps 4 KB of one would hold 2 MB that are in no process
        seccomp.allow_only(calls)


def close_off(limits: Mapping[str, Any]) -> None:
    """Private /tmp, /dev/shm and terminals, an empty /proc, devices whose times nobody can set, no capabilities."""
    size = f"size={limits['file_mb']}m,mode=700,nr_inodes=4096".encode()
    for place in (b"/tmp", b"/dev/shm"):
        call("mount", b"tmpfs", place, b"tmpfs", NOSUID_NODEV, size)
    terminals = f"newinstance,ptmxmode=0666,max={TERMINALS}".encode()
    call("mount", b"devpts", b"/dev/pts", b"devpts", NOSUID_NOEXEC, terminals)
    # it reads the same; but a mapping of /dev/zero is shared memory that counts in no process
    call("mount", b"/dev/full", b"/dev/zero", None, BIND, None)
    call("mount", b"tmpfs", b"/proc", b"tmpfs", NOSUID_NODEV | READ_ONLY_NOEXEC, b"nr_inodes=1,mode=500")
    for place in (f"/dev/{name}".encode() for name in DEVICES):
        call("mount", None, place, None, REMOUNT_READ_ONLY | os.statvfs(place).f_flag & MOUNT_FLAGS, None)
    os.chdir("/tmp")
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


class Status:
    """Memory of a box's own, in whole pages, that process 1 of the box and the zygote share with its notebooks.

    No open file stands for it, since what one can hang on such a file is in no process's memory.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, name: str) -> None:
        """Put a name on it, and nothing else; "" wipes it."""
        self._page[:] = name.encode()[:STATUS].ljust(mmap.PAGESIZE, b"\0")

    def read(self) -> bytes:
        """What stands on it: whatever the student's code has put there."""
        return self._page[:STATUS].rstrip(b"\0")

    def close(self) -> None:
        """Give the memory back."""
        self._page.close()


Work = Callable[[socket.socket, Status], None]  # what the process of a notebook does


class Box:
    """The confined place of one submission: its process 1, and the door that notebooks come in by."""

    def __init__(self, settings: Mapping[str, Any], ours: Iterable[int], work: Work) -> None:
        """ours: open files that do not go along."""
        self.walls, self.status = settings["walls"], Status()
        self.door, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.settimeout(DOOR_SECONDS)
        calls = seccomp.for_here(settings["limits"]["system_calls"])  # made once, for it is in the zygote here
        self.pid = fork_apart() if self.walls else forks.quietly()
        if self.pid:
            inside.close()
            return
        with contextlib.suppress(BaseException):
            for number in (self.door.fileno(), *ours):
                os.close(number)
            os.setsid()  # or a signal to its group would reach this guest
            settle(settings["limits"], self.walls, calls)
            receive(inside, work, self.status, 2 if settings["keep_stderr"] else 3)
        os._exit(0)

    def let_in(self, fd: int) -> bool:
        """Start a notebook's process with its socket -> False where nobody answers at the door."""
        try:
            socket.send_fds(self.door, [b"go"], [fd])
            return self.door.recv(16) == b"done"
        except OSError:
            return False

    def how(self) -> bytes:
        """How the last notebook's process ended: "time" where the kernel's limit did it, else "done"."""
        with contextlib.suppress(OSError):
            self.door.send(b"how")
            return self.door.recv(16) or b"done"
        return b"done"

    def close(self) -> bytes:
        """Kill process 1 of the box's namespace, and every process in there -> the status that they left."""
        self.door.close()
        os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            if self.walls:
                os.kill(-1, signal.SIGKILL)  # all that this guest sees: process 1 could be slow to take them along
            else:
                os.killpg(self.pid, signal.SIGKILL)  # never -1: there, that is all of the user's processes
        os.waitpid(self.pid, 0)
        left = self.status.read()
        self.status.close()
        return left


def receive(door: socket.socket, work: Work, status: Status, streams: int) -> None:
    """What process 1 of a box does: one notebook after another, each in a process and a folder as if it were alone.

    streams: of the standard ones, how many the notebook gets anew.
    """
    usual = {name: signal.signal(name, signal.SIG_IGN) for name in SIGNALS}  # nobody in the box can end it
    usual[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: bury(notebook))
    notebook = 0
    while True:
        message, fds, _, _ = socket.recv_fds(door, 16, 1)
        if message == b"how":
            door.send(b"time" if signal_of(notebook) == signal.SIGXCPU else b"done")
            continue
        if not fds:
            return
        if notebook:
            clear_out()
            status.write("")  # nobody is left who could write
        notebook = os.fork()
        if notebook == 0:
            door.close()
            for name, handler in usual.items():
                signal.signal(name, handler)
            open_anew(streams)
            work(socket.socket(fileno=fds[0]), status)
            os._exit(0)
        os.close(fds[0])
        door.send(b"done")


def open_anew(streams: int) -> None:
    """Standard streams that nobody had before: flags that are set on an open file stay for all who share it."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(streams):
        os.dup2(null, number)
    os.close(null)


def bury(notebook: int) -> None:
    """Let go of what has ended and lost its parent, as a shell's `command &`: it counts among the processes until then.

    Not of the notebook's own process: how it ended is asked later.
    """
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != notebook:
            os.waitpid(ended.si_pid, os.WNOHANG)


def signal_of(pid: int) -> int:
    """The signal that a child ended by; 0 where it ended otherwise, or goes on."""
    for _ in range(20):
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # it had ended before it was known as the notebook's
            return 0
        if ended:
            return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        time.sleep(0.005)  # its files are closed a moment before it has ended
    return 0


def clear_out() -> None:
    """End every process in the box but this one, and remove their files; this one ends where that fails."""
    if os.getpid() != 1:
        os._exit(1)  # no box of its own: a new one is opened
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    for place in ("/tmp", "/dev/shm"):
        for entry in os.scandir(place):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
