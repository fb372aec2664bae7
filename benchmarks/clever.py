"""What clever parts of the sandbox gain: it as it is, with one part done in the plain way, or one in a clever way.

    python -m benchmarks.clever                # about four minutes
    python -m benchmarks.clever --threads      # about two: a whole class, by threads of numpy a worker

Another way is an edit of a copy of the guest's folder, or of how it is used; the kit itself has no switches. Each
way has a guest of its own, started and warmed up before the clock runs, and all take turns: a few boxes each (of two
notebooks, one small cell in each), then one submission of hw4 each. CPU seconds are those of a control group where
one can be made (or of the whole machine: nothing else should run then): of this process, the guest, and all that it
forks. It prints medians, and what a way costs beyond the same turn as it is.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from unittest import mock

import psutil

from autograder.course import Assignment, Course, load_course
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.sandbox import walls
from autograder.sandbox.guest_process import Guest
from autograder.submissions import submission
from autograder.submissions.submission import Submission
from benchmarks.throughput import BIN, ROOT, make_class

BLOCK = 4  # boxes of one turn
CELL = {
    "do": "cell",
    "name": "one",
    "source": "import numpy as np\nx = np.ones((20, 20))\ny = x @ x",
    "seconds": 5.0,
    "patience": 10.0,
    "given": False,
    "definitions_only": False,
    "snapshot": "",
}
CLONE = """def fork_apart():
    uid, gid = os.getuid(), os.getgid()
    flags = NEW_USER | NEW_PID | NEW_MOUNT | NEW_NET | NEW_IPC | signal.SIGCHLD
    clone = seccomp.MACHINES[os.uname().machine][2]
    kept = ctypes.PyDLL(None)  # its calls keep Python's lock, which a copy of this process takes over
    kept.PyOS_BeforeFork()
    pid = kept.syscall(ctypes.c_long(clone), ctypes.c_ulong(flags), None, None, None, None)
    if pid:
        kept.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError("clone")
        return pid
    kept.PyOS_AfterFork_Child()
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    return 0


"""


def raw_clone(guest: Path) -> None:
    """Namespaces and process 1 in one system call, without the process in between."""
    text = (guest / "box.py").read_text(encoding="utf-8")
    start, end = text.index("def fork_apart("), text.index("def settle(")
    (guest / "box.py").write_text(text[:start] + CLONE + text[end:], encoding="utf-8")


def small_pages(guest: Path) -> None:
    """Memory stays in the pages that it came in."""
    text = (guest / "zygote.py").read_text(encoding="utf-8")
    changed = text.replace("    memory.in_large_pages()\n", "")
    assert changed != text
    (guest / "zygote.py").write_text(changed, encoding="utf-8")


class FreshBoxes(Guest):
    """A box for every notebook: the one before is closed."""

    @contextlib.contextmanager
    def submission(self) -> Iterator[None]:
        yield
        self.end()


@dataclass(frozen=True)
class Way:
    """A way to do it: edits of the guest's files, and the host's side of it."""

    name: str
    edits: tuple[Callable[[Path], None], ...] = ()
    guest: type[Guest] = Guest


WAYS = (
    Way("as it is"),
    Way("raw clone", (raw_clone,)),
    Way("no large pages", (small_pages,)),
    Way("a box a notebook", guest=FreshBoxes),
    Way("neither of the two", (small_pages,), FreshBoxes),
)


@dataclass(frozen=True)
class Cost:
    """Of one run, a box or a submission: CPU and wall seconds."""

    cpu: float
    wall: float


Found = dict[str, tuple[list[Cost], list[Cost]]]  # by way: of boxes, of submissions


@dataclass
class Meter:
    """CPU seconds of this process and all that it starts, also of what ended with its namespace."""

    group: Path | None = field(default_factory=lambda: _own_group())
    CPU: ClassVar[str] = "cpu.stat"

    def cpu(self) -> float:
        if self.group is None:
            times = psutil.cpu_times()
            return float(times.user + times.nice + times.system + times.irq + times.softirq)
        lines = (line.split() for line in (self.group / self.CPU).read_text().splitlines())
        return next(int(value) for name, value in lines if name == "usage_usec") / 1e6

    @contextlib.contextmanager
    def of(self, count: int, costs: list[Cost]) -> Iterator[None]:
        """Add what one of `count` cost."""
        cpu, wall = self.cpu(), time.monotonic()
        yield
        costs.append(Cost((self.cpu() - cpu) / count, (time.monotonic() - wall) / count))

    def close(self) -> None:
        if self.group is not None:
            (self.group.parent / "cgroup.procs").write_text(str(os.getpid()))
            with contextlib.suppress(OSError):
                self.group.rmdir()


def _own_group() -> Path | None:
    """Move this process into a control group of its own (cgroup v2), where it may."""
    with contextlib.suppress(OSError, StopIteration):
        mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
        top = next(Path(mount[1]) for mount in mounts if mount[2] == "cgroup2")
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        here = next(line.partition("::")[2] for line in lines if line.startswith("0::"))
        group = top / here.strip("/") / f"clever{os.getpid()}"
        group.mkdir()
        (group / "cgroup.procs").write_text(str(os.getpid()))
        return group
    return None


# ---- the runs -----------------------------------------------------------------------------------


def boxes(guest: Guest, count: int) -> None:
    """Open and close so many boxes, as submissions of two notebooks do."""
    for _ in range(count):
        with guest.submission():
            for _ in range(2):
                with contextlib.closing(guest.open()) as channel:
                    reply, _ = channel.ask(CELL, {}, 10)
                    assert reply["error"] is None, reply


@dataclass(frozen=True)
class Open:
    """A way with a guest of its own."""

    way: Way
    folder: Path
    grader: GraderContext

    def there(self) -> AbstractContextManager[object]:
        """While its guest may have to start: with this way's files."""
        return mock.patch.object(walls, "GUEST", self.folder)


@contextlib.contextmanager
def opened(way: Way, course: Course, assignment: Assignment) -> Iterator[Open]:
    """A way, ready to open boxes and to grade."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(walls.GUEST, Path(scratch, "guest"), ignore=shutil.ignore_patterns("__pycache__")))
        for edit in way.edits:
            edit(copy)
        with mock.patch.object(walls, "GUEST", copy), mock.patch.object(pipeline, "Guest", way.guest):
            grader = pipeline.open_grader(course, assignment)
        with grader.guest:
            yield Open(way, copy, grader)


def sitting(
    course: Course, assignment: Assignment, class_: list[Submission], blocks: int, meter: Meter, found: Found
) -> None:
    """Fresh guests, and turns of all ways: blocks of boxes, then the class one by one."""
    with contextlib.ExitStack() as stack:
        ways = [stack.enter_context(opened(way, course, assignment)) for way in WAYS]
        for one in ways:
            with one.there():
                pipeline.grade_submission(one.grader, class_[0])  # starts the guest, and finds how fast this machine is
                boxes(one.grader.guest, 2)
        for turn in range(blocks):
            for one in _rotated(ways, turn):
                with one.there(), meter.of(BLOCK, found[one.way.name][0]):
                    boxes(one.grader.guest, BLOCK)
        for turn, handed_in in enumerate(class_):
            for one in _rotated(ways, turn):
                with one.there(), meter.of(1, found[one.way.name][1]):
                    pipeline.grade_submission(one.grader, handed_in)
        assert all(one.grader.guest.starts <= 2 for one in ways), "a guest was lost in between"


def _rotated(ways: list[Open], turn: int) -> list[Open]:
    first = turn % len(ways)
    return ways[first:] + ways[:first]


def class_cost(course: Course, assignment: Assignment, threads: str, meter: Meter) -> Cost:
    """The whole command that grades a class anew with two workers, each with so many threads of numpy; "": unset."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {"OMP_NUM_THREADS": threads} if threads else {}
    command = [str(BIN / "autograder"), "grade", assignment.name, "--force", "--quiet", "--jobs", "2"]
    costs: list[Cost] = []
    with meter.of(1, costs):
        subprocess.run(command, cwd=course.root, env=environment, check=True, capture_output=True)
    return costs[0]


def by_threads(course: Course, assignment: Assignment, rounds: int, meter: Meter) -> None:
    """Print what a class costs where the environment says nothing about threads, and where it says one."""
    count = len(list((course.root / "submitted").iterdir()))
    unset: list[Cost] = []
    one: list[Cost] = []
    class_cost(course, assignment, "1", meter)  # makes the gradebook
    for turn in range(rounds):
        for threads, costs in ((("", unset), ("1", one)), (("1", one), ("", unset)))[turn % 2]:
            costs.append(class_cost(course, assignment, threads, meter))
            print(turn + 1, f"OMP_NUM_THREADS={threads}", costs[-1], flush=True)
    middle = statistics.median
    for name, costs in (("unset", unset), ("1", one)):
        cpu, wall = middle(c.cpu for c in costs), middle(c.wall for c in costs)
        ratios = [c.cpu / u.cpu for c, u in zip(costs, unset, strict=True)]
        walls = [c.wall / u.wall for c, u in zip(costs, unset, strict=True)]
        print(
            f"class of {count}, OMP_NUM_THREADS {name}: CPU {cpu:.2f} s, wall {wall:.2f} s, "
            f"CPU ratio {middle(ratios):.3f}, wall ratio {middle(walls):.3f}"
        )


def json_cost() -> float:
    """Seconds that JSON would add to the messages of one submission: both sides of open, next, end."""
    said: list[Mapping[str, object]] = [{"do": "open"}, {"do": "next"}, {"do": "end"}]
    said += [{"ok": True}, {"ok": True}, {"ended": "done", "at": ""}]
    start, turns = time.process_time(), 5000
    for _ in range(turns):
        for message in said:
            json.loads(json.dumps(message).encode())
    return (time.process_time() - start) / turns


def table(found: Found) -> list[str]:
    """Medians; and of the differences to the same turn as it is the median and the quartiles."""
    lines = [
        "| | box: CPU ms | wall ms | beyond (quartiles) | submission: CPU ms | wall ms | beyond (quartiles) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, both in found.items():
        cells = []
        for costs, usual in zip(both, found[WAYS[0].name], strict=True):
            cpu, wall = (
                1000 * statistics.median(values) for values in ([c.cpu for c in costs], [c.wall for c in costs])
            )
            low, middle, high = statistics.quantiles(
                [1000 * (c.cpu - u.cpu) for c, u in zip(costs, usual, strict=True)]
            )
            cells += [f"{cpu:.1f}", f"{wall:.1f}", f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="sittings, each with fresh guests")
    parser.add_argument("--blocks", type=int, default=15, help=f"a sitting, of {BLOCK} boxes")
    parser.add_argument("--submissions", type=int, default=16, help="in the class")
    parser.add_argument("--threads", action="store_true", help="the class by threads of numpy, and nothing else")
    arguments = parser.parse_args()
    os.environ["HW4_DATASET"] = "sample"
    meter = Meter()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            course = made_up.scratch_course(load_course(ROOT), Path(scratch, "course"))
            assignment = course.assignment("hw4")
            make_class(course, assignment, made_up.train(course, assignment, "sample"), arguments.submissions)
            if arguments.threads:
                by_threads(course, assignment, arguments.rounds, meter)
                return
            names = sorted(path.name for path in (course.root / "submitted").iterdir())
            class_ = [submission.read_submission(course.submitted("hw4", name), name) for name in names]
            found: Found = {way.name: ([], []) for way in WAYS}
            for _ in range(arguments.rounds):
                sitting(course, assignment, class_, arguments.blocks, meter, found)
                print("\n".join(table(found)), flush=True)
    finally:
        meter.close()
    print(f"CPU of {'a control group' if meter.group else 'the whole machine'}")
    print(f"JSON for the control messages of a submission: {1e6 * json_cost():.0f} us")


if __name__ == "__main__":
    main()
