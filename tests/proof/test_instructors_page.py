"""docs/instructor.md, from the top: the kit is installed from nothing, and every command of the page runs in its order.

The course lies outside the kit's folder. What people and Canvas do between the commands is done here: the class hands
in, somebody marks T4 as the formgrader writes it.
"""

import contextlib
import csv
import json
import os
import shlex
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lms
import pytest
from fences import Block, blocks

from autograder.course import load_course
from autograder.grading import made_up

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "instructor.md"
KIT = ("make demo", "git pull")  # blocks that begin so belong into the kit's folder
LOOKED_AT = {"make test"}  # would run all tests once more, as CI does: only whether make knows it
SOMCHAI = lms.Student("somchai", "Somchai", "Jaidee", "somchai@example.org", 1)
MALI = lms.Student("mali", "Mali", "Srisuk", "mali@example.org", 2)
HandIn = Callable[..., dict[str, bytes]]


@dataclass
class Walk:
    """Where the commands run, and how long each took."""

    kit: Path
    course: Path
    seconds: dict[str, float]

    def run(self, block: Block) -> str:
        """Run a block's commands, as typed in a shell -> what they wrote."""
        said = ""
        for line in block.text.splitlines():
            typed = line.partition("  #")[0].strip()
            cwd = self.kit if block.text.startswith(KIT) else self.course
            if typed in LOOKED_AT:
                typed = f"make -n {typed.removeprefix('make ')}"
            path = f"{self.kit}/.venv/bin{os.pathsep}{os.environ['PATH']}"
            env = {**os.environ, "PATH": path, "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
            env.pop("MNIST_DIR", None)
            started = time.monotonic()
            done = subprocess.run(["bash", "-c", typed], cwd=cwd, env=env, capture_output=True, text=True, timeout=1800)
            assert done.returncode == 0, (typed, done.stdout[-3000:], done.stderr[-3000:])
            self.seconds[f"{len(self.seconds) + 1}: {typed}"] = time.monotonic() - started
            said += done.stdout
        return said


def make_course(folder: Path) -> None:
    """hw4's course outside the repository, on the small dataset. One place to make it, whatever makes courses."""
    made_up.scratch_course(load_course(ROOT), folder)


def configure(course: Path, lines: str) -> None:
    """Put the page's lines into hw4's entry."""
    config = course / "course_config.py"
    text = config.read_text(encoding="utf-8").replace("Course, Limits", "Course, Late, Limits")
    assert text.count("    dataset=DATASET,\n") == 1
    added = lines.partition("    ...\n")[2].rpartition(")")[0]
    config.write_text(text.replace("    dataset=DATASET,\n", f"    dataset=DATASET,\n{added}"), encoding="utf-8")
    load_course(course)


def mark_by_hand(course: Path) -> None:
    """Full marks for every T4 that waits, in the rows that the formgrader writes."""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database, database:
        cell = "SELECT id FROM base_cell WHERE name = 'T4'"
        done = database.execute(
            "UPDATE grade SET manual_score = 1, needs_manual_grade = 0 "
            f"WHERE cell_id IN ({cell}) AND needs_manual_grade = 1"
        )
        assert done.rowcount, "nothing waited"


def exported(course: Path) -> dict[str, str]:
    """Canvas's number of a student -> what stands in the column."""
    with (course / "exports" / "hw4-canvas.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["ID"]: row["Homework 4 (12345)"] for row in csv.DictReader(file) if row["ID"]}


def totals(course: Path, walk: Walk) -> dict[str, Any]:
    block = Block("sh", "autograder scores hw4 --json --totals", "", "")
    walk.seconds, kept = {}, walk.seconds
    said = Walk(walk.kit, course, walk.seconds).run(block)
    walk.seconds = kept
    return {name: found["total"] for name, found in json.loads(said).items()}


def test_every_command_of_the_page_in_its_order(
    tmp_path: Path, right: dict[str, str], hand_in: HandIn, record: Callable[..., None]
) -> None:
    walk = Walk(tmp_path / "kit", tmp_path / "a course of mine", {})
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(walk.kit)], check=True)
    make_course(walk.course)
    downloads = walk.course / "downloads"
    downloads.mkdir()
    short = {task: source for task, source in right.items() if task not in ("T7", "T9")}
    lms.canvas_zip(downloads / "hw4.zip", [(SOMCHAI, hand_in(right), False), (MALI, hand_in(short), False)])
    lms.canvas_zip(downloads / "hw4-second.zip", [(MALI, hand_in(right), True)], attachment=9900)

    page = blocks(PAGE)
    done = []
    for number, block in enumerate(page):
        first = number == 0 or page[number - 1].section != block.section
        if block.language == "csv":
            (walk.course / "roster.csv").write_text(block.text + "\n", encoding="utf-8")
        elif block.language == "python":
            configure(walk.course, block.text)
        if block.language != "sh":
            continue
        if block.section == "Look, then hand back" and first:
            mark_by_hand(walk.course)
        if block.section == "Back up" and not first:
            backup = tmp_path / "course-backup.tar.gz"
            before, walk.course = totals(walk.course, walk), tmp_path / "another machine"
            walk.course.mkdir()
            subprocess.run(["tar", "-xzf", str(backup)], cwd=walk.course, check=True)
        said = walk.run(block)
        done.append(block.section)
        if block.section == "Collect":
            assert {path.name for path in (walk.course / "submitted").iterdir()} == {"somchai", "mali"}
        elif block.section == "Grade":
            waiting = json.loads(said[said.index("{") :])
            assert {name: found["total"] for name, found in waiting.items()} == {"somchai": None, "mali": None}
        elif block.section == "Look, then hand back" and not first:
            assert exported(walk.course) == {"101": "12", "102": "10"}
        elif block.section.startswith("Late work") and first:
            assert "mali: T7: 0 -> 1" in said and "mali: T9: 0 -> 1" in said
            assert exported(walk.course) == {"101": "12", "102": "12"}
        elif block.section == "Appeals":
            assert "decided:" in said
        elif block.section == "Back up" and not first:
            assert "2 unchanged since they were graded" in said
    assert before == totals(walk.course, walk) == {"somchai": 12.0, "mali": 12.0}
    sections = [line[3:] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    silent = {"Hand out", "Mark by hand: T4", "When something goes wrong"}  # nothing to type there
    assert [name for name in sections if name not in silent] == list(dict.fromkeys(done))
    commands = [shlex.split(name.partition(": ")[2])[0] for name in walk.seconds]
    record("instructors-page", {"commands": len(commands), "of the kit": commands.count("autograder"),
                                "only looked at": sorted(LOOKED_AT), "seconds of each": walk.seconds,
                                "seconds": sum(walk.seconds.values())})  # fmt: skip
