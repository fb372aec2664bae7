"""Which system calls code in a box makes: the evidence for the list of docs/system-calls.md.

    python -m benchmarks.system_calls [RUN ...]     # all runs take a quarter of an hour; needs strace
    python -m benchmarks.system_calls --page        # writes the page's table anew, from what was seen

Each run is a command under `strace -f`. Of all its processes those count that have the filter on: a box's own, and all
that came from it. What the filter refused them is written down with its arguments.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "autograder" / "sandbox" / "guest" / "system_calls.toml"
SEEN = ROOT / "docs" / "proofs" / "system-calls.json"
PAGE = ROOT / "docs" / "system-calls.md"
BEGIN, END = "<!-- made by benchmarks.system_calls -->\n", "<!-- to here -->\n"
PYTEST = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
RUNS = {
    "chores": (*PYTEST, "tests/sandbox/test_system_calls.py", "-k", "a_homework_does"),
    "sandbox": (*PYTEST, "tests/sandbox", "--deselect", "tests/sandbox/test_system_calls.py"),
    "grading": (*PYTEST, "tests/grading/test_pipeline.py"),
    "audit": ("autograder", "audit", "hw4"),
    "demo": ("autograder", "demo"),
}
LINE = re.compile(r"(\d+) +(.*)")
BEGUN = re.compile(r"(\w+)\((.*?)(?: <unfinished \.\.\.>|\) += (-?\d+|\?|0x[0-9a-f]+)(.*))$")
ENDED = re.compile(r"<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?|0x[0-9a-f]+)(.*)$")
CHILD = re.compile(r"/\* (\d+) in strace's PID NS \*/")
NAMES = re.compile(r"\b[A-Z][A-Z0-9]*_?[A-Z0-9_]+\b|\b0x[0-9a-f]{2,8}\b")
STARTS = ("clone", "clone3", "fork", "vfork")
TOLD = ("EPERM", "ENOSYS", "EAFNOSUPPORT", "ENOTSOCK", "EOPNOTSUPP")


class Watch:
    """Reads strace's lines: which processes have the filter on, and what those call."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._filtered: dict[str, bool] = {}
        self._waiting: dict[str, list[str]] = {}  # lines of processes whose parent has not told of them yet
        self._arguments: dict[str, str] = {}  # of a call that has not ended

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            if match := LINE.match(line):
                self._filtered = self._filtered or {match[1]: False}  # the first one is the command itself
                self._line(match[1], match[2])

    def _line(self, pid: str, text: str) -> None:
        if pid not in self._filtered:
            self._waiting.setdefault(pid, []).append(text)
            return
        if text.startswith("+++"):
            del self._filtered[pid]
        elif match := BEGUN.match(text):
            if self._filtered[pid]:
                self.calls[match[1]] += 1
            if match[3] is None:
                self._arguments[pid] = match[2]
            else:
                self._ended(pid, match[1], match[2], match[3], match[4])
        elif match := ENDED.match(text):
            self._ended(pid, match[1], self._arguments.pop(pid, "") + match[2], match[3], match[4])

    def _ended(self, pid: str, call: str, arguments: str, result: str, rest: str) -> None:
        if call in STARTS and result not in ("-1", "?"):
            child = CHILD.search(rest)
            self._filtered[started := child[1] if child else result] = self._filtered[pid]
            for text in self._waiting.pop(started, []):
                self._line(started, text)
        elif call == "prctl" and arguments.startswith("PR_SET_SECCOMP") and result == "0":
            self._filtered[pid] = True
        elif self._filtered[pid] and result == "-1" and (error := rest.split()[0]) in TOLD:
            self.errors[" ".join([call, *NAMES.findall(arguments), error])] += 1


def watch(command: Sequence[str]) -> tuple[Watch, int]:
    """Run a command of this environment under strace -> what was seen, its exit code."""
    seen = Watch()
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(told := f"{folder}/told")
        line = [
            "strace",
            "-f",
            "-q",
            "-s",
            "0",
            "-e",
            "signal=none",
            "-e",
            "verbose=none",
            "--decode-pids=pidns",
            "-o",
            told,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [*line, str(Path(sys.executable).parent / command[0]), *command[1:]], cwd=ROOT, env=environment
        )
        with open(told, encoding="utf-8", errors="replace") as lines:
            seen.read(lines)
        return seen, process.wait()


def groups() -> Mapping[str, Any]:
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


def table(seen: Mapping[str, Any]) -> str:
    """The page's rows: of each group why it is there, its calls that were seen, and the others."""
    made = {call for run in seen["runs"].values() for call in run["calls"]}
    rows = ["| group | for | seen | not seen |", "|---|---|---|---|"]
    for name, group in groups().items():
        here = [f"`{call}`" for call in group["calls"] if call in made]
        others = [f"`{call}`" for call in group["calls"] if call not in made]
        rows.append(f"| {name} | {group['why']} | {', '.join(here)} | {', '.join(others)} |")
    return "\n".join(rows) + "\n"


def refused(seen: Mapping[str, Any]) -> str:
    """The page's rows: what the filter, or the kernel itself, refused with such an error, and in which runs."""
    found: dict[str, set[str]] = {}
    for run, told in seen["runs"].items():
        for what in told["errors"]:
            found.setdefault(what, set()).add(run)
    return "\n".join(
        ["| heard | in |", "|---|---|", *(f"| `{what}` | {', '.join(sorted(found[what]))} |" for what in sorted(found))]
    )


def page(seen: Mapping[str, Any]) -> str:
    """What stands between the marks of docs/system-calls.md."""
    runs = [f"| {name} | `{run['command']}` | {sum(run['calls'].values()):,} |" for name, run in seen["runs"].items()]
    head = "| run | command | calls behind the filter |\n|---|---|---|\n"
    return head + "\n".join(runs) + "\n\n" + table(seen) + "\n" + refused(seen) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"some of {', '.join(RUNS)}")
    parser.add_argument("--page", action="store_true")
    chosen = parser.parse_args()
    seen = json.loads(SEEN.read_text(encoding="utf-8")) if SEEN.exists() else {"runs": {}}
    for name in () if chosen.page else chosen.runs or RUNS:
        found, code = watch(RUNS[name])
        print(f"{name}: exit code {code}, {sum(found.calls.values())} calls of {len(found.calls)} kinds")
        seen["runs"][name] = {
            "command": " ".join(RUNS[name]),
            "exit code": code,
            "calls": dict(sorted(found.calls.items())),
            "errors": dict(sorted(found.errors.items())),
        }
        versions = {one: metadata.version(one) for one in ("numpy", "matplotlib", "ipython", "pandas", "scipy")}
        libc, python = " ".join(platform.libc_ver()), platform.python_version()
        seen["on"] = {"machine": platform.machine(), "libc": libc, "python": python, **versions}
        SEEN.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + page(seen) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
