"""Submissions a minute: this kit against plain nbgrader, on the same class, in the same run.

    make bench                        # about ten minutes; MNIST_DIR for the whole of MNIST

Both graders grade a small and a larger class; the time of one submission is the difference, so that
start-up cancels. Runs alternate. The class has full, partial and broken students, each with weights
and answers of their own. Results go to benchmarks/RESULTS.md.
"""

import argparse
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder import audit, checking, judge, sample, secret
from autograder import course as course_module
from autograder.course import Assignment, Course
from autograder.submission import saved_model
from benchmarks import plain

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What a whole command took: wall and CPU seconds of it and its children, peak memory of itself."""

    wall: float
    cpu: float
    peak_mb: float


SMALL, LARGE = (16, 1), (96, 5)  # submissions: of the kit's classes, of plain nbgrader's


def run(command: Sequence[str], folder: Path) -> Cost:
    """Run a command to its end and take its cost; fails where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile() as said:
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=environment)
        peak = 0.0
        while True:
            found, status, usage = os.wait4(process.pid, os.WNOHANG)
            if found:
                break
            peak = max(peak, _peak(process.pid))
            time.sleep(0.05)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command} in {folder} failed:\n{said.read().decode()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak)


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


# ---- the class ----------------------------------------------------------------------------------


def make_class(course: Course, assignment: Assignment, net: dict[str, np.ndarray], count: int) -> None:
    """Lay `count` submissions: of eight, five are right, two have a mistake, one crashes or is blank."""
    bugs, _ = audit.planted(course, assignment)
    bugs = [bug for bug in bugs if bug.task in ("T5", "T6", "T7", "T9", "T10", "T11") and not bug.in_class]
    right = sample.answers(course, assignment)
    for number in range(count):
        answers, model = dict(right), sample.model_file(sample.shaken(net, number))
        kind = number % 8
        if kind in (5, 6):
            answers, _ = sample.with_bug(course, assignment, bugs[number * 7 % len(bugs)])
        if kind == 7:
            answers = {} if number % 16 == 7 else {**right, "T5": "1 / 0\n" + right["T5"]}
        answers = {task: f"# student {number}\n{source}" for task, source in answers.items()}
        folder = course.submitted(assignment.name, f"student{number:05}")
        sample.write(folder, sample.hand_in(course, assignment, answers, model))


def copy_class(course: Course, assignment: Assignment, to: Path, count: int) -> None:
    """The first `count` submissions into another course folder."""
    for number in range(count):
        name = f"student{number:05}"
        shutil.copytree(course.submitted(assignment.name, name), to / "submitted" / name / assignment.name)


# ---- the graders --------------------------------------------------------------------------------


def kit(course: Course, assignment: Assignment, folder: Path, count: int, jobs: int) -> Cost:
    """Grade a class of `count` with this kit, in a fresh course folder."""
    here = _fresh(course, folder)
    copy_class(course, assignment, here, count)
    cost = run([str(BIN / "autograder"), "grade", assignment.name, "--quiet", "--jobs", str(jobs)], here)
    shutil.rmtree(folder)
    return cost


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


def rival(made: Path, course: Course, assignment: Assignment, folder: Path, count: int) -> Cost:
    """Grade a class of `count` with plain nbgrader, in a copy of its released course."""
    shutil.copytree(made, folder)
    (folder / "nbgrader_config.py").write_text(plain.CONFIG.format(root=str(folder)), encoding="utf-8")
    copy_class(course, assignment, folder, count)
    cost = run([str(BIN / "nbgrader"), "autograde", assignment.name], folder)
    shutil.rmtree(folder)
    return cost


def bare(course: Course, assignment: Assignment, net: dict[str, np.ndarray]) -> float:
    """CPU seconds of the checks' own numpy: the probes and checks on the reference, in this process."""
    bench = judge.bench(course, assignment)
    model = saved_model({"best_net.npz": sample.model_file(net)})
    key, costs = secret.load(course), []
    for turn in range(5):
        start = time.process_time()
        for task in judge.judged_tasks(assignment):
            exam = judge.exam(bench, task.name, secret.seed(key, str(turn), task.name), checking.Answers(), model)
            if judge.asks(bench, exam):
                judge.ask(bench.probes, task.name, bench.reference, exam.cases, "", True)
        costs.append(time.process_time() - start)
    return statistics.median(costs)


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
    (ROOT / "benchmarks" / "RESULTS.md").write_text(text, encoding="utf-8")


def measure(scratch: Path, dataset: str, runs: int, curve: Sequence[int], jobs: int) -> list[str]:
    """All measurements -> the lines of RESULTS.md."""
    course = sample.scratch_course(course_module.load(ROOT), scratch / "course")
    config = course.root / "course_config.py"
    config.write_text(config.read_text("utf-8").replace('DATASET = "sample"', f'DATASET = "{dataset}"'), "utf-8")
    course = course_module.load(course.root)
    assignment = course.assignment("hw4")
    net = sample.train(course, assignment, dataset)
    large = max(LARGE[0], *curve)
    make_class(course, assignment, net, large + 2)
    judge.bench(course, assignment)  # prepares the data, once
    run([str(BIN / "autograder"), "grade", "hw4", "student00000", "--quiet"], course.root)  # makes the gradebook
    (course.root / "autograded").rename(scratch / "unused")
    made = scratch / "plain"
    plain.make_course(course, assignment, made)
    run([str(BIN / "nbgrader"), "generate_assignment", "hw4"], made)

    (large_ours, large_theirs), (small_ours, small_theirs) = LARGE, SMALL
    ours, theirs, ratios, cpu = [], [], [], []
    whole: list[str] = []
    for turn in range(runs):
        a = kit(course, assignment, scratch / "k", small_ours, jobs)
        b = kit(course, assignment, scratch / "k", large_ours, jobs)
        c = rival(made, course, assignment, scratch / "r", small_theirs)
        d = rival(made, course, assignment, scratch / "r", large_theirs)
        ours.append((b.wall - a.wall) / (large_ours - small_ours))
        cpu.append((b.cpu - a.cpu) / (large_ours - small_ours))
        theirs.append((d.wall - c.wall) / (large_theirs - small_theirs))
        ratios.append(theirs[-1] / ours[-1])
        whole.append(
            f"| {turn + 1} | {a.wall:.1f} | {b.wall:.1f} | {c.wall:.1f} | {d.wall:.1f} "
            f"| {ours[-1]:.3f} | {theirs[-1]:.2f} | {ratios[-1]:.1f} |"
        )
        print(whole[-1], flush=True)
    numpy_cpu = bare(course, assignment, net)
    points = []
    for count in curve:
        cost = kit(course, assignment, scratch / "k", count, jobs)
        points.append(f"| {count} | {cost.wall:.1f} | {cost.wall / count:.3f} | {cost.peak_mb:.0f} |")
        print(points[-1], flush=True)
    middle = statistics.median
    return [
        "# Throughput",
        "",
        f"{datetime.date.today()}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"Python {platform.python_version()}, numpy {np.__version__}, dataset {dataset}, {jobs} jobs. "
        "`make bench` writes this page.",
        "",
        f"- **{60 / middle(ours):.0f} submissions a minute**; plain nbgrader {60 / middle(theirs):.0f}.",
        f"- **Ratio {middle(ratios):.1f}**, the median of {runs} paired runs ({min(ratios):.1f} to {max(ratios):.1f}).",
        f"- CPU a submission {middle(cpu):.3f} s; bare numpy of the same checks {numpy_cpu:.3f} s; "
        f"beyond it {middle(cpu) - numpy_cpu:.3f} s.",
        "",
        "Seconds of whole commands, for a small and a larger class, and by difference for one submission:",
        "",
        f"| run | kit, {small_ours} | kit, {large_ours} | nbgrader, {small_theirs} | nbgrader, {large_theirs} "
        "| kit, one | nbgrader, one | ratio |",
        "|---|---|---|---|---|---|---|---|",
        *whole,
        "",
        "The curve, whole commands, with the coordinator's peak memory:",
        "",
        "| submissions | seconds | seconds each | coordinator MB |",
        "|---|---|---|---|",
        *points,
    ]


if __name__ == "__main__":
    main()
