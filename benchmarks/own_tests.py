"""Tests as they are: a class graded by the examiner, against plain nbgrader with the same notebook, in the same run.

    python -m benchmarks.own_tests             # about five minutes; prints a table, writes nothing

The notebook has 20 answers and 20 test cells, each with two visible asserts and a hidden region of its own; nine calls
of the student's function a test. Of four students three are right, one has a mistake in four answers. Both grade
a small and a larger class by whole commands, in turns; the time of one submission is the difference: without start-up.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import load_course
from benchmarks import plain
from benchmarks.throughput import BIN, Cost, run

TESTS = 20
SMALL, LARGE = (8, 1), (48, 5)  # submissions: of the kit's classes, of plain nbgrader's
CONFIG = """from autograder.course import Assignment, Course, Task

tasks = tuple(Task(f"T{{n}}", notebook="book", graded_by="examiner") for n in range({tests}))
course = Course(name="bench", assignments=(Assignment(name="own", title="Own tests", tasks=tasks),))
"""
NBGRADER_CONFIG = """from pathlib import Path
from autograder.nbgrader_settings import configure

configure(get_config(), Path(__file__).resolve().parent)
"""


def answer(number: int, factor: int) -> str:
    return (
        f"def f{number}(x, y):\n    ### BEGIN SOLUTION\n    total = 0\n    for step in range(3):\n"
        f"        total = total + x * step\n    return total * {factor} + y\n    ### END SOLUTION"
    )


def asserts(number: int) -> str:
    name, times = f"f{number}", 3 * (number + 1)
    return (
        f"assert {name}(1, 2) == {times + 2}\nassert {name}(0, 2) == 2\n### BEGIN HIDDEN TESTS\n"
        f"for k in range(4):\n    assert {name}(k, 5) == {times} * k + 5\n"
        f"assert np.allclose({name}(np.arange(6.0), 1), {times} * np.arange(6.0) + 1)\n"
        f"assert {name}(2.5, -1) == {2.5 * times - 1}\nassert isinstance({name}(1, 1), int)\n### END HIDDEN TESTS"
    )


def cells() -> Iterator[dict[str, Any]]:
    yield cell("given", "import numpy as np", locked=True)
    for number in range(TESTS):
        yield cell(f"T{number}-answer", answer(number, number + 1), solution=True)
        yield cell(f"T{number}", asserts(number), grade=True, locked=True, points=1)


def cell(grade_id: str, source: str, **more: Any) -> dict[str, Any]:
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **more}
    about = {"nbgrader": {**marks, "grade_id": grade_id}}
    return {
        "cell_type": "code",
        "id": grade_id,
        "source": source,
        "metadata": about,
        "outputs": [],
        "execution_count": None,
    }


def write(path: Path, found: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": found, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), encoding="utf-8")


def hand_in(root: Path, student: int) -> None:
    """The release with answers of the student's own."""
    found = json.loads((root / "release" / "own" / "book.ipynb").read_text(encoding="utf-8"))["cells"]
    for one in found:
        name = one["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.endswith("-answer"):
            number = int(name[1:].removesuffix("-answer"))
            wrong = student % 4 == 3 and number % 5 == 0
            lines = answer(number, number + 1 + wrong).splitlines()
            one["source"] = f"# student {student}\n" + "\n".join(line for line in lines if "###" not in line)
    write(root / "submitted" / f"student{student:05}" / "own" / "book.ipynb", found)


def make_courses(scratch: Path) -> tuple[Path, Path]:
    """The course here, released, and the same course on plain nbgrader."""
    ours, theirs = scratch / "ours", scratch / "theirs"
    for root in (ours, theirs):
        write(root / "source" / "own" / "book.ipynb", list(cells()))
    (ours / "course_config.py").write_text(CONFIG.format(tests=TESTS), encoding="utf-8")
    (ours / "nbgrader_config.py").write_text(NBGRADER_CONFIG, encoding="utf-8")
    assignment = ours / "autograder" / "assignments" / "own"
    assignment.mkdir(parents=True)
    (assignment / "messages.toml").write_text("", encoding="utf-8")
    (theirs / "nbgrader_config.py").write_text(plain.CONFIG.format(root=str(theirs)), encoding="utf-8")
    run([str(BIN / "autograder"), "release", "own"], ours)
    run([str(BIN / "nbgrader"), "generate_assignment", "own"], theirs)
    return ours, theirs


def graded(made: Path, scratch: Path, count: int, *command: str) -> tuple[Cost, Path]:
    """Grade a class of so many in a copy of a course -> what it took, and where."""
    root = Path(tempfile.mkdtemp(dir=scratch), "course")
    shutil.copytree(made, root)
    if not (root / "course_config.py").exists():
        (root / "nbgrader_config.py").write_text(plain.CONFIG.format(root=str(root)), encoding="utf-8")
    for student in range(count):
        hand_in(root, student)
    return run(command, root), root


def check(root: Path, count: int) -> None:
    """The marks are those that this class has to get."""
    course = load_course(root)
    for student in range(count):
        path = course.root / ".autograder" / "verdicts" / "own" / f"student{student:05}.json"
        verdicts = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
        total = sum(one["score"] for one in verdicts.values())
        if total != TESTS - (TESTS // 5 if student % 4 == 3 else 0):
            raise SystemExit(f"student {student} has {total} points")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="paired runs")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    grade = (str(BIN / "autograder"), "grade", "own", "--quiet", "--jobs", str(arguments.jobs))
    autograde = (str(BIN / "nbgrader"), "autograde", "own")
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {arguments.jobs} jobs")
    print("| run | kit, 8 | kit, 48 | nbgrader, 1 | nbgrader, 5 | kit, one | nbgrader, one | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    ratios, each = [], []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        ours, theirs = make_courses(scratch)
        for turn in range(arguments.runs):
            a, _ = graded(ours, scratch, SMALL[0], *grade)
            b, root = graded(ours, scratch, LARGE[0], *grade)
            check(root, LARGE[0])
            c, _ = graded(theirs, scratch, SMALL[1], *autograde)
            d, _ = graded(theirs, scratch, LARGE[1], *autograde)
            one, other = b.less(a, LARGE[0] - SMALL[0]).wall, d.less(c, LARGE[1] - SMALL[1]).wall
            each.append((one, other))
            ratios.append(other / one)
            print(
                f"| {turn + 1} | {a.wall:.1f} | {b.wall:.1f} | {c.wall:.1f} | {d.wall:.1f} "
                f"| {one:.3f} | {other:.2f} | {other / one:.1f} |",
                flush=True,
            )
    middle = statistics.median
    print(
        f"one submission, in the median: {middle(one for one, _ in each):.3f} s and "
        f"{middle(other for _, other in each):.2f} s; ratio {middle(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
