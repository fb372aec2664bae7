"""The made release tried: its notebooks with the reference's answers, run in the sandbox as grading will run them.

A given cell that cannot run, or a visible check that does not pass, would meet every student.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from autograder.course import Assignment, Course, Limits
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.grading.notebook_run import NotebookRun
from autograder.judging.contract import AssignmentChecks, load_checks
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside, NoWalls
from autograder.submissions import merge
from autograder.submissions.submission import Submission

CELL_SECONDS, TOTAL_SECONDS = 60.0, 600.0


def trial_run(course: Course, assignment: Assignment, release: Path) -> list[str]:
    """Run a made release -> lines about what was left out; CourseError names the first cell that fails."""
    checks = load_checks(course, assignment)
    dataset, left_out = _dataset(course, assignment, checks)
    answers = made_up.answers(course, assignment)
    model = None
    if assignment.model_file:
        params = made_up.train(course, assignment, dataset or assignment.sample or assignment.dataset)
        model = made_up.model_file(params, checks.model_class)
    files = made_up.hand_in(course, assignment, answers, model, release=release)
    bases = merge.released(release, assignment)
    merged = merge.merge_all(Submission("reference", files), bases, assignment)
    beside = {assignment.model_file: model} if model is not None else {}
    try:
        with Guest(_inside(course, assignment, checks, dataset, release), _ample(assignment)) as guest:
            for name, book in merged.items():
                with guest.submission():
                    run = NotebookRun(guest, book, (), beside, time.monotonic() + TOTAL_SECONDS)
                    whole = run.cells()
                failed = next(_failed(run), "" if whole else "it did not run to its end with the reference's answers")
                if failed:
                    raise CourseError(
                        f"{course.source(assignment.name) / name}.ipynb: {failed}; nothing was "
                        f"released: mend the cell, then `autograder release {assignment.name}`"
                    )
    except NoWalls as error:
        return [f"the notebooks were not tried with the reference's answers: {error}"]
    return left_out


def _dataset(course: Course, assignment: Assignment, checks: AssignmentChecks) -> tuple[str, list[str]]:
    """(the dataset to try with, or "" where it is not on this machine; what is said about that)."""
    recipe = checks.dataset
    if recipe is None or not assignment.dataset:
        return "", []
    wait = recipe.at_hand(assignment.dataset, course.source(assignment.name)) if recipe.at_hand else ""
    if not wait:
        return assignment.dataset, []
    return "", [f"tried without the dataset {assignment.dataset!r}, which is not on this machine ({wait})"]


def _inside(course: Course, assignment: Assignment, checks: AssignmentChecks, dataset: str, release: Path) -> Inside:
    inside = Inside(
        course.part("probes", assignment.name),
        tuple(sorted(path for path in release.glob("*") if path.suffix in (".py", ".json"))),
        trial=True,
    )
    if not dataset or checks.dataset is None:
        return inside
    given = checks.dataset.environment(dataset, course.source(assignment.name))
    folders = {name: Path(value) for name, value in given.items() if Path(value).is_dir()}
    others = {name: value for name, value in given.items() if name not in folders}
    return replace(inside, folders=folders, variables=others)


def _ample(assignment: Assignment) -> Limits:
    return replace(
        assignment.limits, cell_seconds=CELL_SECONDS, check_seconds=CELL_SECONDS, total_seconds=TOTAL_SECONDS
    )


def _failed(run: NotebookRun) -> Iterator[str]:
    """What did not run, cell by cell."""
    for name, error in run.errors.items():
        yield f"the cell {name} fails with the reference's answers in: {error}"
    for name, error in run.check_errors.items():
        yield f"the visible check {name} fails with the reference's answers in: {error}"
