"""The filter of system calls: what a homework needs works, everything else fails and kills nothing."""

import ctypes
import ctypes.util
import itertools
import json
import platform
import struct
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType

import pytest
from chores import CHORES
from shares import in_each_run
from toy import Toy

from autograder.course import load_module
from autograder.course.records import SYSTEM_CALLS, Limits
from autograder.grading import pipeline
from autograder.grading.asking import GraderContext
from autograder.sandbox.walls import GUEST
from autograder.submissions.submission import Submission
from benchmarks import system_calls

GROUPS = tomllib.loads((GUEST / "system_calls.toml").read_text(encoding="utf-8"))
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
I386, ARM = 0x40000003, 0x40000028
ALLOWED, EPERM, ENOSYS, EAFNOSUPPORT, ENOTSOCK, EOPNOTSUPP, PRETENDED = "allowed", 1, 38, 97, 88, 95, 0
NEWEST = 456  # futex_requeue

# (call, arguments) -> what becomes of it
SETTLED: list[tuple[str, tuple[int, ...], str | int]] = [
    ("clone", (0x01200011,), ALLOWED),  # as fork() of the C library
    ("clone", (0x003D0F00,), ALLOWED),  # as pthread_create
    *(("clone", (0x11 | flag,), EPERM)
      for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)),
    ("clone3", (), ENOSYS),
    ("mmap", (0, 4096, 3, 0x22), ALLOWED),
    ("mmap", (0, 4096, 3, 0x01, 3), ALLOWED),  # a file, shared
    ("mmap", (0, 4096, 1, 0x802, 3), ALLOWED),  # as the loader does
    ("mmap", (0, 1 << 21, 3, 0x20022), ALLOWED),  # MAP_STACK
    ("mmap", (0, 1 << 21, 3, 0x22 | 0x40000), EPERM),  # MAP_HUGETLB
    ("mmap", (0, 4096, 3, 0x21), EPERM),  # shared, without a file
    ("mmap", (0, 4096, 3, 0x23), EPERM),
    *(("madvise", (0, 4096, advice), ALLOWED) for advice in (3, 4, 8, 14, 15, 102)),
    *(("madvise", (0, 4096, advice), EPERM) for advice in (9, 12, 20, 21, 25, 100, 101)),
    *(("prctl", (option,), ALLOWED) for option in (1, 15, 16, 38)),
    *(("prctl", (option,), EPERM) for option in (4, 8, 22, 31, 35, 47, 0x53564D41, 0x59616D61)),
    *(("ioctl", (0, command), ALLOWED) for command in (0x5401, 0x5413, 0x541B, 0x5421, 0x5451, 0x40049409)),
    *(("ioctl", (0, command), EPERM) for command in (0x5412, 0x541C, 0x8912, 0x8927, 0x40086602, 0xC0185879)),
    ("prlimit64", (0, 7), ALLOWED),
    ("prlimit64", (1, 7), EPERM),
    ("sched_setscheduler", (9, 0), PRETENDED),
    ("sched_setscheduler", (9, 1), EPERM),
    ("flock", (3, 2), PRETENDED),
    *(("fcntl", (3, command), ALLOWED) for command in (0, 1, 2, 3, 4, 5, 1030)),
    *(("fcntl", (3, command), PRETENDED) for command in (6, 7, 37, 38)),
    *(("fcntl", (3, command), EPERM) for command in (8, 10, 15, 1024, 1025, 1026, 1031, 1033, 1036, 1038)),
    ("sendfile", (4, 3, 0, 1), ENOTSOCK),
    *((call, (), EOPNOTSUPP) for call in ("setxattr", "lsetxattr", "fsetxattr")),
    ("socketpair", (1, 1, 0), ALLOWED),
    *(("socketpair", (family, 1, 0), EAFNOSUPPORT) for family in (2, 16, 30, 40)),
    *(("socket", (1, kind, 0), ALLOWED) for kind in (1, 2, 5, 1 | 0x80000, 2 | 0x800)),
    *(("socket", (family, kind, protocol), ALLOWED)
      for family in (2, 10) for kind, protocol in ((1, 0), (1, 6), (2, 17))),
    ("socket", (1, 3, 0), EAFNOSUPPORT),
    *(("socket", (family, kind, protocol), EAFNOSUPPORT) for family in (2, 10)
      for kind, protocol in ((3, 1), (1, 132), (1, 262), (5, 132), (2, 1), (2, 136), (6, 0))),
    *(("socket", (family, kind, 0), EAFNOSUPPORT)
      for family in range(46) if family not in (1, 2, 10) for kind in (1, 2, 3, 5)),
    *(("setsockopt", (3, level, option), ALLOWED)
      for level, option in ((1, 2), (1, 9), (1, 20), (6, 1), (0, 11), (41, 26))),
    *(("setsockopt", (3, level, option), EPERM)
      for level, option in ((1, 7), (1, 8), (1, 26), (1, 32), (1, 50), (1, 60), (0, 64), (6, 31), (41, 64))),
    ("arch_prctl", (0x1002,), ALLOWED),
    ("arch_prctl", (0x1023,), ALLOWED),
    ("arch_prctl", (0x5001,), EPERM),
]  # fmt: skip
BY_ARGUMENT = {call for call, _, _ in SETTLED}


@pytest.fixture(scope="module")
def seccomp() -> ModuleType:
    """The guest's module, as a file: nobody on this side imports it."""
    return load_module(GUEST / "seccomp.py", "seccomp_of_the_guest")


def numbers(machine: str, *groups: str) -> dict[str, int]:
    """The calls of these groups on a machine that has them."""
    found = ((name, pair[MACHINES[machine][1]]) for group in groups for name, pair in GROUPS[group]["calls"].items())
    return {name: number for name, number in found if number >= 0}


USUAL = [name for name, group in GROUPS.items() if group["usual"]]


def run(program: bytes, arch: int, call: int, arguments: Sequence[int] = ()) -> str | int:
    """What classic BPF makes of a call: seccomp(2), bpf(4). Any instruction that it should not have is an error."""
    data = struct.pack("<iIQ6Q", call - (call >> 31 << 32), arch, 0, *arguments, *[0] * (6 - len(arguments)))
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at, value = 0, 0
    for _ in range(len(code)):
        operation, yes, no, k = code[at]
        at += 1
        if operation == 0x20:
            assert k % 4 == 0 and k + 4 <= len(data)
            (value,) = struct.unpack_from("<I", data, k)
        elif operation == 0x54:
            value &= k
        elif operation == 0x05:
            at += k
        elif operation in (0x15, 0x35):
            at += yes if (value == k if operation == 0x15 else value >= k) else no
        else:
            assert operation == 0x06
            if k == 0x7FFF0000:
                return ALLOWED
            assert k >> 16 == 5, "anything but an error number: it would kill, or trap"
            return k & 0xFFFF
    raise AssertionError("it does not end")


# ---- the list and the program -------------------------------------------------------------------


def test_the_numbers_are_those_that_libseccomp_knows() -> None:
    found = ctypes.util.find_library("seccomp")
    if found is None:
        pytest.skip("libseccomp is not here to ask")
    resolve = ctypes.CDLL(found).seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    asked = 0
    for name, pair in ((name, pair) for group in GROUPS.values() for name, pair in group["calls"].items()):
        known = [max(-1, resolve(arch, name.encode())) for arch, _ in MACHINES.values()]
        if known == [-1, -1]:  # newer than the library: those have one number everywhere
            assert pair[0] == pair[1] >= 424, name
        else:
            assert pair == known, name
            asked += 1
    assert asked > 200


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_stands_twice(machine: str) -> None:
    names = [name for group in GROUPS.values() for name in group["calls"]]
    assert len(names) == len(set(names))
    every = list(numbers(machine, *GROUPS).values())
    assert len(every) == len(set(every)) and max(every) == NEWEST


@pytest.mark.parametrize(
    "more", [(), ("numa",), ("affinity", "timers"), SYSTEM_CALLS], ids=lambda more: "-".join(more) or "usual"
)
@pytest.mark.parametrize("machine", MACHINES)
def test_the_program_allows_the_list_and_nothing_else(seccomp: ModuleType, machine: str, more: tuple[str, ...]) -> None:
    program, arch = seccomp.program(machine, more), MACHINES[machine][0]
    assert len(program) <= 8 * 4096, "longer than the kernel takes"
    names = {number: name for name, number in numbers(machine, *USUAL, *more).items()}
    others = set(numbers(machine, *GROUPS).values()) - set(names)
    for call in range(601):
        if names.get(call) in BY_ARGUMENT or names.get(call) == "sched_setaffinity":
            continue
        wanted = ALLOWED if call in names else ENOSYS if call in others or call > NEWEST else EPERM
        assert run(program, arch, call) == wanted, names.get(call, call)
    for call in itertools.chain(range(0x40000000, 0x40000258), (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)):  # x32; and -1
        assert run(program, arch, call) == ENOSYS
    for other in {I386, ARM, *(arch for arch, _ in MACHINES.values())} - {arch}:
        assert {run(program, other, call) for call in range(601)} == {EPERM}


@pytest.mark.parametrize("machine", MACHINES)
def test_of_some_calls_the_arguments_count(seccomp: ModuleType, machine: str) -> None:
    program, arch, known = seccomp.program(machine), MACHINES[machine][0], numbers(machine, *USUAL)
    assert set(seccomp.RULES) == BY_ARGUMENT | {"sched_setaffinity"}
    for name, arguments, wanted in SETTLED:
        if name in known:
            assert run(program, arch, known[name], arguments) == wanted, (name, arguments)
            high = [argument | 0xABCD << 32 for argument in arguments]  # the kernel reads the lower half of these
            assert run(program, arch, known[name], high) == wanted, (name, arguments)
    own = seccomp.program(machine, ("affinity",))
    call = numbers(machine, "affinity")["sched_setaffinity"]
    told = run(own, arch, call, (0,)), run(own, arch, call, (1,)), run(program, arch, call, (0,))
    assert told == (ALLOWED, EPERM, ENOSYS)


def test_a_course_adds_the_groups_that_are_not_usual() -> None:
    assert {name for name, group in GROUPS.items() if not group["usual"]} == set(SYSTEM_CALLS)


def test_the_page_tells_of_each_group_and_call_and_of_what_was_seen() -> None:
    seen = json.loads(system_calls.SEEN.read_text(encoding="utf-8"))
    assert set(seen["runs"]) == set(system_calls.RUNS) and not any(run["exit code"] for run in seen["runs"].values())
    assert system_calls.page(seen) in system_calls.PAGE.read_text(encoding="utf-8"), "run its --page"
    text = system_calls.table(seen)
    assert all(f"`{call}`" in text for group in GROUPS.values() for call in group["calls"])


# ---- in a box -----------------------------------------------------------------------------------


def grader(toy: Toy, limits: Limits | None = None) -> GraderContext:
    return pipeline.open_grader(toy.course, replace(toy.assignment, limits=limits or Limits()))


@pytest.fixture(scope="module")
def box(toy: Toy) -> Iterator[Callable[..., list[str]]]:
    """Runs cells as one submission's -> what their errors say."""
    opened = grader(toy)

    def told(*cells: str) -> list[str]:
        result = pipeline.grade_submission(opened, Submission("x", toy.hand_in(toy.right, extra=cells)))
        return [f"{error['type']}: {error['text']}" for error in result.cell_errors.values()]

    with opened.guest:
        yield told


@pytest.mark.parametrize(
    "chore", in_each_run(CHORES, [c for c in CHORES if c not in ("matplotlib", "scipy", "scikit-learn")])
)
def test_what_a_homework_does_works(box: Callable[..., list[str]], chore: str) -> None:
    assert box(CHORES[chore].strip()) == []


# At a limit of 0 the kernel would still hand it to a program of the machine, if core_pattern in /proc/sys names one.
CRASH = """
import os, resource, subprocess, sys
assert resource.getrlimit(resource.RLIMIT_CORE) == (1, 1)
assert subprocess.run([sys.executable, "-I", "-c", "import os; os.abort()"]).returncode == -6
assert not [name for name in os.listdir() if "core" in name]
"""


def test_what_crashes_is_given_to_nobody(box: Callable[..., list[str]]) -> None:
    assert box(CRASH.strip()) == []


# No number of a call that is not on the list gets through; whoever asks hears an error, and goes on.
EVERY_OTHER = """
import ctypes, os
libc, through, asked = ctypes.CDLL(None, use_errno=True), [], 0
for number in {numbers}:
    ctypes.set_errno(0)
    done = libc.syscall(number, -1, -1, -1, -1, -1, -1)
    asked += 1
    if done != -1 or ctypes.get_errno() != ({enosys} if number in {others} or number > {newest} else {eperm}):
        through.append((number, done, ctypes.get_errno()))
raise Exception(f"asked {{asked}}, through: {{through}}")
"""
# What keeps memory that no limit counts, or reaches others: as Python has it, or by its number.
FAMILIES = {
    "memfd": "os.memfd_create('x')",
    "splice": "os.splice(*os.pipe(), 1)",
    "larger pipes": "fcntl.fcntl(os.pipe()[1], 1031, 1 << 20)",
    "pages gifted to pipes": "call(278, 75, os.pipe()[1], 0, 0, 0)",
    "inotify": "call(294, 26, 0)",
    "fanotify": "call(300, 262, 0, 0)",
    "io_uring": "call(425, 425, 1, 0)",
    "aio": "call(206, 0, 1, 0)",
    "shared memory of System V": "call(29, 194, 0, 4096, 0o1600)",
    "message queues": "call(240, 180, b'x', 0o102, 0o600, 0)",
    "keys": "call(248, 217, b'user', b'x', b'x', 1, -3)",
    "userfaultfd": "call(323, 282, 1)",
    "perf": "call(298, 241, 0, 0, 0, 0, 0)",
    "bpf": "call(321, 280, 0, 0, 0)",
    "another filter": "call(317, 277, 0, 0, 0)",
    "hiding from the watch": "call(157, 167, 4, 0, 0, 0, 0)",
    "typing into a terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "pages of the machine's store": "mmap.mmap(-1, 1 << 21, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)",
    "shared memory without a file": "mmap.mmap(-1, 4096)",
    "pages shared by their content": "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE).madvise(12)",
    "larger buffers": "socket.socket(socket.AF_UNIX).setsockopt(1, 7, 1 << 20)",
    "programs on sockets": "socket.socket(socket.AF_UNIX).setsockopt(1, 26, bytes(16))",
    "writing all disks": "os.sync() or call(162, 81)",
    "new namespaces": "call(272, 97, 0x10000000)",
    "limits of others": "resource.prlimit(1, resource.RLIMIT_CPU)",
    "priority": "os.setpriority(os.PRIO_PROCESS, 1, 19)",
}
REFUSED = """
import fcntl, mmap, os, resource, socket, ctypes, platform
libc, column = ctypes.CDLL(None, use_errno=True), platform.machine() != "x86_64"
def call(*arguments):
    if libc.syscall(arguments[column], *arguments[2:]) == -1:
        raise OSError(ctypes.get_errno(), "")
try:
    {line}
except OSError as error:
    raise Exception(f"error {{error.errno}}") from None
"""


def test_no_call_that_is_not_on_the_list_gets_through(box: Callable[..., list[str]]) -> None:
    machine = platform.machine()
    listed = set(numbers(machine, *USUAL).values())
    if machine == "x86_64":  # uretprobe and uprobe: the kernel asks no filter, and ends who is in no probe of its own
        listed |= {335, 336}
    rest = [number for number in range(601) if number not in listed]
    others = list(numbers(machine, *SYSTEM_CALLS).values())
    cell = EVERY_OTHER.format(numbers=rest, others=others, eperm=EPERM, newest=NEWEST, enosys=ENOSYS)
    assert box(cell) == [f"Exception: asked {len(rest)}, through: []"]


NOT_HERE = {
    "epoll": ("call(291, 20, 0)", ENOSYS),
    "timers": ("call(222, 107, 0, 0, 0)", ENOSYS),
    "somebody's processors": ("os.sched_setaffinity(1, {0})", ENOSYS),
    "attributes of files": ("os.setxattr('/tmp', 'user.x', b'x')", EOPNOTSUPP),
    "pages of files in sockets": ("os.sendfile(socket.socketpair()[0].fileno(), os.open('/tmp', 0), 0, 1)", ENOTSOCK),
    "the kernel's messages": ("socket.socket(16, socket.SOCK_RAW, 0)", EAFNOSUPPORT),
    "a pair of another family": ("socket.socketpair(30, socket.SOCK_STREAM)", EAFNOSUPPORT),
}


def test_what_libraries_do_without_hears_that_it_is_not_here(box: Callable[..., list[str]]) -> None:
    told = box(*(REFUSED.format(line=line) for line, _ in NOT_HERE.values()))
    wanted = {name: f"Exception: error {error}" for name, (_, error) in NOT_HERE.items()}
    assert dict(zip(NOT_HERE, told, strict=True)) == wanted


def test_what_keeps_memory_or_reaches_others_hears_that_it_may_not(box: Callable[..., list[str]]) -> None:
    told = box(*(REFUSED.format(line=line) for line in FAMILIES.values()))
    assert dict(zip(FAMILIES, told, strict=True)) == dict.fromkeys(FAMILIES, f"Exception: error {EPERM}")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its 32-bit calls have a way in of their own")
def test_the_way_in_of_32_bit_programs_is_closed(box: Callable[..., list[str]]) -> None:
    """int 0x80 asks for getpid, which is on the list; where the kernel has no such way the process that tries ends."""
    cell = r"""
import ctypes, mmap, os
code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
ask = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
if (child := os.fork()) == 0:
    os._exit(7 if ask() == -1 else 0)
raise Exception(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert box(cell) in (["Exception: 7"], ["Exception: -11"])


def test_a_box_has_few_terminals_and_each_its_own(box: Callable[..., list[str]]) -> None:
    """The machine has some thousand for all, and each holds memory of the kernel's."""
    cell = "import os\nkept = []\nwhile len(kept) < 100: kept.append(os.openpty())"
    assert box(cell) == ["OSError: [Errno 28] No space left on device"]
    assert box("import os\nraise Exception(os.ttyname(os.openpty()[1]), len(os.listdir('/dev/pts')))") == [
        "Exception: ('/dev/pts/0', 2)"
    ]


def test_a_course_may_add_a_group(toy: Toy) -> None:
    """Moving oneself to a processor is not usual; with its group one may, and moving others stays refused."""
    cells = ("import os\nos.sched_setaffinity(0, os.sched_getaffinity(0))", "import os\nos.sched_setaffinity(1, {0})")
    files = toy.hand_in(toy.right, extra=cells)
    told = {}
    for groups in ((), ("affinity",)):
        opened = grader(toy, Limits(system_calls=groups))
        with opened.guest:
            result = pipeline.grade_submission(opened, Submission("x", files))
            told[groups] = [error["type"] for error in result.cell_errors.values()]
    assert told == {(): ["OSError"] * 2, ("affinity",): ["PermissionError"]}
