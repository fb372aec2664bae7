"""Submissions a minute: this kit against plain nbgrader, on the same class, in the same run.

    make bench                        # about ten minutes; MNIST_DIR for the whole of MNIST

Both graders grade a small and a larger class; the time of one submission is the difference, so that
start-up cancels. Runs alternate. The class has full, partial and broken students, each with weights
and answers of their own. The same by difference, alternating too: a dask cluster of two workers on this
machine against its own cores. Results go to benchmarks/RESULTS.md.

It needs 5 GB where temporary files go, and deletes nothing before its end: for minutes after a large
deletion, ext4 spends milliseconds on each file that is made, and graders make files.
"""

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from autograder.course import Assignment, Course, load_course, secret
from autograder.grading import made_up, pipeline
from autograder.judging import judge, known_mistakes
from autograder.releasing.trials import audit
from autograder.sandbox.answers import Answers
from autograder.submissions import submission
from autograder.submissions.saved_model import read_model
from benchmarks import cluster, plain

BIN = Path(sys.executable).parent
NEXT = "# What clever code gains"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What a whole command took: wall seconds, CPU seconds of itself and of all that it started, its peak memory.

    The kernel counts no time of processes that end with their namespace, as guests do. So `all_cpu` is what the
    whole machine was busy meanwhile: nothing else should run.
    """

    wall: float
    cpu: float
    all_cpu: float
    peak_mb: float

    def less(self, other: "Cost", count: int) -> "Cost":
        """What one of `count` more submissions cost, by difference."""
        wall, cpu, all_cpu = self.wall - other.wall, self.cpu - other.cpu, self.all_cpu - other.all_cpu
        return Cost(wall / count, cpu / count, all_cpu / count, self.peak_mb)


SMALL, LARGE = (16, 1), (96, 5)  # submissions: of the kit's classes, of plain nbgrader's


def run(command: Sequence[str], folder: Path) -> Cost:
    """Run a command to its end and take its cost; fails where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile() as said:
        start, busy = time.monotonic(), _busy()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=environment)
        peak = 0.0
        while True:
            found, status, usage = os.wait4(process.pid, os.WNOHANG)
            if found:
                break
            peak = max(peak, _peak(process.pid))
            time.sleep(0.05)
        wall, busy = time.monotonic() - start, _busy() - busy
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command} in {folder} failed:\n{said.read().decode()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, busy, peak)


def _busy() -> float:
    """CPU seconds that all cores of the machine have worked."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


# ---- the class ----------------------------------------------------------------------------------


def make_class(course: Course, assignment: Assignment, net: dict[str, np.ndarray], count: int) -> None:
    """Lay `count` submissions: of eight, five are right, two have a mistake, one crashes or is blank."""
    mistakes, _ = audit.planted(course, assignment)
    mistakes = [
        mistake
        for mistake in mistakes
        if mistake.task in ("T5", "T6", "T7", "T9", "T10", "T11") and not mistake.in_class
    ]
    right = made_up.answers(course, assignment)
    for number in range(count):
        answers, model = dict(right), made_up.model_file(made_up.shaken(net, number))
        kind = number % 8
        if kind in (5, 6):
            answers, _ = made_up.with_mistake(course, assignment, mistakes[number * 7 % len(mistakes)])
        if kind == 7:
            answers = {} if number % 16 == 7 else {**right, "T5": "1 / 0\n" + right["T5"]}
        answers = {task: f"# student {number}\n{source}" for task, source in answers.items()}
        folder = course.submitted(assignment.name, f"student{number:05}")
        made_up.write(folder, made_up.hand_in(course, assignment, answers, model))


def copy_class(course: Course, assignment: Assignment, to: Path, count: int) -> None:
    """The first `count` submissions into another course folder: the same files, which no grader changes."""
    for number in range(count):
        name = f"student{number:05}"
        here, there = course.submitted(assignment.name, name), to / "submitted" / name / assignment.name
        shutil.copytree(here, there, copy_function=os.link)


# ---- the graders --------------------------------------------------------------------------------


def kit(course: Course, assignment: Assignment, scratch: Path, count: int, *options: str) -> Cost:
    """Grade a class of `count` with this kit, in a fresh course folder."""
    here = _fresh(course, _new(scratch))
    copy_class(course, assignment, here, count)
    return run([str(BIN / "autograder"), "grade", assignment.name, "--quiet", *options], here)


def _new(scratch: Path) -> Path:
    """The name of a folder that is not there yet."""
    return Path(tempfile.mkdtemp(dir=scratch), "course")


def _fresh(course: Course, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in (
        "course_config.py",
        "nbgrader_config.py",
        "source",
        "solutions",
        "release",
        "autograder",
        ".autograder",
    ):
        path = course.root / name
        if path.is_dir():
            skip = shutil.ignore_patterns("__pycache__", "verdicts", "answers")
            shutil.copytree(path, folder / name, ignore=skip)
        else:
            shutil.copy(path, folder / name)
    shutil.copy(course.root / "gradebook.db", folder / "gradebook.db")
    return folder


def rival(made: Path, course: Course, assignment: Assignment, scratch: Path, count: int) -> Cost:
    """Grade a class of `count` with plain nbgrader, in a copy of its released course."""
    folder = Path(shutil.copytree(made, _new(scratch)))
    (folder / "nbgrader_config.py").write_text(plain.CONFIG.format(root=str(folder)), encoding="utf-8")
    copy_class(course, assignment, folder, count)
    return run([str(BIN / "nbgrader"), "autograde", assignment.name], folder)


def bare(course: Course, assignment: Assignment, net: dict[str, np.ndarray]) -> float:
    """CPU seconds of the checks' own numpy: the probes and checks on the reference, in this process."""
    judge_context = judge.open_context(course, assignment)
    model = read_model({assignment.model_file: made_up.model_file(net)}, assignment.model_file)
    key, costs = secret.load_secret(course), []
    for turn in range(5):
        start = time.process_time()
        for task in judge.judged_tasks(assignment):
            context = judge.check_context(
                judge_context, task.name, secret.seed(key, str(turn), task.name), Answers(), model
            )
            if judge.asks(judge_context, context):
                known_mistakes.ask(judge_context.probes, task.name, judge_context.reference, context.cases, ("",), True)
        costs.append(time.process_time() - start)
    return statistics.median(costs)


def guest_memory(course: Course, assignment: Assignment) -> tuple[float, float]:
    """(MB that a warm guest has for itself, peak MB of the child that runs a right submission)."""
    with contextlib.ExitStack() as stack:
        grader = pipeline.open_grader(course, assignment)
        stack.callback(grader.guest.close)
        done, peaks = threading.Event(), [(0.0, 0.0)]

        def watch() -> None:
            while not done.wait(0.01):
                peaks.append(_family())

        pipeline.grade_submission(
            grader, submission.read_submission(course.submitted(assignment.name, "student00000"), "student00000")
        )
        looking = threading.Thread(target=watch)
        looking.start()
        for number in range(1, 5):
            name = f"student{number:05}"
            pipeline.grade_submission(grader, submission.read_submission(course.submitted(assignment.name, name), name))
        done.set()
        looking.join()
    return max(warm for warm, _ in peaks), max(child for _, child in peaks)


def _family() -> tuple[float, float]:
    """MB that no other process shares: of the warm guest, which bwrap started, and of the child that it forked."""
    warm, child = 0.0, 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, AttributeError):
            own = process.memory_full_info().uss / 2**20
            if not process.name().startswith("bwrap"):
                started_by_walls = process.parent().name().startswith("bwrap")
                warm, child = (warm + own, child) if started_by_walls else (warm, child + own)
    return warm, child


# ---- the run ------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="paired runs")
    parser.add_argument("--curve", type=int, nargs="*", default=[10, 100, 1000], help="class sizes of the curve")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    dataset = "mnist" if os.environ.get("MNIST_DIR") else "sample"
    os.environ["HW4_DATASET"] = dataset
    with tempfile.TemporaryDirectory() as scratch:
        lines = measure(Path(scratch), dataset, arguments.runs, arguments.curve, arguments.jobs)
    text = "\n".join(lines) + "\n"
    print(text)
    results = ROOT / "benchmarks" / "RESULTS.md"
    _, mark, rest = results.read_text(encoding="utf-8").partition(NEXT)  # of benchmarks/clever.py
    results.write_text(f"{text}\n{mark}{rest}" if mark else text, encoding="utf-8")


def measure(scratch: Path, dataset: str, runs: int, curve: Sequence[int], jobs: int) -> list[str]:
    """All measurements -> the lines of RESULTS.md."""
    course = made_up.scratch_course(load_course(ROOT), scratch / "course")
    config = course.root / "course_config.py"
    config.write_text(config.read_text("utf-8").replace('DATASET = "sample"', f'DATASET = "{dataset}"'), "utf-8")
    course = load_course(course.root)
    assignment = course.assignment("hw4")
    net = made_up.train(course, assignment, dataset)
    large = max(LARGE[0], *curve)
    make_class(course, assignment, net, large + 2)
    judge.open_context(course, assignment)  # prepares the data, once
    run([str(BIN / "autograder"), "grade", "hw4", "student00000", "--quiet"], course.root)  # makes the gradebook
    (course.root / "autograded").rename(scratch / "unused")
    made = scratch / "plain"
    plain.make_course(course, assignment, made)
    run([str(BIN / "nbgrader"), "generate_assignment", "hw4"], made)

    ours, theirs, table = against_nbgrader(course, assignment, made, scratch, runs, jobs)
    there, coordinator, cluster_table = against_cluster(course, assignment, scratch, runs, jobs)
    numpy_cpu = bare(course, assignment, net)
    warm_mb, child_mb = guest_memory(course, assignment)
    points, peaks = [], []
    before, few = Cost(0, 0, 0, 0), 0
    for count in curve:
        cost = kit(course, assignment, scratch, count, "--jobs", str(jobs))
        peaks.append(cost.peak_mb)
        each = f"{cost.less(before, count - few).wall:.3f}" if few else ""
        points.append(f"| {count} | {cost.wall:.1f} | {cost.wall / count:.3f} | {each} | {cost.peak_mb:.0f} |")
        print(points[-1], flush=True)
        before, few = cost, count
    middle = statistics.median
    wall, cpu = middle(o.wall for o in ours), middle(o.all_cpu for o in ours)
    ratios = [b.wall / a.wall for a, b in zip(ours, theirs, strict=True)]
    grown = [(curve[n], curve[n - 1], peaks[n] - peaks[n - 1]) for n in range(1, len(curve))]
    return [
        "# Throughput",
        "",
        f"{datetime.date.today()}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"Python {platform.python_version()}, numpy {np.__version__}, dataset {dataset}, {jobs} jobs. "
        "`make bench` writes this page.",
        "",
        f"- **{60 / wall:.0f} submissions a minute**; plain nbgrader {60 / middle(t.wall for t in theirs):.0f}.",
        f"- **Ratio {middle(ratios):.1f}**, the median of {runs} paired runs ({min(ratios):.1f} to {max(ratios):.1f}).",
        f"- CPU a submission {cpu:.3f} s; bare numpy of the same checks {numpy_cpu:.3f} s; "
        f"beyond it {cpu - numpy_cpu:.3f} s.",
        f"- A warm guest has {warm_mb:.0f} MB for itself; the child of a submission at most {child_mb:.0f} MB.",
        *(f"- From {few} to {many} submissions the coordinator grew by {mb:.0f} MB." for many, few, mb in grown),
        f"- A dask cluster of two workers on this machine has {middle(there):.2f} of the local throughput "
        f"({min(there):.2f} to {max(there):.2f}); its coordinator spends {1000 * coordinator:.1f} ms of CPU "
        "a submission.",
        f"- On paper: one coordinator feeds {cpu / coordinator:.0f} workers of one core; a course of 100,000 costs "
        f"{100_000 * (cpu + coordinator) / 3600:.1f} core hours, and with that many workers "
        f"{100_000 * coordinator / 60:.0f} minutes.",
        "",
        "Seconds of whole commands, for a small and a larger class, and by difference for one submission:",
        "",
        *table,
        "",
        "The cluster against the machine's own cores, in the same way:",
        "",
        *cluster_table,
        "",
        "The curve, whole commands, with the coordinator's peak memory:",
        "",
        "| submissions | seconds | seconds each | each beyond the row above | coordinator MB |",
        "|---|---|---|---|---|",
        *points,
    ]


def against_nbgrader(
    course: Course, assignment: Assignment, made: Path, scratch: Path, runs: int, jobs: int
) -> tuple[list[Cost], list[Cost], list[str]]:
    """Paired runs -> (costs of one submission here, in plain nbgrader, the table of whole commands)."""
    (large_ours, large_theirs), (small_ours, small_theirs) = LARGE, SMALL
    ours, theirs = [], []
    table = [
        f"| run | kit, {small_ours} | kit, {large_ours} | nbgrader, {small_theirs} | nbgrader, {large_theirs} "
        "| kit, one | nbgrader, one | ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for turn in range(runs):
        a = kit(course, assignment, scratch, small_ours, "--jobs", str(jobs))
        b = kit(course, assignment, scratch, large_ours, "--jobs", str(jobs))
        c = rival(made, course, assignment, scratch, small_theirs)
        d = rival(made, course, assignment, scratch, large_theirs)
        ours.append(b.less(a, large_ours - small_ours))
        theirs.append(d.less(c, large_theirs - small_theirs))
        table.append(
            f"| {turn + 1} | {a.wall:.1f} | {b.wall:.1f} | {c.wall:.1f} | {d.wall:.1f} "
            f"| {ours[-1].wall:.3f} | {theirs[-1].wall:.2f} | {theirs[-1].wall / ours[-1].wall:.1f} |"
        )
        print(table[-1], flush=True)
    return ours, theirs, table


def against_cluster(
    course: Course, assignment: Assignment, scratch: Path, runs: int, jobs: int
) -> tuple[list[float], float, list[str]]:
    """Paired runs -> (throughput there by that of here, the coordinator's CPU seconds a submission, the table)."""
    large, small = LARGE[0], SMALL[0]
    shares, spent = [], []
    table = [
        f"| run | here, {small} | here, {large} | cluster, {small} | cluster, {large} | here, one | cluster, one |",
        "|---|---|---|---|---|---|---|",
    ]
    folders = [_fresh(course, scratch / f"worker{number}") for number in range(jobs)]
    with cluster.started(folders, scratch) as address:
        kit(course, assignment, scratch, small, "--cluster", address)  # from here on, its guests are warm
        for turn in range(runs):
            a = kit(course, assignment, scratch, small, "--jobs", str(jobs))
            b = kit(course, assignment, scratch, large, "--jobs", str(jobs))
            c = kit(course, assignment, scratch, small, "--cluster", address)
            d = kit(course, assignment, scratch, large, "--cluster", address)
            here, there = b.less(a, large - small), d.less(c, large - small)
            shares.append(here.wall / there.wall)
            spent.append(there.cpu)
            table.append(
                f"| {turn + 1} | {a.wall:.1f} | {b.wall:.1f} | {c.wall:.1f} | {d.wall:.1f} "
                f"| {here.wall:.3f} | {there.wall:.3f} |"
            )
            print(table[-1], flush=True)
    return shares, statistics.median(spent), table


if __name__ == "__main__":
    main()
