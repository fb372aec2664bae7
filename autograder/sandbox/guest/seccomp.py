"""A seccomp filter: the system calls that a homework needs, and no others.

system_calls.toml lists them, and RULES says which of their arguments are allowed. Anything else fails, and nothing is
killed: with EPERM; with ENOSYS, at which libraries do without, where it is newer than the list, of a group that the
course does not have, or clone3, whose flags a filter cannot see. docs/system-calls.md says why each group is there.

The filter is classic BPF, see seccomp(2).
"""

import ctypes
import errno
import fcntl
import functools
import mmap
import platform
import socket
import struct
import termios
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "system_calls.toml"
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # audit arch, column of the list

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, AND, JUMP, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
CALL, MACHINE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, FAIL = 0x7FFF0000, 0x00050000
REFUSE, UNKNOWN, NO_FAMILY = FAIL | errno.EPERM, FAIL | errno.ENOSYS, FAIL | errno.EAFNOSUPPORT
PRETEND = FAIL  # with 0: nothing is done, and that seems to have worked
NO_ATTRIBUTES = FAIL | errno.EOPNOTSUPP  # as from a file system without them: cp -a does without, and is content
NOT_HERE = FAIL | errno.ENOTSOCK  # Python's own copying takes this one, and no other, for "copy by reading and writing"


@dataclass(frozen=True)
class Argument:
    """A test of a call's argument: its lower half, of which `bits` count, is one of `values`."""

    number: int
    values: tuple[int, ...]
    bits: int = 0xFFFFFFFF


@dataclass(frozen=True)
class Rule:
    """What becomes of a call: the first case whose arguments all fit, else `otherwise`."""

    otherwise: int
    cases: tuple[tuple[int, tuple[Argument, ...]], ...] = ()


def only(*arguments: Argument) -> Rule:
    """A call that is allowed with these arguments."""
    return Rule(REFUSE, ((ALLOW, arguments),))


NEW_NAMESPACES = 0x7E020000 | 0x80  # CLONE_NEW*: user, pid, net, ipc, uts, cgroup, mount, time
# Not: pages of the machine's store (MAP_HUGETLB), which no limit counts; shared memory without a file, which stays
# whole while a page of it is mapped, and counts in no process. What is shared lies in a file, in /dev/shm or elsewhere.
SHARED, NO_FILE, HUGE_PAGES = mmap.MAP_SHARED, mmap.MAP_ANONYMOUS, 0x40000
# Not: larger pipes; leases, watches, owners and hints, which would tell something to others by a file that all boxes
# see. Locks seem to be taken, since sqlite3 wants some on a file of its own.
COMMANDS = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL),
    *(fcntl.F_GETLK, fcntl.F_OFD_GETLK, fcntl.F_GETPIPE_SZ),
)
LOCKS = (fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW)
# Not: pages that are shared with others by their content; what puts pages of files out.
ADVICE = (
    *(mmap.MADV_NORMAL, mmap.MADV_RANDOM, mmap.MADV_SEQUENTIAL, mmap.MADV_WILLNEED, mmap.MADV_DONTNEED, mmap.MADV_FREE),
    *(
        mmap.MADV_DONTFORK,
        mmap.MADV_DOFORK,
        mmap.MADV_HUGEPAGE,
        mmap.MADV_NOHUGEPAGE,
        mmap.MADV_DONTDUMP,
        mmap.MADV_DODUMP,
    ),
    *(18, 19, 22, 23, 102, 103),  # WIPEONFORK, KEEPONFORK, POPULATE_READ, POPULATE_WRITE, GUARD_INSTALL, GUARD_REMOVE
)
# PDEATHSIG, GET_DUMPABLE, NAME, GET_SECCOMP, CAPBSET_READ, GET_TIMERSLACK, NO_NEW_PRIVS; on aarch64 SVE_GET_VL,
# GET_TAGGED_ADDR_CTRL, SME_GET_VL. Not: what would hide a process from the watch on its memory.
OPTIONS = (1, 2, 3, 15, 16, 21, 23, 30, 38, 39, 51, 56, 64)
REGISTERS = (0x1002, 0x1003, 0x1021, 0x1022, 0x1023)  # ARCH_SET_FS, ARCH_GET_FS, ARCH_*_XCOMP_*: wide registers
# A command after `!` has a terminal of its own. Not: typing into one, which could be somebody else's.
TERMINAL = (
    *(termios.TCGETS, termios.TCSETS, termios.TCSETSW, termios.TCSETSF, termios.TIOCGWINSZ, termios.TIOCSWINSZ),
    *(termios.TIOCSCTTY, termios.TIOCNOTTY, termios.TIOCGPGRP, termios.TIOCSPGRP),
    *(0x802C542A, 0x402C542B, 0x402C542C, 0x402C542D),  # TCGETS2, TCSETS2, TCSETSW2, TCSETSF2: newer C libraries
    *(0x80045430, 0x40045431, 0x5441),  # TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER
)
FILES = (termios.FIONREAD, termios.FIONBIO, termios.FIOCLEX, termios.FIONCLEX, 0x40049409)  # the last one: FICLONE

KIND = 0xF  # of a socket's type the bits that say which
# Not: larger buffers, which would hold memory that is in no process; programs in the kernel.
OF_SOCKETS = (
    *(socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_BROADCAST, socket.SO_KEEPALIVE, socket.SO_LINGER),
    *(socket.SO_RCVTIMEO, socket.SO_SNDTIMEO),
)
OF_TCP = (socket.TCP_NODELAY, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
OF_IP, OF_IPV6 = (11,), (socket.IPV6_V6ONLY, 25)  # IP_RECVERR, IPV6_RECVERR: who asks for a name wants them
UNIX = Argument(0, (socket.AF_UNIX,))
PIECES = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
PROTOCOLS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)  # any other one could load a module into the kernel


RULES = {
    "clone": only(Argument(0, (0,), NEW_NAMESPACES)),
    "clone3": Rule(UNKNOWN),
    "mmap": only(Argument(3, (0, SHARED, NO_FILE), SHARED | NO_FILE | HUGE_PAGES)),
    "madvise": only(Argument(2, ADVICE)),
    "prctl": only(Argument(0, OPTIONS)),
    "arch_prctl": only(Argument(0, REGISTERS)),
    "ioctl": only(Argument(1, (*TERMINAL, *FILES))),
    "prlimit64": only(Argument(0, (0,))),  # 0: of itself
    "sched_setaffinity": only(Argument(0, (0,))),
    "sched_setscheduler": Rule(REFUSE, ((PRETEND, (Argument(1, (0,)),)),)),  # to the usual policy; zmq insists on it
    "flock": Rule(PRETEND),
    "fcntl": Rule(REFUSE, ((ALLOW, (Argument(1, COMMANDS),)), (PRETEND, (Argument(1, LOCKS),)))),
    "sendfile": Rule(NOT_HERE),  # into a socket it would keep whole pages, of which the bytes alone are counted
    "setxattr": Rule(NO_ATTRIBUTES),  # memory that no limit counts, on a file that is in no box's /tmp
    "lsetxattr": Rule(NO_ATTRIBUTES),
    "fsetxattr": Rule(NO_ATTRIBUTES),
    "socketpair": Rule(NO_FAMILY, ((ALLOW, (UNIX,)),)),
    "socket": Rule(
        NO_FAMILY,
        (
            (ALLOW, (UNIX, Argument(1, (*PIECES, socket.SOCK_SEQPACKET), KIND))),
            (
                ALLOW,
                (Argument(0, (socket.AF_INET, socket.AF_INET6)), Argument(1, PIECES, KIND), Argument(2, PROTOCOLS)),
            ),
        ),
    ),
    "setsockopt": Rule(
        REFUSE,
        (
            (ALLOW, (Argument(1, (socket.SOL_SOCKET,)), Argument(2, OF_SOCKETS))),
            (ALLOW, (Argument(1, (socket.IPPROTO_TCP,)), Argument(2, OF_TCP))),
            (ALLOW, (Argument(1, (socket.IPPROTO_IP,)), Argument(2, OF_IP))),
            (ALLOW, (Argument(1, (socket.IPPROTO_IPV6,)), Argument(2, OF_IPV6))),
        ),
    ),
}  # of the calls of the list; a call without a rule is allowed

step = struct.Struct("HBBI").pack  # an instruction: code, how far to jump if true, and if false, value


@functools.cache
def program(machine: str, more: tuple[str, ...] = ()) -> bytes:
    """The filter's instructions for a machine of MACHINES. more: groups that the course adds."""
    arch, column = MACHINES[machine]
    groups = tomllib.loads(LIST.read_text(encoding="utf-8"))
    calls = {
        numbers[column]: _by_rule(RULES.get(name, Rule(ALLOW)) if told["usual"] or group in more else Rule(UNKNOWN))
        for group, told in groups.items()
        for name, numbers in told["calls"].items()
    }
    newest = max(numbers[column] for told in groups.values() for numbers in told["calls"].values())
    ranges: list[tuple[int, bytes]] = []  # (first number, what is done from there on)
    for number in range(newest + 1):
        code = calls.get(number, _by_rule(Rule(REFUSE)))
        if not ranges or ranges[-1][1] != code:
            ranges.append((number, code))
    ranges.append((newest + 1, _by_rule(Rule(UNKNOWN))))  # those of another table on x86_64, x32, too
    other = step(LOAD, 0, 0, MACHINE) + step(EQUAL, 1, 0, arch) + step(RETURN, 0, 0, REFUSE)
    return other + step(LOAD, 0, 0, CALL) + _search(ranges)


def _search(ranges: Sequence[tuple[int, bytes]]) -> bytes:
    """A search by halves for the range that the call's number is in."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    over = step(JUMP, 0, 0, len(below) // 8)  # JUMP goes as far as it must, the others 255 steps
    return step(AT_LEAST, 0, 1, ranges[middle][0]) + over + below + above


def _by_rule(rule: Rule) -> bytes:
    cases = b"".join(_case(action, arguments) for action, arguments in rule.cases)
    return cases + step(RETURN, 0, 0, rule.otherwise)


def _case(action: int, arguments: Sequence[Argument]) -> bytes:
    """It returns where all arguments fit, and goes on behind itself where not."""
    if not arguments:
        return step(RETURN, 0, 0, action)
    first, rest = arguments[0], _case(action, arguments[1:])
    code = step(LOAD, 0, 0, ARGUMENTS + 8 * first.number) + step(AND, 0, 0, first.bits)
    for left in range(len(first.values) - 1, -1, -1):  # how many are still to be compared
        code += step(EQUAL, left, 0 if left else len(rest) // 8, first.values[~left])
    return code + rest


def for_here(more: Sequence[str] = ()) -> bytes:
    """The filter of this machine; b"" where it is none of MACHINES: the other walls stand all the same."""
    machine = platform.machine()
    return program(machine, tuple(more)) if machine in MACHINES else b""


def allow_only(code: bytes) -> None:
    """Put a filter on this process and all that it starts. It cannot be taken off."""
    if not code:
        return
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    libc = ctypes.CDLL(None, use_errno=True)
    filled = Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filled)):
        raise OSError(ctypes.get_errno(), "the system call filter could not be set")
