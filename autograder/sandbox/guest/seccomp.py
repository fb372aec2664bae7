"""A seccomp filter: system calls that no homework needs, and attacks on the kernel do.

The filter is classic BPF, see seccomp(2). Refused calls fail with EPERM; clone3 fails with ENOSYS,
whose flags a filter cannot see, so that the C library uses clone in its place.
"""

import ctypes
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
LOAD, EQUAL, SET, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
CALL, MACHINE, FIRST_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 32  # offsets in struct seccomp_data
SETSOCKOPT, SNDBUF, RCVBUF = (54, 208), 7, 8  # larger buffers would hold memory that is in no process
PRLIMIT, ITSELF = (302, 261), 0  # limits of another process
NEW_NAMESPACES = 0x7E020000 | 0x80  # CLONE_NEW*: user, pid, net, ipc, uts, cgroup, mount, time

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
    code = [
        step(LOAD, 0, 0, MACHINE),
        step(EQUAL, 1, 0, arch),
        step(RETURN, 0, 0, REFUSE),
        step(LOAD, 0, 0, CALL),
        step(AT_LEAST, 0, 1, X32),
        step(RETURN, 0, 0, REFUSE),
        step(EQUAL, 0, 1, clone3),
        step(RETURN, 0, 0, UNKNOWN),
    ]
    for numbers in REFUSED.values():
        code += [step(EQUAL, 0, 1, numbers[column]), step(RETURN, 0, 0, REFUSE)]
    code += [
        step(EQUAL, 0, 4, PRLIMIT[column]),
        step(LOAD, 0, 0, FIRST_ARGUMENT),
        step(EQUAL, 1, 0, ITSELF),
        step(RETURN, 0, 0, REFUSE),
        step(RETURN, 0, 0, ALLOW),
        step(EQUAL, 0, 5, SETSOCKOPT[column]),
        step(LOAD, 0, 0, THIRD_ARGUMENT),
        step(EQUAL, 1, 0, SNDBUF),
        step(EQUAL, 0, 1, RCVBUF),
        step(RETURN, 0, 0, REFUSE),
        step(RETURN, 0, 0, ALLOW),
        step(EQUAL, 0, 3, clone),
        step(LOAD, 0, 0, FIRST_ARGUMENT),
        step(SET, 0, 1, NEW_NAMESPACES),
        step(RETURN, 0, 0, REFUSE),
        step(RETURN, 0, 0, ALLOW),
    ]
    return code


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
