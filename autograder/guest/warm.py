"""The warm guest: loads the heavy modules once, then opens a confined room for each submission.

It runs inside the sandbox and never runs a student's code itself. On its control socket it takes
one message a notebook, with the socket that the notebook's process is to talk on: "go" opens a room,
"more" lets the next notebook of the same submission into the room that is open. Any other message, or
the end of the socket, closes the room and kills all that is in it; "lost" asks how it ended too. The
answer tells what the board says: memory that all share, on which a notebook's process notes the question
that it is at. No open file stands for it, since what one can hang on such a file is in no process's memory.

In the room, process 1 runs no student's code either: it forks a process for each notebook, and before
that ends all that the last notebook left behind, files included.

    python -I warm.py '{"control": 5, "walls": true, "uid": ..., "limits": {...}, ...}'
"""

import contextlib
import ctypes
import functools
import gc
import importlib.util
import json
import mmap
import os
import platform
import resource
import select
import shutil
import signal
import socket
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
KEPT = ctypes.PyDLL(None, use_errno=True)  # its calls keep Python's lock, which a copy of this process takes over
NEW_USER, NEW_PID, NEW_MOUNT, NEW_NET, NEW_IPC = 0x10000000, 0x20000000, 0x20000, 0x40000000, 0x08000000
NOSUID_NODEV, READ_ONLY_NOEXEC = 2 | 4, 1 | 8
DUMPABLE = 4
COLLAPSE = 25  # MADV_COLLAPSE of madvise(2), since Linux 6.1
WATCH = 0.1  # seconds between looks at the memory of a room
DOOR_SECONDS = 5.0  # that process 1 of a room may take to let a notebook in
ROOM_TRIES = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPROF)
MEGABYTE = 1 << 20
EXITING = 4  # PF_EXITING among the flags of a process
SOCKET = 2 * 212_992  # bytes that the kernel may hold for one: wmem_default of socket(7), which calls.py keeps


def call(name, *args):
    """A libc call that raises OSError where it fails."""
    if getattr(LIBC, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def drop_root(uid):
    """Become an unprivileged user for good: limits on processes do not bind root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        call("prctl", DUMPABLE, 1, 0, 0, 0)  # or the id maps of the children could not be written


def fork_apart():
    """os.fork() into namespaces of its own, as their process 1 -> its process id, or 0 in there.

    In one step, where unshare would need a second fork: copying this process costs more than all the rest.
    """
    import calls  # here, since its folder is on the path only now

    uid, gid = os.getuid(), os.getgid()
    clone = calls.MACHINES.get(platform.machine(), calls.MACHINES["aarch64"])[2]  # newer machines number alike
    flags = NEW_USER | NEW_PID | NEW_MOUNT | NEW_NET | NEW_IPC | signal.SIGCHLD
    KEPT.PyOS_BeforeFork()
    pid, error = KEPT.syscall(ctypes.c_long(clone), ctypes.c_ulong(flags), None, None, None, None), ctypes.get_errno()
    if pid:
        KEPT.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError(error, f"clone: {os.strerror(error)}")
        return pid
    KEPT.PyOS_AfterFork_Child()
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    except BaseException:
        os._exit(1)  # and never on with what this process was copied from
    return 0


def settle(limits, walls):
    """In process 1 of the new namespaces: private /tmp, no /proc, no capabilities, limits."""
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
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MSGQUEUE", 0),
    ):
        if walls or name != "RLIMIT_NPROC":  # without walls the count is of the whole user
            resource.setrlimit(getattr(resource, name), (value, value))
    if walls:
        import calls  # here, since its folder is on the path only now; main has loaded it before the fork

        calls.refuse()


def close_off(limits):
    """Private /tmp and /dev/shm, an empty /proc, no capabilities."""
    size = f"size={limits['file_mb']}m,mode=700,nr_inodes=4096".encode()
    for place in (b"/tmp", b"/dev/shm"):
        call("mount", b"tmpfs", place, b"tmpfs", NOSUID_NODEV, size)
    call("mount", b"tmpfs", b"/proc", b"tmpfs", NOSUID_NODEV | READ_ONLY_NOEXEC, b"nr_inodes=1,mode=500")
    os.chdir("/tmp")
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


class Room:
    """The confined place of one submission: its process 1, and the door that notebooks come in by."""

    def __init__(self, settings, ours, work):
        """work(sock): what the process of a notebook does. ours: open files that do not go along."""
        self.walls = settings["walls"]
        self.door, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.settimeout(DOOR_SECONDS)
        self.pid = fork_apart() if self.walls else os.fork()
        if self.pid:
            inside.close()
            return
        with contextlib.suppress(BaseException):
            for number in (self.door.fileno(), *ours):
                os.close(number)
            os.setsid()  # or a signal to its group would reach this guest
            settle(settings["limits"], self.walls)
            receive(inside, work)
        os._exit(0)

    def let_in(self, fd):
        """Start a notebook's process with its socket -> False where nobody answers at the door."""
        try:
            socket.send_fds(self.door, [b"go"], [fd])
            return self.door.recv(16) == b"done"
        except OSError:
            return False

    def how(self):
        """How the last notebook's process ended: "time" where the kernel's limit did it, else "done"."""
        with contextlib.suppress(OSError):
            self.door.send(b"how")
            return self.door.recv(16) or b"done"
        return b"done"

    def close(self):
        """Kill process 1 of the room's namespace, and every process in there."""
        self.door.close()
        os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            if self.walls:
                os.kill(-1, signal.SIGKILL)  # all that this guest sees: process 1 could be slow to take them along
            else:
                os.killpg(self.pid, signal.SIGKILL)  # never -1: there, that is all of the user's processes
        os.waitpid(self.pid, 0)


def receive(door, work):
    """What process 1 of a room does: one notebook after another, each in a process and a folder as if it were alone."""
    usual = {name: signal.signal(name, signal.SIG_IGN) for name in SIGNALS}  # nobody in the room can end it
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
        notebook = os.fork()
        if notebook == 0:
            door.close()
            for name, handler in usual.items():
                signal.signal(name, handler)
            work(socket.socket(fileno=fds[0]))
            os._exit(0)
        os.close(fds[0])
        door.send(b"done")


def signal_of(pid):
    """The signal that a child ended by; 0 where it ended otherwise, or goes on."""
    for _ in range(20):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        time.sleep(0.005)  # its files are closed a moment before it has ended
    return 0


def clear_out():
    """End every process in the room but this one, and remove their files; this one ends where that fails."""
    if os.getpid() != 1:
        os._exit(1)  # no room of its own: a new one is opened
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


def own_memory(pid):
    """Bytes of memory of a process; what several share is shared out among them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return 1024 * sum(int(line[1]) for line in lines if line[0] == "Pss:") + SOCKET * sockets(pid)


def sockets(pid):
    """How many sockets a process has open: what lies unread in them is in no process's memory."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


def ending(pid):
    """Whether a process is at its end: it has given its memory back, and the kernel shows its files to root alone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return bool(int(file.read().rpartition(")")[2].split()[6]) & EXITING)
    except OSError:
        return True  # it is gone


def family_memory():
    """Bytes that all processes but this one hold for themselves: a limit on each would not do."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            try:
                total += own_memory(int(name))
            except PermissionError:
                if not ending(int(name)):  # it hides from its limit
                    return sys.maxsize
            except (OSError, ValueError, IndexError):
                pass  # it has just ended
    return total


def in_large_pages():
    """Move this process's own memory into pages of 2 MB, where the kernel can: a fork copies an entry for each page."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        maps = [line.split() for line in file]
    for place, rights, *_, name in maps:
        start, end = (int(edge, 16) for edge in place.split("-"))
        if rights == "rw-p" and name in ("0", "[heap]"):  # a line without a name ends with its inode, 0
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)


def silence(module):
    """Visible checks (check_...) do nothing in grading: they are for the eyes, and nobody looks."""
    for name in vars(module):
        if name.startswith("check_"):
            setattr(module, name, lambda *args, **kwargs: None)


def main():
    settings = json.loads(sys.argv[1])
    if settings["walls"]:
        drop_root(settings["uid"])
    sys.path[:0] = settings["paths"]
    import calls  # noqa: F401  (here, since its folder is on the path only now)

    # the heavy part, once: what a student's notebook imports
    import matplotlib
    import numpy as np

    matplotlib.use("template")  # a backend that draws nothing: nobody looks
    import matplotlib.pyplot
    import session

    spec = importlib.util.spec_from_file_location("probes", settings["probes"])
    probes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(probes)
    for name in settings["helpers"]:  # the notebook's own module, which every submission imports
        silence(importlib.import_module(name))
    images = {}
    if settings["images"]:
        with np.load(settings["images"], allow_pickle=False) as stored:  # closed: a place in a file is shared
            mean = stored["mean"]
            images = {name: stored[name] - mean for name in stored.files if name != "mean"}
    shell = session.make_shell()
    session.warm_up(shell)
    # or the children's collector would touch, and so copy, every object that they share with this process
    gc.collect()
    gc.freeze()
    in_large_pages()
    control = socket.socket(fileno=settings["control"])
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    control.send(b"ready")
    board = mmap.mmap(-1, session.BOARD)
    work = functools.partial(session.serve, board=board, shell=shell, probes=probes, images=images)
    room, answer = None, b"done"
    while True:
        while room and not select.select([control], [], [], WATCH)[0]:
            if settings["walls"] and family_memory() > settings["limits"]["memory_mb"] * MEGABYTE:
                room.close()
                room, answer = None, b"memory"
        message, fds, _, _ = socket.recv_fds(control, 16, 1)
        if fds:
            session.write(board, "")
        if room and not (message == b"more" and room.let_in(fds[0])):
            answer = room.how() if message == b"lost" else answer
            room.close()
            room = None
        if not message:
            return
        for _ in range(ROOM_TRIES if fds else 0):
            if room is None:
                with contextlib.suppress(OSError):
                    room = Room(settings, [control.fileno(), *fds], work)
                if room and not room.let_in(fds[0]):
                    room.close()
                    room = None
        for number in fds:
            os.close(number)
        control.send((b"done" if room else b"failed") if fds else b"%b %b" % (answer, board[:].rstrip(b"\0")))
        answer = b"done"


if __name__ == "__main__":
    main()
