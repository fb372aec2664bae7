"""The warm guest: loads the heavy modules once, then forks a confined child for each submission.

It runs inside the sandbox and never runs a student's code itself. On its control socket it takes
one message a submission, with the socket that the child is to talk on: "go" forks the child, and
the next message, or the end of the socket, kills the child and all that it started.

    python -I warm.py '{"control": 5, "walls": true, "uid": ..., "limits": {...}, ...}'
"""

import contextlib
import ctypes
import functools
import gc
import importlib.util
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_PID, NEW_MOUNT, NEW_NET, NEW_IPC = 0x10000000, 0x20000000, 0x20000, 0x40000000, 0x08000000
NOSUID_NODEV, READ_ONLY_NOEXEC = 2 | 4, 1 | 8
DUMPABLE = 4
WATCH = 0.1  # seconds between looks at the memory of a child and all that it forked
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


def confine():
    """Leave the siblings: own namespaces, in which a second fork will be process 1."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", NEW_USER | NEW_PID | NEW_MOUNT | NEW_NET | NEW_IPC)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


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


def fork_child(settings, control, sock, work):
    """Fork the confined child that calls work(sock) -> the pids to kill: all of it dies with them."""
    read, write = os.pipe()
    outer = os.fork()
    if outer:
        os.close(write)
        told = os.read(read, 16)  # empty where the confinement failed
        os.close(read)
        return [int(pid) for pid in (told, outer) if pid]
    status = 1
    with contextlib.suppress(BaseException):
        os.close(read)
        control.close()
        if settings["walls"]:
            confine()
        inner = os.fork()
        if inner == 0:
            os.close(write)
            os.setsid()  # or a signal to its group would reach this guest
            settle(settings["limits"], settings["walls"])
            work(sock)
            os._exit(0)
        os.write(write, str(inner).encode())
        os.close(write)
        sock.close()
        os.waitpid(inner, 0)
        status = 0
    os._exit(status)


def kill(pids):
    """Kill process 1 of the child's namespace, and with it every process in there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os.waitpid(pids[-1], 0)


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
        stored = np.load(settings["images"], allow_pickle=False)
        mean = stored["mean"]
        images = {name: stored[name] - mean for name in stored.files if name != "mean"}
    shell = session.make_shell()
    session.warm_up(shell)
    # or the children's collector would touch, and so copy, every object that they share with this process
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=settings["control"])
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    control.send(b"ready")
    child, answer = [], b"done"
    while True:
        while child and not select.select([control], [], [], WATCH)[0]:
            if settings["walls"] and family_memory() > settings["limits"]["memory_mb"] * MEGABYTE:
                kill(child)
                child, answer = [], b"memory"
        message, fds, _, _ = socket.recv_fds(control, 16, 1)
        if child:
            kill(child)
            child = []
        if not message:
            return
        if message == b"go":
            sock = socket.socket(fileno=fds[0])
            work = functools.partial(session.serve, shell=shell, probes=probes, images=images)
            child = fork_child(settings, control, sock, work)
            sock.close()
        control.send(answer)
        answer = b"done"


if __name__ == "__main__":
    main()
