"""The class of all damaged submissions, graded by `autograder grade` or by `nbgrader autograde`."""

import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.verdicts import Result
from autograder.marks.verdict_files import load_result
from tests.damaged import archives, cells, files, folder, habits, model, names
from tests.damaged.case import BASICS, NETWORK, Case, Hand

MODULES = (files, cells, names, model, folder, archives, habits)
# root reads everything: the class is graded without that power, as by any other user
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
Marks = dict[str, dict[str, tuple[float | None, float | None, bool, str | None]]]
Run = Callable[..., Any]


def student(case: Case) -> str:
    """Name of the folder of a situation."""
    return case.folder or case.name


@dataclass(frozen=True)
class Class:
    """A course with damaged submissions in it, and what one of the two commands made of it."""

    course: Course
    cases: tuple[Case, ...]
    impossible: frozenset[str]  # situations that cannot be made here
    printed: str = ""


def build(repo: Course, right: dict[str, bytes], place: Path, cases: Iterable[Case]) -> Class:
    """A course in which these situations were handed in."""
    course, impossible, made = made_up.scratch_course(repo, place / "course"), set(), tuple(cases)
    for case in made:
        where = course.submitted("hw4", student(case))
        where.mkdir(parents=True)
        hand = Hand(dict(right), where)
        try:
            case.damage(hand)
        except PermissionError:  # devices are root's to make
            shutil.rmtree(where.parent)
            impossible.add(case.name)
            continue
        made_up.write(where, hand.files)
    return Class(course, made, frozenset(impossible))


def by_autograder(made: Class, run: Run) -> Class:
    """The class graded by one `autograder grade`."""
    done = run("autograder", "grade", "hw4", "--course", made.course.root, "--jobs", 2, before=PLAIN)
    assert done.returncode == 0, done.stdout + done.stderr
    return Class(made.course, made.cases, made.impossible, done.stdout)


def by_nbgrader(made: Class, run: Run, ours: Class) -> Class:
    """The class graded by one `nbgrader autograde`, with the hidden inputs of another one, so with the same words."""
    made.course.state.mkdir(exist_ok=True)
    shutil.copy(ours.course.state / "secret", made.course.state / "secret")
    for line in (["generate_assignment", "hw4", "--force"], ["autograde", "hw4"]):
        done = run("nbgrader", *line, cwd=made.course.root, before=PLAIN, seconds=600)
        assert done.returncode == 0, done.stderr[-3000:]
    return Class(made.course, made.cases, made.impossible, done.stderr)


def result_of(made: Class, case: Case) -> Result:
    """What was decided about a situation; a skip where it cannot be made here."""
    if case.name in made.impossible:
        pytest.skip("only root can make a device, and not everywhere")
    found = load_result(made.course, "hw4", student(case))
    assert found is not None
    return found


def note_of(found: Result, case: Case) -> str:
    """The line that the instructor reads."""
    return next((note for note in found.notes if case.instructor in note), "") if case.instructor else ""


def same_marks_and_lines(ours: Class, theirs: Class, gradebook_of: Callable[[Course], Marks]) -> None:
    """Of each situation that nbgrader's command graded, all is as our command has it."""
    mine, others = gradebook_of(ours.course), gradebook_of(theirs.course)
    for made, found in ((ours, mine), (theirs, others)):
        assert sorted(found) == sorted(student(case) for case in made.cases if case.name not in made.impossible)
    for name in others:
        assert others[name] == mine[name], name
    for case in theirs.cases:
        if case.name not in theirs.impossible:
            assert result_of(theirs, case).notes == result_of(ours, case).notes
            if case.instructor:
                assert note_of(result_of(ours, case), case) in theirs.printed


def same_files(ours: Class, theirs: Class) -> None:
    """The graded files are the same, and nothing came through a link."""
    for case in theirs.cases:
        if case.name in ours.impossible:
            continue
        one, other = (made.course.root / "autograded" / student(case) / "hw4" for made in (ours, theirs))
        files_of = [
            sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()) for place in (one, other)
        ]
        assert files_of[0] == files_of[1], case.name
        assert {BASICS, NETWORK} <= set(files_of[0])
        assert not [name for name in files_of[0] if name == "gradebook.db"]
        assert not any(path.is_symlink() for path in one.rglob("*"))
    for made in (ours, theirs):
        place = made.course.root / "autograded" / "notebook_is_a_link" / "hw4" / NETWORK
        assert "def softmax_loss" not in place.read_text(encoding="utf-8")


def right_files(files: dict[str, bytes]) -> dict[str, bytes]:
    """A right submission, indented as Jupyter saves it."""
    return {
        name: json.dumps(json.loads(data), indent=1, ensure_ascii=False).encode() if name.endswith(".ipynb") else data
        for name, data in files.items()
    }
