"""Each limit of the sandbox in a row: its value, the wall that holds it, what tries it; and the table of them."""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from autograder.course import Limits
from autograder.grading import notebook_run
from autograder.sandbox import answers, channel
from autograder.sandbox.guest import memory
from autograder.sandbox.walls import GUEST
from autograder.submissions import own_files, saved_model

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "limits.md"
FIGURES = ROOT / "docs" / "proofs" / "limits.json"
BEGIN, END = "<!-- limits -->\n", "<!-- end of limits -->\n"
HEAD = ("limit", "value", "the wall that holds it", "tried by", "with the wall", "without it")
USUAL = Limits()
KB, MB = 1 << 10, 1 << 20
DEADLINE = "an alarm inside, the kernel at twice the limit, a deadline outside"


@dataclass(frozen=True)
class Row:
    """A limit. name: a field of Limits, or words; tried_by: attacks of this folder, or a test of the project's."""

    name: str
    value: str
    wall: str
    tried_by: tuple[str, ...]


def _in_box(pattern: str) -> str:
    """A number that stands in box.py, which only runs inside."""
    found = re.search(pattern, (GUEST / "box.py").read_text(encoding="utf-8"))
    assert found is not None, pattern
    return f"{int(found[1]):,}"


def _field(name: str, unit: str, wall: str, *tried_by: str) -> Row:
    return Row(f"`{name}`", f"{getattr(USUAL, name):g} {unit}".strip(), wall, tried_by)


ROWS = (
    _field("cell_seconds", "s", DEADLINE, "exhaust_bare_except", "exhaust_ignored_signals"),
    _field("question_seconds", "s", DEADLINE),
    _field("probe_seconds", "s", "the deadline outside, for all questions of a task"),
    _field("check_seconds", "s", DEADLINE),
    _field("total_seconds", "s", "the deadline outside; the kernel, for each process (RLIMIT_CPU)"),
    _field("patience", "times", "an alarm inside, a deadline outside"),
    _field("reference_times", "times", "none: it makes the limits above longer", "tests/grading/test_calibration.py"),
    Row("silence beyond a limit", f"{channel.GRACE:g} s", "the deadline outside", ("exhaust_ignored_signals",)),
    Row("starts of a notebook", str(notebook_run.MAX_RESTARTS), "counted outside", ("exhaust_own_modules",)),
    _field("memory_mb", "MB a process", "the kernel (RLIMIT_AS)", "exhaust_memory_numpy", "exhaust_memory_python"),
    _field(
        "memory_mb",
        "MB a box",
        "the watcher: what a box holds, ten times a second; memory.max of a cgroup, where there is one",
        "exhaust_memory_forks",
        "exhaust_memory_shared",
        "exhaust_memory_unreadable",
        "exhaust_memory_dead_leader",
    ),
    Row(
        "a socket counts",
        "twice its buffers",
        "the watcher, whether anybody has it open or not",
        ("exhaust_memory_sockets", "exhaust_memory_backlog", "exhaust_memory_datagrams"),
    ),
    Row("page tables count", "as they are", "the watcher", ("exhaust_memory_page_tables",)),
    Row("a mapping counts", f"{memory.MAPPING // KB} KB", "the watcher", ("exhaust_memory_mappings",)),
    Row(
        "an open file counts",
        f"{memory.FILE // KB} KB",
        "the watcher: as a full pipe",
        ("tests/sandbox/test_memory.py",),
    ),
    Row(
        "memory in no process",
        "none",
        "the filter; in place of /dev/zero stands /dev/full, which nobody can map",
        (
            "exhaust_memory_memfd",
            "exhaust_memory_sysv",
            "exhaust_memory_xattr",
            "exhaust_memory_unmapped",
            "exhaust_memory_spliced",
            "exhaust_memory_watches",
            "exhaust_memory_inotify",
            "exhaust_memory_pipes",
            "exhaust_memory_huge_pages",
            "exhaust_memory_sendfile",
        ),
    ),
    Row(
        "signals and timers that wait",
        _in_box(r"PENDING = (\d+)"),
        "the kernel (RLIMIT_SIGPENDING)",
        ("exhaust_signals",),
    ),
    _field(
        "processes",
        "threads included",
        "the kernel (RLIMIT_NPROC); pids.max of a cgroup, where there is one",
        "exhaust_processes",
        "exhaust_threads",
    ),
    Row(
        "`system_calls`",
        "no group beside the usual ones",
        "the filter",
        ("leave_by_namespaces", "leave_by_socket_families", "tests/sandbox/test_system_calls.py"),
    ),
    _field("file_mb", "MB a file, and each of two folders", "the size of /tmp and of /dev/shm", "exhaust_big_file"),
    Row(
        "files of a box",
        _in_box(r"mode=700,nr_inodes=(\d+)") + " in each of two folders",
        "the same",
        ("exhaust_many_files",),
    ),
    _field("open_files", "a process", "the kernel (RLIMIT_NOFILE)", "exhaust_open_files"),
    Row(
        "an answer",
        f"{answers.MAX_HEADER // MB} MB of header, {answers.MAX_BODY // MB} MB, {answers.MAX_ARRAYS:,} arrays",
        "the reader outside, by the sizes that are declared",
        ("exhaust_declared_answer", "exhaust_huge_answer"),
    ),
    Row(
        "the saved model",
        f"{saved_model.MAX_MODEL // MB} MB, {saved_model.MAX_ENTRIES} entries",
        "its reader outside",
        ("exhaust_npz_bomb", "exhaust_npz_declared", "exhaust_npz_entries"),
    ),
    Row(
        "a student's own modules",
        f"{own_files.MODULES // MB} MB",
        "their reader outside",
        ("exhaust_own_modules",),
    ),
)


def of_limits() -> set[str]:
    """The names of all fields of Limits."""
    return {f"`{field.name}`" for field in fields(Limits)}


def attacks() -> list[str]:
    """The attacks that are named, each once."""
    return list(dict.fromkeys(name for row in ROWS for name in row.tried_by if "/" not in name))


def module_of(name: str) -> Any:
    return importlib.import_module(f"tests.attacks.{name}")


def read_figures() -> Mapping[str, Mapping[str, str]]:
    """What was measured: limit or attack -> with the wall, and without."""
    found = json.loads(FIGURES.read_text(encoding="utf-8"))["figures"]
    assert isinstance(found, dict)
    return found


def table(figures: Mapping[str, Mapping[str, str]]) -> str:
    """The rows as Markdown; a limit of time has figures of its own, any other those of its attacks."""
    lines = [HEAD, ("---",) * len(HEAD), *(_cells(row, figures) for row in ROWS)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(row: Row, figures: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield from (row.name, row.value, row.wall)
    yield "<br>".join(f"`{name}`" for name in row.tried_by) or "the same limit, longer"
    measured = [figures[name] for name in (row.name.strip("`"), *row.tried_by) if name in figures]
    for side in ("stands", "gone"):
        yield "<br>".join(one[side] for one in measured)


def split(page: str) -> tuple[str, str, str]:
    """A page: what stands before the table, the table, and what stands behind it."""
    before, _, rest = page.partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before + BEGIN, inside, END + after
