"""A class in which every third submission is an attack: the honest marks, and the time of a submission.

    python -m benchmarks.attacked                 # paired runs on an idle machine; about ten minutes
    python -m benchmarks.attacked --runs 1 --attacks 20

Two classes are graded in turn by `autograder grade`: the honest submissions alone, and the same with an
attack after every second one. The attacks are those of tests/attacks, each once, in a seeded order. The
marks of the honest ones are compared in every pair. Two times are told:

- the time that an honest submission takes, from its start to its verdict: whether attacks slow others.
- the time of the whole class by its submissions, attacks included: what attacks cost the grader. An
  endless loop has the ten seconds of CPU time that every cell has, a hundred times what an honest
  submission needs; so this hangs on how many of the attacks hold a worker until a limit.
"""

import argparse
import datetime
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, load_course
from autograder.grading import made_up
from tests.proof.conftest import rounded

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RECORD = ROOT / "docs" / "proofs" / "mixed-class.json"
BOUND = 1.1
LONG = 1.0  # seconds: an attack that takes longer holds its worker until a limit


def lay(course: Course, assignment: Assignment, wanted: int) -> list[str]:
    """Submissions of a whole class, two honest ones to an attack -> the attacks among them."""
    from tests.attacks.lab import Lab  # the attacks are part of the tests
    from tests.attacks.test_attacks import MODULES, NAMES, attack_of

    net = made_up.train(course, assignment, assignment.dataset)
    right = made_up.answers(course, assignment)
    chosen = random.Random(0).sample(NAMES, min(wanted, len(NAMES)))
    for number in range(2 * len(chosen)):
        answers = right if number % 4 else {task: right[task] for task in list(right)[: 4 + number % 5]}
        answers = {task: f"# student {number}\n{source}" for task, source in answers.items()}
        files = made_up.hand_in(course, assignment, answers, made_up.model_file(made_up.shaken(net, number)))
        made_up.write(course.submitted(assignment.name, f"{number:04}-student"), files)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        lab = Lab(Path(folder), made_up.model_file(net))
        for number, name in enumerate(chosen):
            found = lab.hand_in(attack_of(MODULES[name], lab))
            made_up.write(course.submitted(assignment.name, f"{2 * number + 1:04}-{name}"), found.files)
        lab.close()
    return chosen


@dataclass(frozen=True)
class Graded:
    """What grading a class gave: seconds of the whole command and of each submission, and the marks."""

    seconds: float
    own: Mapping[str, float]
    marks: Mapping[str, Mapping[str, tuple[str, float | None]]]


def graded(course: Course, folder: Path, wanted: Sequence[str], jobs: int) -> Graded:
    """Grade those submissions in a fresh copy of the course."""
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
    kept = {p.stem: json.loads(p.read_text("utf-8")) for p in (folder / ".autograder/verdicts/hw4").glob("*.json")}
    shutil.rmtree(folder)
    return Graded(
        seconds,
        {name: result["seconds"] for name, result in kept.items()},
        {n: {t: (v["status"], v["score"]) for t, v in r["verdicts"].items()} for n, r in kept.items()},
    )


def measure(attacks: int, runs: int, jobs: int) -> dict[str, Any]:
    """Paired runs of both classes, in turn -> the record."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        course = made_up.scratch_course(load_course(ROOT), Path(scratch) / "course")
        chosen = lay(course, course.assignment("hw4"), attacks)
        everyone = sorted(path.name for path in (course.root / "submitted").iterdir())
        alone = [name for name in everyone if name.endswith("-student")]
        graded(course, Path(scratch) / "warm", alone[:1], jobs)  # prepares what is prepared once
        for turn in range(runs):
            order = [("start", alone[:1]), ("honest", alone), ("mixed", everyone)]
            found = {}
            for name, wanted in order if turn % 2 else order[::-1]:
                found[name] = graded(course, Path(scratch) / name, wanted, jobs)
            moved = [name for name in alone if found["mixed"].marks[name] != found["honest"].marks[name]]
            assert not moved, f"an attack moved marks of {moved}"
            rows.append(_row(found["start"], found["honest"], found["mixed"], alone))
            print(f"pair {turn + 1}: {rows[-1]}", flush=True)
        own = found["mixed"].own
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return {
        "an honest submission takes, times as long": middle["honest, mixed"] / middle["honest, alone"],
        "bound": BOUND,
        "the class by its submissions, times as long": middle["class, mixed"] / middle["class, alone"],
        "the same without attacks that hold a worker until a limit": middle["short, mixed"] / middle["class, alone"],
        "those attacks, seconds of the last run": {n: t for n, t in own.items() if n not in alone and t > LONG},
        "honest submissions": len(alone),
        "attacks": len(chosen),
        "jobs": jobs,
        "honest marks": "those of the class without attacks, in every pair",
        "seconds of a submission, pair by pair": rows,
    }


def _row(start: Graded, honest: Graded, mixed: Graded, alone: Sequence[str]) -> dict[str, float]:
    """Seconds of one submission in a pair of runs."""
    held = sum(t for name, t in mixed.own.items() if name not in alone and t > LONG)
    busy = sum(mixed.own.values())
    every = (mixed.seconds - start.seconds) / (len(mixed.own) - 1)
    return {
        "honest, alone": statistics.median(honest.own[name] for name in alone),
        "honest, mixed": statistics.median(mixed.own[name] for name in alone),
        "class, alone": (honest.seconds - start.seconds) / (len(alone) - 1),
        "class, mixed": every,
        "short, mixed": every * (busy - held) / busy,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="pairs")
    parser.add_argument("--attacks", type=int, default=1000, help="at most that many; twice as many honest submissions")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--record", action="store_true", help="write docs/proofs/mixed-class.json")
    arguments = parser.parse_args()
    found = measure(arguments.attacks, arguments.runs, arguments.jobs)
    print(json.dumps(found, indent=1))
    if arguments.record:
        head = {"proof": "mixed-class", "date": datetime.date.today().isoformat()}
        RECORD.write_text(json.dumps({**head, **rounded(found)}, indent=1) + "\n", encoding="utf-8")
    return found["an honest submission takes, times as long"] > BOUND


if __name__ == "__main__":
    sys.exit(main())
