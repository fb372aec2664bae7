"""A class in which every third submission is an attack: the honest marks, and the time of a submission.

    python -m benchmarks.attacked                 # paired runs on an idle machine; about ten minutes
    python -m benchmarks.attacked --runs 3 --honest 12

Two classes are graded in turn by the same workers' command, `autograder grade`: the honest submissions
alone, and the same with an attack after every second one. The time of a submission is the command's
time, less that of a class of one (start-up), by the number of submissions, attacks included. The ratio
is that of the medians; the marks of the honest ones are compared in every pair.

The mix is what a class may really hold: of forging, reading, leaving and writing each the same share,
and one attack in eight exhausts something. An endless loop holds its worker until the cell's limit;
an attack that ignores even that holds it until the limit of a question or of the whole submission.
"""

import argparse
import datetime
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder import course as course_module
from autograder import sample
from autograder.course import Assignment, Course

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RECORD = ROOT / "docs" / "proofs" / "mixed-class.json"
BOUND = 1.5
KINDS = ("forge", "read", "leave", "write")
# each of these holds a worker until a limit, or makes the warm guest start anew: few students do that
EXHAUSTING = ("exhaust_bare_except", "exhaust_memory_numpy", "exhaust_processes", "exhaust_output", "exhaust_npz_bomb")
ONE_IN = 8  # attacks


def mix(names: Sequence[str], count: int) -> list[str]:
    """Names of `count` attacks: the kinds in turn, one in eight exhausting, each kind from its beginning to its end."""
    kinds = [itertools.cycle([n for n in names if n.startswith(kind)]) for kind in KINDS]
    plain = (next(kind) for kind in itertools.cycle(kinds))
    hard = itertools.cycle([n for n in EXHAUSTING if n in names])
    return [next(hard) if number % ONE_IN == ONE_IN - 1 else next(plain) for number in range(count)]


def lay(course: Course, assignment: Assignment, honest: int) -> list[str]:
    """Submissions of a whole class -> the attacks among them. Honest ones: right, half right, blank."""
    from tests.attacks.lab import Attack, Lab  # the attacks are part of the tests
    from tests.attacks.test_attacks import MODULES, NAMES, attack_of

    net = sample.train(course, assignment, "sample", iterations=600, hidden=40)
    right = sample.answers(course, assignment)
    for number in range(honest):
        answers = right if number % 4 else {task: right[task] for task in list(right)[: 4 + number % 5]}
        answers = {task: f"# student {number}\n{source}" for task, source in answers.items()}
        files = sample.hand_in(course, assignment, answers, sample.model_file(sample.shaken(net, number)))
        sample.write(course.submitted(assignment.name, f"{number:04}-student"), files)
    able = [n for n in NAMES if isinstance(MODULES[n].ATTACK, Attack) or n.startswith("forge_lookup")]
    chosen = mix(able, honest // 2)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        lab = Lab(Path(folder))
        for number, name in enumerate(chosen):
            found = lab.hand_in(attack_of(MODULES[name], lab))
            sample.write(course.submitted(assignment.name, f"{2 * number + 1:04}-{name}"), found.files)
        lab.close()
    return chosen


def graded(course: Course, folder: Path, wanted: Sequence[str], jobs: int) -> tuple[float, dict[str, Any]]:
    """Seconds of grading those submissions in a fresh copy of the course, and the marks."""
    skip = shutil.ignore_patterns("submitted", "autograded", "verdicts", "answers", "gradebook.db")
    shutil.copytree(course.root, folder, ignore=skip)
    for name in wanted:
        shutil.copytree(course.root / "submitted" / name, folder / "submitted" / name)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = [str(BIN / "autograder"), "grade", "hw4", "--quiet", "--jobs", str(jobs)]
    start = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{command} failed in {folder}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    shown = subprocess.run([*command[:1], "scores", "hw4", "--json"], cwd=folder, env=environment, capture_output=True)
    shutil.rmtree(folder)
    return seconds, json.loads(shown.stdout)


def marks(found: Mapping[str, Any], honest: Sequence[str]) -> dict[str, dict[str, tuple[str, float | None]]]:
    """Status and score of the honest submissions."""
    return {name: {task: (v["status"], v["score"]) for task, v in found[name].items()} for name in honest}


def measure(honest: int, runs: int, jobs: int) -> dict[str, Any]:
    """Paired runs of both classes, in turn -> the record."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        course = sample.scratch_course(course_module.load(ROOT), Path(scratch) / "course")
        attacks = lay(course, course.assignment("hw4"), honest)
        everyone = sorted(path.name for path in (course.root / "submitted").iterdir())
        alone = [name for name in everyone if name.endswith("-student")]
        graded(course, Path(scratch) / "warm", alone[:1], jobs)  # prepares what is prepared once
        for turn in range(runs):
            order = [("start", alone[:1]), ("honest", alone), ("mixed", everyone)]
            took, found = {}, {}
            for name, wanted in order if turn % 2 else order[::-1]:
                took[name], found[name] = graded(course, Path(scratch) / name, wanted, jobs)
            assert marks(found["mixed"], alone) == marks(found["honest"], alone), "an attack moved an honest mark"
            rows.append(took)
            print(f"pair {turn + 1}: {', '.join(f'{name} {took[name]:.1f} s' for name, _ in order)}", flush=True)
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    one = {
        "honest": (middle["honest"] - middle["start"]) / (len(alone) - 1),
        "mixed": (middle["mixed"] - middle["start"]) / (len(everyone) - 1),
    }
    return {
        "ratio": one["mixed"] / one["honest"],
        "seconds of one submission": one,
        "bound": BOUND,
        "honest submissions": len(alone),
        "attacks": len(attacks),
        "jobs": jobs,
        "honest marks": "those of the class without attacks, in every pair",
        "seconds of whole commands": rows,
        "mix": {name: attacks.count(name) for name in sorted(set(attacks))},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="pairs")
    parser.add_argument("--honest", type=int, default=64, help="honest submissions; half as many attacks")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--record", action="store_true", help="write docs/proofs/mixed-class.json")
    arguments = parser.parse_args()
    found = measure(arguments.honest, arguments.runs, arguments.jobs)
    print(f"ratio {found['ratio']:.2f}, of the medians of {arguments.runs} pairs; at most {BOUND} is wanted")
    if arguments.record:
        head = {"proof": "mixed-class", "date": datetime.date.today().isoformat()}
        RECORD.write_text(json.dumps({**head, **found}, indent=1, default=float) + "\n", encoding="utf-8")
    return found["ratio"] > BOUND


if __name__ == "__main__":
    sys.exit(main())
