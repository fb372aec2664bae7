"""A seccomp filter: system calls that no homework needs, and attacks on the kernel do.

The filter is classic BPF, see seccomp(2). Refused calls fail with EPERM; clone3 fails with ENOSYS,
whose flags a filter cannot see, so that the C library uses clone in its place; locks do nothing, and succeed.
"""

import ctypes
import platform
import struct
from collections.abc import Sequence

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
ALLOW, REFUSE, UNKNOWN, NO_FAMILY, PRETEND = 0x7FFF0000, *(0x00050000 | number for number in (1, 38, 97, 0))
LOAD, EQUAL, SET, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
CALL, MACHINE, FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 24, 32  # offsets in struct seccomp_data
SETSOCKOPT, SNDBUF, RCVBUF = (54, 208), 7, 8  # larger buffers would hold memory that is in no process
PRLIMIT, ITSELF = (302, 261), 0  # limits of another process
SOCKET, FAMILIES = (41, 198), (1, 2, 10, 16)  # unix, inet, inet6, netlink: those that a network namespace holds
NEW_NAMESPACES = 0x7E020000 | 0x80  # CLONE_NEW*: user, pid, net, ipc, uts, cgroup, mount, time
# Files outside a box's /tmp are the same for all boxes: a lock, a lease, a watch or a hint on one would tell something
# to others. Locks seem to be taken, since sqlite3 wants some on a file of its own.
FLOCK, FCNTL = (73, 32), (72, 25)
LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
LEASES, WATCHES, HINTS = 1024, 1026, (1036, 1038)  # F_SETLEASE, F_NOTIFY, F_SET_RW_HINT, F_SET_FILE_RW_HINT

# numbers on (x86_64, aarch64); -1: not there
REFUSED = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117),
    "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "sched_setparam": (142, 118),  # of other processes, these could hold up process 1 of the box
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),  # memory that no limit counts
    "memfd_secret": (447, 447),
    "setxattr": (188, 5),  # neither does one count these, on a file that is in no box's /tmp
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "open_by_handle_at": (304, 265),
    "personality": (135, 92),
    "fanotify_init": (300, 262),
}
MACHINES = {
    "x86_64": (0xC000003E, 0, 56, 435),
    "aarch64": (0xC00000B7, 1, 220, 435),
}  # audit arch, column, clone, clone3
X32 = 0x40000000  # calls of another table on x86_64


def program(machine: str) -> list[bytes]:
    """The filter's instructions, each 8 bytes, for a machine of MACHINES."""
    arch, column, clone, clone3 = MACHINES[machine]
    step = struct.Struct("HBBI").pack

    def by_argument(number: int, argument: int, rules: Sequence[tuple[int, int, int]], otherwise: int) -> list[bytes]:
        """Of one call: (comparison, value, what is done) by an argument's lower half."""
        code = [step(LOAD, 0, 0, argument)]
        for comparison, value, action in rules:
            code += [step(comparison, 0, 1, value), step(RETURN, 0, 0, action)]
        return [step(EQUAL, 0, len(code) + 1, number), *code, step(RETURN, 0, 0, otherwise)]

    code = [
        step(LOAD, 0, 0, MACHINE),
        step(EQUAL, 1, 0, arch),
        step(RETURN, 0, 0, REFUSE),
        step(LOAD, 0, 0, CALL),
        step(AT_LEAST, 0, 1, X32),
        step(RETURN, 0, 0, REFUSE),
        step(EQUAL, 0, 1, clone3),
        step(RETURN, 0, 0, UNKNOWN),
        step(EQUAL, 0, 1, FLOCK[column]),
        step(RETURN, 0, 0, PRETEND),
    ]
    for numbers in REFUSED.values():
        code += [step(EQUAL, 0, 1, numbers[column]), step(RETURN, 0, 0, REFUSE)]
    locks = [(EQUAL, command, PRETEND) for command in LOCKS]
    marks = [(EQUAL, command, REFUSE) for command in (LEASES, WATCHES, *HINTS)]
    buffers = [(EQUAL, option, REFUSE) for option in (SNDBUF, RCVBUF)]
    families = [(EQUAL, family, ALLOW) for family in FAMILIES]
    code += by_argument(PRLIMIT[column], FIRST_ARGUMENT, [(EQUAL, ITSELF, ALLOW)], REFUSE)
    code += by_argument(FCNTL[column], SECOND_ARGUMENT, [*locks, *marks], ALLOW)
    code += by_argument(SETSOCKOPT[column], THIRD_ARGUMENT, buffers, ALLOW)
    code += by_argument(SOCKET[column], FIRST_ARGUMENT, families, NO_FAMILY)
    code += by_argument(clone, FIRST_ARGUMENT, [(SET, NEW_NAMESPACES, REFUSE)], ALLOW)
    return [*code, step(RETURN, 0, 0, ALLOW)]


def refuse() -> None:
    """Put the filter on this process and all that it starts. It cannot be taken off."""
    machine = platform.machine()
    if machine not in MACHINES:
        return  # the other walls stand all the same
    code = b"".join(program(machine))
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    libc = ctypes.CDLL(None, use_errno=True)
    filled = Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filled)):
        raise OSError(ctypes.get_errno(), "the system call filter could not be set")
